//! Many tasks at once: copies of the rows that one task has left, with other ids and numbers.
//!
//! They are made and sent as text: as values, ten thousand of them take a build without optimisation a minute.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use aws_smithy_types::body::SdkBody;
use futures::{StreamExt, stream};
use serde_dynamo::Item;
use tests::{App, tables};
use uuid::Uuid;

use super::Scene;

/// How many tasks one call writes: it takes 25 rows, and a task has up to three.
const BATCH: usize = 8;

/// How many calls are made at once.
const AT_ONCE: usize = 4;

/// The `seq` of the task that is copied: its project's founding came before it.
const COPIED: u64 = 2;

/// How many tasks have their embedding copied too: more than a search looks at.
const EMBEDDED: u64 = 100;

/// Copies the scene's task, with its event and embedding, until its project has so many.
pub(super) async fn copies(scene: &Scene, tasks: u64) {
    let client = scene.app.dynamodb();
    let left = Left::by(scene).await;
    let numbers: Vec<u64> = (COPIED + 1..=tasks + 1).collect();
    stream::iter(numbers.chunks(BATCH))
        .for_each_concurrent(AT_ONCE, |numbers| {
            let copies: Vec<String> = numbers.iter().flat_map(|seq| left.copies(*seq)).collect();
            write(&client, copies)
        })
        .await;
    count(scene, &client, tasks).await;
}

/// The event `seq` of the scene's project, as the table has it.
pub(super) async fn event(scene: &Scene, seq: u64) -> Item {
    let log = format!("{}#LOG#0", project(scene));
    row(&scene.app, &log, &event_key(seq)).await
}

/// The rows that a task has left, as DynamoDB's JSON.
struct Left {
    id: String,
    task: String,
    event: String,
    vector: String,
}

impl Left {
    async fn by(scene: &Scene) -> Self {
        let (app, id, project) = (&scene.app, scene.task.clone(), project(scene));
        let vectors = format!("{project}#V");
        Self {
            task: text(&row(app, &project, &format!("TASK#{id}")).await),
            event: text(&event(scene, COPIED).await),
            vector: text(&row(app, &vectors, &format!("VECTOR#{id}")).await),
            id,
        }
    }

    fn copies(&self, seq: u64) -> Vec<String> {
        let id = Uuid::now_v7().to_string();
        let of_task = |row: &str| row.replace(&self.id, &id);
        let number = |seq| format!("{{\"N\":\"{seq}\"}}");
        let event = of_task(&self.event)
            .replace(&event_key(COPIED), &event_key(seq))
            .replace(&format!("/{COPIED}/"), &format!("/{seq}/"))
            .replace(&number(COPIED), &number(seq));
        let vector = (seq <= EMBEDDED).then(|| of_task(&self.vector));
        [of_task(&self.task), event]
            .into_iter()
            .chain(vector)
            .collect()
    }
}

/// Has the project know of its tasks.
async fn count(scene: &Scene, client: &Client, tasks: u64) {
    client
        .update_item()
        .table_name(tables::DATA)
        .key("pk", S(project(scene)))
        .key("sk", S("PROJECT".to_owned()))
        .update_expression("SET seq = :seq, task_count = :tasks")
        .expression_attribute_values(":seq", N((tasks + 1).to_string()))
        .expression_attribute_values(":tasks", N(tasks.to_string()))
        .send()
        .await
        .expect("the project is there");
}

async fn row(app: &App, pk: &str, sk: &str) -> Item {
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
    let item = answer
        .item
        .unwrap_or_else(|| panic!("there is no {pk} {sk}"));
    item.into()
}

/// Writes rows that are given as DynamoDB's JSON.
async fn write(client: &Client, rows: Vec<String>) {
    let puts: Vec<String> = rows
        .iter()
        .map(|row| format!("{{\"PutRequest\":{{\"Item\":{row}}}}}"))
        .collect();
    let body = format!(
        "{{\"RequestItems\":{{\"{}\":[{}]}}}}",
        tables::DATA,
        puts.join(",")
    );
    let written = client
        .batch_write_item()
        .set_request_items(Some(std::collections::HashMap::new()))
        .customize()
        .mutate_request(move |request| {
            let length = body.len().to_string();
            request.headers_mut().insert("content-length", length);
            *request.body_mut() = SdkBody::from(body.as_str());
        })
        .send()
        .await
        .expect("the rows can be written");
    let left = written.unprocessed_items.unwrap_or_default();
    assert!(left.is_empty(), "all are written");
}

fn text(row: &Item) -> String {
    serde_json::to_string(row).expect("it is JSON")
}

fn project(scene: &Scene) -> String {
    format!("T#{}#P#{}", scene.ada.tenant_id, scene.project)
}

fn event_key(seq: u64) -> String {
    format!("EVENT#{seq:012}")
}
