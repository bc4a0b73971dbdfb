//! Search: a task is found by what it means.

use std::time::Duration;

use local::front::{Fault, FaultKind, Moment, Service};
use serde_json::{Value, json};
use tests::{App, Member, has_model};

async fn describe(member: &Member, project: &str, title: &str, description: &str) {
    let input = json!({ "projectId": project, "title": title, "description": description });
    member.post("/api/create-task", input).await.expect(201);
}

fn titles(results: &[Value]) -> Vec<&str> {
    results
        .iter()
        .map(|result| result["title"].as_str().expect("it has a title"))
        .collect()
}

#[tokio::test]
async fn a_task_is_found_by_its_meaning_nearest_first() {
    if !has_model() {
        return;
    }
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    describe(
        &ada,
        &apollo,
        "Users can't sign in with their password",
        "The form says 500",
    )
    .await;
    describe(&ada, &apollo, "Paint the kitchen wall", "Two coats of blue").await;
    describe(
        &ada,
        &apollo,
        "Invoices are rounded wrongly",
        "One cent too much",
    )
    .await;
    app.settled().await;

    let (results, answer) = ada.search(&apollo, "login is broken").await;
    assert_eq!(answer.header("x-cache"), Some("miss"));
    assert_eq!(
        titles(&results)[0],
        "Users can't sign in with their password"
    );
    let (results, _) = ada.search(&apollo, "billing mistakes").await;
    assert_eq!(titles(&results)[0], "Invoices are rounded wrongly");
    let first = &results[0];
    assert_eq!(first["project_id"], apollo);
    assert_eq!(first["status"], "todo");
    assert_eq!(first["description"], "One cent too much");
    let scores: Vec<f64> = results
        .iter()
        .filter_map(|result| result["score"].as_f64())
        .collect();
    assert_eq!(scores.len(), 3);
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
}

#[tokio::test]
async fn the_same_text_scores_one() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    ada.task(&apollo, "Paint the kitchen wall").await;
    app.settled().await;
    let (results, _) = ada.search(&apollo, "Paint the kitchen wall").await;
    let score = results[0]["score"].as_f64().expect("it is a number");
    assert!((score - 1.0).abs() < 1e-4, "{score}");
}

#[tokio::test]
async fn a_named_thing_comes_first_however_near_the_others_are() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    for number in 4700..4712 {
        ada.task(
            &apollo,
            &format!("Error ERR-{number} when the file is saved"),
        )
        .await;
    }
    app.settled().await;
    let (results, _) = ada.search(&apollo, "what about err-4711?").await;
    assert_eq!(titles(&results)[0], "Error ERR-4711 when the file is saved");
    assert_eq!(results.len(), 10);
}

#[tokio::test]
async fn a_search_stays_within_its_project_and_its_tenant() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let (apollo, gemini) = (ada.project("Apollo").await, ada.project("Gemini").await);
    let evil = eve.project("Evil").await;
    ada.task(&apollo, "Count down").await;
    eve.task(&evil, "Count down").await;
    app.settled().await;
    assert_eq!(ada.search(&apollo, "count down").await.0.len(), 1);
    assert!(ada.search(&gemini, "count down").await.0.is_empty());

    let input = json!({ "projectId": apollo, "query": "count down" });
    for _ in 0..2 {
        let (_, message) = eve
            .post("/api/search-tasks", input.clone())
            .await
            .refused(404);
        assert_eq!(message, "Project not found or access denied");
    }
}

#[tokio::test]
async fn an_answer_is_kept_for_ten_minutes_and_a_change_makes_it_unreachable() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    ada.task(&apollo, "Count down").await;
    app.settled().await;
    app.advance(Duration::from_secs(90));
    let cache = async |query: &str| {
        let (results, answer) = ada.search(&apollo, query).await;
        let cache = answer.header("x-cache").expect("it says so").to_owned();
        (results.len(), cache)
    };
    assert_eq!(cache("count down").await, (1, "miss".to_owned()));
    assert_eq!(cache("  Count   DOWN ").await, (1, "hit".to_owned()));
    app.advance(Duration::from_secs(601));
    // A session is older than its token by now.
    let ada = app.log_in(&ada).await;
    let cache = async |query: &str| {
        let (results, answer) = ada.search(&apollo, query).await;
        (
            results.len(),
            answer.header("x-cache").expect("it says so").to_owned(),
        )
    };
    assert_eq!(cache("count down").await, (1, "miss".to_owned()));
    assert_eq!(cache("count down").await, (1, "hit".to_owned()));

    ada.task(&apollo, "Count down again").await;
    app.settled().await;
    assert_eq!(cache("count down").await, (2, "miss".to_owned()));
}

#[tokio::test]
async fn a_search_right_after_a_change_does_not_hide_the_change_for_long() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    ada.task(&apollo, "Count down").await;
    // Whether or not the task has been indexed yet: what is kept now is gone within seconds.
    ada.search(&apollo, "count down").await;
    app.settled().await;
    app.advance(Duration::from_secs(4));
    let (results, _) = ada.search(&apollo, "count down").await;
    assert_eq!(results.len(), 1);
}

#[tokio::test]
async fn a_task_that_is_indexed_late_is_found_from_then_on_whatever_was_kept() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    let kind = FaultKind::InternalError(Moment::BeforeEffect);
    let down = Fault::new(kind)
        .function("index-task")
        .service(Service::Bedrock);
    app.fault(down.times(12));
    ada.task(&apollo, "Count down").await;
    app.settled().await;
    app.advance(Duration::from_secs(1));
    app.settled().await;
    app.advance(Duration::from_secs(70));
    app.settled().await;
    // Kept for ten minutes: the index should have settled.
    let (results, _) = ada.search(&apollo, "count down").await;
    assert_eq!(results.len(), 0, "it could not be indexed yet");

    app.advance(Duration::from_secs(5));
    app.settled().await;
    let (results, _) = ada.search(&apollo, "count down").await;
    assert_eq!(results.len(), 1);
}

#[tokio::test]
async fn every_bad_field_of_a_search_is_named() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let answer = ada
        .post("/api/search-tasks", json!({ "query": " ", "projectId": 5 }))
        .await;
    assert_eq!(answer.bad_fields(), ["query", "projectId"]);
}
