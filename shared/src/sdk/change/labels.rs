//! Labels in a change: which tasks have which, and that they are their project's.

use super::Change;
use crate::model::label::{self, LabelIds, Labelled};
use crate::model::task::Task;

impl Change {
    /// Has a task be found by the labels that it has, and by no others; a row for each that it gets or loses.
    pub(super) fn label(&mut self, before: Option<&Task>, after: Option<&Task>) {
        let Some((project, task)) = self
            .project()
            .map(|(project, _)| project)
            .zip(after.or(before))
        else {
            return;
        };
        let of = |task: Option<&Task>| task.map(|task| task.labels.clone()).unwrap_or_default();
        let (before, after) = (of(before), of(after));
        for label_id in before.without(&after).iter() {
            self.remove(&project.labelled(label_id, task.id));
        }
        for label_id in after.without(&before).iter() {
            let row = Labelled {
                label_id,
                task_id: task.id,
            };
            self.replace(&project.labelled(label_id, task.id), &row);
        }
    }

    /// That the labels that a task did not have before are its project's when it is written; a part for each.
    pub(super) fn require_labels(&mut self, before: &LabelIds, after: &LabelIds) {
        let Some(project) = self.project().map(|(project, _)| project) else {
            return;
        };
        for id in after.without(before).iter() {
            let part = self.dynamo.presence(&project.label(id));
            self.guarded(part, label::missing(id));
        }
    }
}
