//! Embeddings: Amazon Titan Text Embeddings V2, one text a call.

use std::sync::{Arc, OnceLock};

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::ProvideErrorMetadata;
use aws_sdk_bedrockruntime::primitives::Blob;
use serde::Deserialize;

use super::guard;
use super::request::{Request, client};
use crate::error::{Error, Result};
use crate::model::search::DIMENSIONS;

/// The most characters that the model takes; its other limit is 8,192 tokens.
const MAX_CHARACTERS: usize = 50_000;

/// The embedding model.
#[derive(Clone, Debug)]
pub struct Ai {
    request: Arc<Request>,
    client: Arc<OnceLock<Client>>,
}

#[derive(Deserialize)]
struct Answer {
    embedding: Vec<f32>,
}

impl Ai {
    pub(crate) fn new(request: Arc<Request>) -> Self {
        Self {
            request,
            client: Arc::default(),
        }
    }

    /// The model's name: vectors of two models do not mix.
    pub fn model(&self) -> Result<&str> {
        self.request.variable("EMBEDDING_MODEL")
    }

    /// A text's embedding: [`DIMENSIONS`] numbers, of length 1. Of a text that is too long for the model,
    /// the beginning that is not.
    ///
    /// # Errors
    /// 500 for an empty text.
    pub async fn embed(&self, text: &str) -> Result<Vec<f32>> {
        let mut text: String = text.chars().take(MAX_CHARACTERS).collect();
        loop {
            match self.invoke(&text).await? {
                Some(embedding) => return Ok(embedding),
                None => text = first_half(&text)?,
            }
        }
    }

    /// Nothing if the text has too many tokens.
    async fn invoke(&self, text: &str) -> Result<Option<Vec<f32>>> {
        let body = serde_json::json!({
            "inputText": text,
            "dimensions": DIMENSIONS,
            "normalize": true,
        });
        let outcome = self
            .client()
            .invoke_model()
            .model_id(self.model()?)
            .content_type("application/json")
            .accept("application/json")
            .body(Blob::new(body.to_string()))
            .send()
            .await;
        let answer = match outcome {
            Ok(answer) => answer,
            Err(error) if too_many_tokens(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let answer: Answer =
            serde_json::from_slice(answer.body.as_ref()).map_err(Error::internal)?;
        if answer.embedding.len() == DIMENSIONS {
            Ok(Some(answer.embedding))
        } else {
            Err(Error::internal(format!(
                "the model answered {} dimensions",
                answer.embedding.len()
            )))
        }
    }

    fn client(&self) -> &Client {
        self.client
            .get_or_init(|| client!(aws_sdk_bedrockruntime, &self.request, guard::plain::models))
    }
}

fn too_many_tokens(error: &impl ProvideErrorMetadata) -> bool {
    error.code() == Some("ValidationException")
        && error
            .message()
            .is_some_and(|message| message.to_lowercase().contains("too many input tokens"))
}

fn first_half(text: &str) -> Result<String> {
    let half = text.chars().count() / 2;
    if half == 0 {
        return Err(Error::internal("the model takes not even one character"));
    }
    Ok(text.chars().take(half).collect())
}
