//! Least privilege: `template.yaml` grants each function what its endpoint uses, and no more.

use local::template::FunctionResource;
use serde_json::{Value, json};
use shared::endpoint::{Resource, Use};

use super::workspace::{TEMPLATE, endpoints};
use crate::agreement::{Lines, assert_agree};

/// The action that tells a queue's consumer.
pub(super) const RECEIVE: &str = "sqs:ReceiveMessage";

const REGION: &str = "us-east-1";
const ACCOUNT: &str = "000000000000";

#[test]
fn the_template_grants_each_function_what_it_uses_and_no_more() {
    let mut wanted = Lines::new();
    for endpoint in endpoints() {
        for used in endpoint.uses {
            wanted.extend(granted(used).map(|grant| format!("{}: {grant}", endpoint.name)));
        }
    }
    let found = TEMPLATE.functions.iter().flat_map(grants).collect();
    assert_agree(
        ("what the endpoints use", &wanted),
        ("template.yaml", &found),
        "look at what the code calls (shared/src/sdk), then change the function's Policies, or `uses` in \
         its ENDPOINT.",
    );
}

/// The queue's name, if it is one.
pub(super) fn queue_name(resource: Resource) -> Option<&'static str> {
    match resource {
        Resource::EmailQueue => Some("tenon-email"),
        Resource::EmailDeadLetters => Some("tenon-email-dead-letters"),
        Resource::EmbeddingsQueue => Some("tenon-embeddings"),
        Resource::RealtimeQueue => Some("tenon-realtime.fifo"),
        Resource::RelayDeadLetters => Some("tenon-relay-dead-letters"),
        _ => None,
    }
}

/// What a use has to be granted.
fn granted(used: &Use) -> impl Iterator<Item = String> {
    used.actions.iter().map(|action| match used.resource {
        Resource::SigningKey => secret(action, "/tenon/signing-key"),
        Resource::DerivationKey => secret(action, "/tenon/derivation-key"),
        Resource::MailKey => secret(action, "/tenon/mail-key"),
        resource => grant("Allow", action, &arn(resource), &Value::Null),
    })
}

/// A secret's key may be used for that secret alone.
fn secret(action: &str, parameter: &str) -> String {
    let secret = format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{parameter}");
    if action != "kms:Decrypt" {
        return grant("Allow", action, &secret, &Value::Null);
    }
    let keys = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/*");
    let condition = json!({ "StringEquals": {
        "kms:ViaService": format!("ssm.{REGION}.amazonaws.com"),
        "kms:EncryptionContext:PARAMETER_ARN": secret,
    }});
    grant("Allow", action, &keys, &condition)
}

fn arn(resource: Resource) -> String {
    let table = |name: &str| format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/tenon-{name}");
    match resource {
        Resource::Data => table("data"),
        Resource::DataStream => table("data/stream/*"),
        Resource::Lsi1 => table("data/index/lsi1"),
        Resource::Vectors => table("data/index/vectors"),
        Resource::Identity => table("identity"),
        Resource::Ephemeral => table("ephemeral"),
        Resource::Attachments => "arn:aws:s3:::tenon-attachments/tenants/*".to_owned(),
        Resource::Connections => {
            format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:SocketApi/live/*/@connections/*")
        }
        Resource::Model => {
            format!("arn:aws:bedrock:{REGION}::foundation-model/amazon.titan-embed-text-v2:0")
        }
        queue => match queue_name(queue) {
            Some(name) => format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"),
            None => format!("(tests/it/conformance/grants.rs has no ARN of {queue:?})"),
        },
    }
}

/// What the template grants a function.
fn grants(function: &FunctionResource) -> Lines {
    let mut lines = Lines::new();
    for statement in &function.policies {
        let effect = statement["Effect"].as_str().unwrap_or_default();
        for action in one_or_many(&statement["Action"]) {
            for resource in one_or_many(&statement["Resource"]) {
                let grant = grant(effect, action, resource, &statement["Condition"]);
                lines.insert(format!("{}: {grant}", function.name));
            }
        }
    }
    lines
}

fn grant(effect: &str, action: &str, resource: &str, condition: &Value) -> String {
    match condition {
        Value::Null => format!("{effect} {action} on {resource}"),
        condition => format!("{effect} {action} on {resource} if {condition}"),
    }
}

fn one_or_many(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}
