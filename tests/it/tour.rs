//! The story that `cargo run -- tour` tells, lived to its end.

use tests::{App, has_model};

#[tokio::test]
async fn the_story_is_told_from_a_sign_up_to_a_search() {
    let app = App::start().await;
    let mut told = Vec::new();
    let lived = local::tour::walk(&app.stack().api_url(), &mut told).await;
    let told = String::from_utf8(told).expect("it is text");
    lived.unwrap_or_else(|error| panic!("{error}, after:\n{told}"));
    for line in [
        "  POST /api/sign-up {\"email\":\"ada-",
        "    201 user.name: \"Ada\" tenant.name: \"Ada's workspace\"",
        "    mail: \"New task: Rehearse the descent to the surface\"",
        "    200 kind: [\"mentioned\"] title: [\"Rehearse the descent to the surface\"] meta.unread: 1",
        "    200 title: [\"Pack the telescope\",\"Paint the hatch\"] meta.has_more: true",
        "    200 task_counts: {\"todo\":3,\"in_progress\":1,\"done\":0}",
        "    412 error.code: \"PRECONDITION_FAILED\"",
        "(idempotency-replayed: true)",
        "    200 title: \"Rehearse the descent to the surface\" attachment.filename: \"descent.png\"",
    ] {
        assert!(told.contains(line), "{line} is not in:\n{told}");
    }
    assert!(
        !told.contains("a long enough one"),
        "a password in:\n{told}"
    );
    let found = "    200 title: [\"Order freeze-dried strawberries\"";
    if has_model() {
        assert!(told.contains(found), "{found} is not in:\n{told}");
    }
}
