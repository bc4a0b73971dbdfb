//! The template that is deployed.

use super::{super::EventSource, Template, values};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

fn deployed() -> Template {
    let yaml = include_str!("../../../../../template.yaml");
    let values = values().parameter("SigningPublicKeys", r#"{"keys":[]}"#);
    Template::parse(yaml, &values).expect("the template is sound")
}

#[test]
fn the_three_tables_are_as_their_readers_expect_them() {
    let template = deployed();
    let names: Vec<_> = template
        .tables
        .iter()
        .map(|table| table.name.as_str())
        .collect();
    assert_eq!(names, ["tenon-data", "tenon-identity", "tenon-ephemeral"]);
    let data = &template.tables[0].create;
    assert_eq!(
        data["LocalSecondaryIndexes"].as_array().map(Vec::len),
        Some(5)
    );
    assert_eq!(
        data["VectorIndexes"],
        json!([{
            "IndexName": "vectors",
            "VectorAttribute": { "AttributeName": "embedding" },
            "Dimensions": 512,
            "DistanceFunction": "COSINE",
            "SearchSchema": [
                { "AttributeName": "vector_tenant", "SearchSchemaElementType": "HASH" },
                { "AttributeName": "vector_project", "SearchSchemaElementType": "INLINE_FILTER" },
            ],
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        }])
    );
    assert_eq!(
        data["StreamSpecification"],
        json!({ "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" })
    );
    assert_eq!(template.tables[2].ttl_attribute.as_deref(), Some("ttl"));
}

#[test]
fn every_function_has_a_trigger_and_each_route_one_function() {
    let template = deployed();
    let mut routes = BTreeMap::new();
    for function in &template.functions {
        assert!(
            !function.events.is_empty(),
            "{} is never invoked",
            function.name
        );
        for event in &function.events {
            let route = match event {
                EventSource::Http { method, path } => format!("{method} {path}"),
                EventSource::Socket { route, .. } => route.clone(),
                _ => continue,
            };
            let other = routes.insert(route.clone(), &function.name);
            assert_eq!(other, None, "{route} has two functions");
        }
    }
    assert_eq!(routes["ANY $default"], "not-found");
    assert_eq!(routes["$default"], "realtime-default");
    assert_eq!(routes["POST /api/create-task"], "create-task");
}

#[test]
fn a_message_is_hidden_for_six_times_as_long_as_its_function_may_run() {
    let template = deployed();
    let mut consumed = 0;
    for function in &template.functions {
        for event in &function.events {
            let EventSource::Queue {
                queue,
                report_batch_item_failures,
                ..
            } = event
            else {
                continue;
            };
            let queue = template.queues.iter().find(|other| other.name == *queue);
            let queue = queue.expect("the queue is deployed");
            assert!(
                queue.visibility_timeout >= 6 * function.timeout,
                "{}",
                queue.name
            );
            assert!(report_batch_item_failures, "{}", queue.name);
            let dead_letters = queue
                .redrive
                .as_ref()
                .map(|redrive| &redrive.dead_letter_queue);
            let dead_letters = template
                .queues
                .iter()
                .find(|other| Some(&other.name) == dead_letters);
            let dead_letters = dead_letters.expect("the dead-letter queue is deployed");
            assert_eq!(dead_letters.retention, Duration::from_hours(14 * 24));
            assert_eq!(dead_letters.fifo, queue.fifo);
            consumed += 1;
        }
    }
    assert_eq!(consumed, 6);
}

#[test]
fn only_what_is_named_is_granted() {
    for function in deployed().functions {
        for statement in &function.policies {
            let place = format!("{}: {statement}", function.name);
            for key in ["Action", "Resource"] {
                for item in one_or_many(&statement[key]) {
                    assert_ne!(item, "*", "{place}");
                    assert!(!item.ends_with(":*"), "{place}");
                }
            }
        }
    }
}

#[test]
fn the_variables_lead_to_the_local_stack() {
    let template = deployed();
    let relay = template.function("relay").expect("is there");
    let queue = |name: &str| format!("http://127.0.0.1:3001/000000000000/{name}");
    assert_eq!(relay.environment["EPHEMERAL_TABLE"], "tenon-ephemeral");
    assert_eq!(relay.environment["EMAIL_QUEUE_URL"], queue("tenon-email"));
    assert_eq!(
        relay.environment["REALTIME_QUEUE_URL"],
        queue("tenon-realtime.fifo")
    );
}

fn one_or_many(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}
