//! What stands behind a route.

use std::{io, sync::Arc, time::Duration};

use serde_json::Value;

use crate::lambda::Invoke;

/// The most that Lambda takes or gives in a synchronous invocation: 6 MiB of JSON.
const MAX_PAYLOAD: u64 = 6 * 1024 * 1024;

/// Why there is no answer from a function.
#[derive(Debug, thiserror::Error)]
pub(super) enum IntegrationError {
    #[error("the event is larger than Lambda takes (6 MiB)")]
    EventTooLarge,
    #[error("the answer is larger than Lambda gives (6 MiB)")]
    AnswerTooLarge,
    #[error("no answer within the gateway's time")]
    TimedOut,
    #[error("the invocation failed: {0}")]
    Failed(String),
}

/// Invokes `function` and waits for it for at most `timeout`. Like on AWS, an invocation that was
/// begun runs to its end, whether or not anyone still waits for it.
pub(super) async fn invoke(
    functions: &Arc<dyn Invoke>,
    function: &str,
    event: Value,
    timeout: Duration,
) -> Result<Value, IntegrationError> {
    if size(&event) > MAX_PAYLOAD {
        return Err(IntegrationError::EventTooLarge);
    }
    let invocation = tokio::spawn(functions.invoke(function.to_owned(), event));
    let answer = tokio::time::timeout(timeout, invocation)
        .await
        .map_err(|_| IntegrationError::TimedOut)?
        .map_err(|panic| IntegrationError::Failed(panic.to_string()))?
        .map_err(|error| IntegrationError::Failed(error.to_string()))?;
    if size(&answer) > MAX_PAYLOAD {
        return Err(IntegrationError::AnswerTooLarge);
    }
    Ok(answer)
}

/// Bytes of `value` as JSON.
fn size(value: &Value) -> u64 {
    struct Count(u64);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => u64::MAX,
    }
}
