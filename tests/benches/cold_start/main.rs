//! How large the functions' release binaries are, and how soon `create-project` serves after it was started,
//! beside a function that does nothing.
//!
//! ```sh
//! cargo bench --workspace --profile dev --bench cold_start
//! ```
//!
//! Only the functions are built for release. This program, with the stack behind `create-project`, is not: it
//! is the same as the tests', and what it does is not measured.

mod binaries;
mod process;
mod runtime_api;

use std::time::Duration;

use local::events;
use serde_json::{Value, json};
use tests::App;

use self::process::{Program, Start};

/// How often each is started.
const RUNS: usize = 11;

#[tokio::main]
async fn main() {
    let functions = binaries::build();
    println!("Release binaries\n");
    for (function, bytes) in binaries::sizes(&functions) {
        println!("  {function:<24} {:>7.2} MB", megabytes(bytes));
    }
    println!("\n  {}", binaries::operations());

    let app = App::start().await;
    let ours = Program {
        file: binaries::file("create-project"),
        environment: environment(&app, "create-project"),
        event: event(&app).await,
    };
    let hello = Program {
        file: binaries::file("hello"),
        environment: Vec::new(),
        event: json!({}),
    };
    let (mut our_starts, mut hello_starts) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        our_starts.push(ours.start().await);
        hello_starts.push(hello.start().await);
    }
    assert!(
        our_starts
            .iter()
            .all(|start| start.answer["statusCode"] == 201),
        "projects are made"
    );
    app.stop().await;

    println!("\nCold start, median of {RUNS}\n");
    println!(
        "  {:<28} {:>14} {:>10} {:>8}",
        "", "create-project", "hello", "ratio"
    );
    let rows: [(&str, Part); 6] = [
        ("exec to first poll, wall", |start| start.first_poll.wall),
        ("exec to first poll, CPU", |start| start.first_poll.cpu),
        ("first invocation, wall", |start| {
            start.first_invocation.wall
        }),
        ("first invocation, CPU", |start| start.first_invocation.cpu),
        ("second invocation, wall", |start| {
            start.second_invocation.wall
        }),
        ("second invocation, CPU", |start| {
            start.second_invocation.cpu
        }),
    ];
    for (name, of) in rows {
        let (a, b) = (median(&our_starts, of), median(&hello_starts, of));
        println!("  {name:<28} {a:>11.2} ms {b:>7.2} ms {:>7.1}×", a / b);
    }
}

/// What is taken of a start.
type Part = fn(&Start) -> Duration;

/// What the template and the platform give to a function.
fn environment(app: &App, function: &str) -> Vec<(String, String)> {
    let template = app.stack().template();
    let resource = template.function(function).expect("it is deployed");
    let platform = [
        ("AWS_REGION", local::front::REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", local::front::ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", local::front::SECRET_KEY.to_owned()),
        ("AWS_ENDPOINT_URL", app.stack().aws_url()),
    ];
    let platform = platform.map(|(name, value)| (name.to_owned(), value));
    resource
        .environment
        .clone()
        .into_iter()
        .chain(platform)
        .collect()
}

async fn event(app: &App) -> Value {
    let text = events::read("create-project/ok").expect("there is such a fixture");
    let filled = events::fill(&text, &app.stack().api_url()).await;
    serde_json::from_str(&filled.expect("the stack serves")).expect("it is JSON")
}

fn median(starts: &[Start], of: fn(&Start) -> Duration) -> f64 {
    let mut times: Vec<Duration> = starts.iter().map(of).collect();
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "no binary is that large")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
