//! What a function is: its name, what triggers it and what of AWS it uses.
//!
//! An [`Endpoint`] stands beside its handler and is the truth; the folders, `template.yaml`, the
//! cargo-lambda router and `events/` are held against it by the conformance test.

pub mod capability;
mod rate;
pub mod uses;

pub use capability::Capability;
pub use rate::Rate;
pub use uses::{Resource, Use};

/// A function's description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// The function's one name: folder, crate, binary, Lambda, events folder.
    pub name: &'static str,
    /// What invokes it.
    pub trigger: Trigger,
    /// The other routes of the HTTP API that invoke it, of the same resource: method and path.
    pub also: &'static [(&'static str, &'static str)],
    /// The largest HTTP body it takes, in bytes.
    pub body_limit: usize,
    /// What is said of a larger one, where there is more to say than the limit.
    pub body_limit_hint: Option<&'static str>,
    /// What it is granted to find out who calls, and how often they have.
    callers: &'static [Use],
    /// What else it is granted.
    uses: &'static [Use],
    /// Whether it acts for all tenants, with its own role alone: a short, tested list.
    pub unbound: bool,
    /// What its calls count as, where those of whoever is known are limited.
    pub rate: Rate,
    /// Whether what it changes has an `ETag`, so that a change can be of what was seen alone.
    pub takes_if_match: bool,
    /// The method by which it makes something new, of which nobody can have seen anything.
    pub makes_by: Option<&'static str>,
}

/// What invokes a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// A route of the HTTP API; the path `$default` takes what no other route does.
    Http {
        /// Upper case, or `ANY`.
        method: &'static str,
        /// As in API Gateway: `/api/projects/{id}`.
        path: &'static str,
    },
    /// Routes of the WebSocket API.
    Socket {
        /// Route keys: `$connect`, or the `action` of a message.
        routes: &'static [&'static str],
    },
    /// The stream of the table `Data`.
    Stream,
    /// An SQS queue.
    Queue,
    /// A schedule.
    Schedule,
}

/// 128 KiB: larger than any input without a file, also with every character of it written as an escape.
const BODY_LIMIT: usize = 128 * 1024;

/// The path of a tenant.
const TENANT: &str = "/api/tenants/{id}";

impl Endpoint {
    /// A route of the HTTP API.
    pub const fn http(name: &'static str, method: &'static str, path: &'static str) -> Self {
        Self::new(name, Trigger::Http { method, path })
    }

    /// Routes of the WebSocket API.
    pub const fn socket(name: &'static str, routes: &'static [&'static str]) -> Self {
        Self::new(name, Trigger::Socket { routes })
    }

    /// A reader of the log, in its order.
    pub const fn stream(name: &'static str) -> Self {
        Self::new(name, Trigger::Stream)
    }

    /// A consumer of a queue.
    pub const fn queue(name: &'static str) -> Self {
        Self::new(name, Trigger::Queue)
    }

    /// What runs by the clock.
    pub const fn schedule(name: &'static str) -> Self {
        Self::new(name, Trigger::Schedule)
    }

    /// The same endpoint behind other routes as well, of the same resource and with the same uses: `PATCH` beside
    /// `PUT`. Each has a handler ([`crate::lambda::Function::route`]). What they share is deployed once, for a
    /// stack of CloudFormation has room for 500 resources.
    #[must_use]
    pub const fn also(mut self, routes: &'static [(&'static str, &'static str)]) -> Self {
        self.also = routes;
        self
    }

    /// Method and path of each of its routes of the HTTP API; none if it has another trigger.
    pub fn routes(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let first = match self.trigger {
            Trigger::Http { method, path } => Some((method, path)),
            _ => None,
        };
        first.into_iter().chain(self.also.iter().copied())
    }

    /// The same endpoint, of callers who are known: granted what it takes to know them.
    #[must_use]
    pub const fn called_by(mut self, callers: &'static [Use]) -> Self {
        self.callers = callers;
        self
    }

    /// The same endpoint, granted `uses`.
    #[must_use]
    pub const fn uses(mut self, uses: &'static [Use]) -> Self {
        self.uses = uses;
        self
    }

    /// The same endpoint with another limit for its body, in bytes, and what is said of a larger one.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize, hint: Option<&'static str>) -> Self {
        self.body_limit = bytes;
        self.body_limit_hint = hint;
        self
    }

    /// The same endpoint, for all tenants at once: nothing keeps it to one.
    #[must_use]
    pub const fn unbound(mut self) -> Self {
        self.unbound = true;
        self
    }

    /// The same endpoint, whose calls count as more than calls.
    #[must_use]
    pub const fn rate(mut self, rate: Rate) -> Self {
        self.rate = rate;
        self
    }

    /// The same endpoint, whose changes look at `If-Match`. All others refuse it: who sends it must not believe that
    /// nobody's change is lost.
    #[must_use]
    pub const fn takes_if_match(mut self) -> Self {
        self.takes_if_match = true;
        self
    }

    /// The same endpoint, where requests by `method` make something new: they look at no `If-Match`.
    #[must_use]
    pub const fn makes_by(mut self, method: &'static str) -> Self {
        self.makes_by = Some(method);
        self
    }

    /// Whether a request by `method` looks at `If-Match`.
    pub fn looks_at_if_match(&self, method: &str) -> bool {
        self.takes_if_match && self.makes_by != Some(method)
    }

    /// The AWS actions that it is granted, and no others.
    pub fn granted(&self) -> impl Iterator<Item = &'static Use> + use<> {
        self.callers.iter().chain(self.uses)
    }

    /// Whether it is granted `used`.
    pub fn is_granted(&self, used: &Use) -> bool {
        self.granted().any(|granted| granted == used)
    }

    /// Whether it uses `resource` at all.
    pub fn names(&self, resource: Resource) -> bool {
        self.granted().any(|used| used.resource == resource)
    }

    /// Whether it keeps what it answers, for requests that come again. What has a cache is granted as much, and changes
    /// nothing.
    pub fn keeps_answers(&self) -> bool {
        let may = self.is_granted(&uses::IDEMPOTENCY) || self.is_granted(&uses::PERSONAL_ANSWERS);
        may && self.is_granted(&uses::CHANGE_NOTES)
    }

    /// Whether those who call it have to show who they are.
    pub fn authenticates(&self) -> bool {
        self.is_granted(&uses::AUTHENTICATE)
    }

    /// Whether a call of it asks for a search.
    pub fn searches(&self) -> bool {
        self.is_granted(&uses::SEARCH)
    }

    /// The environment variables that may be empty: the domain of tenants' host names, and the identity
    /// provider whose tokens are taken beside our own.
    pub fn optional_variables(&self) -> &'static [&'static str] {
        if self.authenticates() {
            &["TENANT_DOMAIN", "OIDC_ISSUER", "OIDC_AUDIENCE"]
        } else {
            &[]
        }
    }

    /// Whether its path names the tenant that it acts in: `/api/tenants/{id}`, and what is below it.
    pub fn names_its_tenant(&self) -> bool {
        match self.trigger {
            Trigger::Http { path, .. } => path
                .strip_prefix(TENANT)
                .is_some_and(|below| below.is_empty() || below.starts_with('/')),
            _ => false,
        }
    }

    /// Whether it is what answers when no route does: it looks at nothing that was sent.
    pub fn takes_anything(&self) -> bool {
        matches!(
            self.trigger,
            Trigger::Http {
                path: "$default",
                ..
            }
        )
    }

    /// Whether it is what answers when no action does: `action` is then for it to read.
    pub fn takes_any_action(&self) -> bool {
        matches!(self.trigger, Trigger::Socket { routes } if routes.contains(&"$default"))
    }

    const fn new(name: &'static str, trigger: Trigger) -> Self {
        Self {
            name,
            trigger,
            also: &[],
            body_limit: BODY_LIMIT,
            body_limit_hint: None,
            callers: &[],
            uses: &[],
            unbound: false,
            rate: Rate::Plain,
            takes_if_match: false,
            makes_by: None,
        }
    }
}
