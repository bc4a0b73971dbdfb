use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use embedder::Embedder;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Options, Stack, StartError};
use crate::{
    data::DataError,
    embeddings::Embeddings,
    front::{ACCESS_KEY, Armed, Fault, FaultKind, REGION, SECRET_KEY},
    lambda::InvocationError,
    triggers::Until,
};

fn options(folder: &Path) -> Options {
    Options {
        embeddings: Embeddings::Given(Arc::new(Embedder::lexical())),
        ..Options::new(folder.join("data"))
    }
}

async fn post(stack: &Stack, path: &str, token: &str, body: Value) -> (StatusCode, Value) {
    let response = reqwest::Client::new()
        .post(format!("{}{path}", stack.api_url()))
        .bearer_auth(token)
        .json(&body)
        .send()
        .await
        .unwrap();
    (response.status(), response.json().await.unwrap_or_default())
}

async fn sign_up(stack: &Stack) -> String {
    let body = json!({ "email": "ada@example.com", "password": "a long password", "name": "Ada" });
    let (status, answer) = post(stack, "/api/sign-up", "", body).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    answer["data"]["access_token"].as_str().unwrap().to_owned()
}

async fn projects(stack: &Stack, token: &str) -> Vec<String> {
    let response = reqwest::Client::new()
        .get(format!("{}/api/list-projects", stack.api_url()))
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    let answer: Value = response.json().await.unwrap();
    let projects = answer["projects"].as_array().cloned().unwrap_or_default();
    projects
        .iter()
        .map(|project| project["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_goes_on_where_it_was_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(options(folder.path())).await.unwrap();
    let ready: Value = serde_json::from_str(&stack.ready_line()).unwrap();
    assert_eq!(ready["event"], "ready");
    let token = sign_up(&stack).await;
    let (status, answer) = post(
        &stack,
        "/api/create-project",
        &token,
        json!({ "name": "House" }),
    )
    .await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");

    let stopping = Instant::now();
    stack.stop().await;
    assert!(
        stopping.elapsed() < Duration::from_secs(1),
        "{:?}",
        stopping.elapsed()
    );

    let stack = Stack::start(options(folder.path())).await.unwrap();
    assert_eq!(projects(&stack, &token).await, ["House"]);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_is_mailed_and_found_by_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(options(folder.path())).await.unwrap();
    let body = json!({ "email": "ada@example.com", "password": "a long password", "name": "Ada" });
    let (_, answer) = post(&stack, "/api/sign-up", "", body).await;
    let token = answer["data"]["access_token"].as_str().unwrap();
    let (_, project) = post(
        &stack,
        "/api/create-project",
        token,
        json!({ "name": "House" }),
    )
    .await;
    let project = &project["project"]["id"];
    let body = json!({
        "projectId": project,
        "title": "Paint the fence",
        "assignedTo": answer["data"]["user"]["id"],
    });
    let (status, task) = post(&stack, "/api/create-task", token, body).await;
    assert_eq!(status, StatusCode::CREATED, "{task}");
    stack
        .triggers()
        .settle(Until::Empty, Duration::from_secs(20))
        .await
        .unwrap();

    let emails = stack.gateway().outbox.emails().await.unwrap();
    let about = |subject: &str| {
        emails
            .iter()
            .filter(|email| email.subject == subject)
            .count()
    };
    assert_eq!((emails.len(), about("New task: Paint the fence")), (2, 1));
    let body = json!({ "projectId": project, "query": "fence" });
    let (status, found) = post(&stack, "/api/search-tasks", token, body).await;
    assert_eq!(status, StatusCode::OK, "{found}");
    assert_eq!(found["results"][0]["id"], task["task"]["id"], "{found}");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_stacks_run_in_one_process_and_know_nothing_of_each_other() {
    let folders: Vec<_> = (0..6).map(|_| tempfile::tempdir().unwrap()).collect();
    let starting = folders
        .iter()
        .map(|folder| Stack::start(options(folder.path())));
    let stacks = futures::future::try_join_all(starting).await.unwrap();
    let signed_up = futures::future::join_all(stacks.iter().map(sign_up)).await;
    assert_eq!(signed_up.len(), 6);
    futures::future::join_all(stacks.into_iter().map(Stack::stop)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_or_a_folder_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(options(folder.path())).await.unwrap();
    let error = Stack::start(options(folder.path())).await.err().unwrap();
    assert!(
        matches!(error, StartError::Data(DataError::InUse { .. })),
        "{error}"
    );
    let port = stack.api_url().rsplit(':').next().unwrap().parse().unwrap();
    let other = tempfile::tempdir().unwrap();
    let taken = Options {
        port,
        ..options(other.path())
    };
    let error = Stack::start(taken).await.err().unwrap();
    assert!(
        matches!(error, StartError::Port { port: taken, .. } if taken == port),
        "{error}"
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invocation_that_dies_leaves_its_effect_and_the_next_one_works() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(options(folder.path())).await.unwrap();
    let token = sign_up(&stack).await;
    // Two counts are written beside it: before or after.
    let armed = [3, 4, 5].map(|nth| {
        let death = Fault::new(FaultKind::DieAfterReply).function("create-project");
        let armed = stack.front();
        armed.fault(death.operation("TransactWriteItems").nth(nth))
    });
    let (status, _) = post(
        &stack,
        "/api/create-project",
        &token,
        json!({ "name": "Lost" }),
    )
    .await;
    assert!(status.is_server_error(), "{status}");
    let fired: u32 = armed.iter().map(Armed::fired).sum();
    assert_eq!(fired, 1);
    armed.iter().for_each(Armed::disarm);
    assert_eq!(projects(&stack, &token).await, ["Lost"]);
    let (status, _) = post(
        &stack,
        "/api/create-project",
        &token,
        json!({ "name": "Found" }),
    )
    .await;
    assert_eq!(status, StatusCode::CREATED);

    let calls = stack.front().journal().calls();
    let created = calls
        .iter()
        .filter(|call| call.function.as_deref() == Some("create-project"))
        .map(|call| call.operation.as_str())
        .filter(|operation| *operation != "UpdateItem")
        .collect::<Vec<_>>();
    let each = ["BatchGetItem", "AssumeRole", "TransactWriteItems"];
    assert_eq!(created, each.repeat(2), "each a cold start");
    let unknown = stack.lambda().invoke("no-such", json!({})).await;
    assert!(matches!(unknown, Err(InvocationError::Failed(_))));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_outside_find_their_environment_in_a_file_for_the_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(options(folder.path())).await.unwrap();
    let file = stack.data().join("lambda.env");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(&format!("AWS_ENDPOINT_URL='{}'\n", stack.aws_url())));
    assert!(text.contains("DATA_TABLE='tenon-data'\n"));
    assert!(!text.contains("PRIVATE KEY"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_never_was_is_gone_for_the_sdk() {
    use aws_sdk_apigatewaymanagement::{
        Client, Config,
        config::{BehaviorVersion, Credentials, Region},
        primitives::Blob,
    };
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(options(folder.path())).await.unwrap();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::from_keys(ACCESS_KEY, SECRET_KEY, None))
        .endpoint_url(format!("{}/ws", stack.aws_url()))
        .build();
    let error = Client::from_conf(config)
        .post_to_connection()
        .connection_id("L0SM9cOFvHcCIhw=")
        .data(Blob::new("hello"))
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(error.is_gone_exception(), "{error:?}");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attachment_is_read_by_the_link_in_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(options(folder.path())).await.unwrap();
    let token = sign_up(&stack).await;
    let (_, project) = post(
        &stack,
        "/api/create-project",
        &token,
        json!({ "name": "House" }),
    )
    .await;
    let pdf = b"%PDF-1.7\nhello";
    let body = json!({
        "projectId": project["project"]["id"],
        "title": "Read the plan",
        "attachment": {
            "file_base64": STANDARD.encode(pdf),
            "filename": "the plan (1).pdf",
            "content_type": "application/pdf",
        },
    });
    let (status, task) = post(&stack, "/api/create-task", &token, body).await;
    assert_eq!(status, StatusCode::CREATED, "{task}");
    let link = task["task"]["attachmentUrl"].as_str().unwrap();
    let response = reqwest::get(link).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/pdf");
    assert_eq!(response.bytes().await.unwrap().as_ref(), pdf);
    stack.stop().await;
}
