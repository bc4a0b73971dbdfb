//! How a tenant begins to be deleted, and how far that is.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use serde::Serialize;

use super::super::change::Change;
use super::super::dynamo::{number, updating};
use super::Accounts;
use crate::error::{Error, Result};
use crate::etag::IfMatch;
use crate::event::caller::Principal;
use crate::keys::{Key, Row, Stored};
use crate::model::Millis;
use crate::model::deletion::{EraseTenant, Removed, TenantDeleted, TenantDeletion};
use crate::model::id::{TenantId, UserId};
use crate::model::tenant::TenantProfile;
use crate::model::text::TenantName;
use crate::reply::Reply;

impl Accounts {
    /// Deletes the caller's tenant: from here on it is there for nobody, and all that it has goes.
    ///
    /// # Errors
    /// 422 if `name` is not its name; 404 if somebody else has deleted it meanwhile; 412 if it is not what the client has
    /// seen; 409 if it has been named or set up otherwise meanwhile.
    pub async fn delete_tenant<T: Serialize>(
        &self,
        caller: &Principal,
        if_match: &IfMatch,
        name: &TenantName,
        answer: impl FnOnce(TenantDeletion) -> Reply<T>,
    ) -> Result<Reply<T>> {
        if *name != caller.profile.name {
            return Err(Error::invalid("name", "Must be the name of this tenant"));
        }
        if_match.require(caller.profile.version)?;
        let tenant = caller.tenant;
        let log = self.tenant_log(&self.dynamo, tenant).await?;
        let deletion = TenantDeletion {
            id: tenant.id(),
            name: name.clone(),
            requested_by: caller.user_id,
            requested_at: self.dynamo.request().clock().now(),
            finished_at: None,
            removed: Removed::default(),
            ttl: None,
        };
        let mut change = Change::of_tenant(self.dynamo.clone(), tenant, log, caller.actor());
        change.create_or(
            &Key::tenant_deletion(tenant.id()),
            &deletion,
            Error::not_found(TenantProfile::MISSING),
        );
        let changed = Error::conflict("This tenant has been changed meanwhile: look at it again");
        change.guarded(
            self.gone_since(&caller.profile, deletion.requested_at),
            if_match.outrun(changed),
        );
        change.send(&EraseTenant::begin());
        change.emit(&TenantDeleted {});
        change.commit_with(answer(deletion)).await
    }

    /// How far the deletion of a tenant is, for who asked for it; one read.
    ///
    /// # Errors
    /// 404 for anybody else, and if there is none.
    pub async fn tenant_deletion(&self, user_id: UserId, id: TenantId) -> Result<TenantDeletion> {
        let deletion = self.dynamo.get(Key::tenant_deletion(id)).await?;
        deletion
            .map(Stored::into_inner)
            .filter(|deletion| deletion.requested_by == user_id)
            .ok_or_else(|| Error::not_found(TenantDeletion::MISSING))
    }

    /// That a tenant is deleted, if it is still called and set up as it was read. One that was never set up since that
    /// is counted has no count.
    fn gone_since(&self, read: &TenantProfile, at: Millis) -> Result<TransactWriteItem> {
        let key = Key::tenant_profile(read.id);
        Update::builder()
            .table_name(self.dynamo.table(key.table())?)
            .set_key(Some(key.item()))
            .condition_expression(
                "attribute_exists(pk) AND attribute_not_exists(deleting_at) \
                 AND (#version = :version OR attribute_not_exists(#version))",
            )
            .update_expression("SET deleting_at = :at")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":version", number(&read.version))
            .expression_attribute_values(":at", number(&at))
            .build()
            .map(updating)
            .map_err(Error::internal)
    }
}
