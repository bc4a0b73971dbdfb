//! SSM's `GetParameter`: each parameter is a file, all are `SecureString`s.

use std::{
    fs,
    path::{Component, Path, PathBuf},
    time::UNIX_EPOCH,
};

use aws_lc_rs::digest;
use axum::{body::Body, http::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::json;

use super::{
    ACCOUNT, REGION,
    errors::{error, reply},
    request::Service,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameter {
    name: String,
    #[serde(default)]
    with_decryption: bool,
}

pub(super) fn handle(folder: &Path, operation: &str, body: &[u8]) -> Response<Body> {
    if operation != "GetParameter" {
        return error(
            Service::Ssm,
            400,
            "UnknownOperationException",
            "Only GetParameter is part of the embedded SSM",
        );
    }
    let Ok(request) = serde_json::from_slice::<GetParameter>(body) else {
        return error(Service::Ssm, 400, "ValidationException", "Name is required");
    };
    let file = file(folder, &request.name);
    let Some((file, value)) =
        file.and_then(|file| Some((file.clone(), fs::read_to_string(file).ok()?)))
    else {
        return error(Service::Ssm, 400, "ParameterNotFound", "");
    };
    let modified = fs::metadata(file)
        .and_then(|metadata| metadata.modified())
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .unwrap_or_default();
    // What a caller without decryption gets is not the value: a cipher of it on AWS, a digest here.
    let value = if request.with_decryption {
        value
    } else {
        STANDARD.encode(digest::digest(&digest::SHA256, value.as_bytes()))
    };
    let answer = json!({
        "Parameter": {
            "Name": request.name,
            "Type": "SecureString",
            "Value": value,
            "Version": 1,
            "LastModifiedDate": modified.as_secs_f64(),
            "ARN": format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{}", request.name.trim_start_matches('/')),
            "DataType": "text",
        }
    });
    reply(200, "application/x-amz-json-1.1", answer.to_string())
}

/// The file of a parameter; none for a name that leads out of the folder.
pub(crate) fn file(folder: &Path, name: &str) -> Option<PathBuf> {
    let name = Path::new(name.trim_start_matches('/'));
    let stays_inside = name
        .components()
        .all(|component| matches!(component, Component::Normal(_)));
    (stays_inside && name.components().count() > 0).then(|| folder.join(name))
}
