//! What it costs a request that functions reach a tenant's data by its role alone: calls and time, of the
//! first request of a tenant in a function and of the ones after it, with isolation and without.
//!
//! ```sh
//! cargo bench --workspace --bench isolation
//! ```

use std::time::{Duration, Instant};

use tests::{App, Member};

/// How many tenants are new to a warm function.
const FIRST: usize = 40;

/// How many requests a tenant makes after its first.
const LATER: usize = 400;

/// What requests come to.
#[derive(Clone, Copy)]
struct Cost {
    /// AWS calls of one request.
    calls: usize,
    /// The median.
    time: Duration,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let scenes = [Scene::open(false).await, Scene::open(true).await];
    println!(
        "list-projects: the first request of {FIRST} tenants, which misses the cache, and {LATER} later ones"
    );
    println!(
        "{:<10} {:>12} {:>12} {:>12} {:>8}",
        "", "calls off", "calls on", "off", "on"
    );
    for (name, first) in [("first", true), ("later", false)] {
        let (mut off, mut on) = (Vec::new(), Vec::new());
        // In turns, so that what else the machine does befalls both.
        for round in 0..4 {
            off.push(scenes[0].measure(first, round).await);
            on.push(scenes[1].measure(first, round).await);
        }
        let (off, on) = (least(&off), least(&on));
        let ratio = on.time.as_secs_f64() / off.time.as_secs_f64();
        println!(
            "{name:<10} {:>12} {:>12} {:>12.3?} {:>12.3?} {ratio:>8.2} times",
            off.calls, on.calls, off.time, on.time,
        );
    }
    for scene in scenes {
        scene.app.stop().await;
    }
}

struct Scene {
    app: App,
    ada: Member,
}

impl Scene {
    async fn open(isolation: bool) -> Self {
        let app = App::start_with(|options| options.tenant_isolation = isolation).await;
        let ada = app.member("ada").await;
        ada.projects().await;
        Self { app, ada }
    }

    /// Of the first requests of new tenants, or of one tenant's later ones.
    async fn measure(&self, first: bool, round: usize) -> Cost {
        let mut members = Vec::new();
        for number in 0..if first { FIRST } else { 0 } {
            members.push(self.app.member(&format!("new-{round}-{number}")).await);
        }
        members.resize(if first { FIRST } else { LATER }, self.ada.clone());
        self.app.forget_calls();
        let mut took = Vec::with_capacity(members.len());
        for member in &members {
            let started = Instant::now();
            member.projects().await;
            took.push(started.elapsed());
        }
        took.sort();
        let calls = self.app.calls_of("list-projects").len();
        Cost {
            calls: calls / members.len(),
            time: took[members.len() / 2],
        }
    }
}

fn least(costs: &[Cost]) -> Cost {
    *costs
        .iter()
        .min_by_key(|cost| cost.time)
        .expect("there are some")
}
