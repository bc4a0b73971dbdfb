//! The other tenant, all of whose texts and ids are unmistakable.

use std::collections::{BTreeMap, BTreeSet};

use local::events::Filler;
use serde_json::{Value, json};
use tests::{Answer, App, PNG, attachment};
use uuid::Uuid;

use super::scene::{NOBODYS, letters, tenant_of};
use super::stored::Stored;

/// Several of them, so that each has at most one emailed link; each in a tenant of their own.
pub(super) struct Victim {
    /// What all of their names begin with.
    pub(super) word: String,
    /// What they have, by what it is: ids and keys.
    pub(super) things: BTreeMap<String, String>,
    /// Their hashes of keys, as they are stored.
    pub(super) hashes: Vec<String>,
    /// Texts none of which anybody else may ever see.
    pub(super) canaries: Vec<String>,
    /// Ids and keys of theirs that stand where any text may, and what stands there instead to compare with.
    /// They are no canaries: such a text is kept as it is.
    pub(super) decoys: [(String, String); 2],
}

impl Victim {
    pub(super) async fn of(app: &App, filler: &mut Filler, nouns: &BTreeSet<String>) -> Self {
        let word = format!("canary{}", letters(rand::random()));
        let mut things = BTreeMap::new();
        for noun in nouns {
            let first = format!("{{{{{word}.{noun}}}}}");
            let mut thing = filler.fill(&first).await.expect("it can be filled");
            if Uuid::try_parse(&thing).is_err() {
                let own = format!("{{{{{word}{noun}.{noun}}}}}");
                thing = filler.fill(&own).await.expect("it can be filled");
            }
            things.insert(noun.clone(), thing);
        }
        let token = filler
            .fill(&format!("{{{{{word}}}}}"))
            .await
            .expect("it can be filled");
        let made = async |path: &str, body: Value| {
            let request = app.request("POST", path).bearer_auth(&token).json(&body);
            let answer = Answer::of(request.send().await.expect("the API answers")).await;
            answer.expect(201)
        };
        let own = json!({
            "projectId": things["project"],
            "title": format!("{word} title"),
            "description": format!("{word} description"),
            "assignedTo": things["user"],
            "attachment": attachment(PNG, &format!("{word}.png"), "image/png"),
        });
        made("/api/create-task", own).await;
        let project = json!({ "name": format!("{word} project"), "description": word });
        let decoy = made("/api/create-project", project).await["project"]["id"].clone();
        let decoy = decoy.as_str().expect("it has an id").to_owned();
        let task = json!({ "projectId": decoy, "title": format!("{word} decoy") });
        let task = made("/api/create-task", task).await["task"]["id"].clone();
        // Into the caches.
        for _ in 0..2 {
            let request = app.request("GET", "/api/list-projects").bearer_auth(&token);
            request.send().await.expect("the API answers");
        }
        app.settled().await;

        assert!(
            things.values().all(|thing| !thing.contains("{{")),
            "{things:?}"
        );
        let mut canaries: Vec<String> = things.values().cloned().collect();
        canaries.extend([word.clone(), token.clone(), tenant_of(&token)]);
        let task = task.as_str().expect("it has an id").to_owned();
        Self {
            hashes: Stored::read(app).await.hashes_of(&canaries),
            decoys: [decoy, task].map(|decoy| (decoy, NOBODYS.to_owned())),
            word,
            things,
            canaries,
        }
    }

    /// Their ids, but not their keys.
    pub(super) fn ids(&self) -> impl Iterator<Item = (&str, &str)> {
        let things = self.things.iter();
        things
            .filter(|(_, thing)| Uuid::try_parse(thing).is_ok())
            .map(|(noun, id)| (noun.as_str(), id.as_str()))
    }
}
