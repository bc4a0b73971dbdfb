//! What it promises to whoever runs it.

use std::{
    net::{TcpListener, TcpStream},
    time::Duration,
};

use aws_credential_types::Credentials;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    program::{Program, bare, log},
    user::{User, client, outbox},
};

#[test]
fn it_says_in_one_line_where_it_serves_and_ends_within_a_second_of_a_signal() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for signal in ["TERM", "INT"] {
        let program = Program::start(&folder.path().join("data"));
        let names: Vec<&String> = program
            .ready
            .as_object()
            .expect("it is an object")
            .keys()
            .collect();
        assert_eq!(names, ["event", "api", "ws", "outbox", "aws"]);
        assert_eq!(program.ready["event"], "ready");
        let api = program.port("api");
        assert_eq!(program.url("api"), format!("http://127.0.0.1:{api}"));
        assert_eq!(program.url("ws"), format!("ws://127.0.0.1:{api}/ws"));
        assert_eq!(
            program.url("outbox"),
            format!("http://127.0.0.1:{api}/_local/outbox")
        );
        let aws = program.port("aws");
        assert_eq!(program.url("aws"), format!("http://127.0.0.1:{aws}"));

        let (status, took, said) = program.end(signal);
        assert_eq!(status.code(), Some(0), "{signal}");
        assert!(took < Duration::from_secs(1), "{signal}: {took:?}");
        assert_eq!(said, "", "all else goes to stderr");
    }
}

#[test]
fn its_help_shows_it_as_it_is_typed() {
    let usage = |arguments: &[&str]| {
        let output = bare(arguments).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut lines = said.lines().chain(errors.lines());
        let line = lines.find(|line| line.starts_with("Usage: "));
        line.expect("it shows how it is used").to_owned()
    };
    assert_eq!(
        usage(&["--help"]),
        "Usage: cargo run -- [OPTIONS] [COMMAND]"
    );
    assert_eq!(
        usage(&["--no-such"]),
        "Usage: cargo run -- [OPTIONS] [COMMAND]"
    );
    assert_eq!(
        usage(&["event", "--help"]),
        "Usage: cargo run -- event [OPTIONS] <FIXTURE>"
    );
}

#[test]
fn the_aws_services_are_on_the_port_after_the_one_that_was_asked_for() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let port = two_free_ports();
    let program = Program::start_on(&folder.path().join("data"), port);
    assert_eq!((program.port("api"), program.port("aws")), (port, port + 1));
}

/// A free port before another free one.
fn two_free_ports() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").expect("some port is free");
        let port = first.local_addr().expect("it has one").port();
        if port < u16::MAX && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}

#[test]
fn it_is_reached_at_127_0_0_1_and_nowhere_else() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let program = Program::start(&folder.path().join("data"));
    for port in [program.port("api"), program.port("aws")] {
        TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        // All of 127.0.0.0/8 is this machine on Linux: whoever listens everywhere listens there as well.
        for elsewhere in ["127.0.0.2", "::1"] {
            assert!(
                TcpStream::connect((elsewhere, port)).is_err(),
                "{elsewhere}:{port}"
            );
        }
    }
}

#[tokio::test]
async fn pages_of_the_origins_that_are_allowed_may_call_it_and_no_others() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let allowed = ["http://localhost:5173", "https://app.example"];
    let arguments = [
        "--port",
        "0",
        "--allow-origin",
        allowed[0],
        "--allow-origin",
        "https://app.example/x",
    ];
    let program = Program::start_with(&folder.path().join("data"), &arguments);
    let ada = User::sign_up(&program, "ada").await;
    let own = program.url("api");
    let link = format!("{}/tenon-attachments/x", program.url("aws"));
    let other = "http://localhost:5174";
    for (origin, is_allowed) in [
        (allowed[0], true),
        (allowed[1], true),
        (own, true),
        (other, false),
    ] {
        for (url, method) in [(format!("{own}/api/log-in"), "POST"), (link.clone(), "GET")] {
            let preflight = client()
                .request(Method::OPTIONS, &url)
                .header("origin", origin);
            let preflight = preflight.header("access-control-request-method", method);
            let answer = preflight.send().await.expect("the process serves");
            let named = answer.headers().get("access-control-allow-origin");
            let named = named.map(|named| named.to_str().expect("it is text"));
            assert_eq!(named, is_allowed.then_some(origin), "{url}");
        }
        assert_eq!(ada.connects_from(origin).await, is_allowed, "{origin}");
    }
}

#[tokio::test]
async fn no_website_can_read_what_it_holds_by_giving_its_own_name_this_address() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let program = Program::start(&folder.path().join("data"));
    let aws = format!("{}/tenon-attachments", program.url("aws"));
    for url in [program.url("outbox"), program.url("api"), &aws] {
        let rebound = client().get(url).header("host", "evil.example:3000");
        let refused = rebound.send().await.expect("the process serves");
        assert_eq!(refused.status(), 421, "{url}");
        let answer: Value = refused.json().await.expect("it is JSON");
        let message = answer["message"].as_str().expect("it says why");
        assert!(message.contains("Host is 127.0.0.1"), "{message}");
        let named = url.replace("127.0.0.1", "localhost");
        let local = client().get(url).header("host", authority(&named));
        let answered = local.send().await.expect("the process serves");
        assert_ne!(answered.status(), 421, "{named}");
    }
}

/// `localhost:3000` of `http://localhost:3000/`.
fn authority(url: &str) -> &str {
    url.split('/').nth(2).expect("it has an authority")
}

#[tokio::test]
async fn it_ends_within_a_second_in_the_midst_of_work() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let program = Program::start(&folder.path().join("data"));
    let ada = User::sign_up(&program, "ada").await;
    let apollo = ada.project("Apollo").await;
    let (_socket, _) = ada.listen(&apollo).await;
    let writers = (0..4).map(|writer| {
        let (ada, apollo) = (ada.clone(), apollo.clone());
        tokio::spawn(
            async move { while ada.task(&apollo, &format!("Of {writer}")).await.is_some() {} },
        )
    });
    let writers: Vec<_> = writers.collect();
    while outbox(&program).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let ended = tokio::task::spawn_blocking(move || program.end("TERM")).await;
    let (status, took, _) = ended.expect("it does not panic");
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(1), "{took:?}");
    for writer in writers {
        writer.await.expect("it does not panic");
    }
}

#[tokio::test]
async fn however_much_is_logged_no_secret_is_in_it() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("data");
    let program = Program::start_chatty(&data);
    let ada = User::sign_up(&program, "ada").await;
    let apollo = ada.project("Apollo").await;
    let (_socket, _) = ada.listen(&apollo).await;
    let file = json!({ "filename": "a.pdf", "content_type": "application/pdf", "file_base64": "JVBERi0xLjQK" });
    let task = json!({ "projectId": apollo, "title": "With a file", "attachment": file });
    let (status, answer) = ada.post("/api/create-task", task).await.expect("it serves");
    assert_eq!(status, 201, "{answer}");
    while outbox(&program).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mails = serde_json::to_string(&outbox(&program).await).expect("it is JSON");
    let links = mails.split("token=").skip(1);
    let link = links.map(|rest| rest.split(['"', '\\']).next().expect("there is one"));
    program.end("TERM");

    let log = std::fs::read_to_string(log(&data)).expect("it has a log");
    assert!(log.contains("served"), "{log}");
    let file = answer["task"]["attachmentUrl"]
        .as_str()
        .expect("it has one");
    let signature = file.split("X-Amz-Signature=").nth(1).expect("it is signed");
    let signature = signature.split('&').next().expect("there is one");
    let mut secrets = vec![ada.token.as_str(), "a long password", signature, "argon2"];
    secrets.extend(link);
    assert!(secrets.len() > 4);
    for secret in secrets {
        assert!(!log.contains(secret), "it has {secret}");
    }
    for header in ["x-amz-security-token", "authorization"] {
        assert!(!log.to_lowercase().contains(header), "it has {header}");
    }
}

#[tokio::test]
async fn the_outbox_is_json_for_programs_and_a_page_for_a_browser() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let program = Program::start(&folder.path().join("data"));
    assert!(outbox(&program).await.is_empty());
    let page = client()
        .get(program.url("outbox"))
        .header("accept", "text/html,*/*");
    let page = page.send().await.expect("the process serves");
    let content_type = page.headers()["content-type"].to_str().expect("it is text");
    assert!(content_type.starts_with("text/html"), "{content_type}");
}

#[tokio::test]
async fn any_aws_client_with_the_local_keys_can_look_inside() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let program = Program::start(&folder.path().join("data"));
    User::sign_up(&program, "ada").await;
    let credentials = || Credentials::new("local", "local-secret", None, None, "documented");

    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_dynamodb::config::Region::new("us-east-1"))
        .credentials_provider(credentials())
        .endpoint_url(program.url("aws"));
    let scanned = aws_sdk_dynamodb::Client::from_conf(config.build())
        .scan()
        .table_name("tenon-identity")
        .send()
        .await
        .expect("it can be scanned");
    assert!(scanned.count() >= 4);

    let config = aws_sdk_s3::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_s3::config::Region::new("us-east-1"))
        .credentials_provider(credentials())
        .endpoint_url(program.url("aws"));
    let buckets = aws_sdk_s3::Client::from_conf(config.build())
        .list_buckets()
        .send()
        .await;
    assert_eq!(buckets.expect("they can be listed").buckets().len(), 1);

    let config = aws_sdk_sqs::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_sqs::config::Region::new("us-east-1"))
        .credentials_provider(credentials())
        .endpoint_url(program.url("aws"));
    let sqs = aws_sdk_sqs::Client::from_conf(config.build());
    let url = sqs
        .get_queue_url()
        .queue_name("tenon-email-dead-letters")
        .send()
        .await;
    let url = url.expect("it exists").queue_url.expect("it has an URL");
    sqs.send_message()
        .queue_url(&url)
        .message_body("By hand")
        .send()
        .await
        .expect("it can be sent");
    let received = sqs
        .receive_message()
        .queue_url(&url)
        .send()
        .await
        .expect("it can be received");
    assert_eq!(received.messages()[0].body(), Some("By hand"));
}

#[tokio::test]
async fn an_event_is_printed_with_fresh_tokens_in_it() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let program = Program::start(&folder.path().join("data"));
    let port = program.port("api").to_string();
    let output = tokio::task::spawn_blocking(move || {
        bare(&["event", "create-project/ok", "--port", &port]).output()
    });
    let output = output.await.expect("it does not panic").expect("it runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let event: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let header = event["headers"]["authorization"]
        .as_str()
        .expect("it has one");
    let token = header.strip_prefix("Bearer ").expect("it is a bearer's");
    assert_eq!(token.split('.').count(), 3, "{token}");

    let body = event["body"].as_str().expect("it has one").to_owned();
    let request = client().post(format!("{}/api/create-project", program.url("api")));
    let request = request
        .bearer_auth(token)
        .header("content-type", "application/json");
    let response = request.body(body).send().await.expect("the process serves");
    assert_eq!(response.status(), 201);
}

#[test]
fn a_signing_key_is_made_for_its_owner_alone_and_never_over_another() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("key.pem");
    let make = || {
        let output = bare(&["signing-key"]).arg(&file).output();
        output.expect("it runs")
    };
    let output = make();
    let public: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(public["keys"][0]["kty"], "RSA");
    assert_eq!(
        public["keys"][0]["d"],
        Value::Null,
        "the private half stays in the file"
    );
    let private = std::fs::read_to_string(&file).expect("it can be read");
    assert!(private.starts_with("-----BEGIN PRIVATE KEY-----"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    crate::program::fails_with_one_line(&make());
    assert_eq!(
        std::fs::read_to_string(&file).expect("it can be read"),
        private
    );
}
