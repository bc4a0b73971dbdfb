//! Many tasks at once: copies of the rows that one task has left, with other ids and numbers.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue::{self, L, M, N, S};
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use futures::{StreamExt, stream};
use tests::{App, tables};
use uuid::Uuid;

use super::Scene;

type Item = HashMap<String, AttributeValue>;

/// How many rows one call writes: at most 25, and three for each task.
const BATCH: usize = 24;

/// How many calls are made at once.
const AT_ONCE: usize = 4;

/// The `seq` of the task that is copied: its project's founding came before it.
const COPIED: u64 = 2;

/// Copies the scene's task, with its event and embedding, until its project has so many.
pub(super) async fn copies(scene: &Scene, tasks: u64) {
    let app = &scene.app;
    let project = format!("T#{}#P#{}", scene.ada.tenant_id, scene.project);
    let task = row(app, &project, &format!("TASK#{}", scene.task)).await;
    let log = format!("{project}#LOG#0");
    let event = row(app, &log, &event_key(COPIED)).await;
    let mut vector = row(
        app,
        &format!("{project}#V"),
        &format!("VECTOR#{}", scene.task),
    )
    .await;
    vector.insert("embedding".to_owned(), far_off());

    let copies_of = |seq: &u64| {
        let id = Uuid::now_v7().to_string();
        let renamed = [(scene.task.as_str(), id), ("/2/", format!("/{seq}/"))];
        let mut event = copy(&event, &renamed);
        event.insert("sk".to_owned(), S(event_key(*seq)));
        event.insert("seq".to_owned(), N(seq.to_string()));
        [copy(&task, &renamed), event, copy(&vector, &renamed)]
    };
    let client = app.dynamodb();
    let numbers: Vec<u64> = (COPIED + 1..=tasks + 1).collect();
    stream::iter(numbers.chunks(BATCH / 3))
        .for_each_concurrent(AT_ONCE, |numbers| {
            write(&client, numbers.iter().flat_map(copies_of).collect())
        })
        .await;
    client
        .update_item()
        .table_name(tables::DATA)
        .key("pk", S(project))
        .key("sk", S("PROJECT".to_owned()))
        .update_expression("SET seq = :seq, task_count = :tasks")
        .expression_attribute_values(":seq", N((tasks + 1).to_string()))
        .expression_attribute_values(":tasks", N(tasks.to_string()))
        .send()
        .await
        .expect("the project is there");
}

pub(super) async fn row(app: &App, pk: &str, sk: &str) -> Item {
    let answer = app
        .dynamodb()
        .get_item()
        .table_name(tables::DATA)
        .key("pk", S(pk.to_owned()))
        .key("sk", S(sk.to_owned()))
        .consistent_read(true)
        .send()
        .await
        .expect("the table can be read");
    answer
        .item
        .unwrap_or_else(|| panic!("there is no {pk} {sk}"))
}

async fn write(client: &aws_sdk_dynamodb::Client, rows: Vec<Item>) {
    let puts = rows.into_iter().map(|row| {
        let put = PutRequest::builder().set_item(Some(row)).build();
        let put = put.expect("it has an item");
        WriteRequest::builder().put_request(put).build()
    });
    let written = client
        .batch_write_item()
        .request_items(tables::DATA, puts.collect())
        .send()
        .await
        .expect("the rows can be written");
    let left = written.unprocessed_items.unwrap_or_default();
    assert!(left.is_empty(), "all are written");
}

/// A row with other texts in place of some.
fn copy(row: &Item, renamed: &[(&str, String)]) -> Item {
    row.iter()
        .map(|(name, value)| (name.clone(), renamed_in(value, renamed)))
        .collect()
}

fn renamed_in(value: &AttributeValue, renamed: &[(&str, String)]) -> AttributeValue {
    match value {
        S(text) => S(renamed
            .iter()
            .fold(text.clone(), |text, (old, new)| text.replace(old, new))),
        M(members) => M(copy(members, renamed)),
        L(values) => L(values
            .iter()
            .map(|value| renamed_in(value, renamed))
            .collect()),
        other => other.clone(),
    }
}

pub(super) fn event_key(seq: u64) -> String {
    format!("EVENT#{seq:012}")
}

/// An embedding of length 1 that takes little room as text.
fn far_off() -> AttributeValue {
    let mut numbers = vec![N("0".to_owned()); shared::model::search::DIMENSIONS];
    numbers[0] = N("1".to_owned());
    L(numbers)
}
