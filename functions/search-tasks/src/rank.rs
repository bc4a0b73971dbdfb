//! Order: by meaning, but a task that carries an identifier of the query is taken for nearer than it is. An
//! embedding hardly tells `ERR-4711` from `ERR-4712`.

use std::ops::Deref;

use shared::model::search::Hit;
use shared::model::task::Task;
use shared::model::text::SearchQuery;
use shared::sdk::search::Near;

/// By how much nearer a task is taken for each identifier that it shares with the query. Tasks of the same form
/// with other numbers are closer together than this, and what has another subject stays behind.
const BOOST: f64 = 0.3;

/// The `most` best of `tasks`, which `near` has scored; what `near` names and `tasks` lacks is gone.
pub(crate) fn nearest_first(
    query: &SearchQuery,
    near: &[Near],
    tasks: &[impl Deref<Target = Task>],
    most: usize,
) -> Vec<Hit> {
    let identifiers = identifiers(query.as_str());
    let mut ranked: Vec<(f64, Hit)> = tasks
        .iter()
        .filter_map(|task| {
            let near = near.iter().find(|near| near.task_id == task.id)?;
            let score = rounded(near.score);
            Some((score + boost(&identifiers, task), hit(task, score)))
        })
        .collect();
    ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    ranked.truncate(most);
    ranked.into_iter().map(|(_, hit)| hit).collect()
}

/// The words of a text that name one thing: of at least three characters, with a digit and a letter, or a digit
/// after `#`. A number alone may be a year or an amount.
fn identifiers(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '#' | '/')))
        .map(|word| {
            let word = word.trim_matches(['-', '_', '.', '/']);
            word.trim_end_matches('#').to_lowercase()
        })
        .filter(|word| names_one_thing(word))
        .collect()
}

fn names_one_thing(word: &str) -> bool {
    let has_digit = word.chars().any(|c| c.is_ascii_digit());
    let has_letter = word.chars().any(char::is_alphabetic);
    word.chars().count() >= 3 && has_digit && (has_letter || word.starts_with('#'))
}

fn boost(wanted: &[String], task: &Task) -> f64 {
    if wanted.is_empty() {
        return 0.0;
    }
    let own = identifiers(&task.text());
    let id = task.id.to_string();
    wanted
        .iter()
        .filter(|word| own.contains(word) || **word == id)
        .map(|_| BOOST)
        .sum()
}

/// To six places, which are told from each other and are read as they were written.
fn rounded(score: f64) -> f64 {
    (score * 1e6).round() / 1e6
}

fn hit(task: &Task, score: f64) -> Hit {
    Hit {
        id: task.id,
        project_id: task.project_id,
        title: task.title.clone(),
        description: task.description.clone(),
        status: task.status,
        score,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use shared::model::id::{ProjectId, UserId};

    #[test]
    fn a_word_with_digit_and_letter_names_one_thing_and_others_do_not() {
        assert_eq!(
            identifiers("Fix ERR-4711, in v2.10 (see #88 and login)"),
            ["err-4711", "v2.10", "#88"]
        );
        for text in [
            "make the login faster",
            "the budget for 2026",
            "1,000 of 12.5",
            "#",
            "#a",
        ] {
            assert!(identifiers(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_is_far_off_stays_behind_whatever_it_is_called() {
        let (near, far) = (task("Plan the budget"), task("Rename v2.10"));
        let scores = [(&near, 0.7), (&far, 0.2)];
        let scores = scores.map(|(task, score)| Near {
            task_id: task.id,
            score,
        });
        let hits = nearest_first(&query("budget of v2.10"), &scores, &[far, near.clone()], 1);
        assert_eq!(hits[0].id, near.id);
    }

    fn task(title: &str) -> Box<Task> {
        let title = title.to_owned().try_into().expect("it is a title");
        Box::new(Task::new(ProjectId::new(), UserId::new(), title, 0))
    }

    fn query(text: &str) -> SearchQuery {
        text.to_owned().try_into().expect("it is a query")
    }

    /// Tasks, some of which carry an identifier, some of which are not scored; any of them may be missing.
    fn tasks() -> impl Strategy<Value = Vec<(Box<Task>, Option<f64>, bool)>> {
        let titles = "(Fix )?(ERR-4711|ERR-4712|v2|login)( again)?";
        let scores = prop_oneof![0.0..=1.0, Just(0.5), Just(f64::NAN)];
        let task = (
            titles,
            proptest::option::weighted(0.9, scores),
            any::<bool>(),
        )
            .prop_map(|(title, score, gone)| (task(&title), score, gone));
        proptest::collection::vec(task, 0..40)
    }

    proptest! {
        #[test]
        fn the_nearest_come_first_named_ones_are_nearer_and_each_comes_once(
            tasks in tasks(),
            most in 0..12_usize,
            wanted in "(see )?(err-4711|ERR-4712 v2|login|\\?)",
        ) {
            let near: Vec<_> = tasks
                .iter()
                .filter_map(|(task, score, _)| Some(Near { task_id: task.id, score: (*score)? }))
                .collect();
            let there: Vec<_> = tasks.iter().filter(|(.., gone)| !gone).map(|(task, ..)| task.clone()).collect();
            let scored = there.iter().filter(|task| near.iter().any(|near| near.task_id == task.id));
            let hits = nearest_first(&query(&wanted), &near, &there, most);
            prop_assert_eq!(hits.len(), most.min(scored.count()));

            let identifiers = identifiers(&wanted);
            let rank = |hit: &Hit| {
                let task = there.iter().find(|task| task.id == hit.id).expect("it is one of them");
                boost(&identifiers, task) + hit.score
            };
            for pair in hits.windows(2) {
                prop_assert!(rank(&pair[0]).total_cmp(&rank(&pair[1])).is_ge());
                prop_assert_ne!(pair[0].id, pair[1].id);
            }
        }

        #[test]
        fn a_task_is_named_by_its_own_id(title in "[a-z]{1,9}") {
            let (one, other) = (task(&title), task(&title));
            let near = [&one, &other].map(|task| Near { task_id: task.id, score: 0.5 });
            let asked = query(&format!("what of {}?", other.id));
            let hits = nearest_first(&asked, &near, &[one, other.clone()], 1);
            prop_assert_eq!(hits[0].id, other.id);
        }

        #[test]
        fn whatever_is_asked_identifiers_are_words_with_a_digit(text in any::<String>()) {
            for word in identifiers(&text) {
                prop_assert!(word.chars().any(|c| c.is_ascii_digit()) && !word.contains(char::is_whitespace));
            }
        }
    }
}
