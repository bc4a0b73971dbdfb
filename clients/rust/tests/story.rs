//! What the Rust client is for, done with it.

use reqwest::StatusCode;
use tenon_client::types::{
    ChangeTasksBody, ChangeTasksBodyOperationsItem, ChangeTasksBodyOperationsItemOp,
    CreateProjectBody, CreateTaskBody, Refusal, RefusalErrorCode, SignUpBody, TaskView,
    UpdateTaskBody,
};
use tenon_client::{Client, Error, Nullable, refusal};
use tests::App;
use uuid::Uuid;

/// A client of whoever has just signed up with it, and a project of theirs.
async fn ada(app: &App) -> (Client, Uuid) {
    let url = app.stack().api_url();
    let account = SignUpBody::builder()
        .email("ada@example.com")
        .password("a long enough one")
        .name("Ada");
    let signed_up = Client::new(&url).sign_up().body(account).send().await;
    let token = signed_up.expect("she signs up").data.access_token.clone();
    let ada = Client::with_token(&url, &token).expect("it is a token");
    let project = CreateProjectBody::builder().name("Moon landing");
    let project = ada.create_project().body(project).send().await;
    let id = project.expect("it is made").data.id;
    (ada, id)
}

async fn task(client: &Client, project: Uuid, title: &str) -> TaskView {
    let task = CreateTaskBody::builder().title(title);
    let made = client.create_task().id(project).body(task).send();
    made.await.expect("it is made").data.clone()
}

/// The tag of a task, as it is now.
async fn tag(client: &Client, task: Uuid) -> String {
    let shown = client.get_task().id(task).send().await;
    let headers = shown.expect("it is there").headers().clone();
    headers["etag"].to_str().expect("it is text").to_owned()
}

fn code(error: &Error<Refusal>) -> RefusalErrorCode {
    refusal(error).expect("it is refused").error.code
}

#[tokio::test]
async fn the_client_s_walk_by_cursor_meets_every_task_once() {
    let app = App::start().await;
    let (ada, project) = ada(&app).await;
    let titles = ["One", "Two", "Three", "Four", "Five"];
    for title in titles {
        task(&ada, project, title).await;
    }
    let mut seen = Vec::new();
    let first = || ada.list_tasks().id(project).sort("created_at").limit(2);
    let mut next = Some(first());
    while let Some(page) = next {
        let page = page.send().await.expect("it is a page").into_inner();
        next = page.meta.next_cursor().map(|cursor| first().cursor(cursor));
        seen.extend(page.data.into_iter().map(|task| task.title));
    }
    assert_eq!(seen, titles);
}

#[tokio::test]
async fn the_client_s_patch_says_what_changes_and_what_is_emptied() {
    let app = App::start().await;
    let (ada, project) = ada(&app).await;
    let made = task(&ada, project, "Refuel").await;
    let dated = UpdateTaskBody::builder()
        .description(Nullable::Value("To the brim".to_owned()))
        .due_date(Nullable::Value(1_900_000_000_000_i64));
    let dated = ada.update_task().id(made.id).body(dated).send().await;
    let dated = dated.expect("it changes").into_inner().data;
    assert_eq!(dated.due_date, Some(1_900_000_000_000));
    let undated = UpdateTaskBody::builder().due_date(Nullable::<i64>::Null);
    let undated = ada.update_task().id(made.id).body(undated);
    let undated = undated.send().await.expect("it changes").into_inner().data;
    assert_eq!(undated.due_date, None);
    assert_eq!(undated.description.as_deref(), Some("To the brim"));
}

#[tokio::test]
async fn the_client_s_patch_under_if_match_is_refused_after_another() {
    let app = App::start().await;
    let (ada, project) = ada(&app).await;
    let made = task(&ada, project, "Refuel").await;
    let tag = tag(&ada, made.id).await;
    let patch = |status: &str| {
        let body = UpdateTaskBody::builder().status(Some(status.to_owned()));
        ada.update_task().id(made.id).if_match(&tag).body(body)
    };
    let first = patch("done").send().await.expect("it changes");
    assert_eq!(first.data.status, "done");
    let second = patch("todo").send().await;
    let error = second.expect_err("it has changed");
    assert_eq!(code(&error), RefusalErrorCode::PreconditionFailed);
}

#[tokio::test]
async fn the_client_is_told_when_nothing_has_changed() {
    let app = App::start().await;
    let (ada, project) = ada(&app).await;
    let made = task(&ada, project, "Look up").await;
    let tag = tag(&ada, made.id).await;
    let again = ada.get_task().id(made.id).if_none_match(tag).send().await;
    let error = again.expect_err("there is nothing to show");
    assert_eq!(error.status(), Some(StatusCode::NOT_MODIFIED));
}

#[tokio::test]
async fn what_the_client_sends_again_with_its_key_has_its_effect_once() {
    let app = App::start().await;
    let (ada, project) = ada(&app).await;
    let send = |title: &str| {
        let body = CreateTaskBody::builder().title(title);
        ada.create_task()
            .id(project)
            .idempotency_key("launch-1")
            .body(body)
    };
    let first = send("Once").send().await.expect("it is made");
    let again = send("Once").send().await.expect("it is the same");
    assert_eq!(first.data.id, again.data.id);
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    let error = send("Another").send().await.expect_err("the key is taken");
    assert_eq!(error.status(), Some(StatusCode::UNPROCESSABLE_ENTITY));
}

#[tokio::test]
async fn the_client_is_answered_each_change_of_many() {
    let app = App::start().await;
    let (ada, project) = ada(&app).await;
    let made = task(&ada, project, "Pack").await;
    let change = |op| ChangeTasksBodyOperationsItem::builder().op(op);
    let operations = [
        change(ChangeTasksBodyOperationsItemOp::Create).title(Some("Wave".to_owned())),
        change(ChangeTasksBodyOperationsItemOp::Update)
            .id(made.id)
            .status(Some("in_progress".to_owned())),
        change(ChangeTasksBodyOperationsItemOp::Delete).id(Uuid::now_v7()),
    ];
    let operations = operations.map(|change| change.try_into().expect("it is whole"));
    let body = ChangeTasksBody::builder().operations(operations);
    let answer = ada.change_tasks().id(project).body(body).send().await;
    let outcomes = answer.expect("each is answered").into_inner().data;
    let statuses: Vec<_> = outcomes.iter().map(|outcome| outcome.status).collect();
    assert_eq!(statuses, [201, 200, 404]);
    let changed = outcomes[1].data.as_ref().expect("it is there");
    assert_eq!(changed.status, "in_progress");
}

#[tokio::test]
async fn what_the_client_deleted_is_gone_and_can_be_restored() {
    let app = App::start().await;
    let (ada, project) = ada(&app).await;
    let made = task(&ada, project, "Jettison").await;
    let deleted = ada.delete_task().id(made.id).send().await;
    assert_eq!(deleted.expect("it goes").status(), StatusCode::NO_CONTENT);
    let error = ada
        .get_task()
        .id(made.id)
        .send()
        .await
        .expect_err("it is gone");
    assert_eq!(code(&error), RefusalErrorCode::NotFound);
    let restored = ada.restore_task().id(made.id).send().await;
    assert_eq!(restored.expect("it is back").data.title, "Jettison");
}

#[tokio::test]
async fn the_client_is_told_every_bad_field() {
    let app = App::start().await;
    let (ada, project) = ada(&app).await;
    let wrong = CreateTaskBody::builder().title("").due_date(-1_i64);
    let error = ada.create_task().id(project).body(wrong).send().await;
    let error = error.expect_err("nothing of it is right");
    assert_eq!(code(&error), RefusalErrorCode::ValidationError);
    let refusal = refusal(&error).expect("it is refused");
    let fields: Vec<_> = refusal
        .error
        .details
        .iter()
        .map(|bad| bad.field.as_str())
        .collect();
    assert_eq!(fields, ["title", "due_date"]);
    assert!(!refusal.error.request_id.is_empty());
}
