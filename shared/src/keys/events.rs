//! The events of one task, found in its project's log.

use super::data::LOG_PARTITION;
use super::{Row, event};
use crate::model::id::TaskId;
use crate::model::log::LogEntry;
use crate::model::realtime::Room;
use crate::tenant::Tenant;

/// What the sort keys of events begin with.
const EVENT: &str = "EVENT#";

impl Row for LogEntry {
    /// What happens to a task is found by it; all else is read in its order alone.
    fn indexes(&self) -> Vec<(&'static str, String)> {
        let object = self.object.as_deref();
        let object = object.filter(|object| object.starts_with("task/"));
        let place = object.map(|object| ("l1", numbered(object, self.seq)));
        place.into_iter().collect()
    }
}

/// Where the events of a task stand that are before `before`, in the partition that the last of them would be in:
/// partition, first and last place in `lsi1`.
pub(crate) fn events_of(
    (tenant, room): (Tenant, Room),
    task: TaskId,
    before: u64,
) -> (String, String, String) {
    let last = before.saturating_sub(1);
    let object = format!("task/{task}");
    let pk = event(tenant, room, last).pk;
    (pk, numbered(&object, 0), numbered(&object, last))
}

/// Where the partition of a log begins that has an event of this number: no event of it is before that.
pub(crate) const fn log_partition_of(seq: u64) -> u64 {
    seq / LOG_PARTITION * LOG_PARTITION
}

/// The number of an event, by its sort key.
pub(crate) fn seq_of(sk: &str) -> Option<u64> {
    sk.strip_prefix(EVENT)?.parse().ok()
}

fn numbered(object: &str, seq: u64) -> String {
    format!("{object}#{seq:012}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::{ProjectId, TenantId};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_event_of_a_task_stands_in_the_stretch_before_all_later_ones_of_its_partition(
            seq in prop_oneof![1..200_u64, 65_500..65_600_u64, 1..10_000_000_u64],
            later in 1..70_000_u64,
        ) {
            let scope = (Tenant::verified(TenantId::new()), Room::Project(ProjectId::new()));
            let task = TaskId::new();
            let key = event(scope.0, scope.1, seq);
            let (pk, first, last) = events_of(scope, task, seq + later);
            let place = numbered(&format!("task/{task}"), seq);
            prop_assert_eq!(seq_of(key.sk()), Some(seq));
            prop_assert!(first < place && place <= last);
            let same = log_partition_of(seq) == log_partition_of(seq + later - 1);
            prop_assert_eq!(pk == key.pk(), same);
            let (_, _, before) = events_of(scope, task, seq);
            prop_assert!(before < place);
        }
    }
}
