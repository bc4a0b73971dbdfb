//! What roles are granted and never do.

use std::collections::BTreeSet;

use local::template::Role;
use serde_json::Value;
use tests::{report, used};

use crate::conformance::workspace::TEMPLATE;

/// The platform does that for a function, in its name: reading its queue or its stream.
const BY_THE_PLATFORM: [&str; 8] = [
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:DescribeStream",
    "dynamodb:ListStreams",
    // Where the stream's trigger notes what it gave up.
    "sqs:SendMessage",
];

/// What the last run of the suite did is compared with what roles are granted; what is granted and was not
/// used is printed, for a person to think about.
#[test]
#[ignore = "it looks at what all other tests have done, and so comes after them: `-- --ignored granted`"]
fn what_is_granted_and_used_by_no_test_is_printed() {
    let used = used();
    let roles = &TEMPLATE.roles;
    let granted: BTreeSet<_> = roles.iter().flat_map(grants).collect();
    let unused: Vec<_> = granted
        .iter()
        .filter(|(arn, action, resource)| {
            !used.iter().any(|(by, did, on)| {
                by == arn && did == action && (on == resource || covers(resource, on))
            })
        })
        .filter(|(_, action, _)| !BY_THE_PLATFORM.contains(&action.as_str()))
        .map(|(arn, action, resource)| format!("{arn}: {action} on {resource}"))
        .collect();
    report(&format!(
        "{} actions granted to {} roles, of which no test used {}:\n{}",
        granted.len(),
        roles.len(),
        unused.len(),
        unused.join("\n"),
    ));
    assert!(unused.len() < granted.len() / 2);
}

/// Whether a pattern stands for a resource, or for the one that a resource belongs to.
fn covers(pattern: &str, resource: &str) -> bool {
    pattern.contains('*')
        && pattern
            .split('*')
            .next()
            .is_some_and(|begin| resource.starts_with(begin) || begin.starts_with(resource))
}

/// Role, action and resource of all that a role is granted.
fn grants(role: &Role) -> Vec<(String, String, String)> {
    let each = |value: &Value| -> Vec<String> {
        let one = value.as_str().map(str::to_owned);
        let many = value.as_array().into_iter().flatten();
        let many = many.filter_map(|item| item.as_str().map(str::to_owned));
        one.into_iter().chain(many).collect()
    };
    let allowed = |statement: &&Value| statement["Effect"] == "Allow";
    let statements = role.grants.iter().filter(allowed);
    statements
        .flat_map(|statement| {
            let resources = each(&statement["Resource"]);
            each(&statement["Action"])
                .into_iter()
                .flat_map(move |action| {
                    let granted = resources.clone().into_iter();
                    granted
                        .map(|resource| (role.arn.clone(), action.clone(), resource))
                        .collect::<Vec<_>>()
                })
        })
        .collect()
}
