//! What a call does, as IAM sees it: actions on resources.

use std::collections::HashMap;

use awsim_iam_policy::ContextValue;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::dynamodb;
use crate::front::{
    ACCOUNT, REGION,
    request::{Call, Service},
};

/// An action on a resource.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// `dynamodb:GetItem`
    pub(crate) action: String,
    /// The resource's ARN.
    pub(crate) resource: String,
    /// What conditions can ask for.
    pub(crate) context: HashMap<String, ContextValue>,
}

impl Access {
    pub(crate) fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            context: HashMap::new(),
        }
    }

    /// The same, with a condition key.
    pub(crate) fn with(mut self, key: &str, value: ContextValue) -> Self {
        self.context.insert(key.to_owned(), value);
        self
    }
}

/// What a call does, but for S3, whose keys are told from its paths ([`object_action`]), and STS.
pub(crate) fn accesses(call: &Call, parts: &Parts, body: &[u8], socket: &str) -> Vec<Access> {
    let json = || serde_json::from_slice::<Value>(body).unwrap_or_default();
    match call.service {
        Service::DynamoDb => dynamodb::accesses(&call.operation, &json()),
        Service::Sqs => vec![queue(&call.operation, &json())],
        Service::Ssm => parameter(&call.operation, &json()),
        Service::Bedrock => vec![model(parts.uri.path())],
        Service::Connections => vec![connection(parts, socket)],
        Service::S3 | Service::Sts => Vec::new(),
    }
}

/// The action that an operation of S3 is.
pub(crate) fn object_action(operation: &str) -> String {
    let action = match operation {
        "HeadObject" => "GetObject",
        "CopyObject"
        | "PostObject"
        | "CreateMultipartUpload"
        | "UploadPart"
        | "CompleteMultipartUpload" => "PutObject",
        "DeleteObjects" => "DeleteObject",
        "ListObjects" | "ListObjectsV2" | "HeadBucket" => "ListBucket",
        "ListBuckets" => "ListAllMyBuckets",
        "ListParts" => "ListMultipartUploadParts",
        other => other,
    };
    format!("s3:{action}")
}

/// A batch is as many of the same action.
fn queue(operation: &str, body: &Value) -> Access {
    let action = operation.strip_suffix("Batch").unwrap_or(operation);
    let url = body["QueueUrl"].as_str();
    let name = url
        .and_then(|url| url.rsplit('/').next())
        .or(body["QueueName"].as_str())
        .unwrap_or("*");
    Access::new(
        format!("sqs:{action}"),
        format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"),
    )
}

/// Decryption is the caller's too, through SSM.
fn parameter(operation: &str, body: &Value) -> Vec<Access> {
    let name = body["Name"].as_str().unwrap_or("*").trim_start_matches('/');
    let arn = format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{name}");
    let mut accesses = vec![Access::new(format!("ssm:{operation}"), &arn)];
    if body["WithDecryption"] == true {
        let key = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/aws-ssm");
        let through = format!("ssm.{REGION}.amazonaws.com");
        accesses.push(
            Access::new("kms:Decrypt", key)
                .with("kms:ViaService", ContextValue::String(through))
                .with(
                    "kms:EncryptionContext:PARAMETER_ARN",
                    ContextValue::String(arn),
                ),
        );
    }
    accesses
}

fn model(path: &str) -> Access {
    let name = path.split('/').nth(2).unwrap_or_default();
    let name = percent_decode_str(name).decode_utf8_lossy();
    Access::new(
        "bedrock:InvokeModel",
        format!("arn:aws:bedrock:{REGION}::foundation-model/{name}"),
    )
}

fn connection(parts: &Parts, socket: &str) -> Access {
    let path = parts.uri.path();
    let id = path
        .split_once("/@connections/")
        .map_or("", |(_, connection)| connection);
    let method = &parts.method;
    Access::new(
        "execute-api:ManageConnections",
        format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{socket}/{method}/@connections/{id}"),
    )
}
