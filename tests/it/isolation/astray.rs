//! The product's own functions, led astray. Their callers are ada's, whose keys they mint; their requests
//! are bound to eve's tenant.

use std::collections::BTreeMap;
use std::time::Duration;

use local::events::Filler;
use local::functions;
use serde_json::Value;
use shared::endpoint::uses;
use shared::lambda::Doors;
use tests::{App, Issuer, tables};

use crate::fixtures::{cases, fill};

/// Which net is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Net {
    /// The guard: a function signs everything itself, and its role reaches every tenant's rows.
    Guard,
    /// IAM: nobody looks at what is sent.
    Iam,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guard_alone_keeps_functions_that_went_astray_from_another_tenant() {
    nothing_gets_out(Net::Guard).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn iam_alone_keeps_functions_that_went_astray_from_another_tenant() {
    nothing_gets_out(Net::Iam).await;
}

/// Without either net, the same functions do all that they were led to: the tests above look at something.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_either_net_functions_that_went_astray_serve() {
    let scene = lead_astray(Scene::set(false).await, true, false).await;
    let Scene { app, events, .. } = &scene;
    let mut served = 0;
    for event in events.iter().filter(|event| event.case == "ok") {
        let answer = event.answer(app).await;
        assert!(!is_refused(&answer), "{}: {answer}", event.function);
        served += 1;
    }
    tests::report(&format!("{served} functions went astray and served"));
    scene.app.stop().await;
}

async fn nothing_gets_out(net: Net) {
    let iam = net == Net::Iam;
    let scene = lead_astray(Scene::set(true).await, iam, iam).await;
    let Scene { app, events, .. } = &scene;
    let before = rows(app).await;

    let (mut table, mut leaks) = (Vec::new(), 0);
    for event in events {
        app.forget_calls();
        let answer = event.answer(app).await;
        let made: Vec<String> = app
            .calls_of(event.function)
            .iter()
            .map(|call| format!("{} {}", call.operation, call.status.unwrap_or_default()))
            .collect();
        let leaked = event.case == "ok" && !is_refused(&answer);
        leaks += usize::from(leaked);
        table.push(format!(
            "{:<22} {:<28} {:<9} {}",
            event.function,
            event.case,
            if leaked { "LEAKED" } else { "kept" },
            made.join(", "),
        ));
    }
    let changed = rows(app).await != before;
    leaks += usize::from(changed);
    tests::report(&format!(
        "{net:?} alone: {} events of functions that were led astray\n{}\n{leaks} leaks",
        events.len(),
        table.join("\n"),
    ));
    assert_eq!(leaks, 0, "changed: {changed}");
    scene.app.stop().await;
}

/// A stack with what the fixtures name, and the events of all functions that reach what is a tenant's.
struct Scene {
    app: App,
    events: Vec<Event>,
    /// The id of another tenant.
    eve: String,
    /// The provider of whoever is new.
    issuer: Issuer,
}

struct Event {
    function: &'static str,
    case: String,
    payload: Value,
}

impl Scene {
    /// With every case of each function, or with its success alone.
    async fn set(every_case: bool) -> Self {
        let issuer = Issuer::start().await;
        let app = issuer.app().await;
        let mut filler = Filler::new(&app.stack().api_url());
        let eve = app.member("eve").await.tenant_id;
        let mut events = Vec::new();
        for function in functions::all() {
            let endpoint = function.endpoint;
            // Whoever only notes refusals, and that it was called, serves without what is a tenant's.
            let beside = [uses::AUDIT_APPEND, uses::USAGE_COUNT];
            if endpoint.of_a_tenant().all(|used| beside.contains(used))
                && endpoint.name != "record-audit"
            {
                continue;
            }
            for case in cases(endpoint.name) {
                if every_case || case == "ok" {
                    let event = Event::read(&app, &mut filler, endpoint.name, &case).await;
                    events.push(event.at_first_sight(&issuer));
                }
            }
        }
        // What ends the connection comes last.
        events.sort_by_key(|event| event.function == "realtime-disconnect");
        app.settled().await;
        // A refresh token that is used a second time ends its session, and only that reaches what is a
        // tenant's.
        for event in &events {
            if (event.function, event.case.as_str()) == ("refresh-token", "ok") {
                let answer = event.answer(&app).await;
                assert_eq!(answer["statusCode"], 200, "refresh-token: {answer}");
            }
        }
        // A log-in reaches what is a tenant's only where it has to make one.
        let hals = filler.fill("{{hal.tenant}}").await.expect("he has one");
        app.being_deleted(&hals).await;
        // Only now: who is sent something over a connection that is none is forgotten.
        for opening in ["realtime-connect", "realtime-subscribe"] {
            let event = Event::read(&app, &mut filler, opening, "ok").await;
            let answer = event.answer(&app).await;
            assert_eq!(answer["statusCode"], 200, "{opening}: {answer}");
        }
        Self {
            app,
            events,
            eve,
            issuer,
        }
    }
}

impl Event {
    async fn read(app: &App, filler: &mut Filler, function: &'static str, case: &str) -> Self {
        let text = local::events::read(&format!("{function}/{case}"));
        let text = fill(app, filler, &text.expect("there is such a fixture")).await;
        Self {
            function,
            case: case.to_owned(),
            payload: serde_json::from_str(&text.expect("it can be filled")).expect("it is JSON"),
        }
    }

    /// Of all who ask who they are, only somebody new reaches what is a tenant's: their own, which they found.
    fn at_first_sight(mut self, issuer: &Issuer) -> Self {
        if (self.function, self.case.as_str()) == ("get-me", "ok") {
            let token = format!("Bearer {}", issuer.token("newcomer"));
            self.payload["headers"]["authorization"] = token.into();
        }
        self
    }

    /// What the function answers; a failure of the whole as a text.
    async fn answer(&self, app: &App) -> Value {
        let invoked = app
            .stack()
            .lambda()
            .invoke(self.function, self.payload.clone());
        invoked
            .await
            .unwrap_or_else(|error| Value::from(error.to_string()))
    }
}

/// The same stack with functions whose requests are all bound to the other tenant.
async fn lead_astray(scene: Scene, unguarded: bool, isolation: bool) -> Scene {
    let doors = Doors {
        bound_to: Some(scene.eve.parse().expect("it is an id")),
        unguarded,
        ..Doors::default()
    };
    let app = scene
        .app
        .restart_with(|options| {
            options.clock = scene.issuer.clock();
            options.identity_provider = Some(scene.issuer.provider());
            options.tenant_isolation = isolation;
            options.functions = functions::all()
                .into_iter()
                .map(|function| function.astray(doors))
                .collect();
        })
        .await;
    // After that a refresh token may not be used again.
    app.advance(Duration::from_secs(60));
    Scene { app, ..scene }
}

/// Whether it is an error of ours that tells nothing: a 500, or a message that comes again.
fn is_refused(answer: &Value) -> bool {
    let body: Value = answer["body"]
        .as_str()
        .and_then(|body| serde_json::from_str(body).ok())
        .unwrap_or_default();
    let failures = answer["batchItemFailures"].as_array();
    body["error"]["code"] == "INTERNAL"
        || answer["statusCode"] == 500
        || failures.is_some_and(|failures| !failures.is_empty())
}

/// All that is stored of tenants: rows by their keys, and files.
async fn rows(app: &App) -> (BTreeMap<String, Value>, Vec<String>) {
    let mut rows = BTreeMap::new();
    for table in [tables::DATA, tables::EPHEMERAL] {
        for row in app.rows(table, "").await {
            let is_a_tenants = row["pk"].as_str().is_some_and(|pk| pk.starts_with("T#"));
            if is_a_tenants {
                rows.insert(format!("{table} {} {}", row["pk"], row["sk"]), row);
            }
        }
    }
    (rows, app.objects().await)
}
