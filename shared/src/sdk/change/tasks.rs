//! Tasks in a change: their rows, where they are found, and what is counted of them.

use aws_sdk_dynamodb::types::AttributeValue;

use super::super::dynamo::number;
use super::super::uploads::PendingUpload;
use super::Change;
use super::scope::Scope;
use crate::keys::{Key, Stored};
use crate::model::Millis;
use crate::model::label::LabelIds;
use crate::model::project::Project;
use crate::model::task::listed::{Assigned, Subtask};
use crate::model::task::{DeletedTask, RESTORABLE, Task, TaskCounts, TaskPlace};
use crate::model::upload::Upload;

impl Change {
    /// Stores a new task of the project, and where it is found.
    pub fn add_task(&mut self, task: &Task) {
        let Some((project, counts)) = self.project() else {
            return;
        };
        counts.add(task.status, 1);
        let (key, place) = (project.task(task.id), project.place(task.id));
        self.create(&key, task);
        self.create(&place, &TaskPlace::of(task));
        self.require_labels(&LabelIds::default(), &task.labels);
        self.enlist(None, Some(task));
    }

    /// Stores a task in place of what was read; another change of it meanwhile is a lost race.
    pub(crate) fn rewrite_task(&mut self, before: &Stored<Task>, task: &Task) {
        let Some((_, counts)) = self.project() else {
            return;
        };
        counts.add(before.status, -1);
        counts.add(task.status, 1);
        let part = self
            .dynamo
            .replacement_if(before.key(), task, &as_read(before));
        self.contested(part);
        self.require_labels(&before.labels, &task.labels);
        self.enlist(Some(before), Some(task));
    }

    /// Puts a deleted task aside. Its file is swept once it can't be restored any more.
    pub(crate) fn put_aside(&mut self, before: &Stored<Task>, deleted: &DeletedTask) {
        let Some((project, _)) = self.project() else {
            return;
        };
        self.take_out(before, deleted.deleted_at + RESTORABLE);
        let (aside, place) = (project.deleted_task(before.id), project.place(before.id));
        self.replace(&aside, deleted);
        self.replace(
            &place,
            &TaskPlace {
                ttl: Some(deleted.ttl),
                ..TaskPlace::of(before)
            },
        );
    }

    /// Takes a deleted task back, as it is from now on.
    pub(crate) fn take_back(&mut self, deleted: &Stored<DeletedTask>, task: &Task) {
        let Some((project, _)) = self.project() else {
            return;
        };
        let ttl = ("ttl", number(&deleted.ttl));
        let part = self.dynamo.removal_if(deleted.key(), &[ttl]);
        self.contested(part);
        let bytes = task.attachment_bytes.unwrap_or(0);
        let kept = project
            .file(task)
            .map(|path| PendingUpload::known(path, bytes));
        self.take_in(task, kept.as_ref());
    }

    /// Removes a task from the project, whatever else becomes of it. Its file is swept from then on.
    pub(crate) fn take_out(&mut self, before: &Stored<Task>, swept_from: Millis) {
        let Some((project, counts)) = self.project() else {
            return;
        };
        counts.add(before.status, -1);
        let file = project.file(before);
        let part = self.dynamo.removal_if(before.key(), &as_read(before));
        self.contested(part);
        self.enlist(Some(before), None);
        if let Some(path) = file {
            self.bytes -= before.bytes();
            let upload = Upload {
                path: path.as_str().to_owned(),
                created_at: swept_from,
                claimed: false,
            };
            self.replace(&Key::upload(&path), &upload);
        }
    }

    /// Stores a task that was somewhere else, and that it is found in the project from now on; with its file, whose note
    /// goes. Its labels have been looked at. That it is there already, or its file is kept, is a lost race.
    pub(crate) fn take_in(&mut self, task: &Task, file: Option<&PendingUpload>) {
        let Some((project, counts)) = self.project() else {
            return;
        };
        counts.add(task.status, 1);
        let place = project.place(task.id);
        let part = self.dynamo.creation(&project.task(task.id), task);
        self.contested(part);
        self.replace(&place, &TaskPlace::of(task));
        self.enlist(None, Some(task));
        self.keep_file(file);
    }

    /// Has a task stand in the lists that it belongs to, and in no others, and be noted for when it is due soon.
    fn enlist(&mut self, before: Option<&Task>, after: Option<&Task>) {
        self.note_due(before, after);
        self.assign(before, after);
        self.label(before, after);
        self.stand_beneath(before, after);
    }

    /// The list of whoever is to do it.
    fn assign(&mut self, before: Option<&Task>, after: Option<&Task>) {
        let tenant = self.tenant();
        let key = |(user_id, row): &(_, Assigned)| Key::assigned(tenant, *user_id, row);
        let (before, after) = (before.and_then(Assigned::of), after.and_then(Assigned::of));
        if before == after {
            return;
        }
        let (left, entered) = (before.as_ref().map(key), after.as_ref().map(key));
        if let Some(left) = left.filter(|left| entered.as_ref() != Some(left)) {
            self.remove(&left);
        }
        if let (Some(entered), Some((_, row))) = (entered, after) {
            self.replace(&entered, &row);
        }
    }

    /// The list of those beneath the one that it names.
    fn stand_beneath(&mut self, before: Option<&Task>, after: Option<&Task>) {
        let (before, after) = (before.and_then(Subtask::of), after.and_then(Subtask::of));
        let Some((project, _)) = self.project().filter(|_| before != after) else {
            return;
        };
        if let Some(left) = before {
            self.remove(&project.subtask(left));
        }
        if let Some(entered) = after {
            self.replace(&project.subtask(entered), &entered);
        }
    }

    /// The project as it was read, and how its counts change.
    pub(super) fn project(&mut self) -> Option<(Stored<Project>, &mut TaskCounts)> {
        match &mut self.scope {
            Scope::Project { row, tasks, .. } => Some((row.clone(), tasks)),
            _ => None,
        }
    }
}

/// What a task has for as long as nothing of it has changed since it was read: a comment is counted and leaves its
/// version as it was.
fn as_read(task: &Task) -> [(&'static str, AttributeValue); 2] {
    [
        ("version", number(&task.version)),
        ("comment_count", number(&task.comment_count)),
    ]
}
