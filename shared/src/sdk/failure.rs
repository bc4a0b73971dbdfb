//! What the log may know of an AWS call that failed: never what was sent.

use std::error::Error;
use std::fmt;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::error::Chain;

/// How much of a message is kept, in characters.
const LONGEST: usize = 200;

/// Codes whose messages are about who calls, or how much, and repeat nothing of what was sent. Those of others may:
/// a `ValidationException` can quote the item that it is about.
const TOLD: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "ResourceNotFoundException",
    "ThrottlingException",
    "TransactionCanceledException",
    "UnrecognizedClientException",
];

/// An AWS call that failed: which, why, and AWS's id of the request. A request holds passwords' hashes, addresses
/// and secrets' hashes, so neither it nor the answer is kept.
#[derive(Debug)]
pub(crate) struct Failure {
    operation: &'static str,
    why: String,
    request_id: Option<String>,
}

impl Failure {
    pub(crate) fn of<E, R>(error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: fmt::Debug + 'static,
    {
        let name = std::any::type_name::<E>();
        let name = name.rsplit("::").next().unwrap_or(name);
        let why = match error {
            SdkError::ServiceError(_) => refused(error),
            // Of an answer that can't be read not even the complaint is kept: it may quote it.
            SdkError::ResponseError(_) => "the answer could not be read".to_owned(),
            // What kept a call from being made or answered has not met the service.
            _ => short(&Chain(error).to_string()),
        };
        let request_id = error.meta().extra("aws_request_id").map(str::to_owned);
        Self {
            operation: name.strip_suffix("Error").unwrap_or(name),
            why,
            request_id,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.why)?;
        match &self.request_id {
            Some(id) => write!(f, ", request {id}"),
            None => Ok(()),
        }
    }
}

impl Error for Failure {}

fn refused<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    let code = error.code().unwrap_or("no code");
    match error.message().filter(|_| TOLD.contains(&code)) {
        Some(message) => short(&format!("{code}: {message}")),
        None => code.to_owned(),
    }
}

fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}
