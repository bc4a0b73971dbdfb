//! Email, through Resend's API, each one once.
//!
//! A row for each email job holds how often it was tried and whether it was sent. Resend keeps idempotency
//! keys for 24 hours and the row outlives them, so that neither a redelivery nor a death between sending
//! and noting sends anything twice.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde::Serialize;

use aws_sdk_dynamodb::types::{ReturnValue, Update};

use super::clock::Millis;
use super::dynamo::{Dynamo, key_item, number, updating};
use super::usage;
use crate::error::{Error, Result};
use crate::keys::{self, Key, Table};
use crate::model::account::Email;
use crate::model::month::Month;
use crate::tenant::Tenant;

/// How long it is known what became of an email: longer than any queue keeps its job.
const RECORD_LIFETIME: Millis = 30 * 24 * 3_600_000;

/// The mail service.
#[derive(Clone, Debug)]
pub struct Mail {
    dynamo: Dynamo,
}

/// An email.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// To whom.
    pub to: Email,
    /// Its subject.
    pub subject: String,
    /// Its body, in HTML: what people wrote has to be escaped.
    pub html: String,
    /// Its body, as plain text.
    pub text: String,
}

/// How far an email is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Whether it was sent.
    pub sent: bool,
    /// How often it has failed.
    pub failures: u32,
}

/// What the mail service made of an email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was accepted, now or before.
    Accepted,
    /// Too many at once: wait, for as long as the service says if it does, then try again.
    Busy(Option<Duration>),
    /// It may work later.
    Failed(String),
    /// It never will.
    Rejected(String),
}

#[derive(Serialize)]
struct Post<'a> {
    from: &'a str,
    #[serde(flatten)]
    message: &'a Message,
}

/// What people wrote, as text between HTML tags.
pub fn escape(text: &str) -> String {
    html_escape::encode_text(text).into_owned()
}

impl Mail {
    pub(crate) fn new(dynamo: Dynamo) -> Self {
        Self { dynamo }
    }

    /// How far the email of a job is; one read.
    pub async fn progress(&self, tenant: &Tenant, job_id: &str) -> Result<Progress> {
        let (pk, sk) = keys::mail(*tenant, job_id);
        let answer = self
            .dynamo
            .client()
            .get_item()
            .table_name(self.dynamo.table(Table::Ephemeral)?)
            .set_key(Some(key_item(&pk, &sk)))
            .consistent_read(true)
            .send()
            .await?;
        Ok(progress(&answer.item.unwrap_or_default()))
    }

    /// Posts an email under the job's id as idempotency key.
    ///
    /// # Errors
    /// If the function is not configured for it; what the service answers is an [`Outcome`].
    pub async fn send(&self, job_id: &str, message: &Message) -> Result<Outcome> {
        let request = self.dynamo.request();
        let key = request
            .connections()
            .mail_key()
            .ok_or_else(|| Error::internal("this function has no key to the mail service"))?;
        let posted = request
            .connections()
            .mail_client()?
            .post(format!("{}/emails", request.variable("MAIL_ENDPOINT")?))
            .bearer_auth(key)
            .header("Idempotency-Key", job_id)
            .json(&Post {
                from: request.variable("MAIL_FROM")?,
                message,
            })
            .send()
            .await;
        match posted {
            Ok(response) => Ok(outcome(response).await),
            Err(error) => Ok(Outcome::Failed(error.without_url().to_string())),
        }
    }

    /// Notes that an email was sent, and counts it: both once, however often it is said.
    pub async fn sent(&self, tenant: &Tenant, job_id: &str) -> Result<()> {
        let (pk, sk) = keys::mail(*tenant, job_id);
        let now = self.dynamo.request().clock().now();
        let sent = Update::builder()
            .table_name(self.dynamo.table(Table::Ephemeral)?)
            .set_key(Some(key_item(&pk, &sk)))
            .condition_expression("attribute_not_exists(sent)")
            .update_expression("SET sent = :one, #ttl = :ttl")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":one", number(&1))
            .expression_attribute_values(":ttl", number(&expiry(now)))
            .build()
            .map_err(Error::internal)?;
        let month = Key::emails(*tenant, Month::of(now));
        let counted = usage::counted(&self.dynamo, &month, &[("emails", 1)])?;
        let parts = vec![updating(sent), counted];
        let _nobody_had_noted_it = self.dynamo.transact(parts).await?;
        Ok(())
    }

    /// Notes that an email failed, and tells how often it has by now.
    pub async fn failed(&self, tenant: &Tenant, job_id: &str) -> Result<Progress> {
        let (pk, sk) = keys::mail(*tenant, job_id);
        let now = self.dynamo.request().clock().now();
        let answer = self
            .dynamo
            .client()
            .update_item()
            .table_name(self.dynamo.table(Table::Ephemeral)?)
            .set_key(Some(key_item(&pk, &sk)))
            .update_expression("SET #ttl = :ttl ADD failures :one")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":one", number(&1))
            .expression_attribute_values(":ttl", number(&expiry(now)))
            .return_values(ReturnValue::AllNew)
            .send()
            .await?;
        Ok(progress(&answer.attributes.unwrap_or_default()))
    }
}

/// When a record goes that is written now, in seconds.
fn expiry(now: Millis) -> Millis {
    (now + RECORD_LIFETIME) / 1000
}

fn progress(item: &super::dynamo::Item) -> Progress {
    let count = |name: &str| {
        item.get(name)
            .and_then(|value| value.as_n().ok())
            .and_then(|number| number.parse().ok())
            .unwrap_or(0)
    };
    Progress {
        sent: count("sent") > 0,
        failures: count("failures"),
    }
}

async fn outcome(response: Response) -> Outcome {
    let status = response.status();
    match status {
        _ if status.is_success() => Outcome::Accepted,
        StatusCode::TOO_MANY_REQUESTS => Outcome::Busy(retry_after(&response)),
        StatusCode::CONFLICT => conflict(response).await,
        _ if status.is_server_error() => Outcome::Failed(status.to_string()),
        _ => Outcome::Rejected(status.to_string()),
    }
}

/// A key that is in use right now will be free soon; one that was used for another email never will.
async fn conflict(response: Response) -> Outcome {
    let body = response.text().await.unwrap_or_default();
    if body.contains("concurrent_idempotent_requests") {
        Outcome::Failed("another request with this key is under way".to_owned())
    } else {
        Outcome::Rejected("this key was used for another email".to_owned())
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds: u64 = response
        .headers()
        .get("retry-after")?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds.max(1)))
}
