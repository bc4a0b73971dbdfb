//! What is put into a place: what is another's, is gone, never was, or has not even the form.

use super::credentials::Admission;
use super::places::{At, Form, Place};
use super::routes::Route;
use super::scene::{GONE, NOBODYS, Scene};

/// Something that is put into a place.
#[derive(Debug, Clone)]
pub(super) struct Value {
    /// What it is: `another tenant's project`.
    pub(super) what: String,
    pub(super) text: String,
    pub(super) has_to: HasTo,
}

/// How that is to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HasTo {
    /// As this is, which does not exist, and with the same calls.
    BeAs(String),
    /// With this status, where the answer is to a request.
    BeRefused(&'static [u16]),
}

/// What belongs to a parent, whose id a route takes as well: a task's id is looked for in its project.
const PARENTS: [(&str, &str); 3] = [
    ("task", "project"),
    ("comment", "commented"),
    ("label", "project"),
];

/// What belongs to the tenant itself, whatever else a path names.
const OF_THE_TENANT: [&str; 3] = ["colleague", "partner", "user"];

/// All that a place is tried with.
///
/// # Panics
/// If nothing is known that could be put there.
pub(super) fn of(scene: &Scene, route: &Route, place: &Place) -> Vec<Value> {
    let values = match place.form {
        Form::Id => ids(scene, route, place),
        Form::Room => rooms(scene, place),
        Form::Key => keys(scene, place),
        Form::Slug => slugs(scene),
        Form::Text => texts(scene),
    };
    assert!(
        values
            .iter()
            .any(|value| matches!(value.has_to, HasTo::BeAs(_))),
        "{}: nothing is known of another tenant's that could stand in {}: give it a placeholder in events/{}",
        route.label,
        place.at,
        route.name
    );
    values
}

/// What a place is tried with by the credential of a number. Each place is tried with each credential, and
/// each value by several: who is turned away, by one value after the other, and who is let in, by another
/// tenant's first of all and by others in turn. All at once are too many for each change.
pub(super) fn chosen(
    scene: &Scene,
    route: &Route,
    place: &Place,
    (number, admission): (usize, Admission),
) -> Vec<Value> {
    let mut values = of(scene, route, place);
    if scene.thorough {
        return values;
    }
    if admission != Admission::Admitted {
        let one = number % values.len();
        return vec![values.swap_remove(one)];
    }
    let others = values.split_off(1);
    // What looks at these is the same for all routes.
    let several = if place.selects_the_tenant { 1 } else { 2 };
    let turn = others.iter().cycle().skip(several * number % others.len());
    values.extend(turn.take(several.min(others.len())).cloned());
    values
}

/// The parent that a place's id is looked for in, if the route takes the parent's id as well.
///
/// # Panics
/// If a path has several ids, and nothing is known of which is in which.
fn parent(route: &Route, place: &Place) -> Option<&'static str> {
    let nouns = || {
        route
            .places
            .iter()
            .filter_map(|place| place.noun.as_deref())
    };
    let of = |place: &Place| {
        let own = PARENTS
            .iter()
            .filter(|(child, _)| place.noun.as_deref() == Some(child));
        own.map(|(_, parent)| *parent)
            .find(|parent| nouns().any(|noun| noun == *parent))
    };
    let in_path = || {
        route
            .places
            .iter()
            .filter(|place| matches!(place.at, At::Path(_)) && !place.selects_the_tenant)
    };
    assert!(
        in_path().count() < 2
            || in_path().any(|place| of(place).is_some())
            || nouns().any(|noun| OF_THE_TENANT.contains(&noun)),
        "{}: which of the ids in its path is in which? Say it in tests/it/matrix/values.rs",
        route.name
    );
    of(place)
}

fn ids(scene: &Scene, route: &Route, place: &Place) -> Vec<Value> {
    let as_nobodys = || HasTo::BeAs(NOBODYS.to_owned());
    let is_meant = |noun: &str| place.noun.as_deref().is_none_or(|own| own == noun);
    let named = |whose: &str, noun: &str, id: &str| Value {
        what: format!("{whose} {noun}"),
        text: id.to_owned(),
        has_to: as_nobodys(),
    };
    let mut values = Vec::new();
    for (noun, id) in scene.victim.ids().filter(|(noun, _)| is_meant(noun)) {
        values.push(named("another tenant's", noun, id));
    }
    for (noun, id) in scene.deleted.iter().filter(|(noun, _)| is_meant(noun)) {
        values.push(named("a deleted", noun, id));
    }
    if is_meant("tenant") {
        values.push(named("a", "tenant that is being deleted", &scene.deleting));
    }
    if place.noun.as_deref() == Some("session") {
        let session = &scene.colleagues["session"];
        values.push(named("a colleague's", "session", session));
    }
    if let (Some(noun), Some(parent)) = (&place.noun, parent(route, place)) {
        let elsewhere = &scene.elsewhere[noun.as_str()];
        values.push(named(&format!("another {parent}'s"), noun, elsewhere));
    }
    let refused: &[u16] = match place.at {
        At::Path(_) | At::Header(_) | At::Host => &[404],
        At::Query(_) => &[400],
        At::Body(_) => &[422],
    };
    let upper = scene.victim.things["project"].to_uppercase();
    for text in ["no-id", &upper, "01900000-0000-7000-8000-00000000000g"] {
        values.push(Value {
            what: "no id".to_owned(),
            text: text.to_owned(),
            has_to: HasTo::BeRefused(refused),
        });
    }
    values
}

fn slugs(scene: &Scene) -> Vec<Value> {
    let named = |what: &str, slug: &str| Value {
        what: what.to_owned(),
        text: slug.to_owned(),
        has_to: HasTo::BeAs("nobody".to_owned()),
    };
    let mut values = vec![
        named("another tenant's slug", &scene.victim.word),
        named("a deleted tenant's slug", GONE),
    ];
    for text in ["no--slug-", "two.words", "UPPER_CASE"] {
        values.push(Value {
            what: "no slug".to_owned(),
            text: text.to_owned(),
            has_to: HasTo::BeRefused(&[404]),
        });
    }
    values
}

fn rooms(scene: &Scene, place: &Place) -> Vec<Value> {
    let mut values = Vec::new();
    for kind in &place.rooms {
        let mut named = |whose: &str, id: Option<&String>| {
            values.extend(id.map(|id| Value {
                what: format!("{whose} {kind}'s room"),
                text: format!("{kind}/{id}"),
                has_to: HasTo::BeAs(format!("{kind}/{NOBODYS}")),
            }));
        };
        named("another tenant's", scene.victim.things.get(kind));
        named("a deleted", scene.deleted.get(kind.as_str()));
        if kind == "user" {
            named("a colleague's", scene.colleagues.get("user"));
        }
    }
    for text in ["kitchen", "project/no-id", &scene.victim.things["project"]] {
        values.push(Value {
            what: "no room".to_owned(),
            text: text.to_owned(),
            has_to: HasTo::BeRefused(&[422]),
        });
    }
    values
}

/// A key is its holder, wherever it comes from: what is tried is all else of another tenant's. A key that
/// has been used is tried later, see [`super::lane::Lane::refuses_what_was_used`].
fn keys(scene: &Scene, place: &Place) -> Vec<Value> {
    let own = place.noun.as_deref().unwrap_or_default();
    let invented = invented(&scene.victim.things[own]);
    let things = scene.victim.things.iter().filter(|(noun, _)| *noun != own);
    let things = things.map(|(noun, thing)| (format!("another tenant's {noun}"), thing));
    let hashes = scene.victim.hashes.iter();
    let hashes = hashes.map(|hash| ("the hash of another tenant's key".to_owned(), hash));
    let mut values: Vec<Value> = things
        .chain(hashes)
        .map(|(what, text)| Value {
            what,
            text: text.clone(),
            has_to: HasTo::BeAs(invented.clone()),
        })
        .collect();
    for text in ["", "x", &"A".repeat(3000)] {
        values.push(Value {
            what: "no key".to_owned(),
            text: text.to_owned(),
            has_to: HasTo::BeRefused(&[401, 422]),
        });
    }
    values
}

/// A key of the same form that was never given out.
fn invented(key: &str) -> String {
    let (prefix, secret) = match key.split_once('_') {
        Some((prefix, secret)) if prefix.len() == 3 => (format!("{prefix}_"), secret),
        _ => (String::new(), key),
    };
    prefix + &"A".repeat(secret.len())
}

fn texts(scene: &Scene) -> Vec<Value> {
    let decoys = scene.victim.decoys.iter().map(|(decoy, instead)| Value {
        what: "another tenant's id, as a text".to_owned(),
        text: decoy.clone(),
        has_to: HasTo::BeAs(instead.clone()),
    });
    decoys.collect()
}
