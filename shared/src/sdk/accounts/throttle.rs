//! How often somebody may try: by the address that asks, by the account that is asked for, and by both.
//!
//! Nobody can be shut out of their account by a stranger: what counts against an account as a whole holds
//! only for addresses from which nobody has logged in to it before.

use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnValue;

use super::super::dynamo::{Item, key_item, number};
use super::Accounts;
use crate::error::{Error, Result};
use crate::event::Client;
use crate::keys::{self, Table};
use crate::model::Millis;
use crate::model::account::Email;
use crate::model::id::{SessionId, UserId};
use crate::model::link::Purpose;
use crate::model::window::Quota;
use crate::tenant::Tenant;

/// At most so many in a window of time.
#[derive(Debug, Clone, Copy)]
struct Limit {
    name: &'static str,
    most: u64,
    window: Duration,
}

const FIFTEEN_MINUTES: Duration = Duration::from_secs(15 * 60);

/// Of one address, whatever the account.
const ADDRESS: Limit = Limit {
    name: "address",
    most: 300,
    window: Duration::from_secs(5 * 60),
};

/// Of one address on one account; a success begins anew.
const PAIR: Limit = Limit {
    name: "pair",
    most: 10,
    window: FIFTEEN_MINUTES,
};

/// Of all addresses on one account, from which nobody has logged in to it before. What one address is refused for
/// itself does not count.
const ACCOUNT: Limit = Limit {
    name: "account",
    most: 50,
    window: FIFTEEN_MINUTES,
};

/// Of one address that says that it has forgotten the password of one account. It is not counted with those who
/// guess: who is kept from logging in by them must have another way in.
const FORGOTTEN: Limit = Limit {
    name: "forgotten",
    most: 10,
    window: FIFTEEN_MINUTES,
};

/// Of one session that says what its user's password is.
const CHANGES: Limit = Limit {
    name: "changes",
    most: 10,
    window: FIFTEEN_MINUTES,
};

/// Links of one kind to one account: whoever asks, its user has so many that still work.
const LINKS: Limit = Limit {
    name: "links",
    most: 5,
    window: Duration::from_secs(3600),
};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Invitations that a tenant sends.
const INVITATIONS: Limit = Limit {
    name: "invitations",
    most: 100,
    window: Duration::from_secs(3600),
};

/// Of one tenant to one address.
const INVITATIONS_FROM_ONE: Limit = Limit {
    name: "invited-by",
    most: 5,
    window: DAY,
};

/// Of all tenants to one address: what one tenant is refused for itself does not count.
const INVITATIONS_TO_ONE: Limit = Limit {
    name: "invited",
    most: 20,
    window: DAY,
};

/// How long an address is known after a log-in: 90 days, in seconds.
const KNOWN_FOR: i64 = 90 * 24 * 3600;

impl Accounts {
    /// Counts an attempt on an account, before it is looked whether it succeeds; one round trip.
    ///
    /// # Errors
    /// 429 with `Retry-After` if there have been too many.
    pub(super) async fn count_attempt(&self, email: &Email, client: &Client) -> Result<()> {
        let address = network(&client.ip);
        let pair = pair(email, &address);
        let (by_address, by_pair, by_account, known) = futures::try_join!(
            Box::pin(self.count(ADDRESS, &address)),
            Box::pin(self.count(PAIR, &pair)),
            Box::pin(self.count(ACCOUNT, email.as_str())),
            Box::pin(self.is_known(&pair)),
        )?;
        let here = by_address.within_limit().and(by_pair.within_limit());
        if let Err(refusal) = here {
            // Or whoever goes on from one address would use up what all others have.
            self.take_back(by_account, email.as_str()).await?;
            return Err(refusal);
        }
        // What others have tried on the account is not told.
        self.tell_what_is_left([by_address, by_pair]);
        if known {
            Ok(())
        } else {
            by_account.within_limit()
        }
    }

    /// Counts a request of an address that is of no account.
    ///
    /// # Errors
    /// 429 with `Retry-After` if there have been too many.
    pub(super) async fn count_address(&self, client: &Client) -> Result<()> {
        let by_address = self.count(ADDRESS, &network(&client.ip)).await?;
        self.tell_what_is_left([by_address]);
        by_address.within_limit()
    }

    /// Counts somebody who asks for a link to a new password.
    ///
    /// # Errors
    /// 429 with `Retry-After` if there have been too many from that address.
    pub(super) async fn count_forgotten(&self, email: &Email, client: &Client) -> Result<()> {
        let address = network(&client.ip);
        let pair = pair(email, &address);
        let (by_address, by_pair) = futures::try_join!(
            Box::pin(self.count(ADDRESS, &address)),
            Box::pin(self.count(FORGOTTEN, &pair)),
        )?;
        self.tell_what_is_left([by_address, by_pair]);
        by_address.within_limit()?;
        by_pair.within_limit()
    }

    /// Tells whoever tries what is left to them, by the limit that they reach first.
    fn tell_what_is_left(&self, counted: impl IntoIterator<Item = Counted>) {
        let quotas = counted.into_iter().map(Counted::quota);
        if let Some(least) = quotas.min_by_key(|quota| quota.remaining) {
            self.dynamo.request().note_quota(least);
        }
    }

    /// Counts an attempt to change a password, by a session: nobody else can use up what its user has.
    ///
    /// # Errors
    /// 429 with `Retry-After` if there have been too many.
    pub(super) async fn count_change(&self, user_id: UserId, session: SessionId) -> Result<()> {
        let of = format!("{user_id} {session}");
        self.count(CHANGES, &of).await?.within_limit()
    }

    /// Counts a link to an account, among those of its kind: who may ask for one kind must not keep others from
    /// another. Returns whether one more may be sent.
    pub(super) async fn count_link(&self, purpose: Purpose, email: &Email) -> Result<bool> {
        let of = format!("{} {}", purpose.name(), email.as_str());
        let counted = self.count(LINKS, &of).await?;
        Ok(counted.within_limit().is_ok())
    }

    /// Counts an invitation that is sent by a tenant to an address; one round trip.
    ///
    /// # Errors
    /// 429 with `Retry-After` if there have been too many.
    pub(super) async fn count_invitation(&self, tenant: &Tenant, email: &Email) -> Result<()> {
        let tenant = tenant.id().to_string();
        let pair = format!("{tenant} {}", email.as_str());
        let (by_tenant, by_pair, by_address) = futures::try_join!(
            Box::pin(self.count(INVITATIONS, &tenant)),
            Box::pin(self.count(INVITATIONS_FROM_ONE, &pair)),
            Box::pin(self.count(INVITATIONS_TO_ONE, email.as_str())),
        )?;
        if let Err(refusal) = by_tenant.within_limit().and(by_pair.within_limit()) {
            self.take_back(by_address, email.as_str()).await?;
            return Err(refusal);
        }
        by_address.within_limit()
    }

    /// Notes the address from which an account was made or shown to be somebody's, so that strangers who guess its
    /// password do not keep them out there. That has been done, and is not undone if this fails.
    pub(super) async fn note_known(&self, email: &Email, client: &Client) {
        let pair = pair(email, &network(&client.ip));
        if let Err(error) = self.know(&pair).await {
            tracing::warn!(%error, "an address could not be noted as known");
        }
    }

    async fn know(&self, pair: &str) -> Result<()> {
        let table = self.dynamo.table(Table::Ephemeral)?;
        let noting = self.dynamo.client().put_item().table_name(table);
        noting.set_item(Some(self.known_row(pair))).send().await?;
        Ok(())
    }

    fn known_row(&self, pair: &str) -> Item {
        let now = self.dynamo.request().clock().now();
        let (pk, sk) = keys::known_address(pair);
        let mut known = key_item(&pk, &sk);
        known.insert("ttl".to_owned(), number(&(now / 1000 + KNOWN_FOR)));
        known
    }

    /// Notes that somebody has logged in to an account from an address.
    pub(super) async fn note_success(&self, email: &Email, client: &Client) -> Result<()> {
        let pair = pair(email, &network(&client.ip));
        let now = self.dynamo.request().clock().now();
        let known = self.known_row(&pair);
        let (pk, sk) = keys::rate(PAIR.name, &pair, PAIR.window_of(now));
        let table = self.dynamo.table(Table::Ephemeral)?;
        let client = self.dynamo.client();
        let noting = client.put_item().table_name(table).set_item(Some(known));
        let forgetting = client
            .delete_item()
            .table_name(table)
            .set_key(Some(key_item(&pk, &sk)));
        let (noted, forgotten) = futures::join!(noting.send(), forgetting.send());
        noted?;
        forgotten?;
        Ok(())
    }

    async fn is_known(&self, pair: &str) -> Result<bool> {
        let now = self.dynamo.request().clock().now();
        let (pk, sk) = keys::known_address(pair);
        let answer = self
            .dynamo
            .client()
            .get_item()
            .table_name(self.dynamo.table(Table::Ephemeral)?)
            .set_key(Some(key_item(&pk, &sk)))
            .send()
            .await?;
        let ends = answer
            .item
            .as_ref()
            .and_then(|item| item.get("ttl")?.as_n().ok());
        let ends: Option<i64> = ends.and_then(|ends| ends.parse().ok());
        Ok(ends.is_some_and(|ends| ends > now / 1000))
    }

    async fn count(&self, limit: Limit, of: &str) -> Result<Counted> {
        let window = limit.window_of(self.dynamo.request().clock().now());
        self.add(limit, of, window, 1).await
    }

    /// Takes back what has been counted, in the window where it was.
    async fn take_back(&self, counted: Counted, of: &str) -> Result<()> {
        self.add(counted.limit, of, counted.window, -1).await?;
        Ok(())
    }

    async fn add(&self, limit: Limit, of: &str, window: Millis, by: i64) -> Result<Counted> {
        let now = self.dynamo.request().clock().now();
        let (pk, sk) = keys::rate(limit.name, of, window);
        let answer = self
            .dynamo
            .client()
            .update_item()
            .table_name(self.dynamo.table(Table::Ephemeral)?)
            .set_key(Some(key_item(&pk, &sk)))
            .update_expression("SET #ttl = :ttl ADD hits :by")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":ttl", number(&(limit.end_of(window) / 1000)))
            .expression_attribute_values(":by", number(&by))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await?;
        let hits = answer
            .attributes
            .as_ref()
            .and_then(|item| item.get("hits")?.as_n().ok());
        let hits = hits.and_then(|hits| hits.parse().ok()).unwrap_or(u64::MAX);
        Ok(Counted {
            limit,
            window,
            hits,
            now,
        })
    }
}

/// A count, this time included.
#[derive(Debug, Clone, Copy)]
struct Counted {
    limit: Limit,
    /// Which window it was counted in.
    window: Millis,
    hits: u64,
    /// When it was counted.
    now: Millis,
}

impl Counted {
    /// What is left in the window.
    fn quota(self) -> Quota {
        let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        Quota {
            limit: number(self.limit.most),
            remaining: number(self.limit.most.saturating_sub(self.hits)),
            reset: self.limit.end_of(self.limit.window_of(self.now)) / 1000,
        }
    }

    fn within_limit(self) -> Result<()> {
        if self.hits <= self.limit.most {
            return Ok(());
        }
        let quota = self.quota();
        let wait = Duration::from_secs(quota.wait(self.now));
        Err(Error::too_many_attempts(wait).with_headers(quota.headers()))
    }
}

impl Limit {
    fn millis(self) -> Millis {
        Millis::try_from(self.window.as_millis()).unwrap_or(Millis::MAX)
    }

    /// The number of the window that a time is in.
    fn window_of(self, now: Millis) -> Millis {
        now.div_euclid(self.millis())
    }

    fn end_of(self, window: Millis) -> Millis {
        (window + 1) * self.millis()
    }
}

fn pair(email: &Email, address: &str) -> String {
    format!("{address} {}", email.as_str())
}

/// What counts as one address: of IPv6 a network, whose hosts are one customer's.
fn network(ip: &str) -> String {
    match ip.parse() {
        Ok(std::net::IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        _ => ip.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_hosts_of_one_network_are_one_address() {
        assert_eq!(network("203.0.113.7"), "203.0.113.7");
        assert_eq!(network("2001:db8:1:2::7"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::7"), network("2001:db8:1:3::7"));
    }

    proptest! {
        #[test]
        fn a_wait_ends_with_its_window(now in 0..i64::from(u32::MAX) * 1000, over in any::<bool>()) {
            let window = PAIR.window_of(now);
            let hits = PAIR.most + u64::from(over);
            let counted = Counted { limit: PAIR, window, hits, now };
            match counted.within_limit() {
                Ok(()) => prop_assert!(!over),
                Err(error) => {
                    prop_assert!(over);
                    let wait = error.retry_after().expect("it says when").as_millis();
                    let then = now + i64::try_from(wait)?;
                    prop_assert_eq!(PAIR.window_of(then), window + 1);
                    prop_assert!(wait <= PAIR.window.as_millis() + 999);
                }
            }
        }
    }
}
