//! One route at a time is asked one thing after the other: so its calls can be told apart.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use reqwest::Client;
use shared::model::account::Role;
use tests::{PATIENCE, Socket};

use super::credentials::{Admission, Credential, Standing, bearer};
use super::places::{At, Form, Place};
use super::private::Private;
use super::request::Request;
use super::routes::{Entry, Policy, Route};
use super::scene::{OWN, Scene};
use super::tally::Tally;
use super::told::Told;
use super::values::{self, HasTo, Value};

/// A route, and what it has been asked.
pub(super) struct Lane<'a> {
    scene: &'a Scene,
    route: &'a Route,
    /// Which one it is, from 1 on.
    number: u8,
    asked: usize,
    client: Client,
    /// What is asked, with other things put in.
    base: Option<Request>,
    /// What it has served, where a key went in that can be used once.
    used: Option<(Request, Credential)>,
    /// The connection that messages go over; nothing once it has been closed.
    socket: Option<Socket>,
    pub(super) tally: Tally,
}

/// An answer, and the calls that were made for it.
struct Seen {
    told: Told,
    comparable: String,
    calls: Vec<String>,
}

/// How much is asked from one address: how often one asks is counted, and so much is never too often.
const OF_ONE_ADDRESS: usize = 200;

/// The place that stands for the whole of a request.
const WHOLE: &str = "as it is";

/// The status of what is done later, and of what can't be done yet.
const ACCEPTED: u64 = 202;
const CONFLICT: u16 = 409;

impl<'a> Lane<'a> {
    pub(super) fn new(scene: &'a Scene, route: &'a Route, number: u8) -> Self {
        Self {
            scene,
            route,
            number,
            asked: 0,
            client: client(number, 0),
            base: None,
            used: None,
            socket: None,
            tally: Tally::default(),
        }
    }

    /// How its route is sent something.
    pub(super) fn entry(&self) -> Entry {
        self.route.entry
    }

    /// That it does what it is for: else nothing that it refuses would say anything. For whom it does it,
    /// each of them somebody new, so that nobody else is ended by what it does.
    pub(super) async fn serves(&mut self) {
        let (request, owner) = self.fresh().await;
        self.base = Some(self.of_the_tenant(&request).one_by_one());
        if self.route.entry == Entry::Message {
            return self.serves_messages(&request).await;
        }
        let owner = owner.unwrap_or_else(|| self.nobody());
        let mut seen = self.ask(&request, &owner, WHOLE).await;
        // What is done later is done for one at a time, and another route's event may have asked for it too.
        while self.route.success == ACCEPTED && seen.told.status == CONFLICT {
            tokio::task::yield_now().await;
            seen = self.ask(&request, &owner, WHOLE).await;
        }
        let expected = match self.route.entry {
            Entry::Handshake => 101,
            _ => self.route.success,
        };
        if u64::from(seen.told.status) != expected {
            self.wrong(
                &owner,
                "its event",
                &format!("{} instead of {expected}", seen.told),
            );
        }
        if self
            .route
            .places
            .iter()
            .any(|place| place.form == Form::Key)
        {
            self.used = Some((request, owner));
        }
        let least = match self.route.policy {
            Policy::Anyone | Policy::Author(_) => return,
            Policy::Known | Policy::Person => Role::Viewer,
            Policy::Member(least) | Policy::InPerson(least) => least,
            Policy::AdminOrOneself | Policy::Maker(_) => Role::Admin,
        };
        let roles = [Role::Viewer, Role::Editor, Role::Admin];
        for role in roles.into_iter().filter(|role| *role >= least) {
            let member = self.scene.newcomer(role).await;
            self.is_let_in("somebody new", &member.token).await;
        }
        let outsider = self.scene.outsider().await;
        self.is_let_in("an outsider", &outsider.token).await;
    }

    /// The same of the tenant that all requests are of, where it has a tenant of its own: that may be gone once
    /// it has been served.
    fn of_the_tenant(&self, request: &Request) -> Request {
        let mut places = self.route.places.iter();
        let named = places.find(|place| place.selects_the_tenant);
        match named.filter(|_| self.route.event.contains("{{ada.spare}}")) {
            None => request.clone(),
            Some(place) => {
                let mut same = request.with(&place.at, &self.scene.tenant);
                same.thrown = None;
                same
            }
        }
    }

    /// Everything that has to be refused, or comes to nothing.
    pub(super) async fn refuses(&mut self) {
        let base = self.base.clone().expect("it has served");
        for (number, credential) in self.scene.credentials.iter().enumerate() {
            if self.open(credential).await {
                self.refuses_to(&base, credential, number).await;
            }
        }
    }

    /// What is private in the tenant is not there for its other members, wherever it is named; and who may read it
    /// changes nothing of it.
    pub(super) async fn keeps_what_is_private(&mut self) {
        let (base, scene) = (self.base.clone().expect("it has served"), self.scene);
        let places = self.route.places.iter();
        let named = places.filter_map(|place| Some((&place.at, scene.private.named_at(place)?)));
        let named: Vec<_> = named.collect();
        // One after the other, and all that its event names at once: what is within it is named beside it.
        let alone = named.iter().map(std::slice::from_ref);
        let own = named.iter().filter(|(at, _)| base.at(at).is_some());
        let own: Vec<_> = own.cloned().collect();
        let together = (own.len() > 1).then_some(own.as_slice());
        for places in alone.chain(together) {
            let whole = |which: usize| {
                let requests = places.iter();
                requests.fold(base.clone(), |request, (at, texts)| {
                    request.with(at, &texts[which])
                })
            };
            let at: Vec<String> = places.iter().map(|(at, _)| at.to_string()).collect();
            let at = at.join(" and ");
            for credential in [self.member(Role::Admin), self.member(Role::Editor)] {
                self.open(&credential).await;
                let seen = self.ask(&whole(0), &credential, &at).await.comparable;
                let nobodys = self.ask(&whole(1), &credential, &at).await.comparable;
                if seen != nobodys {
                    let told = format!("{seen}\nis not\n{nobodys}");
                    self.leak(&credential, &at, "what is private", &told);
                }
            }
        }
        if own.is_empty() {
            return;
        }
        let reader = &scene.private.reader;
        self.open(reader).await;
        let request = own
            .iter()
            .fold(base, |request, (at, texts)| request.with(at, &texts[0]));
        let seen = self.ask(&request, reader, WHOLE).await;
        let expected = Private::status_for_its_reader(self.route);
        if u64::from(seen.told.status) != expected {
            let told = format!("{} instead of {expected}", seen.told);
            self.wrong(reader, "what is private", &told);
        }
    }

    /// A key that has been used opens nothing any more.
    pub(super) async fn refuses_what_was_used(&mut self) {
        let Some((request, owner)) = self.used.take() else {
            return;
        };
        let seen = self.ask(&request, &owner, "a key that was used").await;
        if !seen.told.gives_nothing() {
            self.leak(&owner, WHOLE, "a key that was used", &seen.told.to_string());
        }
    }

    /// Where any text may stand, another tenant's id is one like any other.
    pub(super) async fn takes_texts(&mut self) {
        if self.route.entry == Entry::Message {
            self.open(&self.member(Role::Admin)).await;
        }
        for place in self
            .route
            .places
            .iter()
            .filter(|place| place.form == Form::Text)
        {
            let values = values::of(self.scene, self.route, place);
            let several = if self.scene.thorough { values.len() } else { 1 };
            // Each once: a name, say, that may be there once is taken then.
            let mut nobodys = HashMap::new();
            for value in values.into_iter().take(several) {
                let HasTo::BeAs(instead) = &value.has_to else {
                    continue;
                };
                let told = self.told_of_text(&place.at, &value.text).await;
                if !nobodys.contains_key(instead) {
                    let told = self.told_of_text(&place.at, instead).await;
                    nobodys.insert(instead.clone(), told);
                }
                let nobodys = &nobodys[instead];
                if told != *nobodys {
                    let told = format!("{told}\nis not\n{nobodys}");
                    self.leak(&self.nobody(), &place.at.to_string(), &value.what, &told);
                }
            }
        }
    }

    /// What is answered to a text. What is served shows whatever is there by now.
    async fn told_of_text(&mut self, at: &At, text: &str) -> String {
        let (base, owner) = self.fresh().await;
        let owner = owner.unwrap_or_else(|| self.nobody());
        let request = base.with(at, text);
        let seen = self.ask(&request, &owner, &at.to_string()).await;
        if seen.told.status < 400 {
            seen.told.status.to_string()
        } else {
            seen.comparable
        }
    }

    async fn refuses_to(&mut self, base: &Request, credential: &Credential, number: usize) {
        let admission = credential.admission(self.route.policy);
        if admission != Admission::Admitted {
            let seen = self.ask(base, credential, WHOLE).await;
            self.has_to_be_turned_away(credential, admission, WHOLE, &seen);
        }
        let mut nobodys = HashMap::new();
        for place in &self.route.places {
            let admission = match place.at {
                // A tenant is looked for before it is looked what somebody may do there.
                At::Header(_) | At::Path(_) | At::Host
                    if place.selects_the_tenant && admission != Admission::Unauthenticated =>
                {
                    Admission::Admitted
                }
                _ => admission,
            };
            if admission == Admission::Admitted && place.form == Form::Text {
                continue;
            }
            let values = values::chosen(self.scene, self.route, place, (number, admission));
            let own = self.own(base, credential, place, &values);
            for value in values.into_iter().chain(own) {
                let request = base.with(&place.at, &value.text);
                let at = place.at.to_string();
                if admission != Admission::Admitted {
                    let seen = self.ask(&request, credential, &at).await;
                    if !self.is_read_first(admission, &value.has_to, &seen) {
                        self.has_to_be_turned_away(credential, admission, &at, &seen);
                    }
                    continue;
                }
                let instead = match &value.has_to {
                    HasTo::BeAs(instead) => Some(base.with(&place.at, instead)),
                    HasTo::BeRefused(_) => None,
                };
                if let Some(instead) = instead
                    && nobodys.is_empty()
                {
                    // A function that has seen neither the key nor the tenant yet makes a call more.
                    self.ask(&instead, credential, &at).await;
                }
                let seen = self.ask(&request, credential, &at).await;
                match &value.has_to {
                    HasTo::BeRefused(statuses) => {
                        if !is_among(seen.told.status, statuses, self.route.entry) {
                            self.wrong(
                                credential,
                                &format!("{at}: {}", value.text),
                                &seen.told.to_string(),
                            );
                        }
                    }
                    HasTo::BeAs(instead) => {
                        let nobody = base.with(&place.at, instead);
                        let key = (at.clone(), instead.clone());
                        if !nobodys.contains_key(&key) {
                            let told = self.ask(&nobody, credential, &at).await;
                            nobodys.insert(key.clone(), told);
                        }
                        let mut both = (seen, &nobodys[&key]);
                        let again;
                        // What is counted beside an answer is given up where it takes too long. What tells two things
                        // apart does so again.
                        if both.0.calls != both.1.calls && both.0.comparable == both.1.comparable {
                            both.0 = self.ask(&request, credential, &at).await;
                            again = self.ask(&nobody, credential, &at).await;
                            both.1 = &again;
                        }
                        self.compare(credential, &at, &value, &both.0, both.1);
                    }
                }
            }
        }
    }

    /// For whom the tenant is another, what the route's own event has there is another tenant's, too.
    fn own(
        &self,
        base: &Request,
        credential: &Credential,
        place: &Place,
        values: &[Value],
    ) -> Option<Value> {
        let (what, text) = match (&place.at, credential.standing) {
            (At::Header(_), Standing::Outsider | Standing::Former) => {
                ("the tenant", self.scene.tenant.as_str())
            }
            (At::Host, Standing::Outsider | Standing::Former) => ("the tenant's slug", OWN),
            (_, Standing::Outsider) if place.is_of_a_tenant() => {
                ("the event's own", base.at(&place.at)?)
            }
            _ => return None,
        };
        let instead = values.iter().find_map(|value| match &value.has_to {
            HasTo::BeAs(instead) if kind(instead) == kind(text) => Some(instead.clone()),
            _ => None,
        });
        Some(Value {
            what: what.to_owned(),
            text: text.to_owned(),
            has_to: HasTo::BeAs(instead?),
        })
    }

    fn compare(
        &mut self,
        credential: &Credential,
        at: &str,
        value: &Value,
        seen: &Seen,
        nobodys: &Seen,
    ) {
        if seen.comparable != nobodys.comparable {
            let told = format!("{}\nis not\n{}", seen.comparable, nobodys.comparable);
            self.leak(credential, at, &value.what, &told);
        }
        // Other routes change the same project at the same time: who loses that race reads and writes again.
        let has_raced = |seen: &Seen| {
            seen.comparable.starts_with('2')
                && seen
                    .calls
                    .iter()
                    .any(|call| call == "TransactWriteItems 400")
        };
        if seen.calls != nobodys.calls && !has_raced(seen) && !has_raced(nobodys) {
            let told = format!("{:?} were called, and not {:?}", seen.calls, nobodys.calls);
            self.leak(credential, at, &value.what, &told);
        }
    }

    /// Whether what was sent was refused for what it is, where that is looked at before the role.
    fn is_read_first(&self, admission: Admission, has_to: &HasTo, seen: &Seen) -> bool {
        let HasTo::BeRefused(statuses) = has_to else {
            return false;
        };
        self.route.policy == Policy::AdminOrOneself
            && admission == Admission::Forbidden
            && is_among(seen.told.status, statuses, self.route.entry)
    }

    fn has_to_be_turned_away(
        &mut self,
        credential: &Credential,
        admission: Admission,
        at: &str,
        seen: &Seen,
    ) {
        let (status, code) = match admission {
            Admission::Unauthenticated => (401, "UNAUTHENTICATED"),
            Admission::Forbidden => (403, "FORBIDDEN"),
            Admission::Homeless => (404, "NOT_FOUND"),
            Admission::Admitted => return,
        };
        if admission == Admission::Unauthenticated && self.route.entry != Entry::Message {
            self.tally.refusals.insert(seen.comparable.clone());
        }
        let is_one = seen
            .told
            .is_the_refusal(code, admission == Admission::Unauthenticated);
        if seen.told.status != status || !is_one {
            self.wrong(credential, at, &seen.told.to_string());
        }
    }

    /// Asks, and looks whether anything of the victim's is in the answer.
    async fn ask(&mut self, request: &Request, credential: &Credential, at: &str) -> Seen {
        let turn = &self.scene.turns[self.route.name];
        let _its_turn = turn.lock().await;
        self.tally.probe(&self.route.label, at);
        self.asked += 1;
        if self.asked.is_multiple_of(OF_ONE_ADDRESS) {
            let number = u8::try_from(self.asked / OF_ONE_ADDRESS).expect("there are few");
            self.client = client(self.number, number);
        }
        let journal = self.scene.app.stack().front().journal();
        let _before = journal.take_calls_of(self.route.name);
        let told = if self.route.entry == Entry::Message {
            self.tell(&request.message()).await
        } else {
            let api = self.scene.app.stack().api_url();
            request.send(&self.client, &api, credential).await
        };
        let mut calls: Vec<String> = journal
            .take_calls_of(self.route.name)
            .iter()
            .map(|call| format!("{} {}", call.operation, call.status.unwrap_or_default()))
            // Other routes count calls of the same users at the same time: who loses that race counts again.
            .filter(|call| call != "UpdateItem 400" || told.status == 429)
            .collect();
        calls.sort();
        let canaries = self.scene.victim.canaries.iter();
        let seen: Vec<_> = canaries
            .filter(|canary| told.has(canary) && !request.says(canary))
            .cloned()
            .collect();
        for canary in seen {
            self.leak(credential, at, &canary, &told.to_string());
        }
        let private = &self.scene.private;
        if told.has(&private.word) && credential.name != private.reader.name {
            self.leak(credential, at, "what is private", &told.to_string());
        }
        if told.status >= 500 {
            self.wrong(credential, at, &told.to_string());
        }
        Seen {
            comparable: told.comparable(request.thrown.as_deref()),
            told,
            calls,
        }
    }

    async fn tell(&mut self, message: &str) -> Told {
        let Some(socket) = &mut self.socket else {
            return Told::over_a_socket(None);
        };
        socket.send_text(message).await;
        Told::over_a_socket(socket.next().await.as_ref())
    }

    /// Opens the connection that messages go over. Returns whether there is a way to ask at all: who has
    /// never been let in has no connection.
    async fn open(&mut self, credential: &Credential) -> bool {
        if self.route.entry != Entry::Message {
            return true;
        }
        self.socket = self.scene.connect(credential).await;
        self.socket.is_some()
    }

    async fn serves_messages(&mut self, request: &Request) {
        for credential in &self.scene.credentials {
            if matches!(credential.standing, Standing::Member(_) | Standing::Key(_)) {
                self.open(credential).await;
                let seen = self.ask(request, credential, WHOLE).await;
                if seen.told.status != 200 {
                    self.wrong(credential, "its event", &seen.told.to_string());
                }
            }
        }
    }

    async fn is_let_in(&mut self, name: &'static str, token: &str) {
        let event = self.scene.fill(self.route).await;
        let (request, _) = Request::of(self.route, &event);
        let credential = bearer(name, token, Standing::Nobody);
        let seen = self.ask(&request, &credential, WHOLE).await;
        if [401, 403].contains(&seen.told.status) {
            self.wrong(&credential, "its event", &seen.told.to_string());
        }
    }

    async fn fresh(&self) -> (Request, Option<Credential>) {
        let event = self.scene.fill_anew(self.route).await;
        Request::of(self.route, &event)
    }

    fn nobody(&self) -> Credential {
        self.scene.credentials[0].clone()
    }

    fn member(&self, role: Role) -> Credential {
        let mut credentials = self.scene.credentials.iter();
        let member = credentials.find(|credential| credential.standing == Standing::Member(role));
        member.expect("there is one").clone()
    }

    fn leak(&mut self, credential: &Credential, at: &str, what: &str, told: &str) {
        let line = format!(
            "{}, {at}, {what}, {}: {told}",
            self.route.label, credential.name
        );
        self.tally.leaks.push(line);
    }

    fn wrong(&mut self, credential: &Credential, what: &str, told: &str) {
        let line = format!("{}, {what}, {}: {told}", self.route.label, credential.name);
        self.tally.wrong.push(line);
    }
}

/// A message is refused as such: with 422 whatever was wrong with it.
fn is_among(status: u16, statuses: &[u16], entry: Entry) -> bool {
    statuses.contains(&status) || entry == Entry::Handshake && status == 401
}

/// `project` of `project/{id}`.
fn kind(text: &str) -> Option<&str> {
    text.split_once('/').map(|(kind, _)| kind)
}

fn client(route: u8, number: u8) -> Client {
    let address = Ipv4Addr::new(127, 0, route, number + 1);
    Client::builder()
        .local_address(std::net::IpAddr::from(address))
        .tls_certs_only([])
        .timeout(PATIENCE)
        .build()
        .expect("a client can be made")
}
