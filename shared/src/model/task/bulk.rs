//! Many changes of a project's tasks in one request: each is made, or refused, by itself.

use std::collections::BTreeSet;

use deserr::{Deserr, IntoValue, ValuePointerRef};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Priority, Status, Task, TaskView};
use crate::error::{Error, Refusal};
use crate::etag::{ETag, IfMatch};
use crate::input::{BadInput, Invalid, Patch, Replace};
use crate::model::Millis;
use crate::model::due::DueDate;
use crate::model::id::{ProjectId, TaskId, UserId};
use crate::model::label::LabelIds;
use crate::model::position::Spot;
use crate::model::text::{TaskDescription, TaskTitle};
use crate::reply::Reply;

/// How many operations one request may ask for.
const MOST: usize = 100;

/// What is to be done with a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserr, schemars::JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[deserr(error = BadInput, rename_all = lowercase)]
pub enum Op {
    /// It is made.
    Create,
    /// What is named of it changes.
    Update,
    /// It is deleted.
    Delete,
}

/// One change, in the words of the request that asks for it alone.
#[derive(Debug, Clone, Deserr, schemars::JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields, validate = checked -> BadInput)]
pub struct Operation {
    /// What is to be done.
    pub op: Op,
    /// With which task; none to make one.
    #[deserr(default)]
    pub id: Option<TaskId>,
    /// Only as it was seen.
    #[deserr(default)]
    #[schemars(with = "Option<String>")]
    pub if_match: Option<IfMatch>,
    #[deserr(default)]
    #[schemars(default)]
    title: Replace<TaskTitle>,
    #[deserr(default)]
    #[schemars(default)]
    description: Patch<TaskDescription>,
    #[deserr(default)]
    #[schemars(default)]
    status: Replace<Status>,
    #[deserr(default)]
    #[schemars(default)]
    position: Replace<Spot>,
    #[deserr(default)]
    #[schemars(default)]
    priority: Patch<Priority>,
    #[deserr(default)]
    #[schemars(default)]
    assigned_to: Patch<UserId>,
    #[deserr(default)]
    #[schemars(default)]
    start_date: Patch<DueDate>,
    #[deserr(default)]
    #[schemars(default)]
    due_date: Patch<DueDate>,
    #[deserr(default)]
    #[schemars(default)]
    parent_id: Patch<TaskId>,
    #[deserr(default)]
    #[schemars(default)]
    labels: Patch<LabelIds>,
}

/// 1 to 100 of them, done in this order.
#[derive(Debug, Clone)]
pub struct Operations(Vec<Operation>);

/// What became of one of them.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "OperationOutcome")]
pub struct Outcome {
    /// Which, from 0.
    index: usize,
    /// As it would be answered by itself.
    status: u16,
    /// The task's entity tag, as the task alone has it: what a next operation's `if_match` takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    /// The task, if it is there now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<TaskView>")]
    data: Option<Box<RawValue>>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Refusal>,
}

impl Operations {
    /// All of them, in their order.
    pub fn all(&self) -> impl ExactSizeIterator<Item = &Operation> {
        self.0.iter()
    }

    /// Whom they give tasks to.
    pub fn assignees(&self) -> BTreeSet<UserId> {
        let assignees = self.all().map(Operation::assignee);
        assignees.flatten().collect()
    }
}

impl Operation {
    /// Whom it gives the task to.
    pub fn assignee(&self) -> Option<UserId> {
        self.assigned_to.set()
    }

    /// Where it puts the task.
    pub(crate) fn spot(&self) -> Option<Spot> {
        self.position.set()
    }

    /// A task with what it says.
    pub(crate) fn made(&self, project_id: ProjectId, author: UserId, now: Millis) -> Option<Task> {
        let title = self.title.clone().into_inner()?;
        let mut task = Task::new(project_id, author, title, now);
        self.edit(&mut task);
        let status = task.status;
        Some(task.begun(status))
    }

    /// Changes what it names.
    pub(crate) fn edit(&self, task: &mut Task) {
        self.title.clone().apply(&mut task.title);
        self.description.clone().apply(&mut task.description);
        self.status.apply(&mut task.status);
        self.priority.apply_or_default(&mut task.priority);
        self.assigned_to.apply(&mut task.assigned_to);
        self.start_date.apply(&mut task.start_date);
        self.due_date.apply(&mut task.due_date);
        self.parent_id.apply(&mut task.parent_id);
        self.labels.clone().apply_or_default(&mut task.labels);
    }

    /// The names of what else it says of the task.
    fn named(&self) -> impl Iterator<Item = &'static str> {
        let named = [
            ("title", self.title.is_named()),
            ("description", self.description.is_named()),
            ("status", self.status.is_named()),
            ("position", self.position.is_named()),
            ("priority", self.priority.is_named()),
            ("assigned_to", self.assigned_to.is_named()),
            ("start_date", self.start_date.is_named()),
            ("due_date", self.due_date.is_named()),
            ("parent_id", self.parent_id.is_named()),
            ("labels", self.labels.is_named()),
        ];
        let named = named.into_iter().filter(|(_, named)| *named);
        named.map(|(name, _)| name)
    }

    /// What can't stand in it, and what has to: each name, and what is said of it.
    fn wrong(&self) -> Vec<(&'static str, &'static str)> {
        let mut wrong = Vec::new();
        let creates = self.op == Op::Create;
        match (creates, self.id) {
            (true, Some(_)) => wrong.push(("id", "A new task is given its id")),
            (false, None) => wrong.push(("id", "id is required")),
            _ => {}
        }
        if creates && self.if_match.is_some() {
            wrong.push(("if_match", "A new task has not been seen by anybody"));
        }
        if creates && !self.title.is_named() {
            wrong.push(("title", "title is required"));
        }
        let refused = self.named().filter(|name| match self.op {
            Op::Create => *name == "position",
            Op::Update => false,
            Op::Delete => true,
        });
        wrong.extend(refused.map(|name| (name, "Can't be said of a task that is made or deleted")));
        wrong
    }
}

impl Outcome {
    /// As it was answered, or refused.
    pub(crate) fn of(index: usize, reply: Result<Reply<Box<RawValue>>, Error>) -> Self {
        match reply {
            Ok(reply) => Self {
                index,
                status: reply.status,
                etag: reply.version.map(|version| {
                    let alone = format!("{{\"data\":{}}}", reply.body);
                    ETag::of(version, alone, reply.seen_as).to_string()
                }),
                data: Some(reply.body).filter(|body| body.get() != "null"),
                error: None,
            },
            Err(error) => Self {
                index,
                status: error.code().status(),
                etag: None,
                data: None,
                error: Some(error.refusal()),
            },
        }
    }
}

impl Deserr<BadInput> for Operations {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        location: ValuePointerRef,
    ) -> Result<Self, BadInput> {
        let operations = Vec::deserialize_from_value(value, location)?;
        if (1..=MOST).contains(&operations.len()) {
            return Ok(Self(operations));
        }
        let message = format!("Must have 1 to {MOST} operations");
        Err(BadInput::at(location, Invalid(message)))
    }
}

impl schemars::JsonSchema for Operations {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Operations".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let operation = generator.subschema_for::<Operation>();
        schemars::json_schema!({
            "type": "array", "items": operation, "minItems": 1, "maxItems": MOST,
        })
    }
}

/// That what it says goes together.
fn checked(operation: Operation, location: ValuePointerRef) -> Result<Operation, BadInput> {
    let wrong = operation.wrong().into_iter().map(|(key, message)| {
        let prev = &location;
        let location = ValuePointerRef::Key { key, prev };
        BadInput::at(location, Invalid(message.to_owned()))
    });
    match wrong.reduce(BadInput::and) {
        None => Ok(operation),
        Some(wrong) => Err(wrong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::refusals;
    use serde_json::{Value, json};

    const ID: &str = "01900000-0000-7000-8000-000000000001";

    fn wrong(operations: Value) -> Vec<String> {
        let details = refusals::<Operations>(operations).into_iter();
        details.map(|detail| detail.field).collect()
    }

    #[test]
    fn an_operation_says_what_it_needs_and_nothing_else() {
        let none: [&str; 0] = [];
        let whole = json!([
            { "op": "create", "title": "Count down", "status": "done", "due_date": 7 },
            { "op": "update", "id": ID, "if_match": "\"1-x\"", "title": "Count up", "position": { "end": "first" } },
            { "op": "update", "id": ID },
            { "op": "delete", "id": ID, "if_match": "\"1-x\"" },
        ]);
        assert_eq!(wrong(whole), none);
        assert_eq!(
            wrong(json!([
                { "op": "create", "id": ID, "position": { "end": "last" } },
                { "op": "update", "title": null },
                { "op": "delete", "id": ID, "status": "done" },
                { "op": "move", "id": "no-id" },
            ])),
            [
                "[0].id",
                "[0].title",
                "[0].position",
                "[1].title",
                "[2].status",
                "[3].op",
                "[3].id"
            ]
        );
    }

    #[test]
    fn there_are_1_to_100_operations() {
        let several = |count| {
            wrong(json!(vec![
                json!({ "op": "create", "title": "One" });
                count
            ]))
        };
        assert_eq!(several(1), several(100));
        assert_eq!(several(0), [""]);
        assert_eq!(several(101), [""]);
    }
}
