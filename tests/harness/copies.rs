//! Many tasks at once: copies of the rows that one task has left, with other ids and numbers.
//!
//! They go straight into the engine, many in one transaction and past its stream: as calls of the API, each row of which
//! is a transaction of its own, 100,000 take minutes.

use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use dynoxide::types::{AttributeValue, Item as Row};
use dynoxide::{Database, ImportOptions};
use serde_dynamo::Item;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{App, tables};

/// How many tasks one transaction writes: other writers wait for no longer.
const TOGETHER: usize = 5_000;

/// The `seq` of the task that is copied: its project's founding came before it.
const COPIED: u64 = 2;

/// How many tasks have their event and embedding copied too, the last ones: more than any function looks at.
const WHOLE: u64 = 100;

/// How many events a partition of the log has room for.
const LOG_PARTITION: u64 = 65_536;

/// The first task of a project, whose event is the second of its log and whose embedding is indexed.
#[derive(Clone, Copy)]
pub struct Original<'a> {
    /// Where.
    pub app: &'a App,
    /// Of which tenant.
    pub tenant_id: &'a str,
    /// In which project.
    pub project_id: &'a str,
    /// Which.
    pub id: &'a str,
}

impl Original<'_> {
    /// Is copied until its project, which has `before` tasks, has so many.
    ///
    /// # Panics
    /// If what it has left is not what a task leaves.
    pub async fn copied(&self, (before, tasks): (u64, u64)) {
        let file = self.app.stack().data().join("dynamodb.sqlite");
        let left = Left::by(self).await;
        let last = tasks + 1;
        let seqs: Vec<u64> = (before + 2..=last).collect();
        let written = spawn_blocking(move || {
            let engine =
                Database::new(&file.to_string_lossy()).expect("the file is open to several");
            for seqs in seqs.chunks(TOGETHER) {
                let rows = seqs
                    .iter()
                    .flat_map(|seq| left.copies(*seq, last))
                    .collect();
                let imported = engine.import_items(tables::DATA, rows, ImportOptions::default());
                imported.expect("the rows can be written");
            }
        });
        written.await.expect("all are written");
        self.count(tasks).await;
    }

    /// The event `seq` of its project, as the table has it.
    ///
    /// # Panics
    /// If there is none.
    pub async fn event(&self, seq: u64) -> Item {
        row(self.app, &log(&self.project(), seq), &event_key(seq)).await
    }

    /// Has the project know of its tasks.
    async fn count(&self, tasks: u64) {
        let client = self.app.dynamodb();
        client
            .update_item()
            .table_name(tables::DATA)
            .key("pk", S(self.project()))
            .key("sk", S("PROJECT".to_owned()))
            .update_expression("SET seq = :seq, task_count = :tasks, todo_count = :tasks")
            .expression_attribute_values(":seq", N((tasks + 1).to_string()))
            .expression_attribute_values(":tasks", N(tasks.to_string()))
            .send()
            .await
            .expect("the project is there");
    }

    /// The partition of its project.
    fn project(&self) -> String {
        format!("T#{}#P#{}", self.tenant_id, self.project_id)
    }
}

/// The rows that a task has left.
struct Left {
    id: String,
    task: Row,
    event: String,
    vector: String,
    /// Which attributes of the task's row have its id in them.
    named: Vec<String>,
}

impl Left {
    async fn by(original: &Original<'_>) -> Self {
        let (app, id, project) = (original.app, original.id.to_owned(), original.project());
        let vectors = format!("{project}#V");
        let task = text(&row(app, &project, &format!("TASK#{id}")).await);
        let task: Row = parsed(&task);
        let forms = [id.clone(), digits(&id)];
        let has_id = |value: &AttributeValue| match value {
            AttributeValue::S(text) => forms.iter().any(|form| text.contains(form)),
            _ => false,
        };
        let named = task.iter().filter(|(_, value)| has_id(value));
        Self {
            named: named.map(|(name, _)| name.clone()).collect(),
            task,
            event: text(&original.event(COPIED).await),
            vector: text(&row(app, &vectors, &format!("VECTOR#{id}")).await),
            id,
        }
    }

    fn copies(&self, seq: u64, last: u64) -> Vec<Row> {
        let id = Uuid::now_v7().to_string();
        if seq + WHOLE <= last {
            return vec![self.task(&id)];
        }
        let number = |seq| format!("\"seq\":{{\"N\":\"{seq}\"}}");
        let event = self
            .renamed(&self.event, &id)
            .replace(&log("", COPIED), &log("", seq))
            .replace(&event_key(COPIED), &event_key(seq))
            .replace(&format!("/{COPIED}/"), &format!("/{seq}/"))
            .replace(&number(COPIED), &number(seq));
        let vector = self.renamed(&self.vector, &id);
        vec![self.task(&id), parsed(&event), parsed(&vector)]
    }

    /// Attribute by attribute: to read a text takes a build without optimisation much longer.
    fn task(&self, id: &str) -> Row {
        let mut task = self.task.clone();
        for name in &self.named {
            if let Some(AttributeValue::S(text)) = task.get_mut(name) {
                *text = self.renamed(text, id);
            }
        }
        task
    }

    fn renamed(&self, text: &str, id: &str) -> String {
        text.replace(&self.id, id)
            .replace(&digits(&self.id), &digits(id))
    }
}

/// An id in a task's place, which has its digits alone.
fn digits(id: &str) -> String {
    id.replace('-', "")
}

fn parsed(row: &str) -> Row {
    serde_json::from_str(row).expect("it is a row")
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

fn text(row: &Item) -> String {
    serde_json::to_string(row).expect("it is JSON")
}

/// The partition of a project's log that an event stands in.
fn log(project: &str, seq: u64) -> String {
    format!("{project}#LOG#{}", seq / LOG_PARTITION)
}

fn event_key(seq: u64) -> String {
    format!("EVENT#{seq:012}")
}
