//! Every way a call can fail, and the one table that says how each looks on the wire.

use std::path::PathBuf;

use serde_json::{Value, json};

/// Why a call to a queue failed. Nothing was changed by it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}: {message}", .code.query_code())]
pub struct SqsError {
    code: Code,
    message: String,
}

/// The kinds of failure, as the service names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// No queue of that name.
    QueueDoesNotExist,
    /// `CreateQueue` named an existing queue with other attributes.
    QueueNameExists,
    /// The receipt handle was never given out by this queue.
    ReceiptHandleIsInvalid,
    /// The message is visible: its visibility can't be changed before it is received again.
    MessageNotInflight,
    /// The body is empty or holds characters that XML 1.0 forbids.
    InvalidMessageContents,
    /// An unknown queue attribute.
    InvalidAttributeName,
    /// A queue attribute out of its range.
    InvalidAttributeValue,
    /// A batch without entries.
    EmptyBatchRequest,
    /// A batch of more than ten entries.
    TooManyEntriesInBatchRequest,
    /// Two entries of a batch share an id.
    BatchEntryIdsNotDistinct,
    /// An entry's id is empty, too long or holds other characters than letters, digits, `-` and `_`.
    InvalidBatchEntryId,
    /// The messages of a batch are larger than 1 MiB together.
    BatchRequestTooLong,
    /// A parameter out of its range, or not allowed for this type of queue; an expired receipt.
    InvalidParameterValue,
    /// A required parameter is missing.
    MissingParameter,
    /// The service has this action, this implementation does not.
    UnsupportedOperation,
    /// The request is not of the action's shape.
    Malformed,
    /// The database failed. Worth a retry.
    Internal,
}

impl SqsError {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(crate) fn no_such_queue(name: &str) -> Self {
        Self::new(
            Code::QueueDoesNotExist,
            format!("The queue {name:?} does not exist."),
        )
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        Self::new(
            Code::MissingParameter,
            format!("The request must contain the parameter {parameter}."),
        )
    }

    pub(crate) fn invalid(
        parameter: &str,
        value: impl std::fmt::Display,
        reason: impl std::fmt::Display,
    ) -> Self {
        Self::new(
            Code::InvalidParameterValue,
            format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}."),
        )
    }

    /// The kind of failure.
    pub fn code(&self) -> Code {
        self.code
    }

    /// What went wrong, for a person.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The HTTP status of the reply: 400, or 500 if the fault is the service's.
    pub fn status(&self) -> u16 {
        if self.is_senders_fault() { 400 } else { 500 }
    }

    /// Whether the caller is to blame; if not, the call may be repeated as it is.
    pub fn is_senders_fault(&self) -> bool {
        self.code != Code::Internal
    }

    /// The body of the reply: `{"__type": "com.amazonaws.sqs#…", "message": "…"}`.
    pub fn body(&self) -> Value {
        json!({
            "__type": format!("com.amazonaws.sqs#{}", self.code.shape()),
            "message": self.message,
        })
    }

    /// The value of the reply's header `x-amzn-query-error`. The SDKs read the error's type from it:
    /// without it they report every failure as unhandled.
    pub fn query_error(&self) -> String {
        let side = if self.is_senders_fault() {
            "Sender"
        } else {
            "Receiver"
        };
        format!("{};{side}", self.code.query_code())
    }
}

impl Code {
    /// The name in `__type`.
    pub fn shape(self) -> &'static str {
        self.names().0
    }

    /// The name in the header `x-amzn-query-error` and in the failed entries of a batch.
    pub fn query_code(self) -> &'static str {
        self.names().1
    }

    #[rustfmt::skip]
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::QueueDoesNotExist => ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
            Self::QueueNameExists => ("QueueNameExists", "QueueAlreadyExists"),
            Self::ReceiptHandleIsInvalid => ("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
            Self::MessageNotInflight => ("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"),
            Self::InvalidMessageContents => ("InvalidMessageContents", "InvalidMessageContents"),
            Self::InvalidAttributeName => ("InvalidAttributeName", "InvalidAttributeName"),
            Self::InvalidAttributeValue => ("InvalidAttributeValue", "InvalidAttributeValue"),
            Self::EmptyBatchRequest => ("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
            Self::TooManyEntriesInBatchRequest => ("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
            Self::BatchEntryIdsNotDistinct => ("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
            Self::InvalidBatchEntryId => ("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"),
            Self::BatchRequestTooLong => ("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong"),
            Self::InvalidParameterValue => ("InvalidParameterValueException", "InvalidParameterValue"),
            Self::MissingParameter => ("MissingRequiredParameterException", "MissingParameter"),
            Self::UnsupportedOperation => ("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"),
            Self::Malformed => ("SerializationException", "MalformedInput"),
            Self::Internal => ("InternalError", "InternalError"),
        }
    }
}

impl From<rusqlite::Error> for SqsError {
    fn from(error: rusqlite::Error) -> Self {
        tracing::error!(%error, "the queues' database failed");
        Self::new(Code::Internal, "The queues' database failed.")
    }
}

/// Why a file of queues could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file can't be read or written, or is no such database.
    #[error("cannot open the queues in {}: {source}", .file.display())]
    Database {
        /// The database's file.
        file: PathBuf,
        /// What the database says.
        source: rusqlite::Error,
    },
    /// The file was written by a newer version of this crate.
    #[error("the queues in {} have format {found}, newer than this version reads", .file.display())]
    Newer {
        /// The database's file.
        file: PathBuf,
        /// The format found in it.
        found: i64,
    },
}
