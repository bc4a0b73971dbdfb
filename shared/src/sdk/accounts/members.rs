//! Members: what they may do, and how they go. A tenant's own log numbers these changes and counts who is
//! left, so each is decided by what is so at its number, or decided again.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use serde::Serialize;

use super::super::backoff::Backoff;
use super::super::change::Change;
use super::super::dynamo::{Dynamo, updating};
use super::Accounts;
use crate::error::{Error, Result};
use crate::etag::IfMatch;
use crate::event::caller::Principal;
use crate::keys::{Key, Row, Stored};
use crate::model::account::Role;
use crate::model::api_key::ApiKeyRecord;
use crate::model::id::UserId;
use crate::model::realtime::{CloseConnections, Which};
use crate::model::tenant::{Member, MemberLeft, MemberRemoved, RoleChanged};
use crate::reply::Reply;
use crate::tenant::Tenant;

impl Accounts {
    /// Gives a member of the caller's tenant another role, from their next request on; their connections there
    /// end. Returns what `answer` makes of it; nothing is written if it is the one that they have.
    ///
    /// # Errors
    /// 404 if there is no such member; 412 if they are not what the client has seen; 409 if they are the last admin.
    pub async fn set_role<T: Serialize>(
        &self,
        caller: &Principal,
        if_match: &IfMatch,
        (user_id, role): (UserId, Role),
        answer: impl Fn(Member) -> Reply<T>,
    ) -> Result<Reply<T>> {
        let (tenant, dynamo) = (caller.tenant, &self.dynamo);
        let mut backoff = Backoff::default();
        loop {
            // In this order: what is read after the number is as it was then, if the number still is.
            let log = self.tenant_log(dynamo, tenant).await?;
            let before = self.existing_member(tenant, user_id).await?;
            if_match.require(before.version())?;
            if before.role == role {
                return Ok(answer(before.into_inner()));
            }
            let member = before.promoted(role);
            let mut change = Change::of_tenant(dynamo.clone(), tenant, log, caller.actor());
            change.replace(before.key(), &member);
            change.guarded(promoted(dynamo, tenant, user_id, role), missing());
            change.count_members(0, is_admin(role) - is_admin(before.role));
            change.send(&CloseConnections {
                user_id,
                which: Which::InTenant,
            });
            change.emit(&RoleChanged { user_id, role });
            if let Some(reply) = change.commit_as_read_with(answer(member)).await? {
                return Ok(reply);
            }
            self.again(&mut backoff).await?;
        }
    }

    /// Ends a membership in the caller's tenant, an other's or the caller's own: the next request is refused,
    /// and connections there end. Tasks stay with whom they were given to.
    ///
    /// # Errors
    /// 404 if there is no such member; 412 if they are not what the client has seen; 409 if they are the last admin.
    pub async fn remove_member(
        &self,
        caller: &Principal,
        if_match: &IfMatch,
        user_id: UserId,
    ) -> Result<Reply<()>> {
        let (tenant, dynamo) = (caller.tenant, &self.dynamo);
        let mut backoff = Backoff::default();
        loop {
            let log = self.tenant_log(dynamo, tenant).await?;
            let (member, keys) = futures::join!(
                self.existing_member(tenant, user_id),
                self.keys_of_member(tenant, user_id),
            );
            let (member, keys) = (member?, keys?);
            if_match.require(member.version())?;
            let mut change = Change::of_tenant(dynamo.clone(), tenant, log, caller.actor());
            Self::parting(&mut change, &member, &keys);
            if user_id == caller.user_id {
                change.emit(&MemberLeft { user_id });
            } else {
                change.emit(&MemberRemoved { user_id });
            }
            let done = Reply::no_content();
            if let Some(reply) = change.commit_as_read_with(done).await? {
                return Ok(reply);
            }
            self.again(&mut backoff).await?;
        }
    }

    /// All that ends with a membership, in one transaction. What else is a member's, and must not be there when
    /// they come back, ends here as well.
    fn parting(change: &mut Change, member: &Stored<Member>, keys: &[ApiKeyRecord]) {
        let tenant = change.tenant();
        change.remove(member.key());
        change.remove(&Key::membership(member.user_id, tenant.id()));
        Self::ending_keys(change, keys);
        change.count_members(-1, -is_admin(member.role));
        change.send(&CloseConnections {
            user_id: member.user_id,
            which: Which::InTenant,
        });
    }

    async fn existing_member(&self, tenant: Tenant, user_id: UserId) -> Result<Stored<Member>> {
        let member = self.dynamo.get(tenant.member(user_id)).await?;
        member.ok_or_else(missing)
    }
}

fn missing() -> Error {
    Error::not_found(Member::MISSING)
}

/// How many admins somebody with this role is.
fn is_admin(role: Role) -> i64 {
    i64::from(role == Role::Admin)
}

fn promoted(
    dynamo: &Dynamo,
    tenant: Tenant,
    user_id: UserId,
    role: Role,
) -> Result<TransactWriteItem> {
    let key = Key::membership(user_id, tenant.id());
    Update::builder()
        .table_name(dynamo.table(key.table())?)
        .set_key(Some(key.item()))
        .condition_expression("attribute_exists(pk)")
        .update_expression("SET #role = :role")
        .expression_attribute_names("#role", "role")
        .expression_attribute_values(":role", AttributeValue::S(role.to_string()))
        .build()
        .map(updating)
        .map_err(Error::internal)
}
