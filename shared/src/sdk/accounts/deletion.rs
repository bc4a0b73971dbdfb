//! How a tenant begins to be deleted, and how far that is.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use serde::Serialize;

use super::super::change::Change;
use super::super::dynamo::{number, updating};
use super::Accounts;
use crate::error::{Error, Result};
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
    /// 422 if `name` is not its name; 404 if somebody else has deleted it meanwhile; 409 if it has been renamed
    /// meanwhile.
    pub async fn delete_tenant<T: Serialize>(
        &self,
        caller: &Principal,
        name: &TenantName,
        answer: impl FnOnce(TenantDeletion) -> Reply<T>,
    ) -> Result<Reply<T>> {
        if *name != caller.profile.name {
            return Err(Error::invalid("name", "Must be the name of this tenant"));
        }
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
        change.guarded(
            self.gone_since(tenant.id(), name, deletion.requested_at),
            Error::conflict("This tenant has been renamed meanwhile: look at it again"),
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

    fn gone_since(&self, id: TenantId, name: &TenantName, at: Millis) -> Result<TransactWriteItem> {
        let key = Key::tenant_profile(id);
        Update::builder()
            .table_name(self.dynamo.table(key.table())?)
            .set_key(Some(key.item()))
            .condition_expression("#name = :name AND attribute_not_exists(deleting_at)")
            .update_expression("SET deleting_at = :at")
            .expression_attribute_names("#name", "name")
            .expression_attribute_values(":name", AttributeValue::S(name.as_str().to_owned()))
            .expression_attribute_values(":at", number(&at))
            .build()
            .map(updating)
            .map_err(Error::internal)
    }
}
