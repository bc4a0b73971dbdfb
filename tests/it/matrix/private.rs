//! What a member keeps to themselves, but for one who may read it: for all others of the tenant, its admins included, it
//! is not there.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::model::account::Role;
use tests::{Answer, App};

use super::credentials::{Credential, Standing, bearer};
use super::members::Member;
use super::places::{Form, Place};
use super::routes::{Policy, Route};
use super::scene::{NOBODYS, letters};

/// Two private projects of one member, one of which is deleted, with a task, a comment and a deleted task.
pub(super) struct Private {
    /// What all of its texts begin with.
    pub(super) word: String,
    /// Somebody who may write in the tenant, and with whom it is shared to be read.
    pub(super) reader: Credential,
    /// Its ids, by the words of the fixtures' placeholders.
    ids: BTreeMap<&'static str, String>,
}

impl Private {
    pub(super) async fn of(app: &App, owner: &Member, reader: &Member) -> Self {
        let word = format!("secret{}", letters(rand::random()));
        let asked = async |method: &str, path: &str, body: Value| {
            let request = app.request(method, path).bearer_auth(&owner.token);
            let answer = request.json(&body).send().await;
            Answer::of(answer.expect("the API answers")).await
        };
        let made = async |path: &str, body: Value| {
            let made = asked("POST", path, body).await.expect(201);
            made["data"]["id"]
                .as_str()
                .expect("it has an id")
                .to_owned()
        };
        let project = async || {
            let body = json!({ "name": word, "visibility": "private" });
            let id = made("/api/projects", body).await;
            let shared = format!("/api/projects/{id}/members/{}", reader.user);
            let role = json!({ "role": "viewer" });
            asked("PUT", &shared, role).await.expect(200);
            id
        };
        let (kept, discarded) = (project().await, project().await);
        let tasks = format!("/api/projects/{kept}/tasks");
        let titled = json!({ "title": word });
        let task = made(&tasks, titled.clone()).await;
        let deleted = made(&tasks, titled).await;
        let said = json!({ "text": word });
        let comment = made(&format!("/api/tasks/{task}/comments"), said).await;
        let label = made(
            &format!("/api/projects/{kept}/labels"),
            json!({ "name": word }),
        )
        .await;
        for path in [
            format!("/api/tasks/{deleted}"),
            format!("/api/projects/{discarded}"),
        ] {
            asked("DELETE", &path, json!({})).await.expect(204);
        }
        let standing = Standing::Member(Role::Editor);
        Self {
            word,
            reader: bearer("who may read it", &reader.token, standing),
            ids: [
                ("project", kept.clone()),
                ("disposable", kept),
                ("discarded", discarded),
                ("task", task.clone()),
                ("commented", task.clone()),
                ("neighbour", task),
                ("deleted", deleted),
                ("comment", comment),
                ("label", label),
            ]
            .into(),
        }
    }

    /// What of it can stand in a place, and what stands there that is nobody's.
    pub(super) fn named_at(&self, place: &Place) -> Option<[String; 2]> {
        if place.rooms.iter().any(|kind| kind == "project") {
            let rooms = [self.ids["project"].as_str(), NOBODYS];
            return Some(rooms.map(|id| format!("project/{id}")));
        }
        let id = self.ids.get(place.noun.as_deref()?)?;
        (place.form == Form::Id).then(|| [id.clone(), NOBODYS.to_owned()])
    }

    /// How its reader is answered: what only shows it is done, and what would change it is forbidden. What is deleted is
    /// there for whoever may restore it, and for nobody else. With whom another project is shared, this one is not.
    pub(super) fn status_for_its_reader(route: &Route) -> u64 {
        let names = |wanted: &str| {
            let mut nouns = route.places.iter().map(|place| place.noun.as_deref());
            nouns.any(|noun| noun == Some(wanted))
        };
        match route.policy {
            _ if names("discarded") => 404,
            Policy::Member(Role::Viewer) if names("partner") => 404,
            Policy::Member(Role::Viewer) => route.success,
            _ => 403,
        }
    }
}
