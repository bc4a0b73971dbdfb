//! Many tasks at once: copies of the rows that one task has left, with other ids and numbers.
//!
//! They are made and sent as text: as values they take a build without optimisation twice the time.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use aws_smithy_types::body::SdkBody;
use futures::{StreamExt, stream};
use serde_dynamo::Item;
use tests::{App, tables};
use uuid::Uuid;

use super::Scene;

/// How many rows one call writes.
const BATCH: usize = 25;

/// How many calls are made at once.
const AT_ONCE: usize = 4;

/// The `seq` of the task that is copied: its project's founding came before it.
const COPIED: u64 = 2;

/// How many tasks have their event and embedding copied too: more than any function looks at.
const WHOLE: u64 = 100;

/// Copies the scene's task until its project has so many.
pub(super) async fn copies(scene: &Scene, tasks: u64) {
    let client = scene.app.dynamodb();
    let left = Left::by(scene).await;
    let rows: Vec<String> = (COPIED + 1..=tasks + 1)
        .flat_map(|seq| left.copies(seq))
        .collect();
    stream::iter(rows.chunks(BATCH))
        .for_each_concurrent(AT_ONCE, |rows| write(&client, rows))
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
        // Its place has the digits alone.
        let digits = |id: &str| id.replace('-', "");
        let of_task = |row: &str| {
            row.replace(&self.id, &id)
                .replace(&digits(&self.id), &digits(&id))
        };
        if seq > WHOLE + 1 {
            return vec![of_task(&self.task)];
        }
        let number = |seq| format!("\"seq\":{{\"N\":\"{seq}\"}}");
        let event = of_task(&self.event)
            .replace(&event_key(COPIED), &event_key(seq))
            .replace(&format!("/{COPIED}/"), &format!("/{seq}/"))
            .replace(&number(COPIED), &number(seq));
        vec![of_task(&self.task), event, of_task(&self.vector)]
    }
}

/// Has the project know of its tasks.
async fn count(scene: &Scene, client: &Client, tasks: u64) {
    client
        .update_item()
        .table_name(tables::DATA)
        .key("pk", S(project(scene)))
        .key("sk", S("PROJECT".to_owned()))
        .update_expression("SET seq = :seq, task_count = :tasks, todo_count = :tasks")
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
async fn write(client: &Client, rows: &[String]) {
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
