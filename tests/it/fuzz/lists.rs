//! Whatever a list is asked for is answered or refused by name.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use tests::Answer;

use super::arena::Arena;
use super::values::texts;

/// How many questions each list is asked.
const QUESTIONS: u32 = 300;

const NAMES: &[&str] = &[
    "status",
    "assigned_to",
    "priority",
    "due_after",
    "due_before",
    "updated_after",
    "label",
    "parent_id",
    "deleted",
    "sort",
    "page",
    "per_page",
    "limit",
    "cursor",
    "fields",
    "expand",
    "id",
    "colour",
];

const VALUES: &[&str] = &[
    "true",
    "todo",
    "me",
    "high",
    "0",
    "1",
    "100",
    "101",
    "253402300799999",
    "created_at",
    "-due_date",
    "-position",
    "-status,-position,title",
    "due_date,created_at",
    "title,due_date",
    "project,assignee",
    "assignee",
    "~",
    "AQ",
    "01900000-0000-7000-8000-000000000000",
];

fn questions() -> impl Strategy<Value = Vec<(String, String)>> {
    let value = prop_oneof![
        6 => select(VALUES).prop_map(str::to_owned),
        1 => texts().prop_map(|text| text.chars().take(100).collect()),
    ];
    vec((select(NAMES).prop_map(str::to_owned), value), 0..4)
}

#[test]
fn lists_of_tasks_answer_whatever_they_are_asked() {
    let arena = Arena::open();
    let project = arena.wait(arena.ada.project("Apollo"));
    let path = format!("/api/projects/{project}/tasks");
    for number in 0..3 {
        let body =
            json!({ "title": "Count", "assigned_to": arena.ada.user_id, "due_date": number });
        arena.wait(arena.ada.post(&path, body)).expect(201);
    }
    let page = arena
        .wait(arena.ada.get(&format!("{path}?limit=1")))
        .expect(200);
    let cursor = page["meta"]["next_cursor"].as_str().expect("there is more");
    for (path, always) in [(path.as_str(), None), ("/api/tasks", Some("assigned_to"))] {
        let accepted = std::cell::Cell::new(0);
        let asked = (questions(), any::<bool>(), vec(any::<u8>(), 0..40));
        arena.throw(QUESTIONS, &asked, async |(mut query, goes_on, place)| {
            query.extend(always.map(|name| (name.to_owned(), "me".to_owned())));
            if goes_on {
                query.push(("cursor".to_owned(), altered(cursor, &place)));
            }
            let url = reqwest::Url::parse_with_params("http://x", &query).expect("it is one");
            let path = format!("{path}?{}", url.query().unwrap_or_default());
            let request = arena.ada.request("GET", &path);
            let answer = Answer::of(request.send().await.expect("the API answers")).await;
            prop_assert!(
                matches!(answer.status, 200 | 400),
                "{:?}: {}",
                query,
                answer.body
            );
            accepted.set(accepted.get() + u32::from(answer.status == 200));
            Ok(())
        });
        assert!(accepted.get() > 10, "{path}: {accepted:?}");
    }
    arena.close();
}

/// A cursor with another place in it.
fn altered(cursor: &str, place: &[u8]) -> String {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).expect("it is base64");
    if let [first, ..] = place {
        let at = 9 + usize::from(*first) % (bytes.len() - 9);
        bytes.splice(at.., place.iter().copied());
    }
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
