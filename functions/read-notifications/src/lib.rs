//! `POST /api/notifications/read`: somebody has seen what they were told.

use shared::model::id::NotificationId;
use shared::model::notification::{NotificationIds, ReadView, Seen};
use shared::prelude::*;
use shared::reply::Data;

/// All members for themselves; a read, two at once and one of the rows, and one transaction.
pub const ENDPOINT: Endpoint =
    Endpoint::http("read-notifications", "POST", "/api/notifications/read")
        .called_by(uses::MEMBER)
        .uses(&[
            uses::DB_BATCH_GET,
            uses::USER_CHANGE,
            uses::UNREAD,
            uses::CHANGE_NOTES,
            uses::IDEMPOTENCY,
        ]);

/// Which of them: these, or one and all before it.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    #[deserr(default)]
    ids: Option<NotificationIds>,
    #[deserr(default)]
    until: Option<NotificationId>,
}

/// Marks them, as many as one call can.
pub async fn handler(sdk: Sdk, event: Event<Input, Viewer>) -> Result<Reply<Data<ReadView>>> {
    let Event { input, caller, .. } = event;
    let seen = input.seen()?;
    let answer = |view: ReadView| Reply::ok(view.into());
    sdk.db.read_notifications(&caller, &seen, answer).await
}

impl Input {
    fn seen(self) -> Result<Seen> {
        match (self.ids, self.until) {
            (Some(ids), None) => Ok(Seen::These(ids.0)),
            (None, Some(id)) => Ok(Seen::Until(id)),
            (None, None) => Err(Error::invalid("ids", "Must be there, or else until must")),
            (Some(_), Some(_)) => Err(Error::invalid("ids", "Can't be there beside until")),
        }
    }
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
