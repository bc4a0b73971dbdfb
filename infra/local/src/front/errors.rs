//! Errors in each service's own shape: the protocols differ, and SDKs retry by what they read here.

use axum::{
    body::Body,
    http::{Response, StatusCode, header::CONTENT_TYPE},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    iam::{Access, Caller},
    request::Service,
};

/// Why a call is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No authorization at all.
    Unsigned,
    /// A key that doesn't exist.
    UnknownKey,
    /// The right key, but not signed with its secret, or not now.
    BadSignature,
    /// Temporary credentials whose time is over.
    Expired,
}

/// Why a caller may not do what they ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denied(String);

impl Denied {
    pub(crate) fn new(caller: &Caller, access: &Access) -> Self {
        let (action, resource) = (&access.action, &access.resource);
        tracing::debug!(caller = caller.arn(), action, resource, "denied");
        Self(format!(
            "User: {} is not authorized to perform: {action} on resource: {resource} because no \
             identity-based policy allows the {action} action",
            caller.arn(),
        ))
    }

    pub(crate) fn message(&self) -> &str {
        &self.0
    }

    pub(crate) fn response(&self, service: Service) -> Response<Body> {
        let (status, code) = match service {
            Service::DynamoDb | Service::Ssm => (400, "AccessDeniedException"),
            Service::Bedrock | Service::Connections => (403, "AccessDeniedException"),
            Service::S3 | Service::Sqs | Service::Sts => (403, "AccessDenied"),
        };
        error(service, status, code, &self.0)
    }
}

impl Refusal {
    pub(crate) fn response(self, service: Service) -> Response<Body> {
        let json_1 = matches!(service, Service::DynamoDb | Service::Ssm);
        let status = if json_1 { 400 } else { 403 };
        let code = match (self, service) {
            (Self::Unsigned, Service::S3) => "AccessDenied",
            (Self::Unsigned, Service::DynamoDb | Service::Ssm) => {
                "MissingAuthenticationTokenException"
            }
            (Self::Unsigned, _) => "MissingAuthenticationToken",
            (Self::UnknownKey, Service::S3) => "InvalidAccessKeyId",
            (Self::UnknownKey, Service::Sqs | Service::Sts) => "InvalidClientTokenId",
            (Self::UnknownKey, _) => "UnrecognizedClientException",
            (Self::BadSignature, Service::S3 | Service::Sqs | Service::Sts) => {
                "SignatureDoesNotMatch"
            }
            (Self::BadSignature, _) => "InvalidSignatureException",
            (Self::Expired, Service::S3 | Service::Sqs | Service::Sts) => "ExpiredToken",
            (Self::Expired, _) => "ExpiredTokenException",
        };
        let message = match self {
            Self::Unsigned => "Request is missing Authentication Token",
            Self::UnknownKey => "The security token included in the request is invalid.",
            Self::Expired => "The security token included in the request is expired",
            Self::BadSignature => {
                "The request signature we calculated does not match the signature you provided. \
                 Check your AWS Secret Access Key and signing method."
            }
        };
        error(service, status, code, message)
    }
}

/// The service has too many calls at once.
pub(crate) fn throttled(service: Service) -> Response<Body> {
    let (status, code) = match service {
        Service::DynamoDb => (400, "ProvisionedThroughputExceededException"),
        Service::S3 => (503, "SlowDown"),
        Service::Sqs => (403, "RequestThrottled"),
        Service::Ssm => (400, "ThrottlingException"),
        Service::Sts => (400, "Throttling"),
        Service::Bedrock => (429, "ThrottlingException"),
        Service::Connections => (429, "LimitExceededException"),
    };
    error(service, status, code, "Rate exceeded")
}

/// The service failed.
pub(crate) fn internal(service: Service) -> Response<Body> {
    let code = match service {
        Service::DynamoDb | Service::Ssm | Service::Connections => "InternalServerError",
        Service::S3 => "InternalError",
        Service::Sqs | Service::Sts => "InternalFailure",
        Service::Bedrock => "InternalServerException",
    };
    error(service, 500, code, "An internal error occurred")
}

/// Another transaction is at one of the items: of a transaction with `items` items, at its first.
pub(crate) fn transaction_conflict(operation: &str, items: usize) -> Response<Body> {
    if !operation.starts_with("Transact") {
        return error(
            Service::DynamoDb,
            400,
            "TransactionConflictException",
            "Transaction is ongoing for the item",
        );
    }
    let mut codes = vec!["None"; items.max(1)];
    codes[0] = "TransactionConflict";
    let reasons: Vec<Value> = codes
        .iter()
        .map(|code| match *code {
            "None" => json!({ "Code": code }),
            _ => json!({ "Code": code, "Message": "Transaction is ongoing for the item" }),
        })
        .collect();
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
            codes.join(", ")
        ),
        "CancellationReasons": reasons,
    });
    reply(400, "application/x-amz-json-1.0", body.to_string())
}

/// An error of `service`, as its protocol writes them.
pub(crate) fn error(service: Service, status: u16, code: &str, message: &str) -> Response<Body> {
    let request_id = Uuid::new_v4();
    match service {
        Service::DynamoDb => json_error(
            "1.0",
            "com.amazonaws.dynamodb.v20120810#",
            status,
            code,
            message,
        ),
        Service::Sqs => {
            let mut response = json_error("1.0", "com.amazonaws.sqs#", status, code, message);
            let side = if status < 500 { "Sender" } else { "Receiver" };
            // Its SDKs read the code from here.
            if let Ok(query_error) = format!("{code};{side}").parse() {
                response
                    .headers_mut()
                    .insert("x-amzn-query-error", query_error);
            }
            response
        }
        Service::Ssm => json_error("1.1", "", status, code, message),
        Service::Bedrock | Service::Connections => {
            let mut response = reply(
                status,
                "application/json",
                json!({ "message": message }).to_string(),
            );
            if let Ok(code) = code.parse() {
                response.headers_mut().insert("x-amzn-errortype", code);
            }
            response
        }
        Service::S3 => reply(
            status,
            "application/xml",
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
                 <Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
            ),
        ),
        Service::Sts => reply(
            status,
            "text/xml",
            format!(
                "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
                 <Code>{code}</Code><Message>{message}</Message></Error>\
                 <RequestId>{request_id}</RequestId></ErrorResponse>"
            ),
        ),
    }
}

fn json_error(
    version: &str,
    namespace: &str,
    status: u16,
    code: &str,
    message: &str,
) -> Response<Body> {
    let body = json!({ "__type": format!("{namespace}{code}"), "message": message });
    reply(
        status,
        &format!("application/x-amz-json-{version}"),
        body.to_string(),
    )
}

/// A whole answer, with a request id of its own.
pub(crate) fn reply(status: u16, content_type: &str, body: impl Into<Body>) -> Response<Body> {
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        .header(CONTENT_TYPE, content_type)
        .header("x-amzn-requestid", Uuid::new_v4().to_string())
        .body(body.into())
        .expect("status and headers are valid")
}
