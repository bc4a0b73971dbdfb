//! Comments in a change: each on a task that is there when it is written.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};

use super::super::dynamo::{number, updating};
use super::Change;
use crate::error::{Error, Result};
use crate::keys::{Row, Stored};
use crate::model::comment::Comment;
use crate::model::task::Task;

impl Change {
    /// Stores a new comment on a task of the project, which counts it.
    pub fn add_comment(&mut self, task: &Stored<Task>, comment: &Comment) {
        let Some((project, _)) = self.project() else {
            return;
        };
        self.count_on(task, 1);
        self.create(&project.comment(task.id, comment.id), comment);
    }

    /// Stores a comment in place of what was read; another change of it meanwhile is a lost race.
    pub(crate) fn rewrite_comment(
        &mut self,
        task: &Stored<Task>,
        before: &Stored<Comment>,
        comment: &Comment,
    ) {
        self.on(task);
        let part = self
            .dynamo
            .replacement_if(before.key(), comment, &as_read(before));
        self.contested(part);
    }

    /// Removes a comment as it was read; another change of it meanwhile is a lost race.
    pub(crate) fn remove_comment(&mut self, task: &Stored<Task>, comment: &Stored<Comment>) {
        self.count_on(task, -1);
        let part = self.dynamo.removal_if(comment.key(), &as_read(comment));
        self.contested(part);
    }

    /// That the task is still there, and has so many comments more.
    fn count_on(&mut self, task: &Stored<Task>, by: i64) {
        let part = self.counted(task, by);
        self.guarded(part, Error::not_found(Task::MISSING));
    }

    /// Whoever writes all of the task does so on the condition that this many have been counted.
    fn counted(&self, task: &Stored<Task>, by: i64) -> Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(self.dynamo.table(task.key().table())?)
            .set_key(Some(task.key().item()))
            .condition_expression("attribute_exists(pk)")
            .update_expression("ADD comment_count :by")
            .expression_attribute_values(":by", number(&by));
        update.build().map(updating).map_err(Error::internal)
    }

    /// That the task is still there.
    fn on(&mut self, task: &Stored<Task>) {
        let part = self.dynamo.presence(task.key());
        self.guarded(part, Error::not_found(Task::MISSING));
    }
}

/// What a comment has for as long as it has not changed since it was read.
fn as_read(comment: &Comment) -> [(&'static str, AttributeValue); 1] {
    [("version", number(&comment.version))]
}
