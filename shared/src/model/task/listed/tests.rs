use std::cmp::Ordering;

use super::*;
use crate::input::parse;
use crate::keys::{Row, Span};
use crate::model::id::TenantId;
use crate::model::position::Position;
use crate::page::{PageNumber, PerPage};
use crate::tenant::Tenant;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

const ID: &str = "01900000-0000-7000-8000-000000000001";

fn by_cursor() -> Result<Paging, Vec<Detail>> {
    Paging::of((None, None), (None, None))
}

fn moment(at: i64) -> Moment {
    Moment::try_from(at).expect("it is a time")
}

/// Which of the nine filters are given, and what is asked of them.
fn filter(given: [bool; 9]) -> Filter {
    let [
        status,
        assigned_to,
        priority,
        due_after,
        due_before,
        updated_after,
        label,
        parent_id,
        deleted,
    ] = given;
    Filter {
        status: status.then_some(Status::Done),
        assigned_to: assigned_to.then(|| ID.parse().expect("it is an id")),
        priority: priority.then_some(Priority::High),
        due_after: due_after.then(|| moment(1)),
        due_before: due_before.then(|| moment(2)),
        updated_after: updated_after.then(|| moment(1)),
        label: label.then(|| ID.parse().expect("it is an id")),
        parent_id: parent_id.then(|| ID.parse().expect("it is an id")),
        deleted,
    }
}

fn fields(refused: &Error) -> Vec<&str> {
    let details = refused.details().iter();
    details.map(|detail| detail.field.as_str()).collect()
}

#[test]
fn an_assignee_is_a_user_or_oneself() {
    let me: UserId = ID.parse().expect("it is an id");
    let other = UserId::new();
    let read = |text: String| parse::<Assignee>(json!(text)).ok();
    assert_eq!(read("me".to_owned()).map(|who| who.of(me)), Some(me));
    assert_eq!(read(other.to_string()).map(|who| who.of(me)), Some(other));
    for text in [
        "",
        "ME",
        "you",
        "me ",
        "01900000-0000-7000-8000-00000000000A",
    ] {
        assert_eq!(read(text.to_owned()), None, "{text}");
    }
}

fn sort(text: &str) -> Option<TaskSort> {
    TaskSort::try_from(text.to_owned()).ok()
}

#[test]
fn a_list_of_somebody_s_tells_its_own_sorts_alone() {
    let refused = parse::<AssignedSort>(json!("position")).expect_err("it is none of these");
    let message = &refused.details()[0].message;
    assert!(
        message.ends_with(": due_date, created_at, title"),
        "{message}"
    );
    let title = AssignedSort::try_from("title".to_owned()).expect("it is known");
    let refused = Wanted::of_user(Filter::default(), Some(title), by_cursor());
    let refused = refused.expect_err("there is no such index");
    let message = &refused.details()[0].message;
    assert!(
        message.ends_with(": due_date,created_at; created_at"),
        "{message}"
    );
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let filter = Filter {
        due_after: Some(moment(5)),
        due_before: Some(moment(5)),
        ..Filter::default()
    };
    let page = PageNumber::try_from("1000".to_owned()).expect("it is one");
    let paging = Paging::of((Some(page), None::<PerPage>), (None, None));
    let refused = Wanted::in_project(filter, sort("position"), paging);
    let refused = refused.expect_err("nothing of it is right");
    assert_eq!(refused.code(), crate::error::Code::BadRequest);
    assert_eq!(fields(&refused), ["due_before", "sort", "page"]);
}

/// Fields in any number and order, each up or down.
fn sorts() -> impl Strategy<Value = String> {
    let signed = |(name, down): (&str, bool)| format!("{}{name}", if down { "-" } else { "" });
    let field = (select(FIELDS), any::<bool>()).prop_map(signed);
    prop::collection::vec(field, 1..4).prop_map(|fields| fields.join(","))
}

/// Tasks of one project that differ in what they can be sorted by, in the order in which they were made.
fn tasks() -> impl Strategy<Value = Vec<Task>> {
    const STATUSES: &[Status] = &[Status::Todo, Status::InProgress, Status::Done];
    const PRIORITIES: &[Priority] = &[Priority::None, Priority::High, Priority::Urgent];
    let due = prop::option::of(0..4_i64);
    let task = (
        select(STATUSES),
        select(PRIORITIES),
        due,
        0..4_i64,
        any::<bool>(),
    );
    let task = task.prop_map(|(status, priority, due, updated_at, given)| {
        let id = ID.parse().expect("it is an id");
        let title = parse(json!("Count down")).expect("it is a title");
        Task {
            status,
            priority,
            updated_at,
            due_date: due.map(|at| parse(json!(at)).expect("it is a time")),
            assigned_to: given.then_some(id),
            ..Task::new(ProjectId::new(), id, title, 0)
        }
    });
    prop::collection::vec(task, 0..12).prop_map(|mut tasks| {
        for (number, task) in tasks.iter_mut().enumerate() {
            let id = format!("01900000-0000-7000-8000-{number:012}");
            task.id = id.parse().expect("it is an id");
            // No two of fewer than 13 have one place.
            task.position = Position::stored(&format!("i{:02}", (number * 7 + 3) % 13));
        }
        tasks
    })
}

/// The tasks of a list as its index has them.
fn served(tasks: &[Task], wanted: &Wanted) -> Vec<Task> {
    let tenant = Tenant::verified(ID.parse::<TenantId>().expect("it is an id"));
    let project = tenant.project(ID.parse().expect("it is an id"));
    let span = Span::of_project(&project, wanted.by, &wanted.filter);
    let (first, last) = &span.within;
    let place = |task: &Task| {
        let mut places = task.indexes().into_iter();
        let place = match span.attribute {
            "sk" => Some(format!("TASK#{}", task.id)),
            name => places
                .find(|(index, _)| *index == name)
                .map(|(_, place)| place),
        };
        place.filter(|place| first <= place && place <= last)
    };
    let mut listed: Vec<_> = tasks
        .iter()
        .filter_map(|task| Some((place(task)?, task.clone())))
        .collect();
    listed.sort_by(|(one, _), (other, _)| one.cmp(other));
    if wanted.is_down {
        listed.reverse();
    }
    listed.into_iter().map(|(_, task)| task).collect()
}

/// How two tasks stand by a field; what is due at no time behind all else.
fn by(field: &str, one: &Task, other: &Task) -> Ordering {
    let due = |task: &Task| task.due_date.map_or(i64::MAX, DueDate::at);
    let place = |task: &Task| (task.status.to_string(), task.position.clone());
    match field {
        "created_at" => one.id.cmp(&other.id),
        "due_date" => due(one).cmp(&due(other)),
        "priority" => one.priority.rank().cmp(&other.priority.rank()),
        "updated_at" => one.updated_at.cmp(&other.updated_at),
        "status" => one.status.to_string().cmp(&other.status.to_string()),
        "position" => place(one).cmp(&place(other)),
        _ => one.title.as_str().cmp(other.title.as_str()),
    }
}

proptest! {
    #[test]
    fn whatever_is_asked_for_has_one_index_or_is_refused_by_name(
        given in any::<[bool; 9]>(),
        text in prop::option::of(sorts()),
    ) {
        let filter = filter(given);
        match Wanted::in_project(filter, text.as_deref().and_then(sort), by_cursor()) {
            Ok(_) => {
                let apart = [filter.status.is_some(), filter.assigned_to.is_some() || filter.is_of_due(), filter.priority.is_some(), filter.updated_after.is_some(), filter.label.is_some(), filter.parent_id.is_some(), filter.deleted];
                prop_assert!(apart.iter().filter(|given| **given).count() <= 1);
            }
            Err(refused) => {
                let named: Vec<_> = filter.given().collect();
                let of_filters = fields(&refused) == named && named.len() > 1;
                prop_assert!(of_filters || fields(&refused) == ["sort"], "{:?}", refused);
            }
        }
    }

    #[test]
    fn what_is_accepted_is_served_in_the_order_that_it_says(
        tasks in tasks(),
        which in 0..7_usize,
        text in sorts(),
    ) {
        let mut given = [false; 9];
        // What has labels or a parent has rows of its own, and so have deleted ones; without one of the others all are listed.
        if which < 6 {
            given[which] = true;
        }
        let filter = filter(given);
        let Some(sort) = sort(&text) else { return Ok(()) };
        let Ok(wanted) = Wanted::in_project(filter, Some(sort), by_cursor()) else { return Ok(()) };
        let listed = served(&tasks, &wanted);
        let passing = tasks.iter().filter(|task| filter.has(task) && (wanted.by != By::Due || task.due_date.is_some()));
        prop_assert_eq!(listed.len(), passing.count(), "{}", text);
        for pair in listed.windows(2) {
            let stand = text.split(',').map(|field| match field.strip_prefix('-') {
                Some(field) => by(field, &pair[1], &pair[0]),
                None => by(field, &pair[0], &pair[1]),
            });
            let stand = stand.fold(Ordering::Equal, Ordering::then);
            prop_assert_ne!(stand, Ordering::Greater, "{}: {:?}", text, pair);
        }
    }
}
