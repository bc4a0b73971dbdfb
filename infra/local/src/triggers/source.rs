//! The template's event sources, sorted by what drives them.

use super::{queue::QueueSource, schedule::ScheduleSource, stream::StreamSource};
use crate::template::{EventSource, StartingPosition};

/// An event source that is driven from here.
pub(super) enum Source {
    Queue(QueueSource),
    Stream(StreamSource),
    Schedule(ScheduleSource),
}

impl Source {
    /// The event source of `function` that `event` stands for; `None` for API Gateway's.
    pub(super) fn of(function: &str, event: &EventSource) -> Option<Self> {
        let function = function.to_owned();
        match event.clone() {
            EventSource::Http { .. } | EventSource::Socket { .. } => None,
            EventSource::Queue {
                queue,
                batch_size,
                batching_window,
                report_batch_item_failures,
                maximum_concurrency,
            } => Some(Self::Queue(QueueSource {
                function,
                queue,
                batch_size: at_least_one(batch_size),
                batching_window,
                report_batch_item_failures,
                maximum_concurrency,
            })),
            EventSource::Stream {
                table,
                batch_size,
                batching_window,
                filters,
                maximum_retry_attempts,
                maximum_record_age,
                bisect,
                on_failure_queue,
                parallelization_factor,
                report_batch_item_failures,
                starting_position,
            } => Some(Self::Stream(StreamSource {
                function,
                table,
                batch_size: at_least_one(batch_size),
                batching_window,
                filters,
                maximum_retry_attempts,
                maximum_record_age,
                bisect,
                on_failure_queue,
                lanes: at_least_one(parallelization_factor),
                report_batch_item_failures,
                from_latest: starting_position == StartingPosition::Latest,
            })),
            EventSource::Schedule { name, expression } => Some(Self::Schedule(ScheduleSource {
                function,
                name,
                expression,
            })),
        }
    }
}

fn at_least_one(number: u32) -> usize {
    usize::try_from(number.max(1)).unwrap_or(usize::MAX)
}
