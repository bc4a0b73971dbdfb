//! Sends emails: of a task that somebody was given or that is due soon, of a comment that mentions them, of an invitation, and links that somebody has asked for.

mod message;

use std::time::Duration;

use shared::lambda::queue::Message;
use shared::model::link::EmailJob;
use shared::model::log::{Envelope, Jobs};
use shared::prelude::*;
use shared::sdk::mail::Outcome;
use shared::tenant::Tenant;

/// The mail service allows few requests a second, so the template lets two run at once.
pub const ENDPOINT: Endpoint = Endpoint::queue("send-email").uses(&[
    uses::CONSUME_EMAIL,
    uses::DEAD_LETTER_EMAIL,
    uses::ACCOUNTS_GET,
    uses::DB_GET,
    uses::MAIL_RECORDS,
    uses::USAGE_COUNT,
    uses::MAIL_KEY,
    uses::APP_URL,
    uses::DERIVATION_KEY,
]);

/// After each failure the next try waits for longer; after the last one there is none.
const WAITS: [Duration; 3] = [
    Duration::from_secs(60),
    Duration::from_secs(120),
    Duration::from_secs(180),
];

/// For so many deliveries a busy mail service is asked again when it says. Then it takes longer each time, up to
/// 15 minutes, so that the queue's deliveries last for days.
const PATIENT: u32 = 100;

/// Sends the email, once, however often the job is delivered.
pub async fn handler(sdk: Sdk, event: Event<Message<EmailJob>, Worker>) -> Result<()> {
    let tenant = event.caller.tenant;
    let Message { job, deliveries } = event.input;
    let (progress, message) = join(
        sdk.mail.progress(&tenant, &job.id),
        Box::pin(message::of(&sdk, &tenant, &job.payload)),
    )
    .await;
    let (progress, Some(message)) = (progress?, message?) else {
        return Ok(());
    };
    if progress.sent {
        return Ok(());
    }

    match sdk.mail.send(&job.id, &message).await? {
        Outcome::Accepted => sdk.mail.sent(&tenant, &job.id).await,
        Outcome::Busy(wait) => {
            let patience = EmailJob::QUEUE.wait_after(deliveries.saturating_sub(PATIENT));
            let wait = wait.unwrap_or_default().max(patience);
            Err(Error::rate_limited("The mail service is busy", wait))
        }
        Outcome::Rejected(reason) => sdk.queue.give_up(&job, &reason).await,
        Outcome::Failed(reason) => retry_or_give_up(&sdk, &tenant, &job, reason).await,
    }
}

async fn retry_or_give_up(
    sdk: &Sdk,
    tenant: &Tenant,
    job: &Envelope<EmailJob>,
    reason: String,
) -> Result<()> {
    let failures = sdk.mail.failed(tenant, &job.id).await?.failures;
    match wait_after(failures) {
        Some(wait) => Err(Error::unavailable(reason).retry_in(wait)),
        None => sdk.queue.give_up(job, &reason).await,
    }
}

fn wait_after(failures: u32) -> Option<Duration> {
    let index = usize::try_from(failures).ok()?.checked_sub(1)?;
    WAITS.get(index).copied()
}

/// The function.
pub fn function() -> Function {
    shared::lambda::queue::function(&ENDPOINT, handler)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_one_two_and_three_minutes_and_then_gives_up() {
        let waits: Vec<_> = (1..=4)
            .map(|failures| wait_after(failures).map(|wait| wait.as_secs()))
            .collect();
        assert_eq!(waits, [Some(60), Some(120), Some(180), None]);
    }
}
