//! The figures as a page.

use std::fmt::Write;

use super::cases::{Case, Figures};
use super::cost::Cost;

const INTRODUCTION: &str = "\
# Figures

What one invocation costs: its AWS calls, and the DynamoDB capacity that they consume, in a project of 10
tasks and in one of 100,000. Measured by `tests/it/figures.rs`, which fails where this page is not what it
measures. To write it anew:

```sh
UPDATE_FIGURES=1 cargo test --workspace --test it figures
```

`→` stands between calls that are made in turn, `+` between calls that are made side by side: each `→` is
one more round trip to wait for. The same calls are made at both sizes, but by an export. Whatever somebody asks for who is
signed in, one `BatchGetItem` reads their session and membership, so that what was revoked is refused at
once: an HTTP request begins with it. A read unit is 4 KB read strongly consistently, a write unit 1 KB
written, two of them in a transaction. How long it takes, [benchmarks](benches/README.md) print.
";

const NOTES: &str = "\
## Notes

- `AssumeRole` lets a function into a tenant: a warm function calls it once for each tenant in 50 minutes. It
  stands where a case is the first of its function and its tenant.
- Units are the embedded engine's, which follows DynamoDB's rules: sizes are rounded up item by item, a
  strongly consistent read of nothing costs one unit, a transaction doubles what it writes to tables but not
  what that changes in local indexes, and moving an entry of an index (a project's place in its list)
  costs two units there.
- A write that is *refused* costs units on AWS too; the engine reports none, so none are counted.
- A search reads the tasks of the nearest vectors, at most 30: with 10 tasks in the project, 10. It does
  not grow beyond.
- An export reads all there is, and makes one query more for each MB of it, and no other call. In the larger project it is
  measured with 10,000 of the tasks, and without files.
- Of the 100,000 tasks, the last 100 have their events in the log and their embeddings: more than any function reads
  of either.
- What a vector index reads and writes is billed in bytes, apart from units, and is not in this table. The
  engine compares a query with each vector of the tenant; DynamoDB does not tell how many it looks at.
- What is not AWS is not counted: `send-email` posts to the mail service once where it says `sent`.
- Work that follows from a change (`relay` and the queues' functions) is shown for one event or message;
  a batch of several costs less for each.
";

/// The whole page.
pub(super) fn text(small: &Figures, large: &Figures) -> String {
    format!(
        "{INTRODUCTION}\n{}\n{}\n{NOTES}",
        invocations(small, large),
        starts(small)
    )
}

fn invocations(small: &Figures, large: &Figures) -> String {
    let mut text = String::from(
        "## Invocations\n\n\
         | function | case | AWS calls | round trips | to DynamoDB | read units, 10 tasks | 100,000 | write units, 10 tasks | 100,000 |\n\
         |---|---|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for (small, large) in small.cases.iter().zip(&large.cases) {
        text += &row(small, large);
    }
    text
}

fn row(small: &Case, large: &Case) -> String {
    let Case {
        function,
        name,
        cost,
    } = small;
    format!(
        "| {function} | {name} | {} | {} | {} | {} | {} | {} | {} |\n",
        calls(cost),
        cost.round_trips(),
        cost.dynamodb_round_trips,
        cost.read_units,
        large.cost.read_units,
        cost.write_units,
        large.cost.write_units,
    )
}

fn starts(figures: &Figures) -> String {
    let mut text = String::from(
        "## Cold starts\n\n\
         A start reads the secrets that the function uses, and nothing else.\n\n\
         | function | AWS calls |\n|---|---|\n",
    );
    for (function, cost) in &figures.starts {
        if cost.round_trips() > 0 {
            let _infallible = writeln!(text, "| {function} | {} |", calls(cost));
        }
    }
    text + "| all others | none |\n"
}

fn calls(cost: &Cost) -> String {
    if cost.rounds.is_empty() {
        return "none".to_owned();
    }
    let rounds: Vec<String> = cost
        .rounds
        .iter()
        .map(|round| side_by_side(round))
        .collect();
    rounds.join(" → ")
}

fn side_by_side(round: &[String]) -> String {
    let kinds: Vec<String> = round
        .chunk_by(|a, b| a == b)
        .map(|same| match same.len() {
            1 => same[0].clone(),
            count => format!("{count} × {}", same[0]),
        })
        .collect();
    kinds.join(" + ")
}
