//! Users of the external identity provider: who they are here, and how they come to be known.

use aws_sdk_dynamodb::types::AttributeValue::S;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};

use super::super::dynamo::updating;
use super::super::oidc::{ExternalIdentity, Provider};
use super::links::{Renewal, outrun};
use super::{Accounts, Newcomer};
use crate::error::{Code, Error, Result};
use crate::keys::{Key, Stored};
use crate::model::Millis;
use crate::model::account::{Account, Email, ExternalLink, IdentityLinked};
use crate::model::id::UserId;
use crate::model::text::PersonName;

/// How often a first sight is tried, while others change the same account.
const TRIES: usize = 4;

/// Somebody whom the provider vouches for, and who they are here.
#[derive(Debug)]
pub(crate) struct Visitor {
    identity: ExternalIdentity,
    /// Nobody, at first sight.
    pub(crate) user_id: Option<UserId>,
}

impl Visitor {
    /// When what they have shown ends by itself.
    pub(crate) const fn until(&self) -> Millis {
        self.identity.until
    }
}

impl Accounts {
    /// Whether a token says that it is the provider's.
    pub(crate) fn is_of_provider(&self, token: &str) -> bool {
        self.provider()
            .is_some_and(|provider| provider.is_named_by(token))
    }

    /// Whose a token of the provider is; nobody's if it is not valid. One read, unless it has been seen before.
    ///
    /// # Errors
    /// 503 if the provider's keys can't be had.
    pub(crate) async fn visitor(&self, token: &str) -> Result<Option<Visitor>> {
        let request = self.dynamo.request();
        let Some(provider) = self.provider() else {
            return Ok(None);
        };
        let identity = provider
            .verify(token, request.clock(), request.remaining())
            .await?;
        let Some(identity) = identity else {
            return Ok(None);
        };
        let user_id = self.linked(&identity).await?;
        Ok(Some(Visitor { identity, user_id }))
    }

    /// Makes somebody known who is seen for the first time: as the user whose address the provider says is
    /// theirs, or as a new one, with a tenant of their own. From then on the identity is that user's, whatever
    /// becomes of the address at the provider.
    ///
    /// # Errors
    /// 403 if the provider does not say so of any address.
    pub(crate) async fn welcome(&self, visitor: &Visitor) -> Result<UserId> {
        let identity = &visitor.identity;
        let Some(email) = &identity.email else {
            return Err(Error::unverified());
        };
        for _ in 0..TRIES {
            let outcome = match self.dynamo.get(Key::account(email)).await? {
                Some(account) => self.link_account(identity, email, &account).await,
                None => self.found_user(identity, email).await,
            };
            match outcome {
                Err(error) if error.code() == Code::Conflict => {}
                Err(error) => return Err(error),
                Ok(()) => {}
            }
            if let Some(user_id) = self.linked(identity).await? {
                return Ok(user_id);
            }
        }
        Err(Error::unavailable("others kept changing the account"))
    }

    /// The user that an identity is linked to. That never changes, so it is read once.
    async fn linked(&self, identity: &ExternalIdentity) -> Result<Option<UserId>> {
        let key = Key::external(&identity.issuer, &identity.subject);
        let known = self.provider().map(Provider::known);
        if let Some(user_id) = known.and_then(|known| known.user(key.pk())) {
            return Ok(Some(user_id));
        }
        let Some(link) = self.dynamo.get(key).await? else {
            return Ok(None);
        };
        if let Some(known) = known {
            known.remember(link.key().pk(), link.user_id);
        }
        Ok(Some(link.user_id))
    }

    async fn found_user(&self, identity: &ExternalIdentity, email: &Email) -> Result<()> {
        let now = self.dynamo.request().clock().now();
        let name = identity.name.clone();
        let name = name.map_or_else(|| name_of(email), Ok)?;
        let Newcomer { user, tenant } = self.newcomer(email.clone(), name, Some(now))?;
        let account = Account {
            user_id: user.id,
            password_hash: None,
        };
        let mut change = self.founding(&tenant, &user)?;
        change.guarded(self.linking(identity, user.id), outrun());
        let account = self.dynamo.creation(&Key::account(email), &account);
        change.guarded(account, outrun());
        change.create(&Key::user(user.id), &user);
        change.commit().await?;
        Ok(())
    }

    /// Links an identity to the user who has its address here.
    ///
    /// If they have never shown that the address is theirs, anybody may have signed up with it, and wait for its
    /// owner to fill the account. The provider's word that the owner has come ends whatever lets that other in:
    /// the password, all sessions and API keys. The account goes on, because most often it is the owner's own, who has
    /// not followed the link in the mail.
    async fn link_account(
        &self,
        identity: &ExternalIdentity,
        email: &Email,
        account: &Stored<Account>,
    ) -> Result<()> {
        let user = self.existing_user(account.user_id).await?;
        let home = self.told_in(user.id, user.home).await?;
        let mut change = self.user_change(home, user.id).await?;
        change.guarded(self.linking(identity, user.id), outrun());
        if user.verified_at.is_none() {
            let renewal = Renewal::of(user.id, email, user.epoch).verified();
            self.let_nobody_in(&mut change, &user, renewal, outrun);
            change.guarded(self.without_password(account), outrun());
        }
        change.emit(&IdentityLinked {
            issuer: &identity.issuer,
        });
        change.commit().await?;
        Ok(())
    }

    fn linking(&self, identity: &ExternalIdentity, user_id: UserId) -> Result<TransactWriteItem> {
        let link = ExternalLink {
            user_id,
            issuer: identity.issuer.clone(),
            created_at: self.dynamo.request().clock().now(),
        };
        let key = Key::external(&identity.issuer, &identity.subject);
        self.dynamo.creation(&key, &link)
    }

    /// The account's row is still the user's: it never becomes another's.
    fn without_password(&self, account: &Stored<Account>) -> Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(self.dynamo.table(account.key().table())?)
            .set_key(Some(account.key().item()))
            .condition_expression("user_id = :user")
            .update_expression("REMOVE password_hash")
            .expression_attribute_values(":user", S(account.user_id.to_string()));
        update.build().map(updating).map_err(Error::internal)
    }

    fn provider(&self) -> Option<&Provider> {
        self.dynamo.request().connections().provider()
    }
}

/// What stands before the `@`, of whom nobody has said what they are called.
fn name_of(email: &Email) -> Result<PersonName> {
    let (local, _domain) = email.as_str().split_once('@').unwrap_or_default();
    PersonName::try_from(local.to_owned()).map_err(|invalid| Error::internal(invalid.0))
}
