//! The one error, and the one table of its statuses.
//!
//! A handler returns an [`Error`]; the adapters render it. What a caller may act on is in `code`,
//! `message` and `details`; the cause of a 5xx stays in the log.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;

/// What handlers return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The cause of a failure, for the log alone.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a request was refused or could not be served.
#[derive(Debug)]
pub struct Error {
    code: Code,
    message: Cow<'static, str>,
    details: Vec<Detail>,
    retry_after: Option<Duration>,
    headers: Vec<(&'static str, String)>,
    cause: Option<Cause>,
}

/// The codes of `error.code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(
    missing_docs,
    reason = "their names and the table of statuses below say it all"
)]
pub enum Code {
    BadRequest,
    Unauthenticated,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Conflict,
    PreconditionFailed,
    PayloadTooLarge,
    UnsupportedMediaType,
    ValidationError,
    RateLimited,
    Internal,
    Unavailable,
}

impl Code {
    /// The HTTP status of a code.
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::PreconditionFailed => 412,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::ValidationError => 422,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }
}

/// One bad field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Detail {
    /// Where it stands: `attachment.filename`.
    pub field: String,
    /// What is wrong with it, as a sentence for its reader.
    pub message: String,
}

/// The body of every refusal.
#[derive(Debug, Serialize)]
pub struct ErrorBody<'a> {
    error: Rendered<'a>,
}

/// A refusal of one of several things that were asked for at once.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Refusal {
    code: Code,
    #[schemars(with = "String")]
    message: Cow<'static, str>,
    details: Vec<Detail>,
}

#[derive(Debug, Serialize)]
struct Rendered<'a> {
    code: Code,
    message: &'a str,
    details: &'a [Detail],
    request_id: &'a str,
}

impl Error {
    /// 400: what was sent is not even of the right form.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::BadRequest, message)
    }

    /// 401, the same whatever was wrong with the credentials.
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "Authentication required")
    }

    /// 401 for a log-in: the same for an unknown address and a wrong password.
    pub fn wrong_credentials() -> Self {
        Self::new(Code::Unauthenticated, "Wrong email or password")
    }

    /// 403: known, and not allowed.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// 403 for whom the identity provider vouches, and who has not been seen before.
    pub fn newcomer() -> Self {
        Self::forbidden("You have not been here before: call GET /api/me first")
    }

    /// 403 for whom the identity provider vouches, but not for an address of theirs.
    pub fn unverified() -> Self {
        Self::forbidden("Your identity provider does not say that your email address is verified")
    }

    /// 404: missing, or another tenant's, which is the same.
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// 405.
    pub fn method_not_allowed() -> Self {
        Self::new(
            Code::MethodNotAllowed,
            "This path does not take this method",
        )
    }

    /// 409.
    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Conflict, message)
    }

    /// 412.
    pub fn precondition_failed() -> Self {
        Self::new(
            Code::PreconditionFailed,
            "It has changed since you read it: read it again",
        )
    }

    /// 413.
    pub fn payload_too_large(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::PayloadTooLarge, message)
    }

    /// 415.
    pub fn unsupported_media_type() -> Self {
        Self::new(
            Code::UnsupportedMediaType,
            "Send the body as Content-Type: application/json",
        )
    }

    /// 422: every bad field, in documented order; the first one's message is the error's.
    pub fn validation(details: Vec<Detail>) -> Self {
        let message = details
            .first()
            .map_or_else(|| "Invalid input".to_owned(), |first| first.message.clone());
        Self {
            details,
            ..Self::new(Code::ValidationError, message)
        }
    }

    /// The same bad fields, where they stood in a query: 400.
    #[must_use]
    pub(crate) fn of_query(mut self) -> Self {
        if self.code == Code::ValidationError {
            self.code = Code::BadRequest;
        }
        self
    }

    /// What else is wrong with the same input, too.
    #[must_use]
    pub(crate) fn and(mut self, other: Self) -> Self {
        if self.code == other.code && !self.details.is_empty() {
            self.details.extend(other.details);
        }
        self
    }

    /// 404 if what is wrong is what the path names: nothing is there.
    #[must_use]
    pub(crate) fn of_path(self, named: &[String]) -> Self {
        let in_path = |detail: &Detail| named.contains(&detail.field);
        if self.code == Code::ValidationError && self.details.iter().any(in_path) {
            Self::not_found("Not found")
        } else {
            self
        }
    }

    /// 422 for one field.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::validation(vec![Detail {
            field: field.to_owned(),
            message: message.into(),
        }])
    }

    /// 429: too much at once; it can be tried again after `wait`.
    pub fn rate_limited(message: impl Into<Cow<'static, str>>, wait: Duration) -> Self {
        Self::new(Code::RateLimited, message).retry_in(wait)
    }

    /// 429 for whoever has called too often; they can call again after `wait`.
    pub fn too_many_requests(wait: Duration) -> Self {
        Self::rate_limited("Too many requests, please try again later", wait)
    }

    /// 429 for whoever has tried something too often; they can try again after `wait`.
    pub fn too_many_attempts(wait: Duration) -> Self {
        Self::rate_limited("Too many attempts, please try again later", wait)
    }

    /// 500: our fault, and a retry would not help.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..Self::new(Code::Internal, "Something went wrong on our side")
        }
    }

    /// 503: a retry in a second or so may well succeed.
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..Self::new(
                Code::Unavailable,
                "Temporarily unavailable, please try again",
            )
        }
    }

    /// The same error, with the methods that the path does take.
    #[must_use]
    pub fn allowing(mut self, methods: &str) -> Self {
        self.headers.push(("allow", methods.to_owned()));
        self
    }

    /// The same error, with headers that say more about it.
    #[must_use]
    pub fn with_headers(
        mut self,
        headers: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Headers that say more about it.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// The same error, to be tried again after `wait`.
    #[must_use]
    pub fn retry_in(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Its bad fields.
    pub fn details(&self) -> &[Detail] {
        &self.details
    }

    /// After how long to try again, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// What the log may know and the caller may not.
    pub fn cause(&self) -> Option<&Cause> {
        self.cause.as_ref()
    }

    /// The body that the caller gets.
    pub fn body<'a>(&'a self, request_id: &'a str) -> ErrorBody<'a> {
        ErrorBody {
            error: Rendered {
                code: self.code,
                message: &self.message,
                details: &self.details,
                request_id,
            },
        }
    }

    /// What the caller is told of it, among others.
    pub(crate) fn refusal(self) -> Refusal {
        Refusal {
            code: self.code,
            message: self.message,
            details: self.details,
        }
    }

    fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Vec::new(),
            retry_after: None,
            headers: Vec::new(),
            cause: None,
        }
    }
}

/// What a look at an input has found, told together with what one before it has: all bad fields at once.
pub(crate) fn after<T>(before: Result<()>, look: Result<T>) -> Result<T> {
    match (before, look) {
        (Ok(()), look) => look,
        (Err(error), Ok(_)) => Err(error),
        (Err(error), Err(other)) => Err(error.and(other)),
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.code, self.message)?;
        match &self.cause {
            Some(cause) => write!(f, " ({})", Chain(cause.as_ref())),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// An error with all of its sources, on one line.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        match self.0.source() {
            Some(source) => write!(f, ": {}", Chain(source)),
            None => Ok(()),
        }
    }
}
