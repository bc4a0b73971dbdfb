//! Whom a change concerns: what they are told, but nobody of their own doing.

use aws_sdk_dynamodb::types::Update;

use super::super::dynamo::{additions, number, updating};
use super::Change;
use crate::error::Error;
use crate::model::comment::Comment;
use crate::model::id::{CommentId, UserId};
use crate::model::log::TaskAssigned;
use crate::model::notification::{Inbox, Mentioned, Notification};
use crate::model::task::Task;

impl Change {
    /// Tells whoever a task is given to, by email and in their list.
    pub fn tell_assignee(&mut self, task: &Task) {
        self.send_all(TaskAssigned::of(task));
        if let Some(user) = task.assigned_to {
            self.notify(user, task, None);
        }
    }

    /// Tells those whom a comment mentions.
    pub fn tell_mentioned(&mut self, task: &Task, comment: &Comment, users: &[UserId]) {
        for user in users {
            if self.notify(*user, task, Some(comment.id)) {
                self.send(&Mentioned::of(task, comment, *user));
            }
        }
    }

    /// Counts as read what is written as read in the same change.
    pub(crate) fn count_read(&mut self, user: UserId, read: usize) {
        self.count_unread(user, -i64::try_from(read).unwrap_or(i64::MAX));
    }

    /// Writes of what a user is told by email, and leaves alone how many they have not read.
    pub(crate) fn choose(&mut self, user: UserId, inbox: &Inbox) {
        let key = self.tenant().inbox(user);
        let email = serde_dynamo::to_attribute_value(inbox.email).map_err(Error::internal);
        let part = email.and_then(|email| {
            let update = Update::builder()
                .table_name(self.dynamo.table(key.table())?)
                .set_key(Some(key.item()))
                .update_expression("SET email = :email, #version = :version")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":email", email)
                .expression_attribute_values(":version", number(&inbox.version));
            update.build().map(updating).map_err(Error::internal)
        });
        self.keep(part, |change, part| change.rows.push(part));
    }

    /// Returns whether it is not their own doing.
    fn notify(&mut self, user: UserId, task: &Task, comment: Option<CommentId>) -> bool {
        let actor = self.actor.map(|actor| actor.user_id);
        let Some(actor) = actor.filter(|actor| *actor != user) else {
            return false;
        };
        let notification = Notification::new(task, comment, actor, self.now());
        self.list(user, &notification);
        true
    }

    /// Puts something into a user's list, where they have not read it.
    pub(super) fn list(&mut self, user: UserId, notification: &Notification) {
        let key = self.tenant().notification(user, notification.id);
        self.create(&key, notification);
        self.count_unread(user, 1);
    }

    fn count_unread(&mut self, user: UserId, by: i64) {
        let inbox = self.tenant().inbox(user);
        let (add, values) = additions(&[("unread", by)]);
        let part = self.dynamo.table(inbox.table()).and_then(|table| {
            let update = Update::builder()
                .table_name(table)
                .set_key(Some(inbox.item()))
                .update_expression(add.trim_start())
                .set_expression_attribute_values(Some(values));
            update.build().map(updating).map_err(Error::internal)
        });
        self.keep(part, |change, part| change.rows.push(part));
    }
}
