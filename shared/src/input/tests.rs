use super::*;
use crate::model::due::DueDate;
use crate::model::id::ProjectId;
use crate::model::realtime::Room;
use crate::model::text::{ProjectDescription, ProjectName, TaskDescription, TaskTitle};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::json;

#[derive(Debug, deserr::Deserr, schemars::JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
#[expect(dead_code, reason = "only its parsing is of interest")]
struct Project {
    name: ProjectName,
    #[deserr(default)]
    description: Option<Described>,
}

#[derive(Debug, deserr::Deserr, schemars::JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
#[expect(dead_code, reason = "only its parsing is of interest")]
struct Described {
    text: ProjectDescription,
}

fn refused(value: Value) -> Vec<(String, String)> {
    parse::<Project>(value)
        .expect_err("it is refused")
        .details()
        .iter()
        .map(|detail| (detail.field.clone(), detail.message.clone()))
        .collect()
}

#[test]
fn every_bad_field_is_named_in_the_order_of_the_fields() {
    let refused = refused(json!({
        "zzz": 1,
        "description": { "text": 5, "more": true },
        "name": "ab",
    }));
    let fields: Vec<_> = refused.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(
        fields,
        ["name", "description.text", "description.more", "zzz"]
    );
    assert_eq!(refused[0].1, "Project name must be at least 3 characters");
}

#[test]
fn a_number_that_is_far_too_large_is_out_of_range() {
    #[derive(Debug, deserr::Deserr, schemars::JsonSchema)]
    #[deserr(error = BadInput, deny_unknown_fields)]
    #[expect(dead_code, reason = "only its parsing is of interest")]
    struct Due {
        by: DueDate,
    }
    let refused = parse::<Due>(json!({ "by": u64::MAX })).expect_err("it is refused");
    let details = refused.details();
    assert_eq!(
        (&*details[0].field, &*details[0].message),
        ("by", OUT_OF_RANGE)
    );
}

#[test]
fn of_a_parameter_that_is_not_known_is_said_which_ones_are() {
    let refused = |named: &[&str]| {
        let named: Vec<_> = named.iter().map(ToString::to_string).collect();
        let query = json!({ "name": "Apollo", "colour": "red" });
        let refused = parse_query::<Project>(query, &named, || None).expect_err("it is refused");
        refused.details()[0].message.clone()
    };
    assert_eq!(
        refused(&[]),
        "Unknown parameter: there are name, description"
    );
    assert_eq!(
        refused(&["name"]),
        "Unknown parameter: there are description"
    );
}

#[derive(Debug, deserr::Deserr, schemars::JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
#[expect(dead_code, reason = "only its fields are of interest")]
struct Several {
    projects: Vec<Project>,
    ids: Vec<ProjectId>,
    #[deserr(default)]
    of: Option<ProjectId>,
}

#[derive(Debug, deserr::Deserr, schemars::JsonSchema)]
#[deserr(error = BadInput)]
#[expect(dead_code, reason = "only its fields are of interest")]
struct Anything {
    name: ProjectName,
}

#[test]
fn an_input_tells_its_fields_however_deep_they_stand() {
    let fields = super::fields::<Several>().expect("it tells them");
    assert_eq!(
        fields,
        [
            "projects[].name",
            "projects[].description.text",
            "ids",
            "of"
        ]
    );
    assert_eq!(super::fields::<Nothing>(), Some(Vec::new()));
    assert_eq!(super::fields::<Anything>(), None, "it takes others, too");
}

#[test]
fn all_that_an_input_would_be_refused_for_is_told() {
    let told = refusals::<Several>(json!({ "ids": ["no id"], "projects": [], "of": 1 }));
    let fields: Vec<_> = told.iter().map(|detail| &detail.field).collect();
    assert_eq!(fields, ["ids[0]", "of"]);
    assert_eq!(
        refusals::<Several>(json!({ "ids": [], "projects": [] })),
        []
    );
}

#[test]
fn a_missing_field_and_a_body_that_is_no_object_are_told_apart() {
    assert_eq!(
        refused(json!({})),
        [("name".into(), "name is required".into())]
    );
    assert_eq!(
        refused(json!([1])),
        [(String::new(), "Must be an object".into())]
    );
}

#[derive(Debug, deserr::Deserr, schemars::JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields, rename_all = camelCase)]
#[expect(dead_code, reason = "only its parsing is of interest")]
struct Task {
    project_id: ProjectId,
    title: TaskTitle,
    #[deserr(default)]
    description: Option<TaskDescription>,
    #[deserr(default)]
    due_date: Option<DueDate>,
    #[deserr(default)]
    place: Option<Described>,
    room: Room,
}

/// A field of [`Task`]: what it takes, what it refuses (nothing stands for its absence), and what is
/// named then.
struct Field {
    name: &'static str,
    taken: Value,
    refused: Vec<Option<Value>>,
    named: &'static str,
}

/// In documented order.
fn fields() -> [Field; 6] {
    let id = "01900000-0000-7000-8000-000000000000";
    let field = |name, taken, refused: Value, named| Field {
        name,
        taken,
        refused: match refused {
            Value::Array(values) => values.into_iter().map(Some).collect(),
            _ => Vec::new(),
        },
        named,
    };
    let required = |field: Field| Field {
        refused: field.refused.into_iter().chain([None]).collect(),
        ..field
    };
    [
        required(field(
            "projectId",
            json!(id),
            json!([7, null, "7", id.replace('9', "A"), [id]]),
            "projectId",
        )),
        required(field(
            "title",
            json!("Count down"),
            json!(["", "  ", "a\0b", "x".repeat(501), 1.5, {}]),
            "title",
        )),
        field(
            "description",
            json!(null),
            json!([true, "x".repeat(10_001)]),
            "description",
        ),
        field(
            "dueDate",
            json!(1_800_000_000_000_i64),
            json!([-1, 1.5, "1", u64::MAX, i64::MAX]),
            "dueDate",
        ),
        field(
            "place",
            json!({ "text": "here" }),
            json!([{}, { "text": 1 }]),
            "place.text",
        ),
        required(field(
            "room",
            json!(format!("project/{id}")),
            json!(["kitchen", id, false]),
            "room",
        )),
    ]
}

/// For each field, a value that it takes, or (with what is named then) one that it refuses.
fn members() -> impl Strategy<Value = Vec<(&'static str, Option<Value>, Option<&'static str>)>> {
    let choices = fields().map(|field| {
        let Field { name, named, .. } = field;
        prop_oneof![
            Just((name, Some(field.taken), None)),
            select(field.refused).prop_map(move |value| (name, value, Some(named))),
        ]
        .boxed()
    });
    choices.into_iter().collect::<Vec<_>>()
}

proptest! {
    #[test]
    fn whichever_fields_are_bad_all_of_them_are_named_in_documented_order(
        (members, unknown) in (members(), subsequence(vec!["Title", "zzz", "", "a.b"], 0..=4)),
        order in any::<u64>(),
    ) {
        let mut bad: Vec<&str> = members.iter().filter_map(|(.., named)| *named).collect();
        let mut body: Vec<(&str, Value)> = members
            .iter()
            .filter_map(|(name, value, _)| Some((*name, value.clone()?)))
            .chain(unknown.iter().map(|name| (*name, json!(1))))
            .collect();
        // Some order or other: that of the body does not matter.
        body.sort_by_key(|(name, _)| crate::keys::digest(&format!("{order}{name}")));
        bad.extend(body.iter().map(|(name, _)| *name).filter(|name| unknown.contains(name)));

        let body = body.into_iter().map(|(name, value)| (name.to_owned(), value));
        match parse::<Task>(Value::Object(body.collect())) {
            Ok(_) => prop_assert_eq!(bad, Vec::<&str>::new()),
            Err(error) => {
                let named: Vec<_> = error.details().iter().map(|detail| &detail.field).collect();
                prop_assert_eq!(named, bad);
                prop_assert!(error.details().iter().all(|detail| !detail.message.is_empty()));
            }
        }
    }
}
