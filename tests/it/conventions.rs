//! What holds of all resources: as much of them as is asked for, what they name beside them, and what requests are called.

use serde_json::{Value, json};
use tests::{Answer, App, Logged, Member, has_model};

/// An answer's members, but for what they hold.
fn names(resource: &Value) -> Vec<&str> {
    let members = resource.as_object().expect("it is a resource");
    members.keys().map(String::as_str).collect()
}

fn etag(answer: &Answer) -> String {
    answer.header("etag").expect("it has a tag").to_owned()
}

async fn asked(member: &Member, path: &str, (name, value): (&str, &str)) -> Answer {
    let request = member.request("GET", path).header(name, value);
    Answer::of(request.send().await.expect("the API answers")).await
}

#[tokio::test]
async fn as_much_of_a_resource_is_shown_as_is_asked_for() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let task = ada.task(&project, "Count down").await;
    for (path, wanted) in [
        (
            format!("/api/projects/{project}?fields=name"),
            vec!["id", "name"],
        ),
        (
            format!("/api/tasks/{task}?fields=title,status"),
            vec!["id", "title", "status"],
        ),
        (format!("/api/tasks/{task}?fields=id"), vec!["id"]),
    ] {
        let shown = ada.get(&path).await.expect(200);
        assert_eq!(names(&shown["data"]), wanted, "{path}");
    }
    for path in ["/api/projects", &format!("/api/projects/{project}/tasks")] {
        let whole = ada.get(path).await.expect(200);
        let part = ada.get(&format!("{path}?limit=5&fields=updated_at")).await;
        let part = part.expect(200);
        let both = ["id", "updated_at"];
        assert_eq!(names(&part["data"][0]), both);
        for name in both {
            assert_eq!(part["data"][0][name], whole["data"][0][name]);
        }
        assert_eq!(part["meta"], whole["meta"]);
    }
    // Who has no id is shown as they are asked for.
    let members = ada.get("/api/members?fields=name").await.expect(200);
    assert_eq!(members["data"], json!([{ "name": "ada" }]));
}

#[tokio::test]
async fn what_a_resource_does_not_have_is_refused_with_all_that_it_has() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let path = format!("/api/projects/{project}");
    let refused = ada.get(&format!("{path}?fields=name,seq")).await;
    let (code, message) = refused.refused(400);
    assert_eq!(code, "BAD_REQUEST");
    let shown = ada.get(&path).await.expect(200);
    let all = names(&shown["data"]).join(", ");
    // One that is deleted says until when it can be restored, too.
    let wanted =
        format!("Must be some of these, with commas between them: {all}, restorable_until");
    assert_eq!(message, wanted);
    let several = ada.get("/api/projects?limit=0&fields=").await.expect(400);
    let details = several["error"]["details"]
        .as_array()
        .expect("it is a list");
    let fields: Vec<_> = details.iter().map(|detail| &detail["field"]).collect();
    assert_eq!(fields, ["limit", "fields"]);
    let (_, unknown) = ada.get("/api/members?colour=red").await.refused(400);
    let wanted = "Unknown parameter: there are role, limit, cursor, fields";
    assert_eq!(unknown, wanted);
    let (_, none) = ada.get("/api/list-projects?fields=name").await.refused(400);
    assert_eq!(none, "Unknown parameter: there are none");
    let beside = json!({ "name": "Gemini", "fields": "name" });
    let refused = ada.post("/api/projects", beside).await;
    assert_eq!(refused.bad_fields(), ["fields"]);
}

#[tokio::test]
async fn a_write_that_is_asked_for_with_parameters_is_refused_and_changes_nothing() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let path = format!("/api/projects/{project}");
    let renamed = json!({ "name": "Gemini" });
    let none = "Unknown parameter: there are none";
    for asked in ["dry_run=true", "fields=name", "dry_run"] {
        let place = format!("{path}?{asked}");
        let answers = [
            ada.patch(&place, renamed.clone()).await,
            ada.put(&place, renamed.clone()).await,
            ada.delete(&place).await,
            ada.post(&format!("/api/projects?{asked}"), renamed.clone())
                .await,
        ];
        for answer in answers {
            let (code, message) = answer.refused(400);
            assert_eq!((&*code, &*message), ("BAD_REQUEST", none), "{place}");
        }
    }
    let several = ada.delete(&format!("{path}?dry_run=true&force=1")).await;
    let several = several.expect(400);
    let details = several["error"]["details"].as_array();
    let fields = details.into_iter().flatten().map(|detail| &detail["field"]);
    assert_eq!(fields.collect::<Vec<_>>(), ["dry_run", "force"]);
    let shown = ada.get("/api/projects").await.expect(200);
    assert_eq!(shown["data"][0]["name"], "Apollo");
    assert_eq!(shown["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn each_choice_of_fields_has_a_tag_and_any_of_them_will_do_to_write() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let task = ada.task(&project, "Count down").await;
    let path = format!("/api/tasks/{task}");
    let (whole, part) = (path.clone(), format!("{path}?fields=title"));
    let expanded = format!("{path}?expand=project");
    let mut tags = Vec::new();
    for path in [&whole, &part, &expanded] {
        let tag = etag(&ada.get(path).await);
        let known = asked(&ada, path, ("if-none-match", &tag)).await;
        assert_eq!((known.status, &known.body), (304, &Value::Null));
        tags.push(tag);
    }
    let [of_whole, of_part, of_expanded] = &tags[..] else {
        panic!("there are three")
    };
    for (path, other) in [(&part, of_whole), (&whole, of_part), (&whole, of_expanded)] {
        let answer = asked(&ada, path, ("if-none-match", other)).await;
        assert_eq!(answer.status, 200, "{path} is something else");
    }
    let write = async |tag: &str, title: &str| {
        let request = ada.request("PATCH", &whole).header("if-match", tag);
        let request = request.json(&json!({ "title": title }));
        Answer::of(request.send().await.expect("the API answers")).await
    };
    write(of_part, "Count up").await.expect(200);
    write(of_part, "Count on").await.refused(412);
    // Who has seen no title has not seen this change of it, and still it is one.
    let status = etag(&ada.get(&format!("{path}?fields=status")).await);
    write(&status, "Count on").await.expect(200);
    write(&status, "Count").await.refused(412);
}

#[tokio::test]
async fn who_can_t_keep_an_if_match_refuses_it() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let session = format!("/api/sessions/{}", app.log_in(&ada).await.session_id());
    let end = async |tag: &str| ada.if_match("DELETE", &session, tag, json!({})).await;
    let (code, message) = end("\"1-x\"").await.refused(400);
    assert_eq!(code, "BAD_REQUEST");
    assert!(message.contains("If-Match"), "{message}");
    end("*").await.expect(204);
}

#[tokio::test]
async fn what_a_task_names_is_shown_beside_it() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    let bob = app.enrol(&ada, &bob, "editor").await;
    let project = ada.project("Apollo").await;
    let tasks = format!("/api/projects/{project}/tasks");
    let mut ids = Vec::new();
    for assignee in [
        json!(bob.user_id),
        json!(ada.user_id),
        json!(null),
        json!(bob.user_id),
    ] {
        let task = json!({ "title": "Count down", "assigned_to": assignee });
        let made = ada.post(&tasks, task).await.expect(201);
        ids.push(made["data"]["id"].as_str().expect("it has one").to_owned());
    }
    let short = json!({
        "id": project, "name": "Apollo", "visibility": "tenant", "archived_at": null,
    });
    let person = |member: &Member, name: &str| json!({ "id": member.user_id, "name": name, "email": member.email });
    let (ada_short, bob_short) = (person(&ada, "ada"), person(&bob, "bob"));
    let page = ada.get(&format!("{tasks}?expand=project,assignee")).await;
    let page = page.expect(200);
    let beside = |name: &str| -> Vec<Value> {
        let rows = page["data"].as_array().expect("it is a list").iter();
        rows.map(|row| row[name].clone()).collect()
    };
    assert_eq!(beside("project"), vec![short.clone(); 4]);
    assert_eq!(
        beside("assignee"),
        [bob_short.clone(), ada_short, Value::Null, bob_short.clone()]
    );
    let one = format!(
        "/api/tasks/{}?expand=assignee,project&fields=title,assignee,project",
        ids[0]
    );
    assert_eq!(
        ada.get(&one).await.expect(200)["data"],
        json!({ "id": ids[0], "title": "Count down", "project": short, "assignee": bob_short })
    );
    let plain = ada.get(&format!("/api/tasks/{}", ids[0])).await.expect(200);
    assert!(!names(&plain["data"]).contains(&"assignee"));
    let mine = bob.get("/api/tasks?assigned_to=me&expand=project").await;
    let mine = mine.expect(200);
    assert_eq!(mine["data"][0]["project"], short);
    assert!(mine["data"][0].get("assignee").is_none());
    let (_, message) = ada
        .get(&format!("{tasks}?expand=project,labels"))
        .await
        .refused(400);
    assert_eq!(
        message,
        "Must be some of these, with commas between them: project, assignee"
    );
    // Who is gone is nobody.
    ada.delete(&format!("/api/members/{}", bob.user_id))
        .await
        .expect(204);
    app.settled().await;
    let left = ada
        .get(&format!("{tasks}?expand=assignee"))
        .await
        .expect(200);
    let rows = left["data"].as_array().expect("it is a list");
    assert!(rows.iter().all(|row| row["assignee"]["id"] != *bob.user_id));
    assert!(
        rows.iter()
            .any(|row| row.get("assignee") == Some(&Value::Null))
    );
}

#[tokio::test]
async fn a_page_of_tasks_takes_one_call_for_all_who_are_to_do_them_and_none_for_their_projects() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let mut rows = 0;
    for name in ["Apollo", "Gemini", "Mercury"] {
        let project = ada.project(name).await;
        for _ in 0..3 {
            let task = json!({ "title": "Count down", "assigned_to": ada.user_id });
            ada.post(&format!("/api/projects/{project}/tasks"), task)
                .await
                .expect(201);
            rows += 1;
        }
    }
    app.settled().await;
    let calls = async |query: &str| {
        app.forget_calls();
        let page = ada
            .get(&format!("/api/tasks?assigned_to=me{query}"))
            .await
            .expect(200);
        assert_eq!(page["data"].as_array().map(Vec::len), Some(rows));
        app.calls_of("list-tasks").len()
    };
    // The first call of a function assumes the tenant's role as well.
    calls("").await;
    let plain = calls("").await;
    assert_eq!(calls("&fields=title").await, plain);
    assert_eq!(calls("&expand=project").await, plain);
    assert_eq!(calls("&expand=project,assignee").await, plain + 1);
}

#[tokio::test]
async fn a_request_is_called_in_answers_errors_audit_and_logs_what_its_client_calls_it() {
    let (logged, _here) = Logged::from_here();
    let app = App::start().await;
    let ada = app.member("ada").await;
    let served = asked(&ada, "/api/projects", ("x-request-id", "story-1.a_B")).await;
    assert_eq!(served.header("x-request-id"), Some("story-1.a_B"));
    served.expect(200);
    let refused = asked(&ada, "/api/projects?x=1", ("x-request-id", "story-2")).await;
    assert_eq!(refused.header("x-request-id"), Some("story-2"));
    assert_eq!(refused.body["error"]["request_id"], "story-2");
    for malformed in ["two words", "a=b", "", &"x".repeat(129)] {
        let own = asked(&ada, "/api/projects", ("x-request-id", malformed)).await;
        let own = own.header("x-request-id").expect("it has one");
        assert!(!own.is_empty() && own != malformed, "{malformed}");
    }
    // What is logged far below says whose it is, too.
    let refresh = async |id: &str, token: &Value| {
        let body = json!({ "refresh_token": token });
        let request = app.request("POST", "/api/refresh-token");
        let request = request.header("x-request-id", id).json(&body);
        Answer::of(request.send().await.expect("the API answers")).await
    };
    let stolen = json!(ada.refresh_token);
    let next = refresh("story-3", &stolen).await.expect(200);
    let next = &next["data"]["refresh_token"];
    refresh("story-4", next).await.expect(200);
    refresh("story-5", &stolen).await.refused(401);
    let lines = logged.lines();
    let of = |id: &str, what: &str| {
        let id = format!("request_id=\"{id}\"");
        lines
            .iter()
            .any(|line| line.contains(&id) && line.contains(what))
    };
    assert!(of("story-1.a_B", "served"), "{lines:?}");
    assert!(of("story-2", "served"));
    assert!(of("story-5", "was used twice"), "{lines:?}");
}

#[tokio::test]
async fn pages_of_other_origins_read_and_send_what_the_api_is_made_of() {
    const ORIGIN: &str = "http://localhost:5173";
    let app = App::start_with(|options| {
        options.allowed_origins = vec![ORIGIN.parse().expect("it is an origin")];
    })
    .await;
    let preflight = async |origin: &str, method: &str| {
        let request = app
            .request("OPTIONS", "/api/tasks/1")
            .header("origin", origin);
        let request = request
            .header("access-control-request-method", method)
            .header("access-control-request-headers", "authorization,if-match");
        Answer::of(request.send().await.expect("the API answers")).await
    };
    let list = |answer: &Answer, name: &str| -> Vec<String> {
        let list = answer.header(name).unwrap_or_default().split(',');
        list.map(|one| one.trim().to_ascii_lowercase()).collect()
    };
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        let allowed = preflight(ORIGIN, method).await;
        assert_eq!(allowed.status, 204);
        assert_eq!(allowed.header("access-control-allow-origin"), Some(ORIGIN));
        assert_eq!(allowed.header("access-control-allow-credentials"), None);
        let methods = list(&allowed, "access-control-allow-methods");
        assert!(
            methods.contains(&method.to_ascii_lowercase()),
            "{methods:?}"
        );
        let headers = list(&allowed, "access-control-allow-headers");
        for name in [
            "authorization",
            "content-type",
            "idempotency-key",
            "if-match",
            "if-none-match",
            "x-api-key",
            "x-request-id",
            "x-tenant-id",
        ] {
            assert!(headers.iter().any(|header| header == name), "{name}");
        }
    }
    let stranger = preflight("https://evil.example", "GET").await;
    assert_eq!(stranger.header("access-control-allow-origin"), None);
    let ada = app.member("ada").await;
    let read = asked(&ada, "/api/projects", ("origin", ORIGIN)).await;
    assert_eq!(read.header("access-control-allow-origin"), Some(ORIGIN));
    let exposed = list(&read, "access-control-expose-headers");
    for name in [
        "etag",
        "idempotency-replayed",
        "location",
        "retry-after",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "x-request-id",
    ] {
        assert!(exposed.iter().any(|header| header == name), "{name}");
    }
    assert!(read.header("x-ratelimit-limit").is_some());
    let read = asked(&ada, "/api/projects", ("origin", "https://evil.example")).await;
    assert_eq!(read.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn projects_are_listed_by_the_numbers_of_pages_too() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    let bob = app.enrol(&ada, &bob, "editor").await;
    for number in 0..7 {
        let visibility = if number % 3 == 0 { "private" } else { "tenant" };
        let body = json!({ "name": format!("Number {number}"), "visibility": visibility });
        ada.post("/api/projects", body).await.expect(201);
    }
    for member in [&ada, &bob] {
        let all = member.get("/api/projects").await.expect(200)["data"].clone();
        let all = all.as_array().expect("it is a list");
        let mut rows = Vec::new();
        for number in 1.. {
            let path = format!("/api/projects?page={number}&per_page=3");
            let page = member.get(&path).await.expect(200);
            let data = page["data"].as_array().expect("it is a list").clone();
            let more = page["meta"]["has_more"] == true;
            // Nobody counts what each of them sees.
            assert_eq!(
                page["meta"],
                json!({ "page": number, "per_page": 3, "has_more": more })
            );
            assert_eq!(more, rows.len() + data.len() < all.len());
            rows.extend(data);
            if !more {
                break;
            }
        }
        assert_eq!(&rows, all);
    }
    let beyond = ada.get("/api/projects?page=9").await.expect(200);
    assert_eq!(beyond["data"], json!([]));
    for refused in [
        "page=0",
        "per_page=101",
        "page=11&per_page=100",
        "page=1&limit=5",
    ] {
        ada.get(&format!("/api/projects?{refused}"))
            .await
            .refused(400);
    }
}

#[tokio::test]
async fn a_search_has_two_forms_and_finds_the_same() {
    if !has_model() {
        return;
    }
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    for title in ["Count down", "Feed the crew"] {
        ada.task(&project, title).await;
    }
    app.settled().await;
    let (found, _) = ada.search(&project, "What will they eat?").await;
    let path = format!("/api/projects/{project}/search");
    let again = ada.get(&format!("{path}?q=What+will+they+eat?")).await;
    // Either warms the cache of the other.
    assert_eq!(again.header("x-cache"), Some("hit"));
    assert_eq!(again.expect(200), json!({ "data": found }));
    let titles = ada
        .get(&format!("{path}?q=What+will+they+eat?&fields=title"))
        .await;
    assert_eq!(names(&titles.expect(200)["data"][0]), ["id", "title"]);
    let (_, message) = ada.get(&path).await.refused(400);
    assert_eq!(message, "q is required");
    ada.get(&format!("{path}?q=")).await.refused(400);
    let eve = app.member("eve").await;
    eve.get(&format!("{path}?q=crew")).await.refused(404);
    app.get(&format!("{path}?q=crew")).await.refused(401);
}

#[tokio::test]
async fn what_a_bulk_change_says_of_a_task_is_enough_to_go_on_with() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let path = format!("/api/projects/{project}/tasks/bulk");
    let change = async |operations: Value, key: &str| {
        let request = ada.request("POST", &path).header("idempotency-key", key);
        let request = request.json(&json!({ "operations": operations }));
        Answer::of(request.send().await.expect("the API answers"))
            .await
            .expect(200)
    };
    let create = json!([{ "op": "create", "title": "One" }, { "op": "create", "title": "Two" }]);
    let made = change(create.clone(), "made").await;
    assert_eq!(
        change(create, "made").await,
        made,
        "a replay tells the same"
    );
    let mut next = Vec::new();
    for outcome in made["data"].as_array().expect("it is a list") {
        let (id, tag) = (&outcome["data"]["id"], &outcome["etag"]);
        let task = ada
            .get(&format!("/api/tasks/{}", id.as_str().expect("it has one")))
            .await;
        assert_eq!(task.header("etag"), tag.as_str(), "it is the task's own");
        next.push(json!({ "op": "update", "id": id, "if_match": tag, "status": "done" }));
    }
    let done = change(Value::from(next.clone()), "done").await;
    assert_eq!(done["data"][0]["status"], 200);
    assert_ne!(done["data"][0]["etag"], made["data"][0]["etag"]);
    let stale = change(Value::from(next), "stale").await;
    assert_eq!(stale["data"][1]["status"], 412);
    assert_eq!(stale["data"][1].get("etag"), None);
    let gone = json!([{ "op": "delete", "id": done["data"][0]["data"]["id"], "if_match": done["data"][0]["etag"] }]);
    let gone = change(gone, "gone").await;
    assert_eq!(gone["data"][0], json!({ "index": 0, "status": 204 }));
}
