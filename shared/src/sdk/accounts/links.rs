//! Emailed links, and the passwords that they and their owners change.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue::{self, S};
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};
use tokio::time::Instant;

use super::super::audit::Audit;
use super::super::change::Change;
use super::super::dynamo::{deleting, number, updating};
use super::{Accounts, password};
use crate::error::{Error, Result};
use crate::event::Client;
use crate::event::caller::Person;
use crate::keys::{Key, Stored};
use crate::model::Millis;
use crate::model::account::{Account, Email, Password, PasswordAttempt, User};
use crate::model::audit::{Actor, Deed, Outcome};
use crate::model::id::{LinkId, TenantId, UserId};
use crate::model::link::{
    EmailVerified, LINK_LIFETIME, Link, LinkRequested, PasswordChanged, Purpose, SendLink,
};
use crate::model::realtime::{CloseConnections, RealtimeEvent, Which};
use crate::model::secret::LinkToken;
use crate::model::session::Session;
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
        self.count_forgotten(email, client).await?;
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
        let purpose = Purpose::EmailVerification;
        if !self.count_link(purpose, &user.email).await? {
            let wait = LINK_LIFETIME;
            return Err(Error::rate_limited("Several links were sent already", wait));
        }
        let tenant = self.told_of(caller).await?;
        self.send_link(purpose, &user, tenant.id()).await
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
        let verified = Renewal::of(link.user_id, &link.email, link.epoch).verified();
        change.guarded(self.renewed(&verified), spent());
        change.emit(&EmailVerified {});
        change.commit().await?;
        self.note_known(&link.email, client).await;
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
        let tenant = self.told_in(link.user_id, link.tenant_id).await?;
        let mut change = self.user_change(tenant, link.user_id).await?;
        self.use_up(&mut change, &link);
        let renewal = Renewal::of(user.id, &link.email, link.epoch).verified();
        self.let_nobody_in(&mut change, &user, renewal, spent);
        let set = self.password_of(&link.email, user.id, hash);
        change.guarded(set, spent());
        change.emit(&PasswordChanged {});
        change.commit().await?;
        self.note_success(&link.email, client).await
    }

    /// Sets a new password for the caller, who knows the old one, and ends all of their other sessions.
    ///
    /// # Errors
    /// 422 if the old one is wrong, 429 if it has been wrong too often; 409 if it has been changed meanwhile, and
    /// 401 if the session has ended.
    pub async fn change_password(
        &self,
        caller: &Person,
        current: PasswordAttempt,
        new: Password,
        client: &Client,
    ) -> Result<()> {
        let session = caller.session()?;
        let tenant = self.told_of(caller).await?;
        self.count_change(caller.user_id, session).await?;
        let user = self.existing_user(caller.user_id).await?;
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
        let before = caller.standing.epoch;
        let mut change = self.user_change(tenant.id(), user.id).await?;
        change.guarded(self.password_instead(&account, hash), outrun());
        change.guarded(self.next_epoch(user.id, before), outrun());
        let goes_on = self.carried_over(&Key::session(user.id, session), before);
        change.guarded(goes_on, Error::unauthenticated());
        Self::closing(&mut change, user.id, before + 1, Some(session));
        change.emit(&PasswordChanged {});
        change.commit().await?;
        self.note_success(&user.email, client).await
    }

    /// Tells the audit log that somebody who is logged in does not know the password: it may be a thief.
    async fn tell_of_wrong_password(&self, caller: &Person, tenant: Tenant) -> Result<()> {
        let deed = changing_password(caller.credential.actor(caller.user_id));
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
        if !self.count_link(Purpose::PasswordReset, email).await? {
            return Ok(());
        }
        let tenant = self.told_in(user.id, user.home).await?;
        self.send_link(Purpose::PasswordReset, &user, tenant).await
    }

    async fn send_link(&self, purpose: Purpose, user: &User, tenant_id: TenantId) -> Result<()> {
        let mut change = self.user_change(tenant_id, user.id).await?;
        self.add_link(&mut change, purpose, user)?;
        if purpose == Purpose::PasswordReset {
            change.by_nobody_known();
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
            epoch: user.epoch,
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
        let key = self.dynamo.request().connections().derivation_key()?;
        Ok(LinkToken::of(
            &key.derive(purpose.name(), id.to_string().as_bytes()),
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

    /// The parts of a change by which somebody shows that an account is theirs: whoever else was in is out. Where
    /// that had never been shown others may have made it, and its API keys end as well.
    pub(super) fn let_nobody_in(
        &self,
        change: &mut Change,
        user: &User,
        renewal: Renewal<'_>,
        refusal: fn() -> Error,
    ) {
        let renewal = renewal.next_epoch();
        let epoch = renewal.epoch + 1;
        if user.verified_at.is_some() {
            change.guarded(self.renewed(&renewal), refusal());
            Self::closing(change, user.id, epoch, None);
        } else {
            change.guarded(self.renewed(&renewal.recovered()), refusal());
            change.send(&CloseConnections {
                user_id: user.id,
                which: Which::All,
            });
        }
    }

    /// A part that renews a user, whose address and epoch must be what they were.
    pub(super) fn renewed(&self, renewal: &Renewal<'_>) -> Result<TransactWriteItem> {
        let now = self.dynamo.request().clock().now();
        let sets = [
            renewal.verified.then_some("verified_at = :now"),
            renewal
                .next_epoch
                .then_some("epoch = :next, epoch_began_at = :now"),
        ];
        let sets: Vec<_> = sets.into_iter().flatten().collect();
        let mut expression = format!("SET {}", sets.join(", "));
        let key = Key::user(renewal.user_id);
        let mut update = Update::builder()
            .table_name(self.dynamo.table(key.table())?)
            .set_key(Some(key.item()))
            .condition_expression(format!("email = :email AND {SAME_EPOCH}"))
            .expression_attribute_values(":email", S(renewal.email.as_str().to_owned()))
            .expression_attribute_values(":epoch", number(&renewal.epoch));
        if renewal.verified || renewal.next_epoch {
            update = update.expression_attribute_values(":now", number(&now));
        }
        if renewal.next_epoch {
            let next = number(&(renewal.epoch + 1));
            update = update.expression_attribute_values(":next", next);
        }
        if renewal.recovered {
            expression += " ADD recoveries :one";
            update = update.expression_attribute_values(":one", number(&1));
        }
        let update = update.update_expression(expression).build();
        update.map(updating).map_err(Error::internal)
    }

    /// A part that ends all sessions of a user, and the links that were sent to them, if their epoch is what it was.
    pub(super) fn next_epoch(&self, user_id: UserId, epoch: u64) -> Result<TransactWriteItem> {
        let now = self.dynamo.request().clock().now();
        let update = self
            .going_over(&Key::user(user_id), epoch)?
            .update_expression("SET epoch = :next, epoch_began_at = :now")
            .expression_attribute_values(":now", number(&now));
        update.build().map(updating).map_err(Error::internal)
    }

    /// A part that takes a session of a user's with them into the next epoch.
    fn carried_over(&self, session: &Key<Session>, epoch: u64) -> Result<TransactWriteItem> {
        let update = self.going_over(session, epoch)?;
        let update = update.update_expression("SET epoch = :next").build();
        update.map(updating).map_err(Error::internal)
    }

    /// What goes from one epoch to the next.
    fn going_over<T>(&self, key: &Key<T>, epoch: u64) -> Result<UpdateBuilder> {
        Ok(Update::builder()
            .table_name(self.dynamo.table(key.table())?)
            .set_key(Some(key.item()))
            .condition_expression(format!("attribute_exists(pk) AND {SAME_EPOCH}"))
            .expression_attribute_values(":epoch", number(&epoch))
            .expression_attribute_values(":next", number(&(epoch + 1))))
    }

    /// A part that sets a user's password. What it stands beside must see to it that it is the right moment.
    pub(super) fn password_of(
        &self,
        email: &Email,
        user_id: UserId,
        hash: String,
    ) -> Result<TransactWriteItem> {
        self.set_hash(
            &Key::account(email),
            ("user_id", S(user_id.to_string())),
            hash,
        )
    }

    /// A part that sets another password, if the one that was compared still is the account's.
    fn password_instead(
        &self,
        account: &Stored<Account>,
        hash: String,
    ) -> Result<TransactWriteItem> {
        let compared = account.password_hash.clone().unwrap_or_default();
        self.set_hash(account.key(), ("password_hash", S(compared)), hash)
    }

    fn set_hash(
        &self,
        key: &Key<Account>,
        (of, expected): (&str, AttributeValue),
        hash: String,
    ) -> Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(self.dynamo.table(key.table())?)
            .set_key(Some(key.item()))
            .condition_expression(format!("{of} = :expected"))
            .update_expression("SET password_hash = :hash")
            .expression_attribute_values(":expected", expected)
            .expression_attribute_values(":hash", S(hash));
        update.build().map(updating).map_err(Error::internal)
    }

    pub(super) async fn existing_user(&self, user_id: UserId) -> Result<User> {
        let user = self.user(user_id).await?;
        user.ok_or_else(|| Error::internal("an account has no user"))
    }
}

/// That somebody changes their own password, as the audit log names it.
pub(super) fn changing_password(actor: Actor) -> Deed {
    Deed {
        actor: Some(actor),
        action: PasswordChanged::TYPE.to_owned(),
        object: format!("user/{}", actor.user_id),
    }
}

/// Whatever is wrong with a link, it has to be asked for again.
pub(super) fn spent() -> Error {
    Error::invalid(
        "token",
        "This link does not work, or no longer; ask for a new one",
    )
}

/// Whatever has changed an account just now, what was asked for rested on how it was before.
pub(super) fn outrun() -> Error {
    Error::conflict("Your account has just been changed by another request")
}

/// A row of before there were epochs is in the first.
const SAME_EPOCH: &str = "(attribute_not_exists(epoch) OR epoch = :epoch)";

/// What becomes of a user whose address and epoch were read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Renewal<'a> {
    user_id: UserId,
    email: &'a Email,
    epoch: u64,
    verified: bool,
    next_epoch: bool,
    recovered: bool,
}

impl<'a> Renewal<'a> {
    pub(super) fn of(user_id: UserId, email: &'a Email, epoch: u64) -> Self {
        Self {
            user_id,
            email,
            epoch,
            verified: false,
            next_epoch: false,
            recovered: false,
        }
    }

    /// The address has been shown to be theirs.
    pub(super) fn verified(self) -> Self {
        Self {
            verified: true,
            ..self
        }
    }

    /// All sessions and links end.
    fn next_epoch(self) -> Self {
        Self {
            next_epoch: true,
            ..self
        }
    }

    /// All API keys end.
    fn recovered(self) -> Self {
        Self {
            recovered: true,
            ..self
        }
    }
}
