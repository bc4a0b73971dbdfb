//! Prints how many messages a second the queues take and give, single and with a backlog.

use std::error::Error;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sqs::{NewMessage, Options, QueueSettings, Sqs};

const MESSAGES: u32 = 20_000;
const GROUPS: u32 = 50;
const STANDARD: &str = "standard";
const FIFO: &str = "ordered.fifo";

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::temp_dir().join(format!("sqs-throughput-{}.db", std::process::id()));
    let clock = || {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
    };
    let sqs = Sqs::open(&file, Arc::new(clock), Options::new("http://127.0.0.1"))?;
    for queue in [STANDARD, FIFO] {
        sqs.create_queue(&QueueSettings::new(queue))?;
        let start = Instant::now();
        for number in 0..MESSAGES {
            sqs.send(queue, &message(queue, number))?;
        }
        report(queue, "sent one by one", start);

        let start = Instant::now();
        loop {
            let messages = sqs.receive(queue, 10, None)?;
            if messages.is_empty() {
                break;
            }
            for message in messages {
                sqs.delete(queue, &message.receipt)?;
            }
        }
        report(queue, "received by ten and deleted one by one", start);
    }
    drop(sqs);
    std::fs::remove_file(file)?;
    Ok(())
}

fn message(queue: &str, number: u32) -> NewMessage {
    let mut message = NewMessage::new(format!(r#"{{"number":{number}}}"#));
    if queue == FIFO {
        message.group = Some((number % GROUPS).to_string());
        message.deduplication_id = Some(number.to_string());
    }
    message
}

fn report(queue: &str, what: &str, start: Instant) {
    let rate = f64::from(MESSAGES) / start.elapsed().as_secs_f64();
    println!("{queue}: {rate:.0} messages/s {what}");
}
