//! What each function costs: its AWS calls, how many of them are made in turn, and the capacity that they
//! consume, in a project of ten tasks and in one of a hundred thousand. `tests/figures.md` keeps what was measured.

mod cases;
mod cost;
mod meter;
mod report;
mod scene;

use std::fs;
use std::path::Path;

use local::functions;

use crate::agreement::diff;

use self::cases::{Case, Figures};
use self::cost::Cost;

/// The sizes of the project, in tasks.
const SIZES: [u64; 2] = [10, 100_000];

/// A search reads the tasks that are nearest, at most 30: where there are only 10, it reads 20 fewer.
const TASKS_THAT_A_SEARCH_LACKS: f64 = 20.0;

/// The one case that reads all there is.
const WHOLE_TENANT: (&str, &str) = ("export-tenant", "a whole tenant");

/// How much the rows of the tasks are that an export reads, at most.
const MEGABYTES_OF_TASKS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_call_costs_is_as_written_down_and_does_not_grow_with_the_project() {
    let small = cases::measure(SIZES[0]).await;
    let large = cases::measure(SIZES[1]).await;
    assert_covers_all(&small);
    for (small, large) in small.cases.iter().zip(&large.cases) {
        assert_no_growth(small, large);
    }
    for figures in [&small, &large] {
        assert_within_budget(figures);
    }
    assert_written_down(&report::text(&small, &large));
}

fn assert_covers_all(figures: &Figures) {
    for function in functions::all() {
        let name = function.endpoint.name;
        assert!(
            figures.cases.iter().any(|case| case.function == name),
            "no case of {name} is measured: add one to tests/it/figures/cases.rs"
        );
    }
}

#[expect(
    clippy::float_cmp,
    reason = "sums of a few whole numbers and halves are exact"
)]
fn assert_no_growth(small: &Case, large: &Case) {
    let name = format!("{}, {}", small.function, small.name);
    assert_eq!(name, format!("{}, {}", large.function, large.name));
    if (small.function, small.name) == WHOLE_TENANT {
        return assert_growth_by_queries(&small.cost, &large.cost);
    }
    let (a, b) = (&small.cost, &large.cost);
    assert_eq!(a.rounds, b.rounds, "{name}");
    assert_eq!(a.write_units, b.write_units, "{name}: write units");
    let expected = match (small.function, small.name) {
        ("search-tasks", "miss") => a.read_units + TASKS_THAT_A_SEARCH_LACKS,
        _ => a.read_units,
    };
    assert_eq!(expected, b.read_units, "{name}: read units");
}

/// What reads all there is makes one query more for each MB of it, and no other call.
fn assert_growth_by_queries(small: &Cost, large: &Cost) {
    let other = |cost: &Cost| {
        let mut calls = cost.calls();
        calls.retain(|call| *call != "Query");
        calls.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(other(small), other(large));
    let more = large.calls().len() - small.calls().len();
    assert!(
        (1..=MEGABYTES_OF_TASKS).contains(&more),
        "{small:?} {large:?}"
    );
}

/// The budgets, beyond the one read of authentication.
fn assert_within_budget(figures: &Figures) {
    let beyond_authentication = |function, name| {
        let cost = &figures.of(function, name).cost;
        assert_eq!(cost.rounds[0], ["BatchGetItem"], "{function}, {name}");
        cost.without_first_round()
    };
    // Beside them each call is counted, against its limit and for its tenant, which takes no round trip.
    let served = |function, name| {
        let cost = beyond_authentication(function, name);
        let (calls, round_trips) = (cost.calls().into_iter(), cost.round_trips());
        let (counts, calls): (Vec<_>, Vec<_>) = calls
            .map(str::to_owned)
            .partition(|call| call == "UpdateItem");
        assert_eq!(counts.len(), 2, "{function}, {name}");
        assert_eq!(round_trips, calls.len(), "{function}, {name}");
        calls
    };
    // The first request of its tenant.
    assert_eq!(
        served("create-project", "made"),
        ["AssumeRole", "TransactWriteItems"]
    );
    assert_eq!(served("list-projects", "hit").len(), 1);
    assert!(served("search-tasks", "hit").len() <= 2);
    for (name, budget) in [
        ("plain", 2),
        ("assigned", 3),
        ("with a file", 3),
        ("assigned, with a file", 3),
    ] {
        let rounds = beyond_authentication("create-task", name).rounds;
        // That it is counted may fall into a round with the tenant's role.
        let beside = ["AssumeRole", "UpdateItem", "PutObject"];
        let is_waited_for = |call: &String| !beside.contains(&call.as_str());
        let waited_for = rounds
            .iter()
            .filter(|round| round.iter().any(is_waited_for));
        let round_trips = waited_for.count();
        assert!(round_trips <= budget, "create-task, {name}: {round_trips}");
    }
}

fn assert_written_down(measured: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("figures.md");
    if std::env::var("UPDATE_FIGURES").is_ok_and(|value| value == "1") {
        fs::write(&file, measured).expect("the file can be written");
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    let difference = diff(("tests/figures.md", &written), ("measured", measured));
    assert!(
        difference.is_empty(),
        "\nWhat was measured is not what is written down:\n\n{difference}\nTo mend it, if the new figures \
         are right: UPDATE_FIGURES=1 cargo test --workspace --test it figures\n"
    );
}
