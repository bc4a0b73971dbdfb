//! `GET /api/notifications` and `GET /api/me/notifications`: what somebody was told, and of what they are told by email.

use shared::input::Flag;
use shared::model::notification::{ChoiceView, NotificationPage};
use shared::page::{Cursor, Limit};
use shared::prelude::*;
use shared::reply::Data;

/// All members see their own; two reads at once, one more of what they have not read, and one of its projects.
pub const ENDPOINT: Endpoint = Endpoint::http("list-notifications", "GET", "/api/notifications")
    .also(&[("GET", "/api/me/notifications")])
    .called_by(uses::MEMBER)
    .uses(&[
        uses::DB_GET,
        uses::DB_LIST,
        uses::UNREAD,
        uses::DB_BATCH_GET,
    ]);

/// Which, how many, and from where on.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    #[deserr(default)]
    unread: Flag,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Cursor>,
}

/// Lists them, or those that have not been read, the newest first, and counts the latter.
pub async fn list_notifications(
    sdk: Sdk,
    event: Event<Input, Viewer>,
) -> Result<Reply<NotificationPage>> {
    let Event { input, caller, .. } = event;
    let cursor = input.cursor.as_ref();
    let page = sdk
        .db
        .notifications(&caller, input.unread, input.limit, cursor);
    Ok(Reply::ok(page.await?))
}

/// Shows of what the caller is told by email.
pub async fn get_notification_settings(
    sdk: Sdk,
    event: Event<Nothing, Viewer>,
) -> Result<Reply<Data<ChoiceView>>> {
    let inbox = sdk.db.inbox(&event.caller).await?;
    Ok(Reply::ok(ChoiceView::from(inbox).into()).version(inbox.version))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, list_notifications).route(
        "GET",
        "/api/me/notifications",
        get_notification_settings,
    )
}
