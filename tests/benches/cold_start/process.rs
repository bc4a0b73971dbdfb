//! A function as a process of its own, started as Lambda starts it.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::runtime_api::{Report, RuntimeApi};

/// How long any step may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is started.
pub(super) struct Program {
    pub(super) file: PathBuf,
    pub(super) environment: Vec<(String, String)>,
    /// What it is invoked with.
    pub(super) event: Value,
}

/// A start and what followed.
pub(super) struct Start {
    /// From its start until it asked for an invocation.
    pub(super) first_poll: Spent,
    /// From its first invocation until it had answered.
    pub(super) first_invocation: Spent,
    /// The same, once warm.
    pub(super) second_invocation: Spent,
    /// What it answered first.
    pub(super) answer: Value,
}

/// Time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spent {
    /// On the clock.
    pub(super) wall: Duration,
    /// Of a processor, by all threads of the process.
    pub(super) cpu: Duration,
}

impl Program {
    /// Starts it, invokes it twice, and ends it.
    pub(super) async fn start(&self) -> Start {
        let mut api = RuntimeApi::open().await;
        let mut watch = Watch {
            since: Instant::now(),
            cpu: Duration::ZERO,
        };
        let child = self.spawn(&api.address);
        let poll = polled(&mut api).await;
        let first_poll = watch.lap(&child);
        let (first_invocation, answer, poll) = self.invoke(&mut api, poll, &child).await;
        let (second_invocation, _, _poll) = self.invoke(&mut api, poll, &child).await;
        Start {
            first_poll,
            first_invocation,
            second_invocation,
            answer,
        }
    }

    fn spawn(&self, runtime_api: &str) -> Child {
        Command::new(&self.file)
            .env_clear()
            .envs(self.environment.iter().cloned())
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
            .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("it can be started")
    }

    async fn invoke(
        &self,
        api: &mut RuntimeApi,
        poll: oneshot::Sender<Value>,
        child: &Child,
    ) -> (Spent, Value, oneshot::Sender<Value>) {
        let mut watch = Watch {
            since: Instant::now(),
            cpu: cpu(child),
        };
        poll.send(self.event.clone()).expect("it waits");
        let answer = match report(api).await {
            Report::Answered(answer) => answer,
            Report::Failed(error) => panic!("{} failed: {error}", self.file.display()),
            Report::Polled(_) => panic!("{} did not answer", self.file.display()),
        };
        let spent = watch.lap(child);
        (spent, answer, polled(api).await)
    }
}

async fn polled(api: &mut RuntimeApi) -> oneshot::Sender<Value> {
    match report(api).await {
        Report::Polled(poll) => poll,
        Report::Failed(error) => panic!("it can't start: {error}"),
        Report::Answered(_) => panic!("it answered what it was not asked"),
    }
}

async fn report(api: &mut RuntimeApi) -> Report {
    let report = timeout(PATIENCE, api.reports.recv()).await;
    report
        .expect("it does something in time")
        .expect("the API serves")
}

struct Watch {
    since: Instant,
    cpu: Duration,
}

impl Watch {
    fn lap(&mut self, child: &Child) -> Spent {
        let wall = self.since.elapsed();
        let now = cpu(child);
        Spent {
            wall,
            cpu: now.saturating_sub(std::mem::replace(&mut self.cpu, now)),
        }
    }
}

/// What the threads of a process have had of a processor, to the nanosecond. Linux tells.
fn cpu(child: &Child) -> Duration {
    let id = child.id().expect("it runs");
    let threads = fs::read_dir(format!("/proc/{id}/task"))
        .into_iter()
        .flatten();
    let nanoseconds = threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("schedstat")).ok())
        .filter_map(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .sum();
    Duration::from_nanos(nanoseconds)
}
