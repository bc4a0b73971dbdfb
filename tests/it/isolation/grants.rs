//! What roles are granted and never do.

use std::collections::BTreeSet;

use local::events::Filler;
use local::functions;
use local::template::Role;
use serde_json::Value;
use tests::{App, Member, PNG, attachment, report};

use crate::fixtures::{cases, fill};

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

/// Every function is invoked with all of its fixtures, and what follows is done. What is granted and was
/// not used then is printed, for a person to think about.
#[tokio::test]
async fn what_is_granted_and_not_used_by_any_fixture_is_printed() {
    let app = App::start().await;
    let mut filler = Filler::new(&app.stack().api_url());
    for function in functions::all() {
        for case in cases(function.endpoint.name) {
            let text = local::events::read(&format!("{}/{case}", function.endpoint.name));
            let text = fill(&app, &mut filler, &text.expect("there is one")).await;
            let event: Value =
                serde_json::from_str(&text.expect("it can be filled")).expect("it is JSON");
            let _refused = app
                .stack()
                .lambda()
                .invoke(function.endpoint.name, event)
                .await;
        }
    }
    a_morning(&app, &app.member("eve").await).await;

    let used = app.stack().front().iam().used();
    let granted: BTreeSet<_> = app
        .stack()
        .template()
        .roles
        .iter()
        .flat_map(grants)
        .collect();
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
        "{} actions granted to {} roles, of which no fixture used {}:\n{}",
        granted.len(),
        app.stack().template().roles.len(),
        unused.len(),
        unused.join("\n"),
    ));
    assert!(unused.len() < granted.len() / 2);
    app.stop().await;
}

/// What somebody does who has a project, somebody to tell of it, and a file.
async fn a_morning(app: &App, eve: &Member) {
    let project = eve.project("Gemini").await;
    let mut socket = eve.connect().await;
    socket.subscribe(&project).await;
    let input = serde_json::json!({
        "projectId": project,
        "title": "Dock",
        "assignedTo": eve.user_id,
        "attachment": attachment(PNG, "pixel.png", "image/png"),
    });
    eve.post("/api/create-task", input).await.expect(201);
    eve.projects().await;
    eve.search(&project, "dock").await;
    app.settled().await;
    socket.close().await;
    app.settled().await;
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
    let statements = role.grants.iter();
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
