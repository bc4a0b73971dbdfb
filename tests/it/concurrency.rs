//! Many at once: no number is lost or given twice, and no counter is wrong.

use std::collections::BTreeSet;
use std::time::Instant;

use futures::future::join_all;
use serde_json::json;
use tests::{App, Member, report};

/// How many write at once.
const WRITERS: usize = 16;

/// How many tasks each of them makes, one after the other.
const TASKS: usize = 8;

/// What a writer got: the `seq` of each task, and how often it was asked to come again.
#[derive(Default)]
struct Written {
    seqs: Vec<u64>,
    put_off: usize,
}

/// Makes tasks one after the other, each again if it could not be made in time.
async fn write(ada: &Member, project: &str, tasks: usize) -> Written {
    let mut written = Written::default();
    while written.seqs.len() < tasks {
        let input = json!({ "projectId": project, "title": "Count down" });
        let answer = ada.post("/api/create-task", input).await;
        if answer.status == 503 {
            written.put_off += 1;
            continue;
        }
        answer.clone().expect(201);
        written.seqs.push(answer.event_seq());
    }
    written
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_writers_on_one_project_are_numbered_without_a_gap() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    let mut socket = ada.connect().await;
    socket.subscribe(&apollo).await;

    app.forget_calls();
    let started = Instant::now();
    let written = join_all((0..WRITERS).map(|_| write(&ada, &apollo, TASKS))).await;
    let took = started.elapsed();
    app.settled().await;
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    ledger.assert_nothing_left_to_do();

    let put_off: usize = written.iter().map(|written| written.put_off).sum();
    let seqs = written.iter().flat_map(|written| &written.seqs);
    let unique: BTreeSet<_> = seqs.collect();
    assert_eq!(unique.len(), WRITERS * TASKS, "no number was given twice");
    assert!(written.iter().all(|written| written.seqs.is_sorted()));
    // A writer whose time was over just as its task was stored has made it again.
    let stored = ledger.tasks_of(&apollo).count();
    assert!(stored >= unique.len() && stored <= unique.len() + put_off);
    let last = ledger.seq(&apollo);
    assert_eq!(socket.events_until(1, last).await.len(), stored);

    let commits = app.calls_of("create-task");
    let commits = commits
        .iter()
        .filter(|call| call.operation == "TransactWriteItems");
    report(&format!(
        "one project, {WRITERS} writers: {stored} tasks in {took:.2?}, {:.0} a second, {:.1} transactions for \
         each, {put_off} put off",
        float(stored) / took.as_secs_f64(),
        float(commits.count()) / float(stored),
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_on_different_projects_of_one_owner_do_not_lose_each_others_changes() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let names = [
        "Apollo", "Gemini", "Mercury", "Vostok", "Voskhod", "Soyuz", "Skylab", "Mir",
    ];
    let projects = join_all(names.iter().map(|name| ada.project(name))).await;
    // The list is read, and so cached, while it changes.
    let reads = async {
        for _ in 0..20 {
            ada.projects().await;
        }
    };
    let writes = projects
        .iter()
        .flat_map(|project| [project, project])
        .map(|project| write(&ada, project, 5));
    futures::future::join(join_all(writes), reads).await;

    let (listed, _) = ada.projects().await;
    assert_eq!(listed.len(), projects.len());
    app.settled().await;
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    for project in &listed {
        let id = project["id"].as_str().expect("it has an id");
        assert_eq!(ledger.seq(id), 11);
        let newest = ledger
            .tasks_of(id)
            .map(|task| task["created_at"].as_i64())
            .max();
        assert!(
            project["updated_at"].as_i64() >= newest.flatten(),
            "the list is stale"
        );
    }
    let times: Vec<_> = listed
        .iter()
        .map(|project| project["updated_at"].as_i64())
        .collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_sign_ups_with_one_address_one_succeeds() {
    let app = App::start().await;
    let body = json!({ "email": "ada@example.com", "password": tests::PASSWORD, "name": "Ada" });
    let answers = join_all((0..8).map(|_| app.post("/api/sign-up", body.clone()))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

/// A count, to reckon with.
fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("they are few"))
}
