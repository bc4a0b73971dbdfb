//! The reference as it is served, and bodies that are compressed.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::Response;
use serde_json::Value;
use tests::App;

async fn ask(app: &App, path: &str, headers: &[(&str, &str)]) -> Response {
    let url = format!("{}{path}", app.stack().api_url());
    let mut request = reqwest::Client::new().get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("it is answered")
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().expect("it is a text"))
}

async fn expanded(response: Response) -> String {
    assert_eq!(header(&response, "content-encoding"), "gzip");
    let bytes = response.bytes().await.expect("the body arrives");
    let mut text = String::new();
    let read = GzDecoder::new(&*bytes).read_to_string(&mut text);
    read.expect("it is gzip");
    text
}

#[tokio::test]
async fn the_page_and_all_that_it_asks_for_are_served_from_here() {
    let app = App::start().await;
    let page = ask(&app, "/docs", &[]).await;
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    let policy = header(&page, "content-security-policy").to_owned();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';"),
        "{policy}"
    );
    let html = page.text().await.expect("it is a text");
    assert!(!html.contains("://"), "nothing is asked of another host");
    for (file, content_type) in [
        ("/docs/start.js", "text/javascript; charset=utf-8"),
        ("/docs/viewer.js", "text/javascript; charset=utf-8"),
        ("/docs/viewer.css", "text/css; charset=utf-8"),
    ] {
        assert!(html.contains(&file[1..]), "{file}");
        let plain = ask(&app, file, &[]).await;
        assert_eq!(plain.status(), 200);
        assert_eq!(header(&plain, "content-type"), content_type);
        assert_eq!(header(&plain, "cache-control"), "public, max-age=300");
        let plain = plain.text().await.expect("it is a text");
        let other = ask(&app, file, &[("accept-encoding", "gzip")]).await;
        let other = match header(&other, "content-encoding") {
            "gzip" => expanded(other).await,
            _ => other.text().await.expect("it is a text"),
        };
        assert!(plain == other, "{file} is the same, compressed or not");
    }
    app.stop().await;
}

#[tokio::test]
async fn the_reference_is_compressed_for_who_takes_that_and_sent_once() {
    let app = App::start().await;
    let plain = ask(&app, "/openapi.json", &[]).await;
    assert_eq!(header(&plain, "vary"), "accept-encoding, origin");
    let strong = header(&plain, "etag").to_owned();
    let plain = plain.text().await.expect("it is a text");
    let document: Value = serde_json::from_str(&plain).expect("it is JSON");
    assert_eq!(document["openapi"], "3.1.0");

    let compressed = ask(&app, "/openapi.json", &[("accept-encoding", "br, gzip")]).await;
    let other = header(&compressed, "etag").to_owned();
    let own = strong.trim_end_matches('"');
    assert_eq!(other, format!("{own}.gzip\""), "other bytes, another tag");
    let length: usize = header(&compressed, "content-length")
        .parse()
        .expect("it says");
    assert!(length < plain.len() / 4, "{length} of {}", plain.len());
    assert_eq!(expanded(compressed).await, plain);

    for known in [&strong, &other] {
        let again = ask(
            &app,
            "/openapi.json",
            &[("if-none-match", known), ("accept-encoding", "gzip")],
        )
        .await;
        assert_eq!(again.status(), 304);
        assert_eq!(header(&again, "content-encoding"), "");
        assert!(again.bytes().await.expect("the body arrives").is_empty());
    }
    app.stop().await;
}

#[tokio::test]
async fn a_large_answer_is_compressed_and_its_tag_guards_a_change_all_the_same() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Compressed").await;
    let path = format!("/api/projects/{project}");
    let text = "All work and no play. ".repeat(400);
    let change = serde_json::json!({ "description": text });
    ada.patch(&path, change).await.expect(200);

    let authorization = format!("Bearer {}", ada.token);
    let headers = [
        ("authorization", &*authorization),
        ("accept-encoding", "gzip"),
    ];
    let read = ask(&app, &path, &headers).await;
    let tag = header(&read, "etag").to_owned();
    assert!(tag.ends_with(".gzip\""), "{tag}");
    let shown: Value = serde_json::from_str(&expanded(read).await).expect("it is JSON");
    assert_eq!(shown["data"]["description"], text.trim());
    let [authorized, compressed] = headers;
    let known = [authorized, compressed, ("if-none-match", &tag)];
    let again = ask(&app, &path, &known).await;
    assert_eq!(again.status(), 304);
    assert_eq!(header(&again, "etag"), tag, "as what it stands for");
    assert_eq!(header(&again, "vary"), "accept-encoding");
    assert!(again.headers().get("content-encoding").is_none());
    assert!(again.headers().get("content-type").is_none());

    let url = format!("{}{path}", app.stack().api_url());
    let put = |name: &str| {
        reqwest::Client::new()
            .put(&url)
            .header("authorization", &authorization)
            .header("if-match", &tag)
            .json(&serde_json::json!({ "name": name }))
            .send()
    };
    assert_eq!(
        put("Compressed once")
            .await
            .expect("it is answered")
            .status(),
        200
    );
    assert_eq!(
        put("Compressed twice")
            .await
            .expect("it is answered")
            .status(),
        412
    );
    app.stop().await;
}
