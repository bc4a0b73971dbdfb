//! Ids and times as API Gateway writes them.

use base64::{Engine, engine::general_purpose::URL_SAFE};
use chrono::DateTime;
use shared::sdk::clock::Millis;

/// A new id: 11 random bytes, so 16 characters that end in `=`. Requests, messages and connections
/// all have ids of this form.
pub(super) fn new_id() -> String {
    URL_SAFE.encode(rand::random::<[u8; 11]>())
}

/// Whether `id` could be one of a connection, open or not.
pub(super) fn is_id(id: &str) -> bool {
    id.len() == 16 && URL_SAFE.decode(id).is_ok()
}

/// A new X-Ray trace header: the second it began in, and 96 random bits.
pub(super) fn new_trace(now: Millis) -> String {
    let [a, b, c] = rand::random::<[u32; 3]>();
    format!("Root=1-{:08x}-{a:08x}{b:08x}{c:08x}", now / 1000)
}

/// `now` as in `requestContext.time`: `12/Mar/2026:19:03:58 +0000`.
pub(super) fn request_time(now: Millis) -> String {
    DateTime::from_timestamp_millis(now)
        .unwrap_or_default()
        .format("%d/%b/%Y:%H:%M:%S +0000")
        .to_string()
}

/// `at` as `@connections` writes times.
pub(super) fn iso8601(at: Millis) -> String {
    DateTime::from_timestamp_millis(at)
        .unwrap_or_default()
        .format("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_form_it_is_recognised_by() {
        let id = new_id();
        assert!(is_id(&id) && id.ends_with('='), "{id}");
        assert!(!is_id("nonsense"));
    }

    #[test]
    fn times_are_written_as_the_gateway_writes_them() {
        assert_eq!(
            request_time(1_583_348_638_390),
            "04/Mar/2020:19:03:58 +0000"
        );
        assert_eq!(iso8601(1_583_348_638_390), "2020-03-04T19:03:58.390Z");
    }
}
