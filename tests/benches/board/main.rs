//! How quick a board is in a project of ten tasks and in one of ten thousand: its lists, in their orders and by their
//! filters, a drag and a change. Medians of calls that are made in turns, and what they come to beside reading one
//! task of the small project in the same run.
//!
//! ```sh
//! cargo bench --workspace --bench board
//! ```

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{Answer, App, Member, Original};

/// The sizes of the project, in tasks.
const SIZES: [u64; 2] = [10, 10_000];

/// How often each deed is done.
const TIMES: usize = 41;

/// What is done with a board.
struct Deed {
    name: &'static str,
    method: &'static str,
    path: fn(&Board, usize) -> String,
    /// What is sent, the so many-th time.
    body: Option<fn(usize) -> Value>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let [small, large] = [Board::of(SIZES[0]).await, Board::of(SIZES[1]).await];
    println!(
        "{:<42} {:>10} {:>10} {:>7} {:>9}",
        "", "10 tasks", "10,000", "ratio", "to a read"
    );
    let mut read = None;
    for deed in deeds() {
        let (mut short, mut long) = (Vec::new(), Vec::new());
        // In turns, so that what else the machine does befalls both.
        for time in 0..TIMES {
            short.push(small.does(&deed, time).await);
            long.push(large.does(&deed, time).await);
        }
        let [short, long] = [median(short), median(long)];
        let read = *read.get_or_insert(short);
        println!(
            "{:<42} {short:>10.2?} {long:>10.2?} {:>7.2} {:>9.2}",
            deed.name,
            ratio(long, short),
            ratio(long, read),
        );
    }
    for board in [small, large] {
        board.app.stop().await;
    }
}

fn deeds() -> Vec<Deed> {
    let reads = |name, path| Deed {
        name,
        method: "GET",
        path,
        body: None,
    };
    let changes = |name, body| Deed {
        name,
        method: "PATCH",
        path: Board::task,
        body: Some(body),
    };
    vec![
        reads("read a task", Board::task),
        reads("the newest 50", |board, _| board.list("sort=-created_at")),
        reads("50 by their page's number, with a total", |board, _| {
            board.list("page=1&per_page=50")
        }),
        reads("the last 50 that have a number", |board, _| {
            board.list("page=20&per_page=50")
        }),
        reads("the 50 most urgent", |board, _| {
            board.list("sort=priority,created_at")
        }),
        reads("the 50 latest changes", |board, _| {
            board.list("sort=-updated_at")
        }),
        reads("the first 50 of the board", |board, _| {
            board.list("sort=position")
        }),
        reads("50 of one status", |board, _| board.list("status=todo")),
        reads("50 of one priority", |board, _| board.list("priority=none")),
        reads("50 with whom they are for and their project", |board, _| {
            board.list("expand=project,assignee")
        }),
        changes(
            "drag to the top",
            |_| json!({ "position": { "end": "first" } }),
        ),
        changes(
            "drag to the end",
            |_| json!({ "position": { "end": "last" } }),
        ),
        changes(
            "another title",
            |time| json!({ "title": format!("Count {time}") }),
        ),
        Deed {
            name: "one task more",
            method: "POST",
            path: |board, _| board.list(""),
            body: Some(|time| json!({ "title": format!("Number {time}") })),
        },
    ]
}

/// A project of so many tasks, and two of them to be moved about.
struct Board {
    app: App,
    ada: Member,
    project: String,
    tasks: [String; 2],
}

impl Board {
    async fn of(size: u64) -> Self {
        let app = App::start().await;
        let ada = app.member("ada").await;
        let project = ada.project("Apollo").await;
        let first = ada.task(&project, "Count down").await;
        app.settled().await;
        let original = Original {
            app: &app,
            tenant_id: &ada.tenant_id,
            project_id: &project,
            id: &first,
        };
        original.copied((1, size)).await;
        let tasks = [first, ada.task(&project, "Lift off").await];
        Self {
            app,
            ada,
            project,
            tasks,
        }
    }

    async fn does(&self, deed: &Deed, time: usize) -> Duration {
        let mut request = self.ada.request(deed.method, &(deed.path)(self, time));
        if let Some(body) = deed.body {
            request = request.json(&body(time));
        }
        let began = Instant::now();
        let answer = Answer::of(request.send().await.expect("the API answers")).await;
        let took = began.elapsed();
        assert!(answer.status < 300, "{}: {}", deed.name, answer.body);
        took
    }

    /// One of the two, in turns: what is dragged to where it is moves nothing.
    fn task(&self, time: usize) -> String {
        format!("/api/tasks/{}", self.tasks[time % 2])
    }

    fn list(&self, query: &str) -> String {
        let list = format!("/api/projects/{}/tasks", self.project);
        match query {
            "" => list,
            query => format!("{list}?{query}"),
        }
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}
