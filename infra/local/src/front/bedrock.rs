//! Bedrock's `InvokeModel`, in the shapes of Amazon Titan Text Embeddings V2.

use std::sync::Arc;

use axum::{body::Body, http::Response};
use bytes::Bytes;
use embedder::Embedder;
use futures::{
    FutureExt,
    future::{self, BoxFuture, Shared},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::{
    errors::{error, reply},
    request::Service,
};

/// The one model that is here.
const TITAN: &str = "amazon.titan-embed-text-v2:0";
/// The most that Titan takes.
const MAX_TOKENS: usize = 8_192;
/// The same limit as Titan counts characters.
const MAX_CHARACTERS: usize = 50_000;

/// What embeds texts. Clones share it.
#[derive(Clone)]
pub struct Model {
    embedder: Shared<BoxFuture<'static, Option<Arc<Embedder>>>>,
    /// Embedding is pure work: more at once than there are cores would only slow each down.
    turns: Arc<Semaphore>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request {
    input_text: String,
    #[serde(default = "default_dimensions")]
    dimensions: usize,
    #[serde(default = "default_normalize")]
    #[expect(dead_code, reason = "the vectors here have unit length anyway")]
    normalize: bool,
    #[serde(default)]
    embedding_types: Option<Vec<String>>,
}

fn default_dimensions() -> usize {
    1024
}

fn default_normalize() -> bool {
    true
}

impl Model {
    /// A model that embeds with `embedder`.
    pub fn new(embedder: Embedder) -> Self {
        Self::eventually(future::ready(Some(Arc::new(embedder))))
    }

    /// A model that is being loaded, on a thread of its own: calls wait for it.
    pub fn loading(load: impl FnOnce() -> Option<Arc<Embedder>> + Send + 'static) -> Self {
        let loading = tokio::task::spawn_blocking(load);
        Self::eventually(async { loading.await.ok().flatten() })
    }

    /// No model: every call is answered with 503.
    pub fn missing() -> Self {
        Self::eventually(future::ready(None))
    }

    fn eventually(embedder: impl Future<Output = Option<Arc<Embedder>>> + Send + 'static) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            embedder: embedder.boxed().shared(),
            turns: Arc::new(Semaphore::new(cores)),
        }
    }

    /// Answers `POST /model/{id}/invoke`.
    pub(super) async fn handle(&self, path: &str, body: Bytes) -> Response<Body> {
        if model_id(path).as_deref() != Some(TITAN) {
            return invalid("The provided model identifier is invalid.");
        }
        let request = match read(&body) {
            Ok(request) => request,
            Err(message) => return invalid(&message),
        };
        let Some(embedder) = self.embedder.clone().await else {
            return error(
                Service::Bedrock,
                503,
                "ServiceUnavailableException",
                "The embedding model that made this folder's vectors is missing",
            );
        };
        let _turn = self.turns.acquire().await;
        let answer = tokio::task::spawn_blocking(move || embed(&embedder, &request)).await;
        match answer {
            Ok(Ok(answer)) => {
                let mut response = reply(200, "application/json", answer.to_string());
                if let Ok(count) = answer["inputTextTokenCount"].to_string().parse() {
                    let name = "x-amzn-bedrock-input-token-count";
                    response.headers_mut().insert(name, count);
                }
                response
            }
            Ok(Err(message)) => invalid(&message),
            Err(_) => super::errors::internal(Service::Bedrock),
        }
    }
}

fn read(body: &[u8]) -> Result<Request, String> {
    let request: Request = serde_json::from_slice(body).map_err(|error| {
        format!("Malformed input request: {error}, please reformat your input and try again.")
    })?;
    if request.input_text.is_empty() {
        return Err("Malformed input request: expected minLength: 1, actual: 0, please reformat your input and try again.".to_owned());
    }
    if request.input_text.chars().count() > MAX_CHARACTERS {
        return Err(format!(
            "Malformed input request: expected maxLength: {MAX_CHARACTERS}, please reformat your input and try again."
        ));
    }
    if ![256, 512, 1024].contains(&request.dimensions) {
        return Err(format!(
            "Malformed input request: {} is not a valid enum value, please reformat your input and try again.",
            request.dimensions
        ));
    }
    if let Some(other) = request
        .embedding_types
        .iter()
        .flatten()
        .find(|kind| *kind != "float")
    {
        return Err(format!(
            "Malformed input request: embeddingTypes {other} is not part of the embedded Bedrock"
        ));
    }
    Ok(request)
}

fn embed(embedder: &Embedder, request: &Request) -> Result<Value, String> {
    let tokens = embedder.count_tokens(&request.input_text);
    if tokens > MAX_TOKENS {
        return Err(format!(
            "400 Bad Request: Too many input tokens. Max input tokens: {MAX_TOKENS}, request input token count: {tokens}"
        ));
    }
    let mut vector = embedder.embed(&request.input_text);
    let cut = vector.len() > request.dimensions;
    vector.resize(request.dimensions, 0.0);
    if cut {
        to_unit_length(&mut vector);
    }
    let mut answer = json!({
        "embedding": vector,
        "inputTextTokenCount": tokens,
    });
    if request.embedding_types.is_some() {
        answer["embeddingsByType"] = json!({ "float": vector });
    }
    Ok(answer)
}

fn to_unit_length(vector: &mut [f32]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        for value in vector {
            *value /= length;
        }
    }
}

fn model_id(path: &str) -> Option<String> {
    let id = path.strip_prefix("/model/")?.strip_suffix("/invoke")?;
    Some(id.replace("%3A", ":").replace("%3a", ":"))
}

fn invalid(message: &str) -> Response<Body> {
    error(Service::Bedrock, 400, "ValidationException", message)
}
