//! `PATCH /api/me/notifications`: somebody chooses of what they are told by email.

use shared::input::Replace;
use shared::model::notification::{ByEmail, ChoiceView, Inbox};
use shared::prelude::*;
use shared::reply::Data;

/// All members for themselves; two reads and one transaction.
pub const ENDPOINT: Endpoint =
    Endpoint::http("update-notifications", "PATCH", "/api/me/notifications")
        .takes_if_match()
        .called_by(uses::MEMBER)
        .uses(&[uses::USER_CHANGE, uses::CHANGE_NOTES, uses::IDEMPOTENCY]);

/// What is left out stays.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    #[deserr(default)]
    email: Kinds,
}

/// Of each, whether they are told.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
struct Kinds {
    #[deserr(default)]
    assigned: Replace<bool>,
    #[deserr(default)]
    mentioned: Replace<bool>,
    #[deserr(default)]
    due_soon: Replace<bool>,
}

/// Writes what is named.
pub async fn update_notification_settings(
    sdk: Sdk,
    event: Event<Input, Viewer>,
) -> Result<Reply<Data<ChoiceView>>> {
    let Event {
        input,
        caller,
        if_match,
        ..
    } = event;
    let choose = |email: &mut ByEmail| {
        input.email.assigned.apply(&mut email.assigned);
        input.email.mentioned.apply(&mut email.mentioned);
        input.email.due_soon.apply(&mut email.due_soon);
    };
    sdk.db
        .choose_notifications(&caller, &if_match, choose, shown)
        .await
}

fn shown(inbox: Inbox) -> Reply<Data<ChoiceView>> {
    Reply::ok(ChoiceView::from(inbox).into()).version(inbox.version)
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, update_notification_settings)
}
