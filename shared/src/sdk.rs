//! What handlers call: a handle for each service, lazy and cheap to clone.
//!
//! An [`Sdk`] is made for each request, from connections that the function shares and that request's
//! deadline and trace. No client exists before its first call, so a binary whose handler never stores an
//! object holds no `PutObject`.

pub mod accounts;
pub(crate) mod admission;
pub mod ai;
pub mod audit;
pub(crate) mod backoff;
pub mod cache;
pub mod change;
pub mod clock;
pub mod connections;
pub(crate) mod credentials;
pub mod db;
pub(crate) mod derivation;
pub(crate) mod dynamo;
pub mod erasure;
pub mod exports;
pub(crate) mod failure;
pub(crate) mod guard;
pub mod health;
pub(crate) mod idempotency;
pub mod mail;
pub(crate) mod oidc;
pub mod queue;
pub(crate) mod rates;
pub(crate) mod request;
pub mod search;
pub mod socket;
pub mod storage;
pub mod token;
pub mod uploads;
pub mod usage;

use std::sync::Arc;
use std::time::Duration;

use self::request::Request;
use crate::error::Result;
use crate::idempotency::Idempotency;
use crate::model::account::Permission;
use crate::model::audit::Origin;
use crate::tenant::Tenant;

/// The services, for one request.
#[derive(Clone, Debug)]
pub struct Sdk {
    /// Tenants' rows, and the changes to them.
    pub db: db::Db,
    /// Users, sessions and memberships.
    pub accounts: accounts::Accounts,
    /// Who did what.
    pub audit: audit::Audit,
    /// Values that may be a little old.
    pub cache: cache::Cache,
    /// Whether what all else stands on answers.
    pub health: health::Health,
    /// Copies of all that is a tenant's.
    pub exports: exports::Exports,
    /// Objects.
    pub storage: storage::Storage,
    /// The end of a tenant, and of all that it has.
    pub erasure: erasure::Erasure,
    /// What has been asked for and not yet been done.
    pub queue: queue::Queue,
    /// Connections, rooms and what is sent to them.
    pub socket: socket::Socket,
    /// Embeddings.
    pub ai: ai::Ai,
    /// The nearest by meaning.
    pub search: search::Search,
    /// Email.
    pub mail: mail::Mail,
    /// What tenants use.
    pub usage: usage::Usage,
    /// How often somebody may call.
    pub(crate) rates: rates::Rates,
    /// The time.
    pub clock: clock::Clock,
    /// What requests that may come again were answered.
    pub(crate) answers: idempotency::Answers,
    request: Arc<Request>,
}

impl Sdk {
    pub(crate) fn new(request: &Arc<Request>) -> Self {
        let dynamo = dynamo::Dynamo::new(request.clone());
        Self {
            db: db::Db::new(dynamo.clone()),
            accounts: accounts::Accounts::new(dynamo.clone()),
            audit: audit::Audit::new(dynamo.clone()),
            cache: cache::Cache::new(dynamo.clone()),
            health: health::Health::new(dynamo.clone()),
            exports: exports::Exports::new(dynamo.clone()),
            storage: storage::Storage::new(dynamo.clone()),
            erasure: erasure::Erasure::new(dynamo.clone()),
            queue: queue::Queue::new(dynamo.clone()),
            socket: socket::Socket::new(dynamo.clone()),
            ai: ai::Ai::new(request.clone()),
            search: search::Search::new(dynamo.clone()),
            mail: mail::Mail::new(dynamo.clone()),
            usage: usage::Usage::new(dynamo.clone()),
            answers: idempotency::Answers::new(dynamo.clone()),
            rates: rates::Rates::new(dynamo),
            clock: request.clock().clone(),
            request: request.clone(),
        }
    }

    /// From here on the request acts in this tenant, and reaches no other's rows, objects or rooms.
    ///
    /// # Errors
    /// 500 if it acts in another.
    pub(crate) fn act_in(&self, tenant: Tenant) -> Result<()> {
        credentials::act_in(&self.request, tenant)
    }

    /// Notes where the request comes from, for what is written of it.
    pub(crate) fn come_from(&self, origin: Origin) {
        self.request.come_from(origin);
    }

    /// From here on what the request changes is kept with what it is answered.
    pub(crate) fn once(&self, idempotency: Idempotency) {
        self.request.once(idempotency);
    }

    /// What whoever calls may do with what this request shows, where more tells it than their role in the tenant.
    pub(crate) fn permission(&self) -> Option<Permission> {
        self.request.permission()
    }

    /// What is left of the function's time.
    pub(crate) fn remaining(&self) -> Duration {
        self.request.remaining()
    }

    /// The same services for another piece of the same invocation, which acts in no tenant yet.
    pub(crate) fn renewed(&self) -> Self {
        Self::new(&self.request.renewed())
    }
}
