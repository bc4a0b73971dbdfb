//! Where it is tried: a tenant whose things requests name, another that has nothing to do with it, and
//! whoever tries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

use local::events::{EventError, Filler};
use serde_json::{Value, json};
use shared::model::account::Role;
use tests::{Answer, App, Issuer, IssuerKey, Socket, tables};
use tokio::sync::Mutex;

use super::credentials::{self, Credential, External, People};
use super::members::{Key, Member, Original, State};
use super::private::Private;
use super::routes::Route;
use super::stored::Stored;
use super::tokens::{Mint, claims, with};
use super::victim::Victim;

/// An id that nothing has.
pub(super) const NOBODYS: &str = "01900000-0000-7000-8000-000000000000";

/// What the tenant is called whose things requests name.
pub(super) const OWN: &str = "its-own";

/// What a tenant was called that is there no longer.
pub(super) const GONE: &str = "long-gone";

/// All of it.
pub(super) struct Scene {
    pub(super) app: App,
    _issuer: Issuer,
    pub(super) victim: Victim,
    pub(super) credentials: Vec<Credential>,
    /// Ids of things of the tenant that are there no longer.
    pub(super) deleted: Ids,
    /// A tenant that is being deleted.
    pub(super) deleting: String,
    /// Ids of things of its tenant that belong to somebody who asks for nothing.
    pub(super) colleagues: Ids,
    /// Ids of things of the tenant that are in another project than the one that the events name.
    pub(super) elsewhere: Ids,
    /// What one of its members keeps to themselves.
    pub(super) private: Private,
    pub(super) mint: Mint,
    original: Original,
    /// The tenant whose things requests name.
    pub(super) tenant: String,
    outside: String,
    filler: Mutex<Filler>,
    fills: AtomicU32,
    /// A function is asked one thing at a time, whichever of its routes it is asked by: so its calls can be told
    /// apart.
    pub(super) turns: BTreeMap<&'static str, Mutex<()>>,
    /// Whether everything is tried with everything.
    pub(super) thorough: bool,
}

impl Scene {
    pub(super) async fn set(routes: &[Route]) -> Self {
        let issuer = Issuer::start().await;
        let app = issuer.app().await;
        let mut filler = Filler::new(&app.stack().api_url());
        let nouns = nouns(routes);
        let victim = Victim::of(&app, &mut filler, &nouns).await;
        let mint = Mint::of(&app).await;
        let mut fill = async |text: &str| filler.fill(text).await.expect("it can be filled");
        let ada = fill("{{ada}}").await;
        let tenant = fill("{{ada.tenant}}").await;
        let outside = fill("{{eve.tenant}}").await;
        let (email, token) = (fill("{{member.email}}").await, fill("{{member}}").await);
        let original = Original::of(&app, &email, &token).await;
        let copy = |tenant, role, state| original.copy(&app, &mint, (tenant, role, state));
        let admin = copy(&tenant, Role::Admin, State::Whole).await;
        let key = |role, state, expired| Key::of(&app, &admin, (role, state), expired);
        let people = People {
            viewers_key: key(Role::Viewer, State::Whole, false).await,
            editors_key: key(Role::Editor, State::Whole, false).await,
            admins_key: key(Role::Admin, State::Whole, false).await,
            revoked_key: key(Role::Admin, State::Revoked, false).await,
            expired_key: key(Role::Admin, State::Whole, true).await,
            invented_key: Key::invented(),
            viewer: copy(&tenant, Role::Viewer, State::Whole).await,
            editor: copy(&tenant, Role::Editor, State::Whole).await,
            admin: admin.clone(),
            confined: copy(&tenant, Role::Editor, State::Confined).await,
            logged_out: copy(&tenant, Role::Admin, State::LoggedOut).await,
            removed: copy(&tenant, Role::Admin, State::Removed).await,
            outsider: copy(&outside, Role::Admin, State::Whole).await,
            external: {
                let editor = copy(&tenant, Role::Editor, State::Whole).await;
                External::of(&app, &issuer, &editor, &tenant).await
            },
        };
        let colleague = copy(&tenant, Role::Admin, State::Whole).await;
        let with_a_log = copy(&tenant, Role::Admin, State::Whole).await;
        let path = "/api/log-out-everywhere";
        let ending = app.request("POST", path).bearer_auth(&with_a_log.token);
        let ended = ending.send().await.expect("the API answers");
        assert!(ended.status().is_success(), "{}", ended.status());
        let (mut deleted, elsewhere) = things(&app, &ada, &people).await;
        let keeper = copy(&tenant, Role::Editor, State::Whole).await;
        let reader = copy(&tenant, Role::Editor, State::Whole).await;
        let private = Private::of(&app, &keeper, &reader).await;
        let gone = fill("{{member.tenant}}").await;
        Stored::forget(&app, |pk, _| pk == format!("TENANT#{gone}")).await;
        for (slug, tenant) in [
            (victim.word.as_str(), &victim.things["tenant"]),
            (OWN, &tenant),
            (GONE, &gone),
        ] {
            let row = json!({ "pk": format!("SLUG#{slug}"), "sk": "SLUG", "tenant_id": tenant });
            app.put(tables::IDENTITY, &row).await;
        }
        deleted.insert("tenant", gone);
        let deleting = fill("{{doomed.tenant}}").await;
        app.being_deleted(&deleting).await;
        Self {
            _issuer: issuer,
            credentials: credentials::all(&people, &mint),
            colleagues: [("session", colleague.session), ("user", with_a_log.user)].into(),
            deleted,
            deleting,
            elsewhere,
            private,
            victim,
            mint,
            original,
            tenant,
            outside,
            filler: Mutex::new(filler),
            fills: AtomicU32::new(0),
            turns: routes
                .iter()
                .map(|route| (route.name, Mutex::default()))
                .collect(),
            thorough: std::env::var("TENON_MATRIX").is_ok_and(|value| value == "full"),
            app,
        }
    }

    /// A route's event, filled in anew. Whoever it names, but for ada, is somebody new.
    pub(super) async fn fill_anew(&self, route: &Route) -> Value {
        if route.event.contains("{{ada") {
            return self.fill(route).await;
        }
        let number = self.fills.fetch_add(1, Ordering::Relaxed);
        let event = with_new_names(&route.event, number);
        // One of its own: signing up takes time, and so does an email.
        let mut filler = Filler::new(&self.app.stack().api_url());
        read(route, filler.fill(&event).await)
    }

    /// A route's event, filled in. Whoever it names stays the same.
    pub(super) async fn fill(&self, route: &Route) -> Value {
        read(route, self.filler.lock().await.fill(&route.event).await)
    }

    /// Somebody new in the tenant.
    pub(super) async fn newcomer(&self, role: Role) -> Member {
        let who = (self.tenant.as_str(), role, State::Whole);
        self.original.copy(&self.app, &self.mint, who).await
    }

    /// Somebody new in a tenant that has nothing to do with it.
    pub(super) async fn outsider(&self) -> Member {
        let who = (self.outside.as_str(), Role::Admin, State::Whole);
        self.original.copy(&self.app, &self.mint, who).await
    }

    /// A WebSocket of whoever holds a credential; nothing if it never opened one. Who has been shut out since
    /// had opened it before.
    pub(super) async fn connect(&self, credential: &Credential) -> Option<Socket> {
        let (name, own) = credential.header.clone()?;
        let was = match credential.ended {
            Some(_) => Some(self.newcomer(Role::Admin).await),
            None => None,
        };
        let shown = match (&was, credential.ended) {
            (Some(maker), Some(State::Revoked)) => {
                let whole = (Role::Admin, State::Whole);
                Key::of(&self.app, maker, whole, false).await.0
            }
            (Some(member), _) => format!("Bearer {}", member.token),
            (None, _) => own,
        };
        let request = self.app.request("POST", "/api/realtime-ticket");
        let mut request = request.header(name, shown).json(&json!({}));
        if let Some(tenant) = &credential.tenant {
            request = request.header("x-tenant-id", tenant);
        }
        let answer = Answer::of(request.send().await.expect("the API answers")).await;
        let ticket = answer.body["data"]["ticket"].as_str()?.to_owned();
        let api = self.app.stack().api_url().replacen("http", "ws", 1);
        let socket = Socket::connect(&format!("{api}/ws?ticket={ticket}")).await;
        if let (Some(member), Some(state)) = (was, credential.ended) {
            let ended = match state {
                State::Removed => "MEMBER#",
                State::Revoked => "KEY#",
                State::Whole | State::LoggedOut | State::Confined => "SESSION#",
            };
            let user = format!("USER#{}", member.user);
            Stored::forget(&self.app, |pk, sk| {
                pk.starts_with(&user) && sk.starts_with(ended)
            })
            .await;
        }
        Some(socket)
    }

    /// The emails to others than the victim that have one of `texts`.
    pub(super) async fn emails_with(&self, texts: &[String]) -> Vec<String> {
        let emails = self.app.outbox().await.into_iter();
        let others = emails.filter(|email| !email.to.concat().contains(&self.victim.word));
        others
            .map(|email| format!("{email:?}"))
            .filter(|email| texts.iter().any(|text| email.contains(text.as_str())))
            .collect()
    }

    /// All that is stored, once nothing is under way any more.
    pub(super) async fn stored(&self) -> Stored {
        self.app.settled().await;
        Stored::read(&self.app).await
    }
}

fn read(route: &Route, filled: Result<String, EventError>) -> Value {
    let filled = filled.unwrap_or_else(|error| panic!("the event of {}: {error}", route.name));
    serde_json::from_str(&filled).expect("it is JSON")
}

/// What the events of routes name.
fn nouns(routes: &[Route]) -> BTreeSet<String> {
    let mut nouns: BTreeSet<String> = ["tenant", "user", "project", "task", "session"]
        .map(str::to_owned)
        .into();
    for route in routes {
        let named = route.event.split("{{").skip(1);
        let named = named.filter_map(|text| text.split_once("}}")?.0.split_once('.'));
        nouns.extend(named.map(|(_, noun)| noun.to_owned()));
        nouns.extend(route.places.iter().filter_map(|place| place.noun.clone()));
    }
    for no_key in ["email", "password"] {
        nouns.remove(no_key);
    }
    nouns
}

/// `{{gus.reset}}` becomes `{{gush.reset}}`: what is done to somebody is done once.
fn with_new_names(event: &str, number: u32) -> String {
    let mut parts = event.split("{{");
    let mut renamed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        renamed += "{{";
        let end = part.find(['.', '}']).unwrap_or_default();
        let (name, rest) = part.split_at(end);
        renamed += name;
        if name != "email" {
            renamed += &letters(number);
        }
        renamed += rest;
    }
    renamed
}

/// Ids by what they are of.
type Ids = BTreeMap<&'static str, String>;

/// A number in letters, of which names are made.
pub(super) fn letters(mut number: u32) -> String {
    let mut letters = String::new();
    loop {
        let digit = u8::try_from(number % 26).expect("it is one of 26");
        letters.push(char::from(b'a' + digit));
        number /= 26;
        if number == 0 {
            return letters;
        }
    }
}

impl External {
    /// The provider's tokens, one of them for somebody who is a member already.
    async fn of(app: &App, issuer: &Issuer, editor: &Member, tenant: &str) -> Self {
        let claims = issuer.claims("external");
        let token = issuer.signed(&claims);
        let visit = app.request("GET", "/api/me").bearer_auth(&token);
        let answer = Answer::of(visit.send().await.expect("the API answers")).await;
        answer.expect(200);
        for mut link in app.rows(tables::IDENTITY, "OIDC").await {
            link["user_id"] = json!(editor.user);
            app.put(tables::IDENTITY, &link).await;
        }
        let signed = |others: Value| issuer.signed(&with(&claims, &others));
        let mut stranger = IssuerKey::rsa("stranger");
        stranger.kid = issuer.key().kid;
        Self {
            editor: (token, tenant.to_owned()),
            expired: signed(json!({ "iat": 1_700_000_000, "exp": 1_700_000_900 })),
            elsewhere: signed(json!({ "aud": "another-client" })),
            signed_by_another: stranger.signed(&claims),
        }
    }
}

/// What the tenant had and has no longer, and what it has in another project.
async fn things(app: &App, ada: &str, people: &People) -> (Ids, Ids) {
    let made = async |path: &str, body: Value| {
        let request = app.request("POST", path).bearer_auth(ada).json(&body);
        Answer::of(request.send().await.expect("the API answers"))
            .await
            .expect(201)
    };
    let id = |value: &Value| value["id"].as_str().expect("it has an id").to_owned();
    let project = id(&made("/api/create-project", json!({ "name": "Gone" })).await["project"]);
    let kept = id(&made("/api/create-project", json!({ "name": "Kept" })).await["project"]);
    let task = json!({ "projectId": kept, "title": "Count down" });
    let elsewhere = id(&made("/api/create-task", task.clone()).await["task"]);
    let task = id(&made("/api/create-task", task).await["task"]);
    let said = json!({ "text": "Ten, nine" });
    let comments = format!("/api/tasks/{elsewhere}/comments");
    let comment = id(&made(&comments, said.clone()).await["data"]);
    let taken_back = id(&made(&comments, said).await["data"]);
    let labels = format!("/api/projects/{kept}/labels");
    let label = id(&made(&labels, json!({ "name": "Fuel" })).await["data"]);
    let peeled = id(&made(&labels, json!({ "name": "Weather" })).await["data"]);
    app.settled().await;
    let is_gone = |key: &str| {
        [&project, &task, &taken_back, &peeled]
            .iter()
            .any(|id| key.contains(id.as_str()))
    };
    Stored::forget(app, |pk, sk| is_gone(pk) || is_gone(sk)).await;
    let deleted = [
        ("project", project),
        ("commented", task.clone()),
        ("task", task),
        ("comment", taken_back),
        ("label", peeled),
        ("session", people.logged_out.session.clone()),
        ("user", people.removed.user.clone()),
    ];
    let elsewhere = [("task", elsewhere), ("comment", comment), ("label", label)];
    (deleted.into(), elsewhere.into())
}

/// The tenant of a token.
pub(super) fn tenant_of(token: &str) -> String {
    claims(token)["tenant_id"]
        .as_str()
        .expect("it has one")
        .to_owned()
}
