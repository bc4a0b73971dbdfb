//! Tasks, with and without a file.

use std::time::Duration;

use serde_json::json;
use tests::{App, Member, PNG, attachment};

#[tokio::test]
async fn a_task_is_made_with_the_next_event_of_its_project() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    let input =
        json!({ "projectId": apollo, "title": "Count down", "dueDate": 1_800_000_000_000_i64 });
    let answer = ada.post("/api/create-task", input).await;
    assert_eq!(answer.event_seq(), 2);
    let task = answer.expect(201)["task"].clone();
    assert_eq!(task["projectId"], apollo);
    assert_eq!(task["title"], "Count down");
    assert_eq!(task["status"], "todo");
    assert_eq!(task["attachmentUrl"], json!(null));
}

#[tokio::test]
async fn a_missing_project_and_one_of_another_tenant_are_the_same_404() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let apollo = ada.project("Apollo").await;
    let missing = "01900000-0000-7000-8000-000000000000";
    let task_in = async |project: &str| {
        let input = json!({ "projectId": project, "title": "Count down" });
        eve.post("/api/create-task", input).await.refused(404)
    };
    let refusal = task_in(&apollo).await;
    assert_eq!(refusal.1, "Project not found or access denied");
    assert_eq!(refusal, task_in(missing).await);
}

#[tokio::test]
async fn only_a_member_of_the_tenant_can_be_given_a_task() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let apollo = ada.project("Apollo").await;
    let give = async |to: &str| {
        let input = json!({ "projectId": apollo, "title": "Count down", "assignedTo": to });
        ada.post("/api/create-task", input).await
    };
    assert_eq!(give(&eve.user_id).await.bad_fields(), ["assignedTo"]);
    give(&ada.user_id).await.expect(201);
}

#[tokio::test]
async fn every_bad_field_of_a_task_is_named_in_documented_order() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let bad = json!({
        "attachment": { "filename": 7, "content_type": "image/png" },
        "dueDate": -1,
        "title": "",
        "projectId": "nonsense",
        "colour": "red",
    });
    assert_eq!(
        ada.post("/api/create-task", bad).await.bad_fields(),
        [
            "projectId",
            "title",
            "dueDate",
            "attachment.filename",
            "attachment.file_base64",
            "colour"
        ]
    );
}

#[tokio::test]
async fn a_file_is_stored_privately_and_read_through_a_link_that_expires() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    let input = json!({
        "projectId": apollo,
        "title": "Look at this",
        "attachment": attachment(PNG, "pixel ä/1.png", "image/png"),
    });
    let body = ada.post("/api/create-task", input).await.expect(201);
    let link = body["task"]["attachmentUrl"]
        .as_str()
        .expect("there is a link");
    assert!(link.contains("X-Amz-Expires=300"), "{link}");
    let path = format!("tenants/{}/tasks/{apollo}/", ada.tenant_id);
    assert!(link.contains(&path), "{link}");
    assert!(link.contains("_pixel___1.png?"), "{link}");

    let file = reqwest::get(link).await.expect("the link can be followed");
    assert_eq!(file.headers()["content-type"], "image/png");
    assert_eq!(file.bytes().await.expect("it can be read").as_ref(), PNG);
    let unsigned = link.split('?').next().expect("it has a path");
    let refused = reqwest::get(unsigned).await.expect("it answers");
    assert_eq!(refused.status().as_u16(), 403);
}

#[tokio::test]
async fn a_task_s_file_is_read_for_as_long_as_the_task_is_there_by_whoever_sees_it() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let bob = app.member("bob").await;
    let bob = app.enrol(&ada, &bob, "viewer").await;
    let (apollo, gemini) = (ada.project("Apollo").await, ada.project("Gemini").await);
    let file = attachment(PNG, "pixel.png", "image/png");
    let body = json!({ "title": "Look at this", "attachment": file });
    let list = format!("/api/projects/{apollo}/tasks");
    let made = ada.post(&list, body).await.expect(201)["data"]["id"].clone();
    let task = format!("/api/tasks/{}", made.as_str().expect("it has an id"));
    let path = format!("{task}/attachment");
    let assert_read = async |who: &Member, project: &str| {
        let answer = who.get(&path).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("etag"), None);
        let shown = answer.expect(200)["data"].clone();
        assert_eq!(shown["filename"], "pixel.png");
        assert_eq!(shown["bytes"], PNG.len());
        assert_eq!(shown["expires_in"], 300);
        let url = shown["url"].as_str().expect("there is a link");
        assert!(url.contains(&format!("/tasks/{project}/")), "{url}");
        let file = reqwest::get(url).await.expect("the link can be followed");
        assert_eq!(file.headers()["content-type"], "image/png");
        assert_eq!(file.bytes().await.expect("it can be read").as_ref(), PNG);
    };

    assert_read(&ada, &apollo).await;
    assert_read(&bob, &apollo).await;
    eve.get(&path).await.refused(404);
    let to = json!({ "project_id": gemini });
    ada.post(&format!("{task}/move"), to).await.expect(200);
    assert_read(&bob, &gemini).await;
    let visibility = json!({ "visibility": "private" });
    ada.patch(&format!("/api/projects/{gemini}"), visibility)
        .await
        .expect(200);
    bob.get(&path).await.refused(404);
    ada.delete(&task).await.expect(204);
    ada.get(&path).await.refused(404);
    ada.post(&format!("{task}/restore"), json!({}))
        .await
        .expect(200);
    assert_read(&ada, &gemini).await;

    let without = ada.task(&apollo, "Count down").await;
    let (_, message) = ada
        .get(&format!("/api/tasks/{without}/attachment"))
        .await
        .refused(404);
    assert_eq!(message, "This task has no file");
}

#[tokio::test]
async fn two_files_of_one_name_in_one_millisecond_have_two_paths() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    let uploads = (0..6).map(|_| {
        let input = json!({
            "projectId": apollo,
            "title": "Look at this",
            "attachment": attachment(PNG, "pixel.png", "image/png"),
        });
        ada.post("/api/create-task", input)
    });
    let mut paths: Vec<String> = futures::future::join_all(uploads)
        .await
        .into_iter()
        .map(|answer| {
            let link = answer.expect(201)["task"]["attachmentUrl"].to_string();
            link.split('?').next().expect("it has a path").to_owned()
        })
        .collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), 6);
}

#[tokio::test]
async fn what_is_no_jpeg_png_or_pdf_is_refused() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    for file in [
        attachment(b"MZ", "tool.exe", "application/octet-stream"),
        attachment(PNG, "pixel.pdf", "image/png"),
        attachment(PNG, "pixel.png", "application/pdf"),
        attachment(b"%PDF-1.7", "pixel.png", "image/png"),
    ] {
        let input = json!({ "projectId": apollo, "title": "Look at this", "attachment": file });
        let (_, message) = ada.post("/api/create-task", input).await.refused(422);
        assert_eq!(message, "Invalid file type");
    }
}

#[tokio::test]
async fn a_file_of_four_mebibytes_is_taken_and_one_byte_more_is_413() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    let send = async |size: usize| {
        let mut bytes = b"%PDF-1.7".to_vec();
        bytes.resize(size, b' ');
        let input = json!({
            "projectId": apollo,
            "title": "Read this",
            "attachment": attachment(&bytes, "plan.pdf", "application/pdf"),
        });
        ada.post("/api/create-task", input).await
    };
    send(4 * 1024 * 1024).await.expect(201);
    let (code, message) = send(4 * 1024 * 1024 + 1).await.refused(413);
    assert_eq!(code, "PAYLOAD_TOO_LARGE");
    assert!(message.contains("upload link"), "{message}");
}

#[tokio::test]
async fn a_file_whose_task_was_never_stored_is_swept_and_others_are_not() {
    use local::front::{Fault, FaultKind, Service};
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    let input = json!({
        "projectId": apollo,
        "title": "Look at this",
        "attachment": attachment(PNG, "pixel.png", "image/png"),
    });
    let kept = ada
        .post("/api/create-task", input.clone())
        .await
        .expect(201);
    let objects = async || app.objects().await.len();

    // The function dies right after its object was stored, by its fourth call or later: two are counted beside it.
    for nth in 4..=6 {
        let puts = Fault::new(FaultKind::DieAfterReply)
            .function("create-task")
            .service(Service::S3)
            .nth(nth);
        app.fault(puts);
    }
    let answer = ada.post("/api/create-task", input).await;
    assert_eq!(answer.status, 500);
    assert_eq!(objects().await, 2);

    app.advance(Duration::from_secs(2 * 3600));
    app.sweep("sweep-uploads").await;
    let left = app.objects().await;
    let link = kept["task"]["attachmentUrl"]
        .as_str()
        .expect("there is a link");
    assert!(
        matches!(&left[..], [path] if link.contains(path.as_str())),
        "{left:?}"
    );
}
