//! Invitations: made, sent again, revoked, and accepted.
//!
//! Each is a change of the tenant, so of those who accept, revoke or send again at once one is first. The token
//! is derived from the invitation's id and the number of the link, and stored nowhere: `Identity` finds the tenant
//! by its hash, and the invitation itself, in `Data`, says which hash works. What is true of the invitation there
//! is true; a link whose row outlives it opens nothing.
//!
//! To accept is to show whose the address is, as a password reset is. An account whose address was never verified
//! may have been made by somebody else, to be in when its owner is let into a tenant: it gets another password, and
//! its sessions end, in the same transaction.

use aws_sdk_dynamodb::types::AttributeValue::{self, S};
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use futures::future::{join, try_join};
use serde::Serialize;

use super::super::audit::Audit;
use super::super::change::Change;
use super::super::dynamo::{Dynamo, deleting, number, to_item};
use super::links::{Renewal, changing_password, outrun, spent};
use super::{Accounts, SignedIn, password};
use crate::error::{Detail, Error, Result};
use crate::etag::IfMatch;
use crate::event::Client;
use crate::event::caller::Principal;
use crate::keys::{Key, Row, Stored};
use crate::model::Millis;
use crate::model::account::{Account, Email, Membership, Password, Role, User};
use crate::model::audit::{Actor, Outcome, RecordAudit};
use crate::model::id::{InvitationId, TenantId, UserId};
use crate::model::invitation::{
    INVITATION_LIFETIME, Invitation, InvitationLink, InvitationResent, InvitationRevoked,
    InvitationUsed, InvitedAddress, LinkHash, MemberInvited, SendInvitation,
};
use crate::model::secret::LinkToken;
use crate::model::tenant::{MemberJoined, TenantLog};
use crate::model::text::{PersonName, TenantName};
use crate::page::{Cursor, Limit, Page};
use crate::reply::Reply;
use crate::tenant::Tenant;

/// How many invitations of a tenant are open at once.
const MOST_OPEN: usize = 100;

/// The list, as its cursors name it.
const LIST: &str = "invitations";

/// An invitation, as admins see it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct PublicInvitation {
    /// Its id.
    pub id: InvitationId,
    /// Who is invited.
    pub email: Email,
    /// What they will be allowed to do.
    pub role: Role,
    /// Who has invited them.
    pub invited_by: UserId,
    /// When it was made.
    pub created_at: Millis,
    /// Until when it is open.
    pub expires_at: Millis,
    #[serde(skip)]
    version: u64,
}

impl PublicInvitation {
    /// Which version it is: how often it was sent.
    pub const fn version(&self) -> u64 {
        self.version
    }
}

/// What the email of an invitation tells.
#[derive(Debug, Clone)]
pub struct InvitationMail {
    /// Who is invited.
    pub to: Email,
    /// Into which tenant.
    pub tenant: TenantName,
    /// By whom.
    pub inviter: PersonName,
    /// The address in the browser that accepts it.
    pub url: String,
}

/// Whoever accepts an invitation.
enum Guest {
    /// Their address has no account: this one is made.
    New(User, Account),
    /// Their account was made by who knows whom, for nobody had shown that the address is theirs. Now it is shown:
    /// it gets another password, whoever is in goes out, and a tenant that they belong to is told.
    Unproven(User, String, Option<TenantId>),
    /// The address is known to be theirs.
    Proven(User),
}

impl Accounts {
    /// Invites an address into the caller's tenant: a link is sent there.
    ///
    /// # Errors
    /// 422 for an address that the tenant does not admit; 409 if it belongs to a member or is invited already,
    /// or if too many are; 429 if too much was sent.
    pub async fn invite<T: Serialize>(
        &self,
        caller: &Principal,
        email: Email,
        role: Option<Role>,
        answer: impl FnOnce(PublicInvitation) -> Reply<T>,
    ) -> Result<Reply<T>> {
        let tenant = caller.tenant;
        let settings = &caller.profile.settings;
        if !settings.sign_up_domains.admit(&email) {
            return Err(Error::invalid(
                "email",
                "Must be of one of this tenant's domains",
            ));
        }
        let (open, log, account) = futures::try_join!(
            Box::pin(self.open_invitations(&tenant)),
            Box::pin(self.tenant_log(&self.dynamo, tenant)),
            Box::pin(self.dynamo.get(Key::account(&email))),
        )?;
        if open.iter().any(|invitation| invitation.email == email) {
            return Err(already_invited());
        }
        if open.len() >= MOST_OPEN {
            return Err(Error::conflict(format!(
                "{MOST_OPEN} invitations are open: revoke some, or wait until they are accepted"
            )));
        }
        let (member, counted) = join(
            self.membership_of(&tenant, account.as_ref()),
            self.count_invitation(&tenant, &email),
        )
        .await;
        if member?.is_some() {
            return Err(Error::conflict("They are a member already"));
        }
        counted?;

        let role = role.unwrap_or(settings.default_role);
        let invitation = self.new_invitation(email, role, caller.user_id)?;
        let mut change = Change::of_tenant(self.dynamo.clone(), tenant, log, caller.actor());
        change.create(&tenant.invitation(invitation.id), &invitation);
        change.guarded(self.claim_address(&tenant, &invitation), already_invited());
        Self::send_invitation(&mut change, &invitation);
        change.emit(&MemberInvited {
            id: invitation.id,
            role,
        });
        change.commit_with(answer(invitation.into())).await
    }

    /// A tenant's open invitations, the newest first.
    ///
    /// # Errors
    /// 400 for a cursor of another list.
    pub async fn invitations(
        &self,
        tenant: &Tenant,
        limit: Limit,
        cursor: Option<&Cursor>,
    ) -> Result<Page<PublicInvitation>> {
        let after: Option<InvitationId> =
            cursor.map(|cursor| cursor.place(LIST, &())).transpose()?;
        let mut open = self.open_invitations(tenant).await?;
        open.reverse();
        open.retain(|invitation| after.is_none_or(|after| invitation.id < after));
        let last = limit.cut(&mut open);
        let next = last.map(|last| Cursor::new(LIST, &(), &last.id));
        let next = next.transpose()?;
        let data = open.into_iter().map(PublicInvitation::from).collect();
        Ok(Page::of(data, next))
    }

    /// An invitation that is open; one read.
    ///
    /// # Errors
    /// 404 if it is not, or another tenant's.
    pub async fn invitation(&self, tenant: &Tenant, id: InvitationId) -> Result<PublicInvitation> {
        let invitation = self.open_invitation(tenant, id).await?;
        Ok(invitation.into_inner().into())
    }

    /// Sends an invitation again, with another link; the one before no longer works.
    ///
    /// # Errors
    /// 404 if it is not open, or another tenant's; 412 if it is not what the client has seen; 409 if its address is no
    /// longer admitted; 429 if too much was sent.
    pub async fn resend_invitation<T: Serialize>(
        &self,
        caller: &Principal,
        if_match: &IfMatch,
        id: InvitationId,
        answer: impl FnOnce(PublicInvitation) -> Reply<T>,
    ) -> Result<Reply<T>> {
        let tenant = caller.tenant;
        let (before, log) = self.invitation_and_log(tenant, id).await?;
        if_match.require(before.sent.into())?;
        if !caller.profile.settings.sign_up_domains.admit(&before.email) {
            return Err(Error::conflict(
                "This address is of none of this tenant's domains now",
            ));
        }
        self.count_invitation(&tenant, &before.email).await?;

        let next = self.sent_again(&before)?;
        let mut change = Change::of_tenant(self.dynamo.clone(), tenant, log, caller.actor());
        let replaced = put_if(
            &self.dynamo,
            (before.key(), &next),
            "link = :link",
            (":link", S(before.link.as_str().to_owned())),
        );
        let changed = Error::conflict("This invitation has changed meanwhile: look at it again");
        change.guarded(replaced, if_match.outrun(changed));
        change.remove(&Key::invitation_link(&before.link));
        change.replace(
            &tenant.invited_address(&next.email),
            &InvitedAddress::of(&next),
        );
        Self::send_invitation(&mut change, &next);
        change.emit(&InvitationResent { id });
        change.commit_with(answer(next.into())).await
    }

    /// Revokes an invitation: its link no longer works.
    ///
    /// # Errors
    /// 404 if it is not open, or another tenant's; 412 if it is not what the client has seen.
    pub async fn revoke_invitation(
        &self,
        caller: &Principal,
        if_match: &IfMatch,
        id: InvitationId,
    ) -> Result<Reply<()>> {
        let tenant = caller.tenant;
        let (invitation, log) = self.invitation_and_log(tenant, id).await?;
        if_match.require(invitation.sent.into())?;
        let mut change = Change::of_tenant(self.dynamo.clone(), tenant, log, caller.actor());
        let missing = if_match.outrun(Error::not_found(Invitation::MISSING));
        end_invitation(&self.dynamo, &mut change, &invitation, missing);
        change.emit(&InvitationRevoked { id });
        change.commit_with(Reply::no_content()).await
    }

    /// Makes a member of whoever has followed the link of an invitation, and logs them in; one transaction. An
    /// address without an account becomes a user. Who is a member already is logged in, and nothing else.
    ///
    /// # Errors
    /// 422 for a token that is unknown, used, revoked or expired, or of a tenant that has gone or no longer admits
    /// the address; 422 for `name` and `password` where they are needed, and where they are not.
    pub async fn accept_invitation(
        &self,
        token: &LinkToken,
        name: Option<PersonName>,
        password: Option<Password>,
        client: Client,
    ) -> Result<SignedIn> {
        self.count_address(&client).await?;
        let now = self.dynamo.request().clock().now();
        let hash = LinkHash::of(token);
        let link = self.dynamo.get(Key::invitation_link(&hash)).await?;
        let link = link
            .filter(|link| link.expires_at > now)
            .ok_or_else(spent)?;
        let tenant = Tenant::verified(link.tenant_id);
        let dynamo = self.dynamo.in_tenant(tenant)?;
        let (invitation, profile, log, account) = futures::try_join!(
            Box::pin(dynamo.get(tenant.invitation(link.invitation_id))),
            Box::pin(dynamo.get(Key::tenant_profile(tenant.id()))),
            Box::pin(dynamo.get(tenant.log())),
            Box::pin(self.dynamo.get(Key::account(&link.email))),
        )?;
        let invitation = invitation
            .filter(|invitation| invitation.link == hash && invitation.is_open(now))
            .ok_or_else(spent)?;
        let profile = profile
            .filter(|tenant| {
                tenant.deleting_at.is_none() && tenant.settings.sign_up_domains.admit(&link.email)
            })
            .ok_or_else(spent)?;
        let log = log.ok_or_else(spent)?;
        let (guest, member) = try_join(
            Box::pin(self.guest(&link, account.as_ref(), name, password)),
            self.membership_of(&tenant, account.as_ref()),
        )
        .await?;

        let (user, is_known) = (guest.user(), guest.is_known());
        let mut change = Change::of_tenant(dynamo.clone(), tenant, log, Actor::user(user.id));
        end_invitation(&dynamo, &mut change, &invitation, spent());
        self.let_in(&mut change, guest);
        let role = member
            .as_ref()
            .map_or(invitation.role, |member| member.role);
        if member.is_none() {
            Self::joining(&mut change, &user, role, now);
            change.count_members(1, i64::from(role == Role::Admin));
            change.emit(&MemberJoined {
                user_id: user.id,
                role,
            });
        } else {
            change.emit(&InvitationUsed { id: invitation.id });
        }
        let mut began = self.new_session(&user, tenant.id(), client.clone());
        if is_known {
            began = began.confined();
        }
        began.add_to(&mut change);
        change.commit().await?;
        self.note_known(&user.email, &client).await;
        let tokens = self.tokens(&began, Some(role))?;
        Ok(SignedIn::of(user, profile.into_inner(), tokens))
    }

    /// Has the audit log of a tenant of somebody's tell that their account has another password: that of the tenant that
    /// has invited them does not.
    fn tell_home(&self, change: &mut Change, user: &User, home: TenantId) {
        let deed = changing_password(Actor::user(user.id));
        let entry = Audit::new(self.dynamo.clone()).entry(Outcome::Done, deed);
        change.send_in(home, &RecordAudit::of(entry));
    }

    /// What to send for an invitation, if that link of it still works.
    pub async fn invitation_mail(
        &self,
        tenant: &Tenant,
        job: &SendInvitation,
    ) -> Result<Option<InvitationMail>> {
        let now = self.dynamo.request().clock().now();
        let invitation = self
            .dynamo
            .get(tenant.invitation(job.invitation_id))
            .await?;
        let works = |invitation: &Stored<Invitation>| {
            invitation.sent == job.sent && invitation.is_open(now)
        };
        let Some(invitation) = invitation.filter(works) else {
            return Ok(None);
        };
        let (profile, inviter) = try_join(
            self.dynamo.get(Key::tenant_profile(tenant.id())),
            self.user(invitation.invited_by),
        )
        .await?;
        let profile = profile.filter(|tenant| tenant.deleting_at.is_none());
        let (Some(profile), Some(inviter)) = (profile, inviter) else {
            return Ok(None);
        };
        let token = self.invitation_token(invitation.id, invitation.sent)?;
        Ok(Some(InvitationMail {
            to: invitation.email.clone(),
            tenant: profile.name.clone(),
            inviter: inviter.name,
            url: self.page_of("accept-invitation", &token)?,
        }))
    }

    /// All of them, the oldest first. They are few: see [`MOST_OPEN`].
    async fn open_invitations(&self, tenant: &Tenant) -> Result<Vec<Invitation>> {
        let now = self.dynamo.request().clock().now();
        let mut invitations: Vec<Invitation> = self.dynamo.query(tenant.invitations()).await?;
        invitations.retain(|invitation| invitation.is_open(now));
        Ok(invitations)
    }

    async fn open_invitation(
        &self,
        tenant: &Tenant,
        id: InvitationId,
    ) -> Result<Stored<Invitation>> {
        let now = self.dynamo.request().clock().now();
        let invitation = self.dynamo.get(tenant.invitation(id)).await?;
        invitation
            .filter(|invitation| invitation.is_open(now))
            .ok_or_else(|| Error::not_found(Invitation::MISSING))
    }

    /// An open invitation, and the log that is to tell of it. Both are read to the end, so that it costs the same
    /// whether there is one.
    async fn invitation_and_log(
        &self,
        tenant: Tenant,
        id: InvitationId,
    ) -> Result<(Stored<Invitation>, Stored<TenantLog>)> {
        let (invitation, log) = join(
            self.open_invitation(&tenant, id),
            self.tenant_log(&self.dynamo, tenant),
        )
        .await;
        Ok((invitation?, log?))
    }

    async fn membership_of(
        &self,
        tenant: &Tenant,
        account: Option<&Stored<Account>>,
    ) -> Result<Option<Membership>> {
        match account {
            Some(account) => self.member(tenant, account.user_id).await,
            None => Ok(None),
        }
    }

    fn new_invitation(&self, email: Email, role: Role, invited_by: UserId) -> Result<Invitation> {
        let now = self.dynamo.request().clock().now();
        let id = InvitationId::new();
        let expires_at = now + lifetime();
        Ok(Invitation {
            id,
            email,
            role,
            invited_by,
            sent: 1,
            link: LinkHash::of(&self.invitation_token(id, 1)?),
            created_at: now,
            expires_at,
            ttl: expires_at / 1000,
        })
    }

    fn sent_again(&self, invitation: &Invitation) -> Result<Invitation> {
        let sent = invitation.sent + 1;
        let expires_at = self.dynamo.request().clock().now() + lifetime();
        Ok(Invitation {
            sent,
            link: LinkHash::of(&self.invitation_token(invitation.id, sent)?),
            expires_at,
            ttl: expires_at / 1000,
            ..invitation.clone()
        })
    }

    /// A link's token is made from what the log and the queue may know, with a key that only the server has.
    fn invitation_token(&self, id: InvitationId, sent: u32) -> Result<LinkToken> {
        let key = self.dynamo.request().connections().derivation_key()?;
        let from = format!("{id}/{sent}");
        Ok(LinkToken::of(&key.derive("invitation", from.as_bytes())))
    }

    /// The parts of a change that make an invitation's link, and have it sent.
    fn send_invitation(change: &mut Change, invitation: &Invitation) {
        let link = InvitationLink {
            tenant_id: change.tenant().id(),
            invitation_id: invitation.id,
            email: invitation.email.clone(),
            expires_at: invitation.expires_at,
            ttl: invitation.ttl,
        };
        change.create(&Key::invitation_link(&invitation.link), &link);
        change.send(&SendInvitation {
            invitation_id: invitation.id,
            sent: invitation.sent,
        });
    }

    /// Of two who invite the same address at once, one does.
    fn claim_address(&self, tenant: &Tenant, invitation: &Invitation) -> Result<TransactWriteItem> {
        let now = self.dynamo.request().clock().now();
        put_if(
            &self.dynamo,
            (
                &tenant.invited_address(&invitation.email),
                &InvitedAddress::of(invitation),
            ),
            "attribute_not_exists(pk) OR expires_at <= :now",
            (":now", number(&now)),
        )
    }

    async fn guest(
        &self,
        link: &InvitationLink,
        account: Option<&Stored<Account>>,
        name: Option<PersonName>,
        password: Option<Password>,
    ) -> Result<Guest> {
        let Some(account) = account else {
            let missing = [name.is_none(), password.is_none()];
            let (Some(name), Some(password)) = (name, password) else {
                return Err(fields(missing, "is required"));
            };
            return self.invited(link, name, password).await;
        };
        let user = self.existing_user(account.user_id).await?;
        let proven = user.verified_at.is_some();
        let unasked = [name.is_some(), password.is_some() && proven];
        if unasked.contains(&true) {
            return Err(fields(
                unasked,
                "is not asked for: this address has an account",
            ));
        }
        // As with other links: what was sent before all log-ins were ended lets nobody in after that.
        let sent_at = link.expires_at - lifetime();
        if proven && user.epoch_began_at.is_some_and(|at| at >= sent_at) {
            return Err(spent());
        }
        match password {
            _ if proven => Ok(Guest::Proven(user)),
            None => Err(fields([false, true], "is required")),
            Some(password) => {
                let hash = password::hash(password).await?;
                let home = self.tenant_of(user.id, user.home).await?;
                Ok(Guest::Unproven(user, hash, home))
            }
        }
    }

    async fn invited(
        &self,
        link: &InvitationLink,
        name: PersonName,
        password: Password,
    ) -> Result<Guest> {
        let now = self.dynamo.request().clock().now();
        let user = User {
            id: UserId::new(),
            email: link.email.clone(),
            name,
            verified_at: Some(now),
            home: link.tenant_id,
            founded: 0,
            epoch: 0,
            epoch_began_at: None,
            recoveries: 0,
            created_at: now,
        };
        let account = Account {
            user_id: user.id,
            password_hash: Some(password::hash(password).await?),
        };
        Ok(Guest::New(user, account))
    }

    /// The parts of a change that make somebody a user who is known by their address.
    fn let_in(&self, change: &mut Change, guest: Guest) {
        match guest {
            Guest::Proven(_) => {}
            Guest::New(user, account) => {
                change.create_or(
                    &Key::account(&user.email),
                    &account,
                    Error::conflict("This address has an account by now: follow the link again"),
                );
                change.create(&Key::user(user.id), &user);
            }
            Guest::Unproven(user, hash, home) => {
                let renewal = Renewal::of(user.id, &user.email, user.epoch).verified();
                self.let_nobody_in(change, &user, renewal, outrun);
                if let Some(home) = home {
                    self.tell_home(change, &user, home);
                }
                let set = self.password_of(&user.email, user.id, hash);
                change.guarded(set, outrun());
            }
        }
    }
}

impl Guest {
    /// Whether there was an account: somebody else has sent the link, and it was longer on its way than other links
    /// may be.
    const fn is_known(&self) -> bool {
        matches!(self, Self::Proven(_) | Self::Unproven(..))
    }

    /// The user that they are once they are in.
    fn user(&self) -> User {
        match self {
            Self::New(user, _) | Self::Proven(user) => user.clone(),
            Self::Unproven(user, ..) => User {
                epoch: user.epoch + 1,
                ..user.clone()
            },
        }
    }
}

impl From<Invitation> for PublicInvitation {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id,
            email: invitation.email,
            role: invitation.role,
            invited_by: invitation.invited_by,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            version: invitation.sent.into(),
        }
    }
}

impl InvitedAddress {
    fn of(invitation: &Invitation) -> Self {
        Self {
            invitation_id: invitation.id,
            expires_at: invitation.expires_at,
            ttl: invitation.ttl,
        }
    }
}

/// The parts of a change that end an invitation: whoever is too late for it gets `refusal`.
fn end_invitation(
    dynamo: &Dynamo,
    change: &mut Change,
    invitation: &Stored<Invitation>,
    refusal: Error,
) {
    let tenant = change.tenant();
    let ended = dynamo.table(invitation.key().table()).and_then(|table| {
        let delete = Delete::builder()
            .table_name(table)
            .set_key(Some(invitation.key().item()))
            .condition_expression("link = :link")
            .expression_attribute_values(":link", S(invitation.link.as_str().to_owned()));
        delete.build().map(deleting).map_err(Error::internal)
    });
    change.guarded(ended, refusal);
    change.remove(&Key::invitation_link(&invitation.link));
    change.remove(&tenant.invited_address(&invitation.email));
}

/// A part that writes a row, whatever stood there, if a condition with one value is met.
fn put_if<T: Row>(
    dynamo: &Dynamo,
    (key, row): (&Key<T>, &T),
    condition: &str,
    (name, value): (&str, AttributeValue),
) -> Result<TransactWriteItem> {
    let put = Put::builder()
        .table_name(dynamo.table(key.table())?)
        .set_item(Some(to_item(key, row)?))
        .condition_expression(condition)
        .expression_attribute_values(name, value)
        .build()
        .map_err(Error::internal)?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// 422 for those of `name` and `password` that something is wrong with.
fn fields(wrong: [bool; 2], what: &str) -> Error {
    let fields = ["name", "password"].into_iter().zip(wrong);
    let wrong = fields.filter(|(_, wrong)| *wrong);
    Error::validation(
        wrong
            .map(|(field, _)| Detail {
                field: field.to_owned(),
                message: format!("{field} {what}"),
            })
            .collect(),
    )
}

fn already_invited() -> Error {
    Error::conflict("This address is invited already: send that invitation again")
}

fn lifetime() -> Millis {
    Millis::try_from(INVITATION_LIFETIME.as_millis()).unwrap_or(Millis::MAX)
}
