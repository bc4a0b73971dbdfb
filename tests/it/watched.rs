//! A project under watch: what has to have happened by the end, whatever fails on the way. Each stored task
//! was emailed once and has one vector, and who listened heard all, in order.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use shared::model::audit::AuditEntry;
use shared::model::log::LogEntry;
use tests::{Answer, App, Member, PNG, Socket, attachment, tables};

/// How many listen.
const LISTENERS: usize = 2;

/// Queues of what was given up.
const DEAD_LETTERS: [&str; 7] = [
    "tenon-audit-dead-letters",
    "tenon-email-dead-letters",
    "tenon-embeddings-dead-letters",
    "tenon-erasures-dead-letters",
    "tenon-exports-dead-letters",
    "tenon-realtime-dead-letters.fifo",
    "tenon-relay-dead-letters",
];

/// A stack whose connections outlast hours on the clock.
pub(crate) async fn start() -> App {
    App::start_with(|options| {
        options.gateway.socket.idle = Duration::from_hours(1000);
        options.gateway.socket.lifetime = Duration::from_hours(1000);
    })
    .await
}

/// A project, its owner, and those who listen to it.
pub(crate) struct Watched {
    owner: Member,
    id: String,
    sockets: Vec<Socket>,
    /// The last event that was heard.
    heard: u64,
}

impl Watched {
    /// A new project of a new user.
    pub(crate) async fn new(app: &App) -> Self {
        let owner = app.member("ada").await;
        let id = owner.project("Apollo").await;
        let mut sockets = Vec::new();
        for _ in 0..LISTENERS {
            let mut socket = owner.connect().await;
            assert_eq!(socket.subscribe(&id).await, 1);
            sockets.push(socket);
        }
        app.settled().await;
        // What signing up has sent is no longer of interest.
        app.stack().gateway().outbox.reset_record();
        Self {
            owner,
            id,
            sockets,
            heard: 1,
        }
    }

    /// The owner logs in anew: the clock has been moved.
    pub(crate) async fn log_in(&mut self, app: &App) {
        self.owner = app.log_in(&self.owner).await;
    }

    /// A task that the owner gives themselves.
    pub(crate) async fn assign(&self, title: &str) -> Answer {
        self.create(title, true, false).await
    }

    /// A task, for somebody or nobody, with a file or without.
    pub(crate) async fn create(&self, title: &str, assigned: bool, file: bool) -> Answer {
        let mut input = json!({ "projectId": self.id, "title": title });
        if assigned {
            input["assignedTo"] = json!(self.owner.user_id);
        }
        if file {
            input["attachment"] = attachment(PNG, "pixel.png", "image/png");
        }
        self.owner.post("/api/create-task", input).await
    }

    /// That all is stored, all have been told, and nothing is left to do or was given up.
    pub(crate) async fn assert_all_told(&mut self, app: &App) {
        let ledger = app.ledger().await;
        ledger.assert_consistent();
        ledger.assert_nothing_left_to_do();
        ledger.assert_usage();
        assert_mailed(app, &ledger.tasks).await;
        assert_indexed(app, &ledger.tasks).await;
        assert_audited(app).await;
        for queue in DEAD_LETTERS {
            let counts = app.stack().sqs().counts(queue).expect("the queue exists");
            assert_eq!(counts.total(), 0, "{queue}");
        }
        let last = ledger.seq(&self.id);
        for socket in &mut self.sockets {
            let heard: Vec<_> = socket
                .events_until(self.heard, last)
                .await
                .iter()
                .map(|event| event["seq"].as_u64().expect("it has a number"))
                .collect();
            assert_eq!(heard, (self.heard + 1..=last).collect::<Vec<_>>());
        }
        self.heard = last;
    }
}

/// Each task that was given to somebody has been mailed to them, once; titles are unique here.
async fn assert_mailed(app: &App, tasks: &[Value]) {
    let mut mailed = BTreeMap::<_, usize>::new();
    for email in app.emails("New task: ").await {
        *mailed.entry(email.subject).or_default() += 1;
    }
    let expected: BTreeMap<_, _> = tasks
        .iter()
        .filter(|task| task["assigned_to"].is_string())
        .map(|task| {
            let title = task["title"].as_str().expect("it has a title");
            (format!("New task: {title}"), 1)
        })
        .collect();
    assert_eq!(mailed, expected);
}

/// Each event of a log stands in the audit log once, and nothing else does but log-ins.
async fn assert_audited(app: &App) {
    let events = app.rows(tables::DATA, "EVENT#").await.into_iter();
    let mut expected: Vec<_> = events
        .map(|event| {
            let event: LogEntry = serde_json::from_value(event).expect("it is an event");
            AuditEntry::from(&event).id.to_string()
        })
        .collect();
    expected.sort();
    let mut audited: Vec<_> = app
        .audited()
        .await
        .iter()
        .filter(|entry| entry["action"] != "session:began")
        .map(|entry| entry["id"].as_str().expect("it has an id").to_owned())
        .collect();
    audited.sort();
    assert_eq!(audited, expected);
}

/// Each task has its vector.
async fn assert_indexed(app: &App, tasks: &[Value]) {
    let ids = |rows: &[Value], name: &str| {
        let mut ids: Vec<_> = rows.iter().map(|row| row[name].to_string()).collect();
        ids.sort();
        ids
    };
    let vectors = app.rows(tables::DATA, "VECTOR#").await;
    assert_eq!(ids(&vectors, "task_id"), ids(tasks, "id"));
}
