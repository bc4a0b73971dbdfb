//! Projects, and what is in them.

use serde_json::{Value, json};
use tests::{PNG, attachment, tables};

use super::super::arena::Arena;
use super::{by_ada, each_is_taken};

#[test]
fn what_reads_and_changes_a_project_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let project = arena.wait(arena.ada.project("Apollo"));
    let rows = || ["", "EVENT#"].map(|sk| arena.rows(tables::DATA, sk));
    let before = rows();
    let path = format!("/api/projects/{project}");
    for (method, valid) in [
        ("GET", Vec::new()),
        (
            "PUT",
            vec![
                json!({ "name": "Gemini", "description": "🚀".repeat(10_000) }),
                json!({ "name": "🚀🚀🚀" }),
            ],
        ),
        (
            "PATCH",
            vec![
                json!({ "name": "Mercury" }),
                json!({ "description": null }),
                json!({ "description": "" }),
            ],
        ),
    ] {
        assert!(by_ada(&arena, method, &path, valid) > 0, "{method}");
    }
    // There are more events, and no more of anything else.
    let after = rows();
    assert_eq!(after[0] - before[0], after[1] - before[1]);
    arena.wait(arena.app.ledger()).assert_consistent();
    arena.close();
}

#[test]
fn what_reads_changes_deletes_and_restores_a_task_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let (task, beside, ada) = arena.wait(async {
        let project = arena.ada.project("Apollo").await;
        let task = arena.ada.task(&project, "Count down").await;
        (
            task,
            arena.ada.task(&project, "Beside").await,
            arena.ada.user_id.clone(),
        )
    });
    let one = format!("/api/tasks/{task}");
    let restore = format!("{one}/restore");
    each_is_taken(
        &arena,
        [
            ("GET", &one, Vec::new()),
            (
                "PUT",
                &one,
                vec![
                    json!({ "title": "🚀", "status": "done", "description": "🚀".repeat(10_000) }),
                    json!({
                        "title": "Up", "status": "todo", "priority": "low", "assigned_to": ada,
                        "start_date": 0, "due_date": 253_402_300_799_999_i64,
                    }),
                ],
            ),
            (
                "PATCH",
                &one,
                vec![
                    json!({ "status": "todo", "position": { "after": beside } }),
                    json!({ "parent_id": beside }),
                    json!({ "parent_id": null }),
                    json!({ "position": { "before": beside }, "due_date": null }),
                    json!({ "position": { "end": "first" }, "priority": "urgent" }),
                ],
            ),
            ("DELETE", &one, vec![json!({})]),
            ("POST", &restore, vec![json!({})]),
        ],
    );
    arena.wait(arena.app.settled());
    arena.wait(arena.app.ledger()).assert_consistent();
    arena.close();
}

#[test]
fn comments_and_events_answer_whatever_they_are_sent() {
    let arena = Arena::open();
    let (project, task, comment) = arena.wait(async {
        let project = arena.ada.project("Apollo").await;
        let task = arena.ada.task(&project, "Count down").await;
        let comments = format!("/api/tasks/{task}/comments");
        let said = arena.ada.post(&comments, json!({ "text": "Ten" })).await;
        let id = said.expect(201)["data"]["id"].clone();
        (project, task, id.as_str().expect("it has an id").to_owned())
    });
    let comments = format!("/api/tasks/{task}/comments");
    let one = format!("{comments}/{comment}");
    let of_project = format!("/api/projects/{project}/events");
    let of_task = format!("/api/tasks/{task}/events");
    let mentions = format!("<@{}>", arena.ada.user_id);
    let texts = || {
        let texts = [mentions.as_str(), "<@", "<@x> @ >", "🚀\n🚀"].map(str::to_owned);
        let texts = texts
            .into_iter()
            .chain([mentions.repeat(30), "🚀".repeat(10_000)]);
        texts.map(|text| json!({ "text": text })).collect()
    };
    each_is_taken(
        &arena,
        [
            ("GET", &of_project, Vec::new()),
            ("GET", &of_task, Vec::new()),
            ("GET", &comments, Vec::new()),
            ("GET", &one, Vec::new()),
            ("POST", &comments, texts()),
            ("PUT", &one, texts()),
            ("PATCH", &one, texts()),
            ("DELETE", &one, vec![json!({})]),
        ],
    );
    arena.wait(arena.app.settled());
    arena.wait(arena.app.ledger()).assert_consistent();
    arena.close();
}

#[test]
fn labels_answer_whatever_they_are_sent() {
    let arena = Arena::open();
    let (labels, one) = arena.wait(async {
        let project = arena.ada.project("Apollo").await;
        let labels = format!("/api/projects/{project}/labels");
        let made = arena.ada.post(&labels, json!({ "name": "Fuel" })).await;
        let one = made.header("location").expect("it says where").to_owned();
        (labels, one)
    });
    let valid = |name: &str| {
        vec![
            json!({ "name": name }),
            json!({ "name": name.repeat(50), "color": "#FFFFFF" }),
        ]
    };
    each_is_taken(
        &arena,
        [
            ("GET", &labels, Vec::new()),
            ("GET", &one, Vec::new()),
            ("POST", &labels, valid("🚀")),
            ("PUT", &one, valid("🛰")),
            (
                "PATCH",
                &one,
                vec![json!({ "color": "#000000" }), json!({})],
            ),
            ("DELETE", &one, vec![json!({})]),
        ],
    );
    arena.wait(arena.app.settled());
    arena.wait(arena.app.ledger()).assert_consistent();
    arena.close();
}

#[test]
fn notifications_answer_whatever_they_are_sent() {
    let arena = Arena::open();
    let id = "01900000-0000-7000-8000-000000000001";
    let (list, read) = ("/api/notifications", "/api/notifications/read");
    let choice = "/api/me/notifications";
    each_is_taken(
        &arena,
        [
            ("GET", list, Vec::new()),
            ("GET", choice, Vec::new()),
            (
                "POST",
                read,
                vec![json!({ "ids": [id, id] }), json!({ "until": id })],
            ),
            (
                "PATCH",
                choice,
                vec![
                    json!({ "email": { "assigned": false, "mentioned": true } }),
                    json!({ "email": { "mentioned": false, "due_soon": true } }),
                ],
            ),
        ],
    );
    arena.wait(arena.app.ledger()).assert_consistent();
    arena.close();
}

#[test]
fn create_project_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.rows(tables::DATA, "");
    let accepted = by_ada(
        &arena,
        "POST",
        "/api/create-project",
        vec![
            json!({ "name": "Apollo", "description": "To the moon." }),
            json!({ "name": "Gemini" }),
        ],
    );
    // The project, its places in two lists, and an event.
    assert_eq!(arena.rows(tables::DATA, ""), before + 4 * accepted);
    let (projects, _) = arena.wait(arena.ada.projects());
    assert_eq!(projects.len(), accepted.min(100));
    arena.close();
}

#[test]
fn list_projects_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.rows(tables::DATA, "");
    let accepted = by_ada(&arena, "GET", "/api/list-projects", Vec::new());
    assert!(accepted > 0);
    assert_eq!(arena.rows(tables::DATA, ""), before);
    arena.close();
}

#[test]
fn create_task_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let ada = &arena.ada;
    let apollo = arena.wait(ada.project("Apollo"));
    let full = json!({
        "projectId": apollo,
        "title": "Count down",
        "description": "From ten.\nAloud.",
        "assignedTo": ada.user_id,
        "dueDate": 1_800_000_000_000_i64,
        "attachment": attachment(PNG, "pixel.png", "image/png"),
    });
    let mut without_file = full.clone();
    without_file["attachment"] = Value::Null;
    let before = arena.rows(tables::DATA, "");
    let accepted = by_ada(
        &arena,
        "POST",
        "/api/create-task",
        vec![
            full,
            without_file,
            json!({ "projectId": apollo, "title": "Count down" }),
        ],
    );
    arena.wait(arena.app.settled());
    let tasks = arena.wait(arena.app.rows(tables::DATA, "TASK#"));
    let given = tasks.iter().filter(|task| task["assigned_to"].is_string());
    // The task and where it is found, in whose list it stands, an event, and the vector that follows.
    let rows = before + 4 * accepted + given.count();
    assert_eq!(arena.rows(tables::DATA, ""), rows);
    let with_file = tasks.iter().filter(|task| task["attachment"].is_string());
    assert_eq!(arena.wait(arena.app.objects()).len(), with_file.count());
    assert_eq!(
        arena.rows(tables::EPHEMERAL, "tenants/"),
        0,
        "no file is on its way"
    );
    arena.close();
}

#[test]
fn search_tasks_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let apollo = arena.wait(async {
        let apollo = arena.ada.project("Apollo").await;
        for title in ["Count down", "ERR-4711", "…", "😀"] {
            arena.ada.task(&apollo, title).await;
        }
        arena.app.settled().await;
        apollo
    });
    let before = arena.rows(tables::DATA, "");
    let accepted = by_ada(
        &arena,
        "POST",
        "/api/search-tasks",
        vec![
            json!({ "query": "what fails with err-4711?", "projectId": apollo }),
            json!({ "query": "\u{200b}", "projectId": apollo }),
        ],
    );
    assert!(accepted > 0);
    assert_eq!(arena.rows(tables::DATA, ""), before);
    arena.close();
}
