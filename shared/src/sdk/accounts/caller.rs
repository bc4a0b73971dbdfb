//! Who calls: a token's signature, then what the rows say as of now.

use super::super::dynamo::{from_item, text};
use super::super::token::Claims;
use super::Accounts;
use crate::error::{Error, Result};
use crate::event::caller::Principal;
use crate::keys::{Key, Table};
use crate::model::account::Membership;
use crate::model::id::{SessionId, TenantId, UserId};
use crate::model::realtime::Holder;
use crate::model::session::Session;
use crate::tenant::Tenant;

impl Accounts {
    /// That who took a ticket may still act in its tenant; one read.
    ///
    /// # Errors
    /// 401 if their session or membership has ended.
    pub async fn require_live(&self, holder: &Holder) -> Result<()> {
        self.principal(holder.user_id, holder.tenant_id, holder.session_id)
            .await?
            .map(|_| ())
            .ok_or_else(Error::unauthenticated)
    }

    /// What a token says, if it is valid. No call.
    pub(crate) fn verified_claims(&self, token: &str) -> Option<Claims> {
        let request = self.dynamo.request();
        request
            .connections()
            .verifier()?
            .verify(token, request.clock().now())
    }

    /// The caller of a verified token or an open connection, as of now: their session and membership, in
    /// one strongly consistent call.
    pub(crate) async fn principal(
        &self,
        user_id: UserId,
        tenant_id: TenantId,
        session_id: SessionId,
    ) -> Result<Option<Principal>> {
        let session_key = Key::session(user_id, session_id);
        let membership_key = Key::membership(user_id, tenant_id);
        let found = self
            .dynamo
            .get_items(
                Table::Identity,
                vec![session_key.item(), membership_key.item()],
            )
            .await?;
        let (mut session, mut membership) = (None, None);
        for item in found {
            if text(&item, "sk") == session_key.sk() {
                session = Some(from_item::<Session>(item)?);
            } else {
                membership = Some(from_item::<Membership>(item)?);
            }
        }
        let now = self.dynamo.request().clock().now();
        let live = session.is_some_and(|session| session.is_live(now));
        Ok(membership.filter(|_| live).map(|membership| Principal {
            tenant: Tenant::verified(tenant_id),
            user_id,
            session_id,
            role: membership.role,
        }))
    }
}
