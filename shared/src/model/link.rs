//! Emailed links: each proves, once, that whoever follows it reads an address's mail.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Millis;
use super::account::Email;
use super::id::{LinkId, TenantId, UserId};
use super::invitation::SendInvitation;
use super::log::{Job, JobQueue, TaskAssigned, jobs};
use super::notification::{DueSoon, Mentioned};
use super::realtime::RealtimeEvent;
use serde_json::value::RawValue;

/// How long a link works: one hour.
pub const LINK_LIFETIME: Duration = Duration::from_secs(3600);

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A new password for who has forgotten theirs.
    PasswordReset,
    /// The address is its user's.
    EmailVerification,
}

impl Purpose {
    /// What secrets and counts of this kind are made from.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PasswordReset => "password-reset",
            Self::EmailVerification => "email-verification",
        }
    }
}

/// A link that has been asked for, found by the hash of its token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Link {
    /// What for.
    pub purpose: Purpose,
    /// Whose.
    pub user_id: UserId,
    /// The tenant whose log tells of it.
    pub tenant_id: TenantId,
    /// The address that it was sent to.
    pub email: Email,
    /// The user's epoch when it was asked for: it works no longer than that.
    #[serde(default)]
    pub epoch: u64,
    /// Until when it works.
    pub expires_at: Millis,
    /// The same in seconds, for the table's own expiry.
    pub ttl: i64,
}

/// Somebody has asked for a link: send it to them. Its token is made again from the id by who sends it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendLink {
    /// To whom.
    pub user_id: UserId,
    /// Which link.
    pub link_id: LinkId,
    /// What for.
    pub purpose: Purpose,
}

impl Job for SendLink {
    const TYPE: &'static str = "account:link";
    const VERSION: u32 = 1;
    const QUEUE: JobQueue = JobQueue::Email;
}

jobs! {
    /// What the email queue carries.
    EmailJob on Email {
        /// Somebody was given a task.
        TaskAssigned(TaskAssigned),
        /// A comment mentions somebody.
        Mentioned(Mentioned),
        /// A task is due soon.
        DueSoon(DueSoon),
        /// Somebody has asked for a link.
        SendLink(SendLink),
        /// Somebody is invited.
        SendInvitation(SendInvitation),
    }
}

/// A link was asked for.
#[derive(Debug, Clone, Serialize)]
pub struct LinkRequested {
    /// What for.
    pub purpose: Purpose,
}

impl RealtimeEvent for LinkRequested {
    const TYPE: &'static str = "account:link_requested";
}

/// The password is another one.
#[derive(Debug, Clone, Serialize)]
pub struct PasswordChanged {}

impl RealtimeEvent for PasswordChanged {
    const TYPE: &'static str = "account:password_changed";
}

/// The address has been shown to be its user's.
#[derive(Debug, Clone, Serialize)]
pub struct EmailVerified {}

impl RealtimeEvent for EmailVerified {
    const TYPE: &'static str = "account:email_verified";
}
