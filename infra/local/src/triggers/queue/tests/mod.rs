use std::time::Duration;

use crate::{
    template::EventSource,
    triggers::testing::{Bench, Running},
};

mod batches;
mod endings;
mod failures;
mod groups;

const EMAIL: &str = "email";
const ROOMS: &str = "rooms.fifo";
const VISIBILITY: Duration = Duration::from_secs(30);

fn source(queue: &str) -> EventSource {
    EventSource::Queue {
        queue: queue.to_owned(),
        batch_size: 10,
        batching_window: Duration::ZERO,
        report_batch_item_failures: true,
        maximum_concurrency: None,
    }
}

fn bench(queue: &str) -> Bench {
    let bench = Bench::new();
    bench.queue(queue, |settings| settings.visibility_timeout = VISIBILITY);
    bench
}

/// All bodies that were delivered, sorted.
fn delivered(running: &Running) -> Vec<String> {
    let mut bodies = running.bodies().concat();
    bodies.sort();
    bodies
}
