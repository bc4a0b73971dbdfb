//! The event of a schedule.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use shared::sdk::clock::Millis;
use uuid::Uuid;

use crate::front::{ACCOUNT, REGION};

/// What EventBridge sends when the schedule `name` fires at `at`.
pub(super) fn event(name: &str, at: Millis) -> Value {
    let time = DateTime::<Utc>::from_timestamp_millis(at).unwrap_or_default();
    json!({
        "version": "0",
        "id": Uuid::new_v4(),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": time.to_rfc3339_opts(SecondsFormat::Secs, true),
        "region": REGION,
        "resources": [format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}")],
        "detail": {},
    })
}
