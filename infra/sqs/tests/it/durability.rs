use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use sqs::{NewMessage, QueueSettings, Redrive};
use tempfile::TempDir;

use crate::harness::{ManualClock, open};

const FOLDER: &str = "SQS_TEST_FOLDER";

#[test]
fn what_was_in_flight_can_be_given_back_and_what_was_put_off_keeps_its_time() {
    for name in ["work", "work.fifo"] {
        let folder = TempDir::new().unwrap();
        let clock = ManualClock::new();
        let sqs = open(folder.path(), &clock);
        sqs.create_queue(&QueueSettings::new(name)).unwrap();
        for body in ["1", "2", "3"] {
            let fifo = name == "work.fifo";
            let message = NewMessage {
                group: fifo.then(|| body.into()),
                deduplication_id: fifo.then(|| body.into()),
                ..NewMessage::new(body)
            };
            sqs.send(name, &message).unwrap();
        }
        let received = sqs.receive(name, 2, None).unwrap();
        sqs.change_visibility(name, &received[0].receipt, Duration::from_mins(1))
            .unwrap();
        drop(sqs);

        let sqs = open(folder.path(), &clock);
        sqs.release(name).unwrap();
        let bodies: BTreeSet<_> = sqs
            .receive(name, 10, None)
            .unwrap()
            .into_iter()
            .map(|message| message.body)
            .collect();
        assert_eq!(bodies, BTreeSet::from(["2".into(), "3".into()]));
        clock.advance(Duration::from_mins(1));
        let bodies = sqs.receive(name, 10, None).unwrap();
        assert!(bodies.iter().any(|message| message.body == "1"));
    }
}

#[test]
fn all_that_is_known_survives_a_restart() {
    let folder = TempDir::new().unwrap();
    let clock = ManualClock::new();
    let message = |body: &str| NewMessage {
        group: Some("g".into()),
        deduplication_id: Some(body.into()),
        ..NewMessage::new(body)
    };
    let mut settings = QueueSettings::new("work.fifo");
    settings.visibility_timeout = Duration::from_mins(1);
    settings.redrive = Some(Redrive {
        dead_letter_queue: "dead.fifo".into(),
        max_receive_count: 2,
    });

    let sqs = open(folder.path(), &clock);
    sqs.create_queue(&settings).unwrap();
    sqs.create_queue(&QueueSettings::new("dead.fifo")).unwrap();
    let sent = sqs.send("work.fifo", &message("1")).unwrap();
    sqs.send("work.fifo", &message("2")).unwrap();
    let received = sqs.receive("work.fifo", 1, None).unwrap().remove(0);
    drop(sqs);

    let sqs = open(folder.path(), &clock);
    assert_eq!(
        sqs.queues().iter().find(|q| q.name == "work.fifo"),
        Some(&settings)
    );
    assert!(
        sqs.receive("work.fifo", 10, None).unwrap().is_empty(),
        "in flight, still"
    );
    let again = sqs.send("work.fifo", &message("1")).unwrap();
    assert_eq!(again.message_id, sent.message_id, "a duplicate, still");
    sqs.change_visibility("work.fifo", &received.receipt, Duration::ZERO)
        .unwrap();
    let received = sqs.receive("work.fifo", 10, None).unwrap();
    assert_eq!(received[0].receive_count, 2);
    drop(sqs);

    clock.advance(Duration::from_mins(1));
    let sqs = open(folder.path(), &clock);
    let received = sqs.receive("work.fifo", 10, None).unwrap();
    assert_eq!(received[0].body, "2");
    assert_eq!(sqs.counts("dead.fifo").unwrap().visible, 1);
    let numbered = sqs
        .send("work.fifo", &message("3"))
        .unwrap()
        .sequence_number;
    assert!(numbered > received[0].sequence_number);
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let folder = TempDir::new().unwrap();
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "durability::sends_until_it_is_killed",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = BTreeSet::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while acknowledged.len() < 300 {
        let line = lines
            .next()
            .expect("the child goes on until it is killed")
            .unwrap();
        acknowledged.extend(line.strip_prefix("sent ").map(str::to_owned));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledged.extend(
        lines
            .map_while(Result::ok)
            .filter_map(|line| Some(line.strip_prefix("sent ")?.to_owned()))
            // The last line may be cut.
            .filter(|id| id.len() == 36),
    );

    let sqs = open(folder.path(), &ManualClock::new());
    let kept: BTreeSet<_> = sqs
        .receive("work", usize::MAX, None)
        .unwrap()
        .into_iter()
        .map(|message| message.id)
        .collect();
    assert!(acknowledged.is_subset(&kept));
    assert!(
        kept.len() <= acknowledged.len() + 1,
        "no more than one was on its way"
    );
}

#[test]
#[ignore = "is the process that the test above kills"]
fn sends_until_it_is_killed() {
    let folder = PathBuf::from(env::var_os(FOLDER).unwrap());
    let sqs = open(&folder, &ManualClock::new());
    sqs.create_queue(&QueueSettings::new("work")).unwrap();
    loop {
        let sent = sqs.send("work", &NewMessage::new("job")).unwrap();
        println!("sent {}", sent.message_id);
    }
}
