//! What a call is, as far as its first lines tell: the service, the operation, who signed it and on
//! whose behalf.

use axum::http::{HeaderMap, Method, Uri, request::Parts};

/// The services that the front stands in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// DynamoDB and DynamoDB Streams.
    DynamoDb,
    /// S3.
    S3,
    /// SQS.
    Sqs,
    /// Systems Manager's Parameter Store.
    Ssm,
    /// The Security Token Service.
    Sts,
    /// Bedrock's runtime.
    Bedrock,
    /// The `@connections` API of a WebSocket API.
    Connections,
}

/// A call's first lines, read.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) service: Service,
    /// The API's name for what is done: `PutItem`. Empty where the body tells (STS).
    pub(crate) operation: String,
    /// The one table that it names, if it is one of `DynamoDB`'s that names one; the body tells.
    pub(crate) table: Option<String>,
    /// `1-…-…`, the root of `X-Amzn-Trace-Id`.
    pub(crate) trace: Option<String>,
}

impl Call {
    pub(crate) fn read(parts: &Parts) -> Self {
        let service = service(parts);
        Self {
            service,
            operation: operation(service, parts),
            table: None,
            trace: header(&parts.headers, "x-amzn-trace-id").and_then(trace_root),
        }
    }
}

/// The root of a trace header, `Root=1-…-…;Parent=…`.
pub(crate) fn trace_root(header: &str) -> Option<String> {
    header
        .split(';')
        .find_map(|field| field.trim().strip_prefix("Root="))
        .map(str::to_owned)
}

/// A header as text; none if it isn't.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether the query has a parameter of this name, with or without a value.
pub(crate) fn has_query(uri: &Uri, name: &str) -> bool {
    uri.query().is_some_and(|query| {
        query
            .split('&')
            .any(|pair| pair.split('=').next() == Some(name))
    })
}

fn service(parts: &Parts) -> Service {
    let scope = header(&parts.headers, "authorization").and_then(scope_service);
    let target = header(&parts.headers, "x-amz-target").unwrap_or_default();
    let path = parts.uri.path();
    match scope {
        Some("dynamodb") => Service::DynamoDb,
        Some("sqs") => Service::Sqs,
        Some("ssm") => Service::Ssm,
        Some("sts") => Service::Sts,
        Some("bedrock") => Service::Bedrock,
        Some("execute-api") => Service::Connections,
        Some("s3") => Service::S3,
        // Unsigned: by its shape, so that the refusal has the service's own.
        _ if target.starts_with("DynamoDB") => Service::DynamoDb,
        _ if target.starts_with("AmazonSQS") => Service::Sqs,
        _ if target.starts_with("AmazonSSM") => Service::Ssm,
        _ if path.contains("/@connections/") => Service::Connections,
        _ if path.starts_with("/model/") && parts.method == Method::POST => Service::Bedrock,
        // Presigned links, forms and preflights carry no authorization header.
        _ => Service::S3,
    }
}

/// `Credential=KEY/20261101/us-east-1/dynamodb/aws4_request` names the service in its fourth field.
fn scope_service(authorization: &str) -> Option<&str> {
    authorization
        .split_once("Credential=")?
        .1
        .split([',', ' '])
        .next()?
        .rsplit('/')
        .nth(1)
}

fn operation(service: Service, parts: &Parts) -> String {
    let named = match service {
        Service::DynamoDb | Service::Sqs | Service::Ssm => header(&parts.headers, "x-amz-target")
            .map_or("", |target| {
                target.rsplit_once('.').map_or(target, |(_, name)| name)
            }),
        Service::Bedrock => "InvokeModel",
        Service::Connections => match parts.method {
            Method::POST => "PostToConnection",
            Method::DELETE => "DeleteConnection",
            _ => "GetConnection",
        },
        Service::S3 => object_operation(parts),
        Service::Sts => "",
    };
    named.to_owned()
}

fn object_operation(parts: &Parts) -> &'static str {
    let query = |name| has_query(&parts.uri, name);
    let (bucket, key) = parts
        .uri
        .path()
        .trim_start_matches('/')
        .split_once('/')
        .unwrap_or((parts.uri.path().trim_start_matches('/'), ""));
    match (&parts.method, bucket.is_empty(), key.is_empty()) {
        (_, true, _) => "ListBuckets",
        (&Method::PUT, _, true) => "CreateBucket",
        (&Method::HEAD, _, true) => "HeadBucket",
        (&Method::DELETE, _, true) => "DeleteBucket",
        (&Method::POST, _, true) if query("delete") => "DeleteObjects",
        (&Method::POST, _, true) => "PostObject",
        (_, _, true) if query("uploads") => "ListMultipartUploads",
        (_, _, true) => "ListObjectsV2",
        (&Method::PUT, _, _) if query("uploadId") => "UploadPart",
        (&Method::PUT, _, _) if query("tagging") => "PutObjectTagging",
        (&Method::PUT, _, _) if parts.headers.contains_key("x-amz-copy-source") => "CopyObject",
        (&Method::PUT, _, _) => "PutObject",
        (&Method::POST, _, _) if query("uploads") => "CreateMultipartUpload",
        (&Method::POST, _, _) => "CompleteMultipartUpload",
        (&Method::DELETE, _, _) if query("uploadId") => "AbortMultipartUpload",
        (&Method::DELETE, _, _) if query("tagging") => "DeleteObjectTagging",
        (&Method::DELETE, _, _) => "DeleteObject",
        (&Method::HEAD, _, _) => "HeadObject",
        (_, _, _) if query("tagging") => "GetObjectTagging",
        (_, _, _) if query("uploadId") => "ListParts",
        _ => "GetObject",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn read(request: axum::http::request::Builder) -> Call {
        Call::read(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_signed_call_is_routed_by_its_credential_scope() {
        let call = read(
            Request::post("/")
                .header(
                    "authorization",
                    "AWS4-HMAC-SHA256 Credential=local/20261101/eu-west-1/dynamodb/aws4_request, \
                     SignedHeaders=host, Signature=00",
                )
                .header("x-amz-target", "DynamoDB_20120810.TransactWriteItems")
                .header("x-amzn-trace-id", "Root=1-abc-def;Parent=1;Sampled=0"),
        );
        assert_eq!(call.service, Service::DynamoDb);
        assert_eq!(call.operation, "TransactWriteItems");
        assert_eq!(call.trace.as_deref(), Some("1-abc-def"));
    }

    #[test]
    fn a_presigned_link_is_an_object_s() {
        let call = read(Request::get(
            "/bucket/a/b?X-Amz-Credential=x&X-Amz-Signature=y",
        ));
        assert_eq!(
            (call.service, call.operation.as_str()),
            (Service::S3, "GetObject")
        );
    }

    #[test]
    fn connections_and_models_are_known_by_their_paths() {
        let call = read(Request::delete("/ws/@connections/abc"));
        assert_eq!(call.service, Service::Connections);
        assert_eq!(call.operation, "DeleteConnection");
        let call = read(Request::post(
            "/model/amazon.titan-embed-text-v2%3A0/invoke",
        ));
        assert_eq!(call.service, Service::Bedrock);
    }
}
