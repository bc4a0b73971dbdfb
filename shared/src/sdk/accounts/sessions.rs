//! Sessions: how they begin, are carried on, and end.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use serde::Serialize;

use super::super::audit::Audit;
use super::super::change::Change;
use super::super::dynamo::{Dynamo, Transacted, number, updating};
use super::super::token::ACCESS_TOKEN_LIFETIME;
use super::links::outrun;
use super::{Accounts, SESSION_BEGAN};
use crate::error::{Error, Result};
use crate::event::Client;
use crate::event::caller::{Credential, Person};
use crate::keys::{Key, Partition, Stored};
use crate::model::Millis;
use crate::model::account::{Role, User};
use crate::model::audit::{Actor, Deed, Outcome};
use crate::model::id::{SessionId, TenantId, UserId};
use crate::model::realtime::{CloseConnections, SessionsEnded, Which};
use crate::model::secret::RefreshToken;
use crate::model::session::{REFRESH_GRACE, RefreshRecord, SESSION_LIFETIME, Session};
use crate::tenant::Tenant;

/// The part of a rotation that fails if the token has been used meanwhile.
const USED: usize = 0;

/// What a session is carried on with.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Tokens {
    /// What requests carry.
    pub access_token: String,
    /// What is exchanged for the next tokens; once.
    pub refresh_token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// How long the access token is valid, in seconds.
    pub expires_in: i64,
}

/// A session, as its user sees it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct PublicSession {
    /// Its id.
    pub id: SessionId,
    /// Since when.
    pub created_at: Millis,
    /// When it was last carried on.
    pub last_used_at: Millis,
    /// When it ends.
    pub expires_at: Millis,
    /// The address that logged in.
    pub ip: String,
    /// What that client calls itself.
    pub user_agent: String,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// A session with the token that will carry it on, of which only the hash is ever stored.
pub(super) struct Began {
    session: Session,
    refresh: Refresh,
}

/// A refresh token, and what is known of it.
struct Refresh {
    token: RefreshToken,
    record: RefreshRecord,
}

impl Began {
    /// Good for its tenant alone.
    pub(super) fn confined(mut self) -> Self {
        self.session.confined = true;
        self
    }

    pub(super) fn add_to(&self, change: &mut Change) {
        let Refresh { token, record } = &self.refresh;
        change.create(
            &Key::session(record.user_id, self.session.id),
            &self.session,
        );
        change.create(&Key::refresh(token), record);
    }

    pub(super) fn parts(&self, dynamo: &Dynamo) -> Result<Vec<TransactWriteItem>> {
        let Refresh { token, record } = &self.refresh;
        let key = Key::session(record.user_id, self.session.id);
        Ok(vec![
            dynamo.creation(&key, &self.session)?,
            dynamo.creation(&Key::refresh(token), record)?,
        ])
    }
}

impl Accounts {
    /// Carries a session on: the token is replaced by its successor, in one transaction. Whose answer got lost
    /// may ask again within [`REFRESH_GRACE`] and gets the same successor, if nobody has used that yet.
    ///
    /// # Errors
    /// 401 for a token that is unknown, or whose session has ended. One that was used before has been
    /// stolen, or its successor has: 401, and the session ends.
    pub async fn refresh(&self, presented: &RefreshToken) -> Result<Tokens> {
        let record = self.dynamo.get(Key::refresh(presented)).await?;
        let record = record.ok_or_else(Error::unauthenticated)?;
        let role = self.role_in_session(&record).await?;
        let next = self.successor(presented, &record)?;
        if record.used_at.is_none() {
            match self.rotate(&record, &next).await? {
                Transacted::Done => return self.issue(&next, role),
                Transacted::Unmet(USED) => {}
                Transacted::Unmet(_) => return Err(Error::unauthenticated()),
            }
        }
        if self.is_still_unused(presented, &next).await? {
            return self.issue(&next, role);
        }
        let tenant = Tenant::verified(record.tenant_id);
        self.end(tenant, record.user_id, record.session_id, true)
            .await?;
        tracing::warn!(session = %record.session_id, "a refresh token was used twice: the session is ended");
        Err(Error::unauthenticated())
    }

    /// Ends the session that a refresh token carries on; whether it is still there does not matter.
    ///
    /// # Errors
    /// 401 for a token that was never given out.
    pub async fn log_out(&self, presented: &RefreshToken) -> Result<()> {
        let record = self.dynamo.get(Key::refresh(presented)).await?;
        let record = record.ok_or_else(Error::unauthenticated)?;
        // Of one that has ended nothing is told again: its tenant may have gone since.
        let session = Key::session(record.user_id, record.session_id);
        if self.dynamo.get(session).await?.is_none() {
            return Ok(());
        }
        let tenant = Tenant::verified(record.tenant_id);
        self.end(tenant, record.user_id, record.session_id, false)
            .await
    }

    /// Ends all of the caller's sessions, with the one that asks, however many they are: their epoch is another.
    ///
    /// # Errors
    /// 409 if that has just been done.
    pub async fn log_out_everywhere(&self, caller: &Person) -> Result<()> {
        let before = caller.standing.epoch;
        let mut change = self
            .user_change(caller.told_in()?.id(), caller.user_id)
            .await?;
        change.guarded(self.next_epoch(caller.user_id, before), outrun());
        Self::closing(&mut change, caller.user_id, before + 1, None);
        change.emit(&SessionsEnded {
            ids: &[],
            stolen: false,
        });
        change.commit().await?;
        Ok(())
    }

    /// The caller's sessions that have not ended, the newest first.
    pub async fn sessions(&self, caller: &Person) -> Result<Vec<Session>> {
        let now = self.dynamo.request().clock().now();
        let sessions = Partition::sessions(caller.user_id);
        let mut sessions = self.dynamo.query(sessions).await?;
        sessions.retain(|session: &Session| session.is_live(caller.standing.epoch, now));
        sessions.reverse();
        Ok(sessions)
    }

    /// Ends one of the caller's sessions: at its next request, and on its open connections, which the log tells
    /// of it.
    ///
    /// # Errors
    /// 404 if it has ended, or is another's.
    pub async fn end_session(&self, caller: &Person, id: SessionId) -> Result<()> {
        let now = self.dynamo.request().clock().now();
        let session = self.dynamo.get(Key::session(caller.user_id, id)).await?;
        session
            .filter(|session| session.is_live(caller.standing.epoch, now))
            .ok_or_else(|| Error::not_found(<Session as crate::keys::Row>::MISSING))?;
        self.end(caller.told_in()?, caller.user_id, id, false).await
    }

    /// The part of a change that closes the connections of all sessions that began before an epoch, but for one
    /// that goes on.
    pub(super) fn closing(
        change: &mut Change,
        user_id: UserId,
        epoch: u64,
        but: Option<SessionId>,
    ) {
        change.send(&CloseConnections {
            user_id,
            which: Which::OfEpochsBefore(epoch, but),
        });
    }

    /// Tells the audit log of a session that has begun.
    pub(super) async fn tell_of_session(&self, began: &Began) -> Result<()> {
        let RefreshRecord {
            user_id, tenant_id, ..
        } = began.refresh.record;
        let deed = Deed {
            actor: Some(Actor::user(user_id)),
            action: SESSION_BEGAN.to_owned(),
            object: format!("session/{}", began.session.id),
        };
        Audit::new(self.dynamo.clone())
            .tell(tenant_id, Outcome::Done, deed)
            .await
    }

    async fn end(
        &self,
        tenant: Tenant,
        user_id: UserId,
        id: SessionId,
        stolen: bool,
    ) -> Result<()> {
        let mut change = self.user_change(tenant.id(), user_id).await?;
        change.remove(&Key::session(user_id, id));
        change.send(&CloseConnections {
            user_id,
            which: Which::LetInBy(vec![Credential::Session(id)]),
        });
        if stolen {
            change.by_nobody_known();
        }
        change.emit(&SessionsEnded { ids: &[id], stolen });
        change.commit().await?;
        Ok(())
    }

    /// A session in the epoch of a user as they were read.
    pub(super) fn new_session(&self, user: &User, tenant_id: TenantId, client: Client) -> Began {
        let user_id = user.id;
        let now = self.dynamo.request().clock().now();
        let lifetime = SESSION_LIFETIME.as_millis();
        let expires_at = now + Millis::try_from(lifetime).unwrap_or(Millis::MAX);
        let session = Session {
            id: SessionId::new(),
            tenant_id,
            epoch: user.epoch,
            confined: false,
            created_at: now,
            last_used_at: now,
            expires_at,
            ip: client.ip,
            user_agent: client.user_agent,
            ttl: expires_at / 1000,
        };
        let record = RefreshRecord {
            user_id,
            session_id: session.id,
            tenant_id,
            used_at: None,
            expires_at,
            ttl: session.ttl,
        };
        let token = RefreshToken::of(&rand::random());
        Began {
            session,
            refresh: Refresh { token, record },
        }
    }

    /// The first tokens of a session.
    pub(super) fn tokens(&self, began: &Began, role: Option<Role>) -> Result<Tokens> {
        self.issue(&began.refresh, role)
    }

    fn issue(&self, refresh: &Refresh, role: Option<Role>) -> Result<Tokens> {
        let Refresh { token, record } = refresh;
        let request = self.dynamo.request();
        let key = request
            .connections()
            .signing_key()
            .ok_or_else(|| Error::internal("this function has no signing key"))?;
        let now = request.clock().now();
        let access_token = key.issue(
            record.user_id,
            record.tenant_id,
            role,
            record.session_id,
            now,
        )?;
        Ok(Tokens {
            access_token,
            refresh_token: token.expose().to_owned(),
            token_type: "Bearer",
            expires_in: ACCESS_TOKEN_LIFETIME,
        })
    }

    /// What the user may do now in the session's tenant, if they still belong to it.
    ///
    /// # Errors
    /// 401 if the session has ended.
    async fn role_in_session(&self, record: &RefreshRecord) -> Result<Option<Role>> {
        let identity = self.in_session(record).await?;
        let identity = identity.ok_or_else(Error::unauthenticated)?;
        Ok(identity.acting().map(|acting| acting.role))
    }

    /// What follows a token is made from it with a key that only the server has: it can be made again, and
    /// is stored nowhere.
    fn successor(&self, presented: &RefreshToken, record: &RefreshRecord) -> Result<Refresh> {
        let key = self.dynamo.request().connections().derivation_key()?;
        let secret = key.derive("refresh-token", presented.expose().as_bytes());
        Ok(Refresh {
            token: RefreshToken::of(&secret),
            record: RefreshRecord {
                used_at: None,
                ..record.clone()
            },
        })
    }

    async fn rotate(&self, used: &Stored<RefreshRecord>, next: &Refresh) -> Result<Transacted> {
        let now = self.dynamo.request().clock().now();
        let use_up = Update::builder()
            .table_name(self.dynamo.table(used.key().table())?)
            .set_key(Some(used.key().item()))
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(used_at)")
            .update_expression("SET used_at = :now")
            .expression_attribute_values(":now", number(&now))
            .build()
            .map_err(Error::internal)?;
        let session = Key::session(used.user_id, used.session_id);
        let carry_on = Update::builder()
            .table_name(self.dynamo.table(session.table())?)
            .set_key(Some(session.item()))
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET last_used_at = :now")
            .expression_attribute_values(":now", number(&now))
            .build()
            .map_err(Error::internal)?;
        let parts = vec![
            updating(use_up),
            self.dynamo
                .creation(&Key::refresh(&next.token), &next.record)?,
            updating(carry_on),
        ];
        self.dynamo.transact(parts).await
    }

    /// Whether a token was used a moment ago, and what came of it never.
    async fn is_still_unused(&self, presented: &RefreshToken, next: &Refresh) -> Result<bool> {
        let (used, next) = futures::try_join!(
            self.dynamo.get(Key::refresh(presented)),
            self.dynamo.get(Key::refresh(&next.token)),
        )?;
        let Some(used_at) = used.and_then(|record| record.used_at) else {
            return Ok(false);
        };
        // Another function's clock may be ahead of this one's: then it was used just now.
        let age = self.dynamo.request().clock().now().saturating_sub(used_at);
        let fresh = u128::try_from(age).map_or(true, |age| age <= REFRESH_GRACE.as_millis());
        Ok(fresh && next.is_some_and(|record| record.used_at.is_none()))
    }
}

impl PublicSession {
    /// A session, as whoever asks with `current` sees it.
    pub fn of(session: Session, current: SessionId) -> Self {
        Self {
            current: session.id == current,
            id: session.id,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            ip: session.ip,
            user_agent: session.user_agent,
        }
    }
}
