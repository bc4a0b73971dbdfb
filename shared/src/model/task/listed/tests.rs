use super::*;
use crate::input::parse;
use crate::page::{PageNumber, PerPage};
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

/// Which of the seven filters are given, and what is asked of them.
fn filter(given: [bool; 7]) -> Filter {
    let [
        status,
        assigned_to,
        priority,
        due_after,
        due_before,
        updated_after,
        label,
    ] = given;
    Filter {
        status: status.then_some(Status::Done),
        assigned_to: assigned_to.then(|| ID.parse().expect("it is an id")),
        priority: priority.then_some(Priority::High),
        due_after: due_after.then(|| moment(1)),
        due_before: due_before.then(|| moment(2)),
        updated_after: updated_after.then(|| moment(1)),
        label: label.then(|| ID.parse().expect("it is an id")),
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

#[test]
fn a_sort_is_called_as_it_is_read() {
    for (sort, _) in OF_ALL {
        assert_eq!(parse::<Sort>(json!(sort.name())).ok(), Some(*sort));
    }
    let refused = parse::<Sort>(json!("name")).expect_err("it is none");
    for (sort, _) in OF_ALL {
        assert!(refused.details()[0].message.contains(sort.name()));
    }
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
    let refused = Wanted::in_project(filter, Some(Sort::Position), paging);
    let refused = refused.expect_err("nothing of it is right");
    assert_eq!(refused.code(), crate::error::Code::BadRequest);
    assert_eq!(fields(&refused), ["due_before", "sort", "page"]);
}

proptest! {
    #[test]
    fn whatever_is_asked_for_has_one_index_or_is_refused_by_name(
        given in any::<[bool; 7]>(),
        sort in prop::option::of(select(OF_ALL)),
    ) {
        let filter = filter(given);
        let sort = sort.map(|(sort, _)| sort);
        match Wanted::in_project(filter, sort, by_cursor()) {
            Ok(wanted) => {
                prop_assert!(sort.is_none_or(|sort| sort == wanted.sort));
                let apart = [filter.status.is_some(), filter.assigned_to.is_some() || filter.is_of_due(), filter.priority.is_some(), filter.updated_after.is_some(), filter.label.is_some()];
                prop_assert!(apart.iter().filter(|given| **given).count() <= 1);
            }
            Err(refused) => {
                let named: Vec<_> = filter.given().collect();
                let of_filters = fields(&refused) == named && named.len() > 1;
                prop_assert!(of_filters || fields(&refused) == ["sort"], "{:?}", refused);
            }
        }
    }
}
