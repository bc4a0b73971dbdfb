//! Invitations: who is asked to join a tenant, and by which link.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Millis;
use super::account::{Email, Role};
use super::id::{InvitationId, TenantId, UserId};
use super::log::{Job, JobQueue};
use super::realtime::RealtimeEvent;

/// How long an invitation is open: seven days from when its link was last sent.
pub const INVITATION_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// An invitation that has been neither accepted nor revoked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Who is invited.
    pub email: Email,
    /// What they will be allowed to do.
    pub role: Role,
    /// Who has invited them. It stays open when they leave, or may no longer invite: it is the tenant's.
    pub invited_by: UserId,
    /// How often its link was sent: each time another one, in place of the one before.
    pub sent: u32,
    /// Which link works.
    pub link: LinkHash,
    /// When it was made.
    pub created_at: Millis,
    /// Until when it is open.
    pub expires_at: Millis,
    /// The same in seconds, for the table's own expiry.
    pub ttl: i64,
}

impl Invitation {
    /// Whether it can be accepted.
    pub const fn is_open(&self, now: Millis) -> bool {
        self.expires_at > now
    }
}

/// The SHA-256 of a link's token, in hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LinkHash(String);

impl LinkHash {
    /// For the keys, which know how it is made.
    pub(crate) const fn new(hex: String) -> Self {
        Self(hex)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which invitation an address has in a tenant: no more than one that is open.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InvitedAddress {
    /// Which.
    pub invitation_id: InvitationId,
    /// Until when it is open.
    pub expires_at: Millis,
    /// The same in seconds, for the table's own expiry.
    pub ttl: i64,
}

/// Which invitation a link is of, found by the hash of its token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InvitationLink {
    /// Into which tenant.
    pub tenant_id: TenantId,
    /// Which.
    pub invitation_id: InvitationId,
    /// Who is invited.
    pub email: Email,
    /// Until when it works.
    pub expires_at: Millis,
    /// The same in seconds, for the table's own expiry.
    pub ttl: i64,
}

/// Somebody is invited: send them the link. Its token is made again by who sends it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendInvitation {
    /// To what.
    pub invitation_id: InvitationId,
    /// Which of its links. Of one that no longer works nothing is sent.
    pub sent: u32,
}

impl Job for SendInvitation {
    const TYPE: &'static str = "member:invitation";
    const VERSION: u32 = 1;
    const QUEUE: JobQueue = JobQueue::Email;
}

/// Somebody was invited. Who it is, admins are told who ask: the room is every member's.
#[derive(Debug, Clone, Serialize)]
pub struct MemberInvited {
    /// To what.
    pub id: InvitationId,
    /// What they will be allowed to do.
    pub role: Role,
}

impl RealtimeEvent for MemberInvited {
    const TYPE: &'static str = "member:invited";

    fn object(&self) -> Option<String> {
        Some(format!("invitation/{}", self.id))
    }
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Serialize)]
            pub struct $name {
                /// Which.
                pub id: InvitationId,
            }

            impl RealtimeEvent for $name {
                const TYPE: &'static str = $kind;

                fn object(&self) -> Option<String> {
                    Some(format!("invitation/{}", self.id))
                }
            }
        )+
    };
}

events! {
    /// An invitation was sent again.
    InvitationResent = "invitation:resent";
    /// An invitation was revoked.
    InvitationRevoked = "invitation:revoked";
    /// An invitation was accepted by somebody who belonged to the tenant already.
    InvitationUsed = "invitation:used";
}
