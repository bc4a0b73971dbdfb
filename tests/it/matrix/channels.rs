//! Ways out that no place of a route leads to: links to files, what is near to another's text, caches,
//! rooms, tickets.

use reqwest::{Client, Url};
use serde_json::{Value, json};
use tests::{Answer, App, Member, PNG, Socket, attachment};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::scene::NOBODYS;

/// A text of the other tenant's alone.
const CANARY: &str = "the canary sings of kerosene";

/// Two who have nothing to do with each other, each with a project.
struct Two {
    app: App,
    ada: Member,
    adas: String,
    bob: Member,
    bobs: String,
}

impl Two {
    async fn set() -> Self {
        let app = App::start().await;
        let (ada, bob) = (app.member("ada").await, app.member("bob").await);
        let (adas, bobs) = (ada.project("Apollo").await, bob.project(CANARY).await);
        Self {
            app,
            ada,
            adas,
            bob,
            bobs,
        }
    }

    /// A link to a file of whoever's project it is.
    async fn link(&self, member: &Member, project: &str) -> String {
        let input = json!({
            "projectId": project,
            "title": "Look at this",
            "attachment": attachment(PNG, "pixel.png", "image/png"),
        });
        let made = member.post("/api/create-task", input).await.expect(201);
        let link = made["task"]["attachmentUrl"].as_str();
        link.expect("there is a link").to_owned()
    }
}

#[tokio::test]
async fn a_link_to_a_file_leads_to_that_file_alone() {
    let two = Two::set().await;
    let (own, other) = (
        two.link(&two.ada, &two.adas).await,
        two.link(&two.bob, &two.bobs).await,
    );
    let get = async |link: &str| {
        let answer = Client::new()
            .get(link)
            .send()
            .await
            .expect("it is answered");
        (
            answer.status().as_u16(),
            answer.bytes().await.expect("it has a body"),
        )
    };
    assert_eq!(get(&own).await.0, 200);
    assert_eq!(get(&other).await.0, 200);

    let path = |link: &str| Url::parse(link).expect("it is a URL").path().to_owned();
    let query = |link: &str| link.split_once('?').expect("it is signed").1.to_owned();
    let (own_id, other_id) = (&two.ada.tenant_id, &two.bob.tenant_id);
    let nobodys = own.replace(own_id, NOBODYS);
    let (_, expected) = get(&nobodys).await;
    let mut altered = vec![
        // His file by her signature, whole or in part, and hers by his.
        own.replace(&path(&own), &path(&other)),
        own.replace(own_id, other_id),
        other.replace(&path(&other), &path(&own)),
        own.replace(&two.adas, &two.bobs),
        // Out of her folder and into his.
        own.replace(
            &path(&own),
            &format!("{}/../../../../..{}", path(&own), path(&other)),
        ),
        own.replace(
            &path(&own),
            &format!("{}%2f..%2f..%2f..%2f..{}", path(&own), path(&other)),
        ),
        // Unsigned, or for longer.
        other.replace(&query(&other), ""),
        own.replace("X-Amz-Expires=", "X-Amz-Expires=9"),
    ];
    // Signed, and asked for something else besides.
    for more in [
        "versionId=null",
        "list-type=2",
        "response-content-type=text/html",
        "acl",
        "partNumber=1",
    ] {
        altered.push(format!("{own}&{more}"));
    }
    let mut probes = 0;
    for link in altered.iter().filter(|link| **link != own) {
        let (status, body) = get(link).await;
        assert!((400..500).contains(&status), "{status} for {link}");
        assert!(!body.windows(4).any(|four| four == &PNG[..4]), "{link}");
        assert!(!String::from_utf8_lossy(&body).contains(CANARY), "{link}");
        probes += 1;
    }
    for method in ["PUT", "DELETE", "POST", "HEAD"] {
        let method = method.parse().expect("it is a method");
        let answer = Client::new().request(method, &other).body("x").send().await;
        assert!(answer.expect("it is answered").status().is_client_error());
        probes += 1;
    }
    assert!(
        !expected.is_empty(),
        "what is signed for nobody is refused with a reason"
    );
    assert_eq!(get(&other).await.0, 200, "it is still there");
    tests::report(&format!("{probes} links were altered, and led nowhere"));
    two.app.stop().await;
}

#[tokio::test]
async fn the_very_text_of_another_tenant_finds_nothing_of_theirs() {
    let two = Two::set().await;
    two.bob.task(&two.bobs, CANARY).await;
    two.ada.task(&two.adas, "Count down").await;
    two.app.settled().await;
    // His own answer is in the cache by then.
    for _ in 0..2 {
        let (found, _) = two.bob.search(&two.bobs, CANARY).await;
        assert_eq!(found[0]["title"], CANARY);
    }
    let mut caches = Vec::new();
    for _ in 0..2 {
        let (found, answer) = two.ada.search(&two.adas, CANARY).await;
        assert!(!answer.body.to_string().contains("canary"), "{found:?}");
        caches.push(answer.header("x-cache").map(str::to_owned));
    }
    assert_eq!(caches, [Some("miss".to_owned()), Some("hit".to_owned())]);
    let mut refusals = Vec::new();
    for project in [&two.bobs, NOBODYS] {
        let input = json!({ "projectId": project, "query": CANARY });
        refusals.push(two.ada.post("/api/search-tasks", input).await.refused(404));
    }
    assert_eq!(refusals[0], refusals[1]);
    two.app.stop().await;
}

#[tokio::test]
async fn a_cached_list_is_its_own_user_s() {
    let two = Two::set().await;
    for (member, id) in [
        (&two.bob, &two.bobs),
        (&two.ada, &two.adas),
        (&two.bob, &two.bobs),
    ] {
        for _ in 0..2 {
            let (projects, _) = member.projects().await;
            let ids: Vec<_> = projects.iter().map(|project| &project["id"]).collect();
            assert_eq!(ids, [id]);
        }
    }
    assert!(two.ada.projects().await.1, "it comes from the cache");
    two.app.stop().await;
}

#[tokio::test]
async fn a_room_is_heard_in_its_own_tenant_alone() {
    let two = Two::set().await;
    let mut socket = two.ada.connect().await;
    socket.subscribe(&two.adas).await;
    let mut answers = Vec::new();
    for (action, more) in [
        ("subscribe", json!({})),
        ("subscribe", json!({ "lastSeq": 0 })),
        ("subscribe", json!({ "last_seq": 0 })),
        ("unsubscribe", json!({})),
    ] {
        for project in [two.bobs.as_str(), NOBODYS] {
            let mut message = json!({ "action": action, "room": format!("project/{project}") });
            for (name, value) in more.as_object().expect("they are members") {
                message[name] = value.clone();
            }
            answers.push(without_what_differs(socket.ask(message).await, project));
        }
    }
    for pair in answers.chunks(2) {
        assert_eq!(pair[0], pair[1]);
    }
    two.bob.task(&two.bobs, CANARY).await;
    two.app.settled().await;
    two.ada.task(&two.adas, "Heard").await;
    let heard = socket.expect_next().await;
    assert_eq!(heard["data"]["title"], "Heard", "and nothing before it");
    two.app.stop().await;
}

#[tokio::test]
async fn a_ticket_is_its_holder_s_once() {
    let two = Two::set().await;
    let ticket = two.bob.ticket().await;
    let refused = async |ticket: &str| {
        let request = two.ada.socket_url(ticket).into_client_request();
        Socket::refused(request.expect("it is a URL")).await
    };
    let mut socket = Socket::connect(&two.bob.socket_url(&ticket)).await;
    assert_eq!(refused(&ticket).await, 401);
    // Whoever opens it is him, also where she sends her token along.
    let again = two.bob.ticket().await;
    let mut request = two
        .bob
        .socket_url(&again)
        .into_client_request()
        .expect("it is a URL");
    let token = format!("Bearer {}", two.ada.token)
        .parse()
        .expect("it is a header");
    request.headers_mut().insert("authorization", token);
    let (_open, _) = tokio_tungstenite::connect_async(request)
        .await
        .expect("it connects");
    assert_eq!(refused(&again).await, 401);
    let hers = json!({ "action": "subscribe", "room": format!("project/{}", two.adas) });
    assert_eq!(socket.ask(hers).await["error"]["code"], "NOT_FOUND");
    two.app.stop().await;
}

fn without_what_differs(mut answer: Value, project: &str) -> String {
    if answer["error"].is_object() {
        answer["error"]["request_id"] = json!(null);
    }
    answer.to_string().replace(project, "<project>")
}

/// What is refused of one's own is refused in the same words as what is another's.
#[tokio::test]
async fn a_key_in_hand_is_no_key_to_anything_else() {
    let two = Two::set().await;
    let refresh = async |token: &str| -> Answer {
        let body = json!({ "refresh_token": token });
        let request = two.ada.request("POST", "/api/refresh-token").json(&body);
        Answer::of(request.send().await.expect("the API answers")).await
    };
    // Whoever holds his token is he: her own standing neither helps nor hinders, and is not mixed in.
    let his = refresh(&two.bob.refresh_token).await.expect(200);
    let claims = super::tokens::claims(his["data"]["access_token"].as_str().expect("it has one"));
    assert_eq!(claims["sub"], two.bob.user_id);
    assert_eq!(claims["tenant_id"], two.bob.tenant_id);
    two.app.stop().await;
}
