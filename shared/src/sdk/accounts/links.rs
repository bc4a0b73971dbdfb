//! Emailed links, and the passwords that they and their owners change.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue::{self, S};
use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};
use tokio::time::Instant;

use super::super::audit::Audit;
use super::super::change::Change;
use super::super::dynamo::{deleting, number, updating};
use super::sessions::ENDED_AT_ONCE;
use super::{Accounts, password};
use crate::error::{Error, Result};
use crate::event::Client;
use crate::event::caller::Person;
use crate::keys::{Key, Stored};
use crate::model::Millis;
use crate::model::account::{Email, Password, PasswordAttempt, User};
use crate::model::audit::{Deed, Outcome};
use crate::model::id::{LinkId, SessionId, TenantId, UserId};
use crate::model::link::{
    EmailVerified, LINK_LIFETIME, Link, LinkRequested, PasswordChanged, Purpose, SendLink,
};
use crate::model::realtime::{CloseConnections, RealtimeEvent, Which};
use crate::model::secret::LinkToken;
use crate::tenant::Tenant;

/// How long it takes to hear that a link was sent, whether one was or not: who asks learns nothing of whether
/// an address has an account.
const ANSWER_AFTER: Duration = Duration::from_millis(500);

impl Accounts {
    /// Sends a link for a new password to an address, if it has an account. The answer is the same after the
    /// same time if it has none.
    ///
    /// # Errors
    /// 429 if whoever asks has asked too often.
    pub async fn forgot_password(&self, email: &Email, client: &Client) -> Result<()> {
        self.count_attempt(email, client).await?;
        let answer_at = Instant::now() + ANSWER_AFTER;
        let outcome = self.send_reset(email).await;
        tokio::time::sleep_until(answer_at).await;
        outcome
    }

    /// Sends a link that verifies the caller's address; nothing if that has been done.
    ///
    /// # Errors
    /// 429 if several have been sent that still work.
    pub async fn send_verification(&self, caller: &Person) -> Result<()> {
        let user = self.existing_user(caller.user_id).await?;
        if user.verified_at.is_some() {
            return Ok(());
        }
        if !self.count_link(&user.email).await? {
            let wait = LINK_LIFETIME;
            return Err(Error::rate_limited("Several links were sent already", wait));
        }
        self.send_link(Purpose::EmailVerification, &user, caller.told_in()?.id())
            .await
    }

    /// Notes that an address is its user's, who has followed the link that was sent there.
    ///
    /// # Errors
    /// 422 for a token that is unknown, used or expired.
    pub async fn verify_email(&self, token: &LinkToken, client: &Client) -> Result<()> {
        self.count_address(client).await?;
        let link = self.link(token, Purpose::EmailVerification).await?;
        let tenant = self.told_in(link.user_id, link.tenant_id).await?;
        let mut change = self.user_change(tenant, link.user_id).await?;
        self.use_up(&mut change, &link);
        self.verify(&mut change, link.user_id, &link.email);
        change.emit(&EmailVerified {});
        change.commit().await?;
        Ok(())
    }

    /// Sets a new password for whoever has followed the link that was sent to them, and ends all of their
    /// sessions.
    ///
    /// # Errors
    /// 422 for a token that is unknown, used or expired.
    pub async fn reset_password(
        &self,
        token: &LinkToken,
        password: Password,
        client: &Client,
    ) -> Result<()> {
        self.count_address(client).await?;
        let link = self.link(token, Purpose::PasswordReset).await?;
        let hash = password::hash(password).await?;
        let user = self.existing_user(link.user_id).await?;
        let ended = self.ids_of_sessions(link.user_id).await?;
        let tenant = self.told_in(link.user_id, link.tenant_id).await?;
        let mut change = self.user_change(tenant, link.user_id).await?;
        self.use_up(&mut change, &link);
        if user.verified_at.is_none() {
            self.shut_out(&mut change, user.id).await?;
        }
        self.verify(&mut change, link.user_id, &link.email);
        self.set_password(change, link.user_id, &link.email, hash, &ended)
            .await?;
        self.note_success(&link.email, client).await
    }

    /// Sets a new password for the caller, who knows the old one, and ends all of their other sessions.
    ///
    /// # Errors
    /// 422 if the old one is wrong, 429 if it has been wrong too often.
    pub async fn change_password(
        &self,
        caller: &Person,
        current: PasswordAttempt,
        new: Password,
        client: &Client,
    ) -> Result<()> {
        let session = caller.session()?;
        let tenant = caller.told_in()?;
        let user = self.existing_user(caller.user_id).await?;
        self.count_attempt(&user.email, client).await?;
        let account = self.dynamo.get(Key::account(&user.email)).await?;
        let account = account.ok_or_else(|| Error::internal("a user has no account"))?;
        if !password::is_right(current, account.password_hash.as_deref()).await? {
            self.tell_of_wrong_password(caller, tenant).await?;
            return Err(Error::invalid(
                "current_password",
                "This is not your password",
            ));
        }
        let hash = password::hash(new).await?;
        let mut ended = self.ids_of_sessions(user.id).await?;
        ended.retain(|id| *id != session);
        let change = self.user_change(tenant.id(), user.id).await?;
        self.set_password(change, user.id, &user.email, hash, &ended)
            .await?;
        self.note_success(&user.email, client).await
    }

    /// Tells the audit log that somebody who is logged in does not know the password: it may be a thief.
    async fn tell_of_wrong_password(&self, caller: &Person, tenant: Tenant) -> Result<()> {
        let deed = Deed {
            actor: Some(caller.credential.actor(caller.user_id)),
            action: PasswordChanged::TYPE.to_owned(),
            object: format!("user/{}", caller.user_id),
        };
        let audit = Audit::new(self.dynamo.clone());
        audit.tell(tenant.id(), Outcome::Failed, deed).await
    }

    /// The address in the browser that a link leads to.
    pub fn link_url(&self, job: &SendLink) -> Result<String> {
        let page = match job.purpose {
            Purpose::PasswordReset => "reset-password",
            Purpose::EmailVerification => "verify-email",
        };
        self.page_of(page, &self.link_token(job.purpose, job.link_id)?)
    }

    /// The address of a page that takes a token.
    pub(super) fn page_of(&self, page: &str, token: &LinkToken) -> Result<String> {
        let app = self.dynamo.request().variable("APP_URL")?;
        let app = app.trim_end_matches('/');
        Ok(format!("{app}/{page}?token={}", token.expose()))
    }

    async fn send_reset(&self, email: &Email) -> Result<()> {
        let Some(account) = self.dynamo.get(Key::account(email)).await? else {
            return Ok(());
        };
        let user = self.existing_user(account.user_id).await?;
        if !self.count_link(email).await? {
            return Ok(());
        }
        let tenant = self.told_in(user.id, user.home).await?;
        self.send_link(Purpose::PasswordReset, &user, tenant).await
    }

    async fn send_link(&self, purpose: Purpose, user: &User, tenant_id: TenantId) -> Result<()> {
        let mut change = self.user_change(tenant_id, user.id).await?;
        self.add_link(&mut change, purpose, user)?;
        if purpose == Purpose::PasswordReset {
            change.by_a_stranger();
        }
        change.emit(&LinkRequested { purpose });
        change.commit().await?;
        Ok(())
    }

    /// The parts of a change that make a link, and have it sent.
    pub(super) fn add_link(
        &self,
        change: &mut Change,
        purpose: Purpose,
        user: &User,
    ) -> Result<()> {
        let now = self.dynamo.request().clock().now();
        let lifetime = Millis::try_from(LINK_LIFETIME.as_millis()).unwrap_or(Millis::MAX);
        let link_id = LinkId::new();
        let link = Link {
            purpose,
            user_id: user.id,
            tenant_id: change.tenant().id(),
            email: user.email.clone(),
            expires_at: now + lifetime,
            ttl: (now + lifetime) / 1000,
        };
        change.create(&Key::link(&self.link_token(purpose, link_id)?), &link);
        change.send(&SendLink {
            user_id: user.id,
            link_id,
            purpose,
        });
        Ok(())
    }

    /// A link's token is made from its id with a key that only the server has: neither the log nor the queue
    /// that carry the id to who sends it can be used to follow it.
    fn link_token(&self, purpose: Purpose, id: LinkId) -> Result<LinkToken> {
        let purpose = match purpose {
            Purpose::PasswordReset => "password-reset",
            Purpose::EmailVerification => "email-verification",
        };
        let key = self.dynamo.request().connections().derivation_key()?;
        Ok(LinkToken::of(
            &key.derive(purpose, id.to_string().as_bytes()),
        ))
    }

    async fn link(&self, token: &LinkToken, purpose: Purpose) -> Result<Stored<Link>> {
        let now = self.dynamo.request().clock().now();
        let link = self.dynamo.get(Key::link(token)).await?;
        link.filter(|link| link.purpose == purpose && link.expires_at > now)
            .ok_or_else(spent)
    }

    pub(super) async fn user_change(&self, tenant_id: TenantId, user_id: UserId) -> Result<Change> {
        let tenant = Tenant::verified(tenant_id);
        let dynamo = self.dynamo.in_tenant(tenant)?;
        let log = dynamo.get(tenant.user_log(user_id)).await?;
        Ok(Change::of_user(dynamo, tenant, user_id, log))
    }

    fn use_up(&self, change: &mut Change, link: &Stored<Link>) {
        let used = self.dynamo.table(link.key().table()).and_then(|table| {
            let delete = Delete::builder()
                .table_name(table)
                .set_key(Some(link.key().item()))
                .condition_expression("attribute_exists(pk)");
            delete.build().map(deleting).map_err(Error::internal)
        });
        change.guarded(used, spent());
    }

    /// Only as long as the address is still theirs.
    pub(super) fn verify(&self, change: &mut Change, user_id: UserId, email: &Email) {
        let now = self.dynamo.request().clock().now();
        let verified = self.update(
            &Key::user(user_id),
            ("email", S(email.as_str().to_owned())),
            ("verified_at", number(&now)),
        );
        change.guarded(verified, spent());
    }

    /// The new password, and the end of sessions, all or nothing. Sessions beyond those that one transaction
    /// holds end before.
    async fn set_password(
        &self,
        mut change: Change,
        user_id: UserId,
        email: &Email,
        hash: String,
        ended: &[SessionId],
    ) -> Result<()> {
        let (first, rest) = ended.split_at(ended.len().min(ENDED_AT_ONCE));
        self.end_sessions(change.tenant(), user_id, rest).await?;
        let set = self.update(
            &Key::account(email),
            ("user_id", S(user_id.to_string())),
            ("password_hash", S(hash)),
        );
        change.guarded(set, spent());
        Self::ending(&mut change, user_id, first);
        change.emit(&PasswordChanged {});
        change.commit().await?;
        Ok(())
    }

    /// The parts of a change that end what else lets somebody into an account that was made with an address before
    /// it was shown to be theirs: all of its API keys and connections. A key lasts as long as the membership that it
    /// was made in, so each membership begins anew.
    pub(super) async fn shut_out(&self, change: &mut Change, user_id: UserId) -> Result<()> {
        let now = self.dynamo.request().clock().now();
        for membership in self.memberships(user_id).await? {
            let began = membership.created_at;
            let anew = self.update(
                &Key::membership(user_id, membership.tenant_id),
                ("created_at", number(&began)),
                ("created_at", number(&now.max(began + 1))),
            );
            change.guarded(
                anew,
                Error::conflict("Your memberships have changed meanwhile: try again"),
            );
        }
        change.send(&CloseConnections {
            user_id,
            which: Which::All,
        });
        Ok(())
    }

    /// A part that sets one attribute, if another still is what it was.
    pub(super) fn update<T>(
        &self,
        key: &Key<T>,
        (of, expected): (&str, AttributeValue),
        (what, value): (&str, AttributeValue),
    ) -> Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(self.dynamo.table(key.table())?)
            .set_key(Some(key.item()))
            .condition_expression(format!("{of} = :expected"))
            .update_expression(format!("SET {what} = :value"))
            .expression_attribute_values(":expected", expected)
            .expression_attribute_values(":value", value);
        update.build().map(updating).map_err(Error::internal)
    }

    pub(super) async fn ids_of_sessions(&self, user_id: UserId) -> Result<Vec<SessionId>> {
        let sessions = self.sessions(user_id).await?;
        Ok(sessions.iter().map(|session| session.id).collect())
    }

    pub(super) async fn existing_user(&self, user_id: UserId) -> Result<User> {
        let user = self.user(user_id).await?;
        user.ok_or_else(|| Error::internal("an account has no user"))
    }
}

/// Whatever is wrong with a link, it has to be asked for again.
pub(super) fn spent() -> Error {
    Error::invalid(
        "token",
        "This link does not work, or no longer; ask for a new one",
    )
}
