//! Order: by meaning, but a task that carries an identifier of the query comes first. An embedding hardly
//! tells `ERR-4711` from `ERR-4712`.

use std::cmp::Ordering;

use shared::keys::Stored;
use shared::model::task::Task;
use shared::model::text::SearchQuery;
use shared::sdk::search::{Hit, Near};

/// The `most` best of `tasks`, which `near` has scored; what `near` names and `tasks` lacks is gone.
pub(crate) fn nearest_first(
    query: &SearchQuery,
    near: &[Near],
    tasks: &[Stored<Task>],
    most: usize,
) -> Vec<Hit> {
    let identifiers = identifiers(query.as_str());
    let mut ranked: Vec<(usize, Hit)> = tasks
        .iter()
        .filter_map(|task| {
            let score = near.iter().find(|near| near.task_id == task.id)?.score;
            Some((named(&identifiers, task), hit(task, score)))
        })
        .collect();
    ranked.sort_by(|(named_a, a), (named_b, b)| {
        named_b
            .cmp(named_a)
            .then(b.score.partial_cmp(&a.score).unwrap_or(Ordering::Equal))
    });
    ranked.truncate(most);
    ranked.into_iter().map(|(_, hit)| hit).collect()
}

/// The words of a text that name one thing: those with a digit, of at least three characters.
fn identifiers(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '#' | '/')))
        .map(|word| word.trim_matches(['-', '_', '.', '#', '/']).to_lowercase())
        .filter(|word| word.chars().count() >= 3 && word.chars().any(|c| c.is_ascii_digit()))
        .collect()
}

fn named(wanted: &[String], task: &Task) -> usize {
    if wanted.is_empty() {
        return 0;
    }
    let own = identifiers(&task.text());
    let id = task.id.to_string();
    wanted
        .iter()
        .filter(|word| own.contains(word) || **word == id)
        .count()
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

    #[test]
    fn a_word_with_a_digit_names_one_thing_and_others_do_not() {
        assert_eq!(
            identifiers("Fix ERR-4711, in v2.10 (see #88 and login)"),
            ["err-4711", "v2.10"]
        );
        assert!(identifiers("make the login faster").is_empty());
    }
}
