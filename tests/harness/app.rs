use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use local::front::{Armed, CallRecord, Fault};
use local::gateway::Email;
use local::stack::{Options, Stack};
use local::triggers::Until;
use reqwest::Client;
use serde_json::Value;
use shared::sdk::clock::Clock;
use tempfile::TempDir;
use tracing_subscriber::EnvFilter;

use crate::used::Witness;
use crate::{Answer, Member, PATIENCE, model};

/// A limit that each call is held against, and that no test reaches by itself.
const FAR_OFF: u32 = 100_000;

/// A Tenon of a test's own: the embedded stack on free ports, in a folder that goes with it.
pub struct App {
    stack: Stack,
    http: Client,
    folder: TempDir,
    /// Made when it is first needed: it reads the system's certificates, and that takes time.
    pub(crate) dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    _witness: Witness,
}

impl App {
    /// Starts one.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        Self::start_in(folder, |_| {}).await
    }

    /// Starts one with other settings.
    pub async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        Self::start_in(folder, change).await
    }

    /// Stops it and starts it again on the same folder: what is warm is gone, what is stored is not.
    pub async fn restart(self) -> Self {
        self.restart_with(|_| {}).await
    }

    /// The same, with other settings, or with a change to what is in the folder.
    pub async fn restart_with(self, change: impl FnOnce(&mut Options)) -> Self {
        self.stack.stop().await;
        Self::start_in(self.folder, change).await
    }

    async fn start_in(folder: TempDir, change: impl FnOnce(&mut Options)) -> Self {
        log_failures();
        let mut options = Options::new(folder.path());
        options.clock = Clock::system();
        options.rate_limit = FAR_OFF;
        options.embeddings = local::embeddings::Embeddings::Given(model::shared());
        change(&mut options);
        let stack = Stack::start(options).await.expect("the stack starts");
        let http = Client::builder()
            .timeout(PATIENCE)
            .build()
            .expect("a client can be made");
        let witness = Witness(stack.front().iam().clone());
        Self {
            _witness: witness,
            stack,
            http,
            folder,
            dynamodb: OnceLock::new(),
        }
    }

    /// Where it keeps what it stores.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The stack itself.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// A user who has just signed up as `name`@example.com, in a tenant of their own.
    pub async fn member(&self, name: &str) -> Member {
        Member::sign_up(self.http.clone(), self.stack.api_url(), name).await
    }

    /// The same user, with a new session.
    pub async fn log_in(&self, member: &Member) -> Member {
        member.log_in().await
    }

    /// Whoever has just been signed in, as the answer's `data` says.
    pub fn signed_in(&self, data: &Value) -> Member {
        Member::of(self.http.clone(), self.stack.api_url(), data)
    }

    /// A request by nobody in particular.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("it is a method");
        let url = format!("{}{path}", self.stack.api_url());
        self.http.request(method, url)
    }

    /// A POST by nobody in particular.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        let response = self.request("POST", path).json(&body).send().await;
        Answer::of(response.expect("the API answers")).await
    }

    /// A GET by nobody in particular.
    pub async fn get(&self, path: &str) -> Answer {
        let response = self.request("GET", path).send().await;
        Answer::of(response.expect("the API answers")).await
    }

    /// Moves the stack's time forward.
    pub fn advance(&self, by: Duration) {
        self.stack.clock().advance(by);
    }

    /// Returns once all that follows from what was done has been done, but for what waits for its time.
    pub async fn settled(&self) {
        let settled = self.stack.triggers().settle(Until::Idle, PATIENCE).await;
        settled.expect("all that follows is done");
    }

    /// Runs a sweep now, whatever its schedule.
    pub async fn sweep(&self, function: &str) {
        let schedule = format!("{function}-Sweep");
        let fired = self.stack.triggers().fire(&schedule).await;
        fired.expect("it is swept");
    }

    /// The caught mail, newest first.
    pub async fn outbox(&self) -> Vec<Email> {
        let emails = self.stack.gateway().outbox.emails().await;
        emails.expect("the outbox can be read")
    }

    /// The caught mail whose subject begins so, newest first.
    pub async fn emails(&self, subject: &str) -> Vec<Email> {
        let mut emails = self.outbox().await;
        emails.retain(|email| email.subject.starts_with(subject));
        emails
    }

    /// The token of the link to a page that was emailed to an address last, once all has been sent.
    pub async fn emailed(&self, address: &str, page: &str) -> String {
        self.settled().await;
        let page = format!("/{page}?token=");
        let emails = self.outbox().await;
        let token = emails
            .iter()
            .filter(|email| email.to == [address])
            .filter_map(|email| email.text.as_deref()?.split_once(&page))
            .find_map(|(_, link)| link.split_whitespace().next());
        let token = token.unwrap_or_else(|| panic!("no {page} was emailed to {address}"));
        token.to_owned()
    }

    /// Orders bad luck.
    pub fn fault(&self, fault: Fault) -> Armed {
        self.stack.front().fault(fault)
    }

    /// The AWS calls that invocations of a function have made since the journal was last cleared.
    pub fn calls_of(&self, function: &str) -> Vec<CallRecord> {
        let calls = self.stack.front().journal().calls();
        calls
            .into_iter()
            .filter(|call| call.function.as_deref() == Some(function))
            .collect()
    }

    /// Forgets the AWS calls that were made.
    pub fn forget_calls(&self) {
        self.stack.front().journal().clear();
    }

    /// Ends it as Ctrl-C does.
    pub async fn stop(self) {
        self.stack.stop().await;
    }
}

/// What goes wrong shows in the output of the test that it goes wrong in; `RUST_LOG` asks for more.
fn log_failures() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error"));
    let _already_set = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_test_writer()
        .try_init();
}
