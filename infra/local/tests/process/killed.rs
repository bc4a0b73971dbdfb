//! `kill -9` in the midst of a load: nothing that was acknowledged is missing, and what had to follow
//! follows, once.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    program::{Program, program},
    user::{PATIENCE, User, outbox},
};

/// How many write at once.
const WRITERS: usize = 8;

/// How many tasks have been acknowledged when the process is killed.
const ACKNOWLEDGED: usize = 40;

/// How often it is killed.
const KILLS: usize = 2;

/// How often it is killed before it serves.
const STARTS: u32 = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_missing_and_every_email_arrives_once() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("data");
    let mut program = Program::start(&data);
    let mut ada = User::sign_up(&program, "ada").await;
    let projects = [ada.project("Apollo").await, ada.project("Gemini").await];

    let mut acknowledged = BTreeMap::new();
    for kill in 0..KILLS {
        acknowledged.extend(load_until_killed(program, &ada, &projects, kill).await);
        program = Program::start(&data);
        ada = ada.at(&program);
    }

    // Also of what was stored and not acknowledged any more.
    let tasks = rows(&program, "TASK#").await;
    let stored: BTreeMap<_, _> = tasks
        .iter()
        .map(|row| (text(row, "title"), text(row, "id")))
        .collect();
    assert_eq!(stored.len(), tasks.len(), "no task is there twice");
    for (title, id) in &acknowledged {
        assert_eq!(stored.get(title), Some(id), "{title} was acknowledged");
    }
    assert_mailed_once(&program, stored.keys()).await;
    assert_numbered(&program, &tasks).await;

    for project in &projects {
        let (mut socket, seq) = ada.listen(project).await;
        ada.task(project, "After all")
            .await
            .expect("it is acknowledged");
        assert_eq!(socket.next().await["seq"], seq + 1);
    }
    eprintln!(
        "killed {KILLS} times: {} tasks acknowledged, {} stored and mailed",
        acknowledged.len(),
        stored.len()
    );
}

#[tokio::test]
async fn a_start_that_is_killed_at_any_moment_spoils_nothing() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("data");
    let started = Instant::now();
    Program::start(&folder.path().join("other")).end("KILL");
    let whole = started.elapsed();
    for moment in 0..STARTS {
        let mut starting = program(&data, &["--port", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program is built");
        std::thread::sleep(whole * moment / STARTS);
        starting.kill().expect("it is our child");
        starting.wait().expect("it is our child");
    }
    let program = Program::start(&data);
    let ada = User::sign_up(&program, "ada").await;
    let apollo = ada.project("Apollo").await;
    ada.task(&apollo, "Count down")
        .await
        .expect("it is acknowledged");
    assert_mailed_once(&program, ["Count down".to_owned()].iter()).await;
}

/// Writes until enough was acknowledged, then kills the process. What was acknowledged: titles and ids.
async fn load_until_killed(
    program: Program,
    ada: &User,
    projects: &[String],
    kill: usize,
) -> BTreeMap<String, String> {
    let acknowledged = Arc::new(Mutex::new(BTreeMap::new()));
    let count = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (ada, project) = (ada.clone(), projects[writer % projects.len()].clone());
        let (acknowledged, count) = (Arc::clone(&acknowledged), Arc::clone(&count));
        writers.spawn(async move {
            for number in 0.. {
                let title = format!("Number {number} of {writer}, kill {kill}");
                let Some(id) = ada.task(&project, &title).await else {
                    return;
                };
                acknowledged
                    .lock()
                    .expect("nobody panics")
                    .insert(title, id);
                count.fetch_add(1, SeqCst);
            }
        });
    }
    while count.load(SeqCst) < ACKNOWLEDGED {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let killed = tokio::task::spawn_blocking(move || program.end("KILL")).await;
    assert!(!killed.expect("it does not panic").0.success());
    writers.join_all().await;
    std::mem::take(&mut *acknowledged.lock().expect("nobody panics"))
}

/// Waits for the email of each task; none has another.
async fn assert_mailed_once(program: &Program, titles: impl Iterator<Item = &String>) {
    let expected: BTreeSet<_> = titles.map(|title| format!("New task: {title}")).collect();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut mails = outbox(program).await;
        // Of those who have signed up: it is not of this test.
        mails.retain(|mail| mail["subject"] != "Confirm your email address");
        let subjects: BTreeSet<_> = mails.iter().map(|mail| text(mail, "subject")).collect();
        assert_eq!(subjects.len(), mails.len(), "an email came twice");
        assert!(subjects.is_subset(&expected));
        if subjects == expected {
            return;
        }
        let missing = expected.difference(&subjects).count();
        assert!(Instant::now() < deadline, "{missing} emails are missing");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// That each project's log has every number once, and as many tasks as its counter says.
async fn assert_numbered(program: &Program, tasks: &[Value]) {
    let events = rows(program, "EVENT#").await;
    for project in rows(program, "PROJECT").await {
        if project["sk"] != "PROJECT" {
            continue;
        }
        let room = format!("project/{}", text(&project, "id"));
        let mut seqs: Vec<_> = events
            .iter()
            .filter(|event| event["room"] == room)
            .map(|event| number(event, "seq"))
            .collect();
        seqs.sort_unstable();
        assert_eq!(seqs, (1..=number(&project, "seq")).collect::<Vec<_>>());
        let stored = tasks
            .iter()
            .filter(|task| task["project_id"] == project["id"]);
        assert_eq!(stored.count() as u64, number(&project, "task_count"));
    }
}

/// The rows of the table of tenants' data whose sort key begins with `prefix`.
async fn rows(program: &Program, prefix: &str) -> Vec<Value> {
    let credentials =
        aws_credential_types::Credentials::new("local", "local-secret", None, None, "documented");
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_dynamodb::config::Region::new("us-east-1"))
        .credentials_provider(credentials)
        .endpoint_url(program.url("aws"));
    let mut pages = aws_sdk_dynamodb::Client::from_conf(config.build())
        .scan()
        .table_name("tenon-data")
        .filter_expression("begins_with(sk, :prefix)")
        .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
        .consistent_read(true)
        .into_paginator()
        .items()
        .send();
    let mut rows = Vec::new();
    while let Some(item) = pages.next().await {
        let item = item.expect("the table can be scanned");
        let plain = item.into_iter().filter_map(|(name, value)| match value {
            AttributeValue::S(text) => Some((name, Value::from(text))),
            AttributeValue::N(number) => Some((name, number.parse().ok()?)),
            _ => None,
        });
        rows.push(plain.collect());
    }
    rows
}

fn text(row: &Value, name: &str) -> String {
    let text = row[name].as_str();
    text.unwrap_or_else(|| panic!("{name} of {row}")).to_owned()
}

fn number(row: &Value, name: &str) -> u64 {
    let number = row[name].as_u64();
    number.unwrap_or_else(|| panic!("{name} of {row}"))
}
