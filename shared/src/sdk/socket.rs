//! Connections, the rooms that they are in, and what is sent to them.

use std::sync::{Arc, OnceLock};

use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_apigatewaymanagement::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures::future::try_join_all;

use super::clock::Millis;
use super::dynamo::{Dynamo, from_item, met, number, text};
use super::guard;
use super::request::client;
use crate::error::{Error, Result};
use crate::event::caller::Principal;
use crate::keys::{self, Key, RoomKey, Table};
use crate::model::id::UserId;
use crate::model::realtime::{
    Connection, Holder, Room, RoomCursor, Subscription, Ticket, UserConnection, Which,
};
use crate::tenant::Tenant;

/// How long a ticket can be used, in seconds.
pub const TICKET_LIFETIME: i64 = 30;

/// When a connection has surely ended, in seconds: the gateway ends it after two hours.
const CONNECTION_LIFETIME: i64 = 3 * 3600;

/// The realtime side of the product.
#[derive(Clone, Debug)]
pub struct Socket {
    dynamo: Dynamo,
    client: Arc<OnceLock<Client>>,
}

/// Who is in a room, and how far it has been told.
#[derive(Debug, Clone, Default)]
pub struct Audience {
    /// The last event that all of them were sent; nothing if none has been yet.
    pub sent: Option<u64>,
    /// The connections.
    pub subscriptions: Vec<Subscription>,
}

/// What became of a message to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The gateway has taken it.
    Sent,
    /// The connection has ended.
    Gone,
    /// The account sends too much at the moment: no fault of the connection's.
    Busy,
}

impl Audience {
    /// After which event the room is owed all; nothing if nobody is there to be owed anything. What a
    /// connection knew when it came in bounds what it is owed.
    pub fn owed_after(&self) -> Option<u64> {
        let earliest = self
            .subscriptions
            .iter()
            .map(|subscription| subscription.since)
            .min()?;
        Some(self.sent.unwrap_or(0).max(earliest))
    }
}

impl Socket {
    pub(crate) fn new(dynamo: Dynamo) -> Self {
        Self {
            dynamo,
            client: Arc::default(),
        }
    }

    /// A new ticket for `holder`: 256 random bits, of which only the hash is stored; one write.
    pub async fn issue_ticket(&self, holder: Holder) -> Result<String> {
        let secret = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        let expires_at = self.now() + TICKET_LIFETIME * 1000;
        let ticket = Ticket {
            holder,
            expires_at,
            ttl: expires_at / 1000,
        };
        self.dynamo.put(&Key::ticket(&secret), &ticket).await?;
        Ok(secret)
    }

    /// Takes a ticket, which no one can then take again; nothing if there is none or it has expired.
    pub async fn take_ticket(&self, secret: &str) -> Result<Option<Holder>> {
        let key = Key::ticket(secret);
        let answer = self
            .dynamo
            .client()
            .delete_item()
            .table_name(self.dynamo.table(key.table())?)
            .set_key(Some(key.item()))
            .return_values(ReturnValue::AllOld)
            .send()
            .await?;
        let ticket = answer.attributes.map(from_item::<Ticket>).transpose()?;
        Ok(ticket
            .filter(|ticket| ticket.expires_at > self.now())
            .map(|ticket| ticket.holder))
    }

    /// That a browser's page may connect: its Origin is one of `ALLOWED_ORIGINS` (or that is `*`).
    ///
    /// # Errors
    /// 403 if it is not.
    pub fn require_origin(&self, origin: Option<&str>) -> Result<()> {
        let environment = self.dynamo.request().connections().environment();
        let allowed = environment.get("ALLOWED_ORIGINS").unwrap_or_default();
        let known = |origin: &str| {
            allowed
                .split(',')
                .map(str::trim)
                .any(|one| one == "*" || one.eq_ignore_ascii_case(origin))
        };
        match origin {
            Some(origin) if !known(origin) => Err(Error::forbidden("This Origin is not allowed")),
            _ => Ok(()),
        }
    }

    /// Notes an open connection, also among those of its user.
    pub async fn open(&self, connection_id: &str, holder: Holder) -> Result<()> {
        let now = self.now();
        let ttl = now / 1000 + CONNECTION_LIFETIME;
        let of_user = UserConnection {
            connection_id: connection_id.to_owned(),
            tenant_id: holder.tenant_id,
            credential: holder.credential,
            standing: holder.standing,
            ttl,
        };
        let of_user_key = Key::user_connection(holder.user_id, connection_id);
        let connection = Connection {
            holder,
            connected_at: now,
            ttl,
        };
        let key = Key::connection(connection_id);
        futures::try_join!(
            self.dynamo.put(&key, &connection),
            self.dynamo.put(&of_user_key, &of_user),
        )?;
        Ok(())
    }

    /// A user's open connections in a tenant.
    pub(crate) async fn open_in(&self, tenant: Tenant, user_id: UserId) -> Result<Vec<String>> {
        let open = self.of_user(user_id).await?.into_iter();
        let open = open.filter(|connection| connection.tenant_id == tenant.id());
        Ok(open.map(|connection| connection.connection_id).collect())
    }

    /// Ends some of a user's connections, of those in `tenant` or in any. It can be repeated.
    pub async fn close(&self, tenant: Tenant, user_id: UserId, which: &Which) -> Result<()> {
        for connection in self.of_user(user_id).await? {
            if which.includes(&connection, tenant.id()) {
                self.end(&connection.connection_id).await?;
            }
        }
        Ok(())
    }

    /// Ends a connection, and forgets it.
    ///
    /// # Errors
    /// 503 if the gateway has too much to do: it is open still, and known, so that this can be repeated.
    pub async fn end(&self, connection_id: &str) -> Result<()> {
        match self.disconnect(connection_id).await? {
            Delivery::Sent | Delivery::Gone => self.forget(connection_id).await,
            Delivery::Busy => Err(Error::unavailable("too many connections end at once")),
        }
    }

    /// Whether what let a connection in has ended by itself: nobody tells of that.
    pub fn is_over(&self, subscription: &Subscription) -> bool {
        subscription.until.is_some_and(|until| until <= self.now())
    }

    /// Who is behind a connection.
    pub(crate) async fn holder(&self, connection_id: &str) -> Result<Option<Holder>> {
        let connection = self.dynamo.get(Key::connection(connection_id)).await?;
        Ok(connection.map(|connection| connection.into_inner().holder))
    }

    /// Puts a connection in a room, where it is owed what comes after `since`, for as long as what let it in lasts.
    pub async fn join(
        &self,
        room: &RoomKey,
        connection_id: &str,
        caller: &Principal,
        since: u64,
    ) -> Result<()> {
        let subscription = Subscription {
            connection_id: connection_id.to_owned(),
            user_id: Some(caller.user_id),
            since,
            until: caller.standing.until,
            ttl: self.now() / 1000 + CONNECTION_LIFETIME,
        };
        // The way back first: a connection that ends must find all of its rooms.
        self.dynamo
            .put(&room.of_connection(connection_id), &subscription)
            .await?;
        self.dynamo
            .put(&room.subscription(connection_id), &subscription)
            .await
    }

    /// Takes a connection out of a room.
    pub async fn leave(&self, room: &RoomKey, connection_id: &str) -> Result<()> {
        self.dynamo
            .delete(&room.subscription(connection_id))
            .await?;
        self.dynamo.delete(&room.of_connection(connection_id)).await
    }

    /// Forgets a connection that has ended, and takes it out of its rooms.
    pub async fn forget(&self, connection_id: &str) -> Result<()> {
        let Some(holder) = self.holder(connection_id).await? else {
            return Ok(());
        };
        let tenant = Tenant::verified(holder.tenant_id);
        let within = &Self::new(self.dynamo.in_tenant(tenant)?);
        let rooms = self
            .partition(&keys::connection_pk(connection_id), "ROOM#")
            .await?;
        let leaving = rooms.iter().filter_map(|item| {
            let room = text(item, "sk").strip_prefix("ROOM#")?;
            let room = tenant.room(Room::try_from(room.to_owned()).ok()?);
            Some(async move { within.leave(&room, connection_id).await })
        });
        try_join_all(leaving).await?;
        self.dynamo
            .delete(&Key::user_connection(holder.user_id, connection_id))
            .await?;
        self.dynamo.delete(&Key::connection(connection_id)).await
    }

    /// Who is in a room, and how far it has been told; one read.
    pub async fn audience(&self, room: &RoomKey) -> Result<Audience> {
        let mut audience = Audience::default();
        for item in self.partition(&room.pk(), "").await? {
            if text(&item, "sk") == "CURSOR" {
                audience.sent = Some(from_item::<RoomCursor>(item)?.sent);
            } else {
                audience.subscriptions.push(from_item(item)?);
            }
        }
        Ok(audience)
    }

    /// Notes that all of a room has been sent the events up to `seq`.
    pub async fn sent(&self, room: &RoomKey, seq: u64) -> Result<()> {
        let key = room.cursor();
        let outcome = self
            .dynamo
            .client()
            .update_item()
            .table_name(self.dynamo.table(Table::Ephemeral)?)
            .set_key(Some(key.item()))
            .condition_expression("attribute_not_exists(sent) OR sent < :seq")
            .update_expression("SET sent = :seq, #ttl = :ttl")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":seq", number(&seq))
            .expression_attribute_values(":ttl", number(&(self.now() / 1000 + CONNECTION_LIFETIME)))
            .send()
            .await;
        met(outcome).map(|_first| ())
    }

    /// Sends a message to a connection.
    pub async fn post(&self, connection_id: &str, message: &str) -> Result<Delivery> {
        let outcome = self
            .client()?
            .post_to_connection()
            .connection_id(connection_id)
            .data(Blob::new(message))
            .send()
            .await;
        delivered(outcome)
    }

    /// Ends a connection. Its client connects again and catches up.
    pub async fn disconnect(&self, connection_id: &str) -> Result<Delivery> {
        let outcome = self
            .client()?
            .delete_connection()
            .connection_id(connection_id)
            .send()
            .await;
        delivered(outcome)
    }

    async fn of_user(&self, user_id: UserId) -> Result<Vec<UserConnection>> {
        let open = self
            .partition(&keys::user_connections_pk(user_id), "CONN#")
            .await?;
        open.into_iter().map(from_item).collect()
    }

    async fn partition(&self, pk: &str, prefix: &str) -> Result<Vec<super::dynamo::Item>> {
        let mut query = self
            .dynamo
            .client()
            .query()
            .table_name(self.dynamo.table(Table::Ephemeral)?)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .consistent_read(true);
        if !prefix.is_empty() {
            query = query
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()));
        }
        let mut items = Vec::new();
        let mut pages = query.into_paginator().send();
        while let Some(page) = pages.next().await {
            items.extend(page?.items.unwrap_or_default());
        }
        Ok(items)
    }

    fn now(&self) -> Millis {
        self.dynamo.request().clock().now()
    }

    /// `@connections` has an endpoint of its own: the WebSocket API's stage.
    fn client(&self) -> Result<&Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let request = self.dynamo.request();
        let endpoint = request.variable("SOCKET_ENDPOINT")?.to_owned();
        Ok(self.client.get_or_init(|| {
            let shared = client!(
                aws_sdk_apigatewaymanagement,
                request,
                guard::plain::connections
            );
            Client::from_conf(shared.config().to_builder().endpoint_url(endpoint).build())
        }))
    }
}

fn delivered<O, E>(outcome: Result<O, SdkError<E>>) -> Result<Delivery>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match outcome {
        Ok(_) => Ok(Delivery::Sent),
        Err(error)
            if error.code() == Some("GoneException")
                || error
                    .raw_response()
                    .is_some_and(|response| response.status().as_u16() == 410) =>
        {
            Ok(Delivery::Gone)
        }
        Err(error) if error.code() == Some("LimitExceededException") => Ok(Delivery::Busy),
        Err(error) => Err(Error::from(error)),
    }
}
