//! Whom a project is shared with.

use serde::{Deserialize, Serialize};

use crate::model::Millis;
use crate::model::account::Role;
use crate::model::id::UserId;
use crate::model::realtime::RealtimeEvent;
use crate::model::tenant::Member;
use crate::model::text::PersonName;

/// Somebody who has been let into a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectMember {
    /// Who.
    pub user_id: UserId,
    /// The most that they may do there; what they may do in the tenant is a bound as well.
    pub role: Role,
    /// When their membership in the tenant began: who leaves the tenant and comes back is not let in by it.
    pub since: Millis,
    /// When they were let in.
    pub added_at: Millis,
}

/// A member of a project, as the API shows them.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct ProjectMemberView {
    user_id: UserId,
    name: PersonName,
    role: Role,
    added_at: Millis,
    #[serde(skip)]
    version: u64,
}

impl ProjectMemberView {
    /// A member, who they are in their tenant, and the version of the project's row that they stand in.
    pub(crate) fn of(member: &ProjectMember, who: &Member, version: u64) -> Self {
        Self {
            version,
            user_id: member.user_id,
            name: who.name.clone(),
            role: member.role,
            added_at: member.added_at,
        }
    }

    /// Which version of the project they were read from.
    pub const fn version(&self) -> u64 {
        self.version
    }
}

/// A project is shared with somebody, in a role.
#[derive(Debug, Clone, Serialize)]
pub struct ProjectShared {
    /// With whom.
    pub user_id: UserId,
    /// The most that they may do there.
    pub role: Role,
}

impl RealtimeEvent for ProjectShared {
    const TYPE: &'static str = "project:shared";

    fn object(&self) -> Option<String> {
        Some(format!("user/{}", self.user_id))
    }
}

/// A project is shared with somebody no longer.
#[derive(Debug, Clone, Serialize)]
pub struct ProjectUnshared {
    /// With whom.
    pub user_id: UserId,
}

impl RealtimeEvent for ProjectUnshared {
    const TYPE: &'static str = "project:unshared";

    fn object(&self) -> Option<String> {
        Some(format!("user/{}", self.user_id))
    }
}
