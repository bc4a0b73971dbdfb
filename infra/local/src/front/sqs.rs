//! SQS, in its JSON protocol.

use ::sqs::Sqs;
use axum::{body::Body, http::Response};
use serde_json::Value;

use super::{
    errors::{error, reply},
    request::Service,
};

const JSON: &str = "application/x-amz-json-1.0";

pub(super) async fn handle(sqs: &Sqs, action: &str, body: &[u8]) -> Response<Body> {
    if action.is_empty() {
        return error(
            Service::Sqs,
            400,
            "InvalidAction",
            "Only the JSON protocol is spoken here: this client is too old for it",
        );
    }
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return error(
            Service::Sqs,
            400,
            "SerializationException",
            "The body is not JSON",
        );
    };
    match sqs.handle(action, &body).await {
        Ok(answer) => reply(200, JSON, answer.to_string()),
        Err(error) => {
            let mut response = reply(error.status(), JSON, error.body().to_string());
            if let Ok(code) = error.query_error().parse() {
                response.headers_mut().insert("x-amzn-query-error", code);
            }
            response
        }
    }
}
