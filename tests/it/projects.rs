//! Projects, and the list of one's own.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Answer, App};

#[tokio::test]
async fn a_project_is_made_and_listed() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let input = json!({ "name": "  Apollo ", "description": "To the moon\nand back" });
    let answer = ada.post("/api/create-project", input).await;
    assert_eq!(answer.event_seq(), 1);
    let project = answer.expect(201)["project"].clone();
    assert_eq!(project["name"], "Apollo");
    assert_eq!(project["userId"], ada.user_id);
    assert_eq!(project["description"], "To the moon\nand back");

    let (projects, _) = ada.projects().await;
    assert_eq!(
        projects,
        [json!({
            "id": project["id"],
            "user_id": ada.user_id,
            "name": "Apollo",
            "description": "To the moon\nand back",
            "created_at": project["created_at"],
            "updated_at": project["created_at"],
        })]
    );
}

#[tokio::test]
async fn a_name_needs_three_characters() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let answer = ada
        .post("/api/create-project", json!({ "name": "ab" }))
        .await;
    let (code, message) = answer.clone().refused(422);
    assert_eq!(code, "VALIDATION_ERROR");
    assert_eq!(message, "Project name must be at least 3 characters");
    assert_eq!(answer.bad_fields(), ["name"]);
}

#[tokio::test]
async fn the_longest_description_fits_also_with_every_character_escaped() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let longest = "😀".repeat(10_000);
    let body = json!({ "name": "Apollo", "description": longest }).to_string();
    let escaped = body.replace('😀', "\\ud83d\\ude00");
    let request = ada.request("POST", "/api/create-project");
    let request = request
        .header("content-type", "application/json")
        .body(escaped);
    let answer = Answer::of(request.send().await.unwrap()).await;
    assert_eq!(answer.expect(201)["project"]["description"], longest);
}

#[tokio::test]
async fn the_list_comes_from_the_cache_until_a_change_of_its_owner_or_five_minutes() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    assert_eq!(ada.projects().await, (vec![], false));
    assert_eq!(ada.projects().await, (vec![], true));

    let apollo = ada.project("Apollo").await;
    let (projects, from_cache) = ada.projects().await;
    assert_eq!((ids(&projects), from_cache), (vec![apollo.clone()], false));
    assert!(ada.projects().await.1, "it is cached again");

    app.advance(Duration::from_secs(301));
    assert!(!ada.projects().await.1, "five minutes are over");
    assert!(ada.projects().await.1, "it is cached again");
}

#[tokio::test]
async fn the_project_that_changed_last_comes_first() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    app.advance(Duration::from_millis(5));
    let gemini = ada.project("Gemini").await;
    assert_eq!(
        ids(&ada.projects().await.0),
        [gemini.clone(), apollo.clone()]
    );
    app.advance(Duration::from_millis(5));
    ada.task(&apollo, "Count down").await;
    assert_eq!(ids(&ada.projects().await.0), [apollo, gemini]);
}

#[tokio::test]
async fn nobody_lists_the_projects_of_another() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    ada.project("Apollo").await;
    assert_eq!(eve.projects().await.0, Vec::<Value>::new());
}

#[tokio::test]
async fn a_list_that_was_read_while_a_project_was_made_is_never_kept_over_it() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    for round in 0..10 {
        let name = format!("Project {round}");
        let reads = (0..4).map(|_| ada.projects());
        let (made, _) = futures::join!(ada.project(&name), futures::future::join_all(reads));
        assert!(
            ids(&ada.projects().await.0).contains(&made),
            "round {round}"
        );
    }
}

fn ids(projects: &[Value]) -> Vec<String> {
    projects
        .iter()
        .map(|project| project["id"].as_str().expect("it has an id").to_owned())
        .collect()
}
