//! Least privilege: `template.yaml` grants each function what its endpoint uses, and no more: what is no
//! tenant's to its own role, and what is a tenant's to a role that it assumes for that tenant.

use std::sync::LazyLock;

use local::template::{FunctionResource, Template, Values};
use serde_json::{Value, json};
use shared::endpoint::{Capability, Endpoint, Resource, Trigger, Use, uses};

use super::workspace::{TEMPLATE, endpoints, read};
use crate::agreement::{Lines, assert_agree, assert_none};

/// The action that tells a queue's consumer.
pub(super) const RECEIVE: &str = "sqs:ReceiveMessage";

/// The variable that names the role of a function's capability.
pub(super) const TENANT_ROLE: &str = "TENANT_ROLE";

const REGION: &str = "us-east-1";
const ACCOUNT: &str = "000000000000";

#[test]
fn a_function_s_own_role_is_granted_what_it_uses_of_no_tenant_and_no_more() {
    let wanted = endpoints().into_iter().flat_map(|endpoint| {
        let own = endpoint.granted();
        let own = own.filter(|used| endpoint.unbound || !used.resource.is_a_tenants());
        own.flat_map(granted)
            .map(|grant| format!("{}: {grant}", endpoint.name))
    });
    assert_granted(&wanted.collect(), &TEMPLATE);
}

#[test]
fn without_isolation_a_function_s_own_role_is_granted_all_that_it_uses_and_no_more() {
    let wanted = endpoints().into_iter().flat_map(|endpoint| {
        let grants = endpoint.granted().flat_map(granted);
        grants.map(|grant| format!("{}: {grant}", endpoint.name))
    });
    assert_granted(&wanted.collect(), &NOT_ISOLATED);
    assert_eq!(NOT_ISOLATED.roles.len(), NOT_ISOLATED.functions.len());
    let role = |function: &FunctionResource| function.environment.contains_key(TENANT_ROLE);
    assert!(!NOT_ISOLATED.functions.iter().any(role));
}

/// A role for each capability that some function needs, for those functions alone, and for one tenant at a
/// time.
#[test]
fn the_roles_of_a_tenant_grant_what_is_that_tenant_s_to_those_who_need_it() {
    let mut wanted = Lines::new();
    for capability in Capability::ALL {
        let needs = |endpoint: &&Endpoint| capability_of(endpoint) == Some(capability);
        let functions: Vec<_> = endpoints().into_iter().filter(needs).collect();
        if functions.is_empty() {
            continue;
        }
        let role = capability.role();
        wanted.extend(capability.uses().flat_map(|used| {
            let grants = used.actions.iter().map(move |action| {
                let (resource, condition) = of_one_tenant(used.resource);
                grant("Allow", action, &resource, &condition)
            });
            grants.map(|grant| format!("{role}: {grant}"))
        }));
        wanted.extend(denied(capability).map(|grant| format!("{role}: {grant}")));
        let condition = json!({
            "StringLike": { "aws:RequestTag/tenant": "????????-????-????-????-????????????" },
            "ForAllValues:StringEquals": { "aws:TagKeys": ["tenant"] },
        });
        for endpoint in functions {
            let function = TEMPLATE.function(endpoint.name).expect("it is deployed");
            for action in ["sts:AssumeRole", "sts:TagSession"] {
                let grant = grant("Allow", action, &function.role, &condition);
                wanted.insert(format!("{role} may be assumed: {grant}"));
            }
        }
    }
    let made = TEMPLATE.roles.iter().filter(|role| !role.trust.is_empty());
    let found = made
        .flat_map(|role| {
            let trust = format!("{} may be assumed", role.logical_id);
            let grants = lines(
                &role.logical_id,
                &role.grants,
                |statement| &statement["Resource"],
            );
            let trusted = lines(
                &trust,
                &role.trust,
                |statement| &statement["Principal"]["AWS"],
            );
            grants.into_iter().chain(trusted)
        })
        .collect();
    assert_agree(
        ("the capabilities that endpoints need", &wanted),
        ("template.yaml", &found),
        "change the role's policy or its AssumeRolePolicyDocument, or what the capability is granted in \
         shared/src/endpoint/capability.rs.",
    );
}

#[test]
fn each_function_is_told_the_role_of_its_capability() {
    let wanted = endpoints()
        .iter()
        .filter_map(|endpoint| Some((endpoint.name, capability_of(endpoint)?.role())))
        .map(|(name, role)| format!("{name}: {role}"))
        .collect();
    let role_of = |arn: &str| {
        let role = TEMPLATE.roles.iter().find(|role| role.arn == arn);
        role.map_or(arn.to_owned(), |role| role.logical_id.clone())
    };
    let told = TEMPLATE.functions.iter().filter_map(|function| {
        let arn = function.environment.get(TENANT_ROLE)?;
        Some(format!("{}: {}", function.name, role_of(arn)))
    });
    assert_agree(
        ("the endpoints' capabilities", &wanted),
        ("template.yaml", &told.collect()),
        "change TENANT_ROLE among the function's variables.",
    );
}

/// The partitions of all tenants' audit logs.
const AUDIT_LOGS: &str = "T#*#AUDIT#*";

/// The partitions of what all tenants use.
const USAGE: &str = "T#*#USAGE";

/// Who changes a tenant's rows is denied to change its audit log, by name: to what is granted of all rows that
/// would else belong.
fn denied(capability: Capability) -> impl Iterator<Item = String> {
    let changes = capability.uses().any(|used| {
        used.resource == Resource::Data && used.actions.contains(&"dynamodb:UpdateItem")
    });
    let actions = ["UpdateItem", "DeleteItem", "BatchWriteItem"];
    let condition = json!({ "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": [AUDIT_LOGS] } });
    let denied = actions.into_iter().filter(move |_| changes);
    denied.map(move |action| {
        let action = format!("dynamodb:{action}");
        grant("Deny", &action, &arn(Resource::AuditLog), &condition)
    })
}

/// The same template, with isolation turned off.
static NOT_ISOLATED: LazyLock<Template> = LazyLock::new(|| {
    let values = Values::local("http://127.0.0.1")
        .parameter("SigningPublicKeys", r#"{"keys":[]}"#)
        .parameter("TenantIsolation", "false");
    Template::parse(&read("template.yaml"), &values).expect("it is a template")
});

/// A refusal of who is known is noted where it is made, so whatever knows its caller may add to the log.
#[test]
fn whoever_knows_its_caller_may_note_a_refusal() {
    let notes = |endpoint: &&Endpoint| endpoint.is_granted(&uses::AUDIT_APPEND);
    let knows = |endpoint: &&Endpoint| {
        let by_token = [uses::AUTHENTICATE, uses::PUBLIC_KEYS];
        let over_a_socket = [uses::AUTHENTICATE_CONNECTION, uses::CONNECTION_GET];
        [by_token, over_a_socket]
            .iter()
            .any(|both| both.iter().all(|used| endpoint.is_granted(used)))
    };
    let name = |endpoint: &Endpoint| endpoint.name.to_owned();
    let all = endpoints();
    let (callers, writers) = (
        all.iter()
            .copied()
            .filter(knows)
            .map(name)
            .collect::<Lines>(),
        all.iter()
            .copied()
            .filter(notes)
            .map(name)
            .collect::<Lines>(),
    );
    assert_none(
        &callers.difference(&writers).cloned().collect(),
        "A refusal of who is known stands in the audit log before it is given out.",
        "add uses::AUDIT_APPEND to the endpoint, and the grant to template.yaml.",
    );
}

/// How often somebody has called is read with who calls, so whatever finds that out counts the call.
#[test]
fn whoever_asks_who_calls_counts_how_often() {
    let using = |used: Use| -> Lines {
        let endpoints = endpoints().into_iter();
        let users = endpoints.filter(|endpoint| endpoint.is_granted(&used));
        users.map(|endpoint| endpoint.name.to_owned()).collect()
    };
    assert_agree(
        (
            "the endpoints with uses::AUTHENTICATE",
            &using(uses::AUTHENTICATE),
        ),
        ("the endpoints with uses::RATE", &using(uses::RATE)),
        "add uses::RATE to the endpoint; to template.yaml its grant, and EPHEMERAL_TABLE and RATE_LIMIT.",
    );
}

/// A call counts in the tenant that its caller acts in, so whatever always has one may count it, and what may not
/// have one has no grant to.
#[test]
fn whoever_is_asked_for_in_a_tenant_counts_its_calls() {
    let (mut wanted, mut found) = (Lines::new(), Lines::new());
    for function in local::functions::all() {
        let endpoint = function.endpoint;
        if !matches!(endpoint.trigger, Trigger::Http { .. }) {
            continue;
        }
        let members = ["Viewer", "Editor", "Admin"];
        for surface in function.surfaces() {
            if members.iter().any(|member| surface.caller.contains(member)) {
                wanted.insert(endpoint.name.to_owned());
            }
        }
        if endpoint.is_granted(&uses::USAGE_COUNT) {
            found.insert(endpoint.name.to_owned());
        }
    }
    assert_agree(
        ("the callers that handlers ask for", &wanted),
        ("the endpoints with uses::USAGE_COUNT", &found),
        "add uses::USAGE_COUNT to the endpoint, and the grant to template.yaml.",
    );
}

/// Nobody is granted more of the audit log than to read it and to add to it, but who removes it with its tenant.
#[test]
fn no_role_but_the_eraser_s_changes_or_removes_what_the_audit_log_says() {
    let partition = "T#01900000-0000-7000-8000-000000000001#AUDIT#2026-11";
    let changes = [
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:BatchWriteItem",
    ];
    let table = arn(Resource::Data);
    let says = |statement: &Value, effect: &str, action: &str| {
        statement["Effect"] == effect
            && one_or_many(&statement["Action"]).contains(&action)
            && one_or_many(&statement["Resource"]).contains(&table.as_str())
    };
    let names_it = |statement: &Value, any: &str| {
        let keys = &statement["Condition"][any]["dynamodb:LeadingKeys"];
        let keys = one_or_many(keys);
        keys.is_empty()
            || keys
                .iter()
                .any(|key| like(&key.replace("${aws:PrincipalTag/tenant}", "*"), partition))
    };
    let mut able = Lines::new();
    for role in &TEMPLATE.roles {
        for action in changes {
            let allowed = role.grants.iter().any(|statement| {
                says(statement, "Allow", action) && names_it(statement, "ForAllValues:StringLike")
            });
            let denied = role.grants.iter().any(|statement| {
                says(statement, "Deny", action) && names_it(statement, "ForAnyValue:StringLike")
            });
            let erases =
                role.logical_id == Capability::Eraser.role() && action == "dynamodb:DeleteItem";
            if allowed && !denied && !erases {
                able.insert(format!("{}: {action}", role.logical_id));
            }
        }
    }
    assert_none(
        &able,
        "Entries of the audit log are added, and then only expire.",
        "deny it by name, as TenantWriter does in template.yaml.",
    );
}

/// It takes the tenant's name, a role of its own, and 16 minutes without anybody who could still write.
#[test]
fn one_function_alone_removes_what_the_audit_log_says() {
    let erases = |endpoint: &&Endpoint| endpoint.is_granted(&uses::ERASE_AUDIT);
    let all = endpoints();
    let names: Vec<_> = all
        .iter()
        .copied()
        .filter(erases)
        .map(|endpoint| endpoint.name)
        .collect();
    assert_eq!(names, ["erase"]);
}

/// Whether a text is of a form in which `*` stands for anything.
fn like(form: &str, text: &str) -> bool {
    match form.split_once('*') {
        None => form == text,
        Some((begin, rest)) => text.strip_prefix(begin).is_some_and(|text| {
            let ends = text.char_indices().map(|(end, _)| end).chain([text.len()]);
            ends.into_iter().any(|end| like(rest, &text[end..]))
        }),
    }
}

fn assert_granted(wanted: &Lines, template: &Template) {
    let found = template
        .functions
        .iter()
        .flat_map(|function| {
            lines(
                &function.name,
                &function.policies,
                |statement| &statement["Resource"],
            )
        })
        .collect();
    assert_agree(
        ("what the endpoints use", wanted),
        ("template.yaml", &found),
        "look at what the code calls (shared/src/sdk), then change the function's Policies, or `uses` in \
         its ENDPOINT. What is a tenant's stands in a policy that is there without isolation alone.",
    );
}

fn capability_of(endpoint: &Endpoint) -> Option<Capability> {
    endpoint.capability().unwrap_or_else(|problem| {
        panic!("\n{problem}: add what is missing to shared/src/endpoint/capability.rs\n")
    })
}

/// The queue's name, if it is one.
pub(super) fn queue_name(resource: Resource) -> Option<&'static str> {
    match resource {
        Resource::EmailQueue => Some("tenon-email"),
        Resource::EmailDeadLetters => Some("tenon-email-dead-letters"),
        Resource::EmbeddingsQueue => Some("tenon-embeddings"),
        Resource::RealtimeQueue => Some("tenon-realtime.fifo"),
        Resource::AuditQueue => Some("tenon-audit"),
        Resource::ErasuresQueue => Some("tenon-erasures"),
        Resource::ExportsQueue => Some("tenon-exports"),
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
        resource => {
            let condition = match resource {
                Resource::AttachmentList => listed("tenants/*"),
                Resource::EmptyList => listed("health/"),
                _ => partitions(resource).map_or(Value::Null, |keys| leading(&[keys])),
            };
            grant("Allow", action, &arn(resource), &condition)
        }
    })
}

/// The condition that a list is of paths that begin so.
fn listed(prefix: &str) -> Value {
    json!({ "StringLike": { "s3:prefix": prefix } })
}

/// What the partition keys begin with of those who share a table.
fn partitions(resource: Resource) -> Option<&'static str> {
    match resource {
        Resource::Ephemeral => Some("T#*"),
        Resource::KeyUses => Some("KEYUSE#*"),
        Resource::PersonalAnswers | Resource::PersonalAnswersWithData => Some("PERSON#*"),
        Resource::Attempts => Some("RATE#*"),
        Resource::Calls => Some("CALLS#*"),
        Resource::Tickets => Some("TICKET#*"),
        Resource::ConnectionRows => Some("CONN#*"),
        Resource::UserConnections => Some("USER#*"),
        Resource::ChangeNotes => Some("CHANGES#*"),
        Resource::UploadNotes => Some("UPLOADS#*"),
        Resource::PurgeNotes => Some("PURGES#*"),
        Resource::DueNotes => Some("DUE#*"),
        Resource::AuditLog => Some(AUDIT_LOGS),
        Resource::Usage => Some(USAGE),
        Resource::Exports => Some("T#*#EXPORTS"),
        _ => None,
    }
}

/// The condition that a call names partition keys, and these alone.
fn leading(keys: &[&str]) -> Value {
    json!({
        "ForAllValues:StringLike": { "dynamodb:LeadingKeys": keys },
        "Null": { "dynamodb:LeadingKeys": "false" },
    })
}

/// What of a resource is the tenant's whom a session is tagged with.
fn of_one_tenant(resource: Resource) -> (String, Value) {
    const TENANT: &str = "${aws:PrincipalTag/tenant}";
    let keys = [format!("T#{TENANT}"), format!("T#{TENANT}#*")];
    let keys = keys.each_ref().map(String::as_str);
    match resource {
        Resource::Data
        | Resource::Lsi1
        | Resource::Lsi2
        | Resource::Lsi3
        | Resource::Lsi4
        | Resource::Lsi5
        | Resource::Ephemeral => (arn(resource), leading(&keys)),
        Resource::AuditLog => {
            let keys = format!("T#{TENANT}#AUDIT#*");
            (arn(resource), leading(&[&keys]))
        }
        Resource::Usage => {
            let key = format!("T#{TENANT}#USAGE");
            (arn(resource), leading(&[&key]))
        }
        Resource::Exports => {
            let key = format!("T#{TENANT}#EXPORTS");
            (arn(resource), leading(&[&key]))
        }
        Resource::Archives => {
            let path = format!("arn:aws:s3:::tenon-attachments/tenants/{TENANT}/exports/*");
            (path, Value::Null)
        }
        Resource::Attachments => {
            let path = format!("arn:aws:s3:::tenon-attachments/tenants/{TENANT}/*");
            (path, Value::Null)
        }
        Resource::AttachmentList => (arn(resource), listed(&format!("tenants/{TENANT}/*"))),
        // Notes of all tenants share their partitions, and of vectors IAM knows nothing.
        other => {
            let condition = partitions(other).map_or(Value::Null, |keys| leading(&[keys]));
            (arn(other), condition)
        }
    }
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
        Resource::Data | Resource::AuditLog | Resource::Usage | Resource::Exports => table("data"),
        Resource::DataStream => table("data/stream/*"),
        Resource::Lsi1 => table("data/index/lsi1"),
        Resource::Lsi2 => table("data/index/lsi2"),
        Resource::Lsi3 => table("data/index/lsi3"),
        Resource::Lsi4 => table("data/index/lsi4"),
        Resource::Lsi5 => table("data/index/lsi5"),
        Resource::Vectors => table("data/index/vectors"),
        Resource::Identity | Resource::IdentityWithData | Resource::KeyUses => table("identity"),
        Resource::Ephemeral
        | Resource::PersonalAnswers
        | Resource::PersonalAnswersWithData
        | Resource::Attempts
        | Resource::Calls
        | Resource::Tickets
        | Resource::ConnectionRows
        | Resource::UserConnections
        | Resource::ChangeNotes
        | Resource::UploadNotes
        | Resource::PurgeNotes
        | Resource::DueNotes => table("ephemeral"),
        Resource::Attachments => "arn:aws:s3:::tenon-attachments/tenants/*".to_owned(),
        Resource::AttachmentList | Resource::EmptyList => {
            "arn:aws:s3:::tenon-attachments".to_owned()
        }
        Resource::Archives => "arn:aws:s3:::tenon-attachments/tenants/*/exports/*".to_owned(),
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

/// What statements grant, with what they say `on`.
fn lines<'a>(whose: &str, statements: &'a [Value], on: impl Fn(&'a Value) -> &'a Value) -> Lines {
    let mut lines = Lines::new();
    for statement in statements {
        let effect = statement["Effect"].as_str().unwrap_or_default();
        for action in one_or_many(&statement["Action"]) {
            for resource in one_or_many(on(statement)) {
                let grant = grant(effect, action, resource, &statement["Condition"]);
                lines.insert(format!("{whose}: {grant}"));
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
