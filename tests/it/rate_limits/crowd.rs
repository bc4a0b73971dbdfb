//! Many at once, while the clock goes on: no more of them are let in than the limit says, and no fewer.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::json;
use tests::{App, Member, report};

use super::limited_to;

/// How many call at once.
const CLIENTS: usize = 32;

const LIMIT: usize = 100;

/// A call that was let in: it was counted at some time between these.
struct Admitted {
    sent: i64,
    answered: i64,
}

/// What became of many calls.
#[derive(Default)]
struct Crowd {
    admitted: Vec<Admitted>,
    refused: usize,
    /// Those that could not be served in time; who knows whether they were counted.
    unserved: usize,
}

impl Crowd {
    /// Makes a call that changes nothing, or one that changes something.
    async fn call(&mut self, app: &App, ada: &Member, changes: bool) {
        let sent = app.stack().clock().now();
        let answer = if changes {
            ada.post("/api/realtime-ticket", json!({})).await
        } else {
            ada.get("/api/me").await
        };
        let answered = app.stack().clock().now();
        match answer.status {
            200 | 201 => self.admitted.push(Admitted { sent, answered }),
            429 => self.refused += 1,
            503 => self.unserved += 1,
            other => panic!("{other}: {}", answer.body),
        }
    }

    fn join(mut self, other: Self) -> Self {
        self.admitted.extend(other.admitted);
        self.refused += other.refused;
        self.unserved += other.unserved;
        self
    }

    fn size(&self) -> usize {
        self.admitted.len() + self.refused + self.unserved
    }

    #[track_caller]
    fn took_all_places(&self) {
        let admitted = self.admitted.len();
        assert!(admitted <= LIMIT, "{admitted}");
        assert!(admitted + self.unserved >= LIMIT, "{admitted}");
    }
}

/// Has every client make so many calls, one after the other, and the first of them move the clock on each time.
async fn rush(app: &App, ada: &Member, each: usize, pace: Duration) -> Crowd {
    let clients = (0..CLIENTS).map(async |client| {
        let mut crowd = Crowd::default();
        for turn in 0..each {
            crowd.call(app, ada, (client + turn) % 3 == 0).await;
            if client == 0 {
                app.advance(pace);
            }
        }
        crowd
    });
    let crowds = join_all(clients).await;
    crowds.into_iter().fold(Crowd::default(), Crowd::join)
}

/// How many were certainly counted within 60 s of one another, at most.
fn most_in_a_minute(admitted: &[Admitted]) -> usize {
    let from = |start: i64| {
        let within = |call: &&Admitted| call.sent >= start && call.answered < start + 60_000;
        admitted.iter().filter(within).count()
    };
    let starts = admitted.iter().map(|call| call.sent);
    starts.map(from).max().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_clients_at_once_are_let_in_as_often_as_the_limit_says() {
    let app = limited_to(u32::try_from(LIMIT).expect("it is small")).await;
    let ada = app.member("ada").await;
    let started = Instant::now();
    let mut crowd = rush(&app, &ada, 5, Duration::ZERO).await;
    assert!(
        started.elapsed() < Duration::from_secs(50),
        "it was one minute"
    );
    crowd.took_all_places();

    for pace in [1, 7, 3, 9, 2, 5, 8, 4, 6].map(Duration::from_secs) {
        crowd = crowd.join(rush(&app, &ada, 3, pace).await);
    }
    app.advance(Duration::from_secs(61));
    let again = rush(&app, &ada, 4, Duration::ZERO).await;
    again.took_all_places();
    let crowd = crowd.join(again);

    let most = most_in_a_minute(&crowd.admitted);
    report(&format!(
        "{} calls of {CLIENTS} clients: {} let in, at most {most} of them in any 60 s, {} refused, {} not served",
        crowd.size(),
        crowd.admitted.len(),
        crowd.refused,
        crowd.unserved,
    ));
    assert!(most <= LIMIT, "{most}");
}
