//! What is due soon: noted with the task, and told to whoever is to do it.

use super::super::dynamo::number;
use super::Change;
use crate::keys::{Key, Stored};
use crate::model::due::{DueDate, DueNote, NoteChange};
use crate::model::notification::{DueSoon, DueTold, Notification};
use crate::model::project::Project;
use crate::model::task::{Task, TaskDueSoon};
use crate::model::tenant::Member;

/// Whom there is to tell of what, as it was read.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) project: Stored<Project>,
    pub(crate) task: Stored<Task>,
    pub(crate) due_date: DueDate,
    /// Who is to do it, and sees it.
    pub(crate) member: Stored<Member>,
}

impl Change {
    /// Has a task be noted from which somebody is to be told that it is due soon, and no other: up to two items more in
    /// the transaction.
    pub(super) fn note_due(&mut self, before: Option<&Task>, after: Option<&Task>) {
        let tenant_id = self.tenant().id();
        let NoteChange { left, noted } = DueNote::change(tenant_id, (before, after), self.now());
        if let Some(left) = left {
            self.remove(&Key::due_note(&left));
        }
        if let Some(noted) = noted {
            self.replace(&Key::due_note(&noted), &noted);
        }
    }

    /// Tells a user in their log that a task of theirs is due soon, in their list and by email: once, and only as long as
    /// all is as it was read.
    pub(crate) fn tell_due(&mut self, due: &Due) {
        let (task, user_id) = (&due.task, due.member.user_id);
        self.unchanged(due.project.key(), ("version", &due.project.version));
        self.unchanged(task.key(), ("version", &task.version));
        self.unchanged(due.member.key(), ("created_at", &due.member.created_at));
        let now = self.now();
        let told = Key::due_told(self.tenant(), user_id, task.id, due.due_date);
        let part = self.dynamo.creation(&told, &DueTold::new(now));
        self.contested(part);
        self.list(user_id, &Notification::due_soon(task, now));
        self.send(&DueSoon {
            task_id: task.id,
            user_id,
            due_date: due.due_date,
            title: task.title.clone(),
        });
        self.emit(&TaskDueSoon {
            id: task.id,
            due_date: due.due_date,
        });
    }

    /// That a row still has this number under this attribute; if not, that is a lost race.
    fn unchanged<T>(&mut self, key: &Key<T>, (attribute, held): (&str, &impl ToString)) {
        let part = self.dynamo.unchanged(key, &[(attribute, number(held))]);
        self.contested(part);
    }
}
