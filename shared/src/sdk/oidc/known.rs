//! Which users the subjects of a provider are, as far as a warm function has seen them. A link never changes,
//! and what its user may do is read at each request.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::id::UserId;

/// How many are remembered; the ones seen first are forgotten first.
const MOST: usize = 10_000;

/// Users by subject.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    users: HashMap<String, UserId>,
    order: VecDeque<String>,
}

impl Known {
    /// Whose a subject is, if it is remembered.
    pub(crate) fn user(&self, subject: &str) -> Option<UserId> {
        self.seen().users.get(subject).copied()
    }

    /// Remembers whose a subject is.
    pub(crate) fn remember(&self, subject: &str, user_id: UserId) {
        let mut seen = self.seen();
        if seen.users.insert(subject.to_owned(), user_id).is_none() {
            seen.order.push_back(subject.to_owned());
        }
        if seen.order.len() > MOST
            && let Some(first) = seen.order.pop_front()
        {
            seen.users.remove(&first);
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded() {
        let known = Known::default();
        let users: Vec<_> = (0..=MOST).map(|_| UserId::new()).collect();
        for (number, user) in users.iter().enumerate() {
            known.remember(&number.to_string(), *user);
            known.remember(&number.to_string(), *user);
        }
        assert_eq!(known.user("0"), None);
        assert_eq!(known.user("1"), Some(users[1]));
        assert_eq!(known.user(&MOST.to_string()), Some(users[MOST]));
        assert_eq!(known.seen().order.len(), MOST);
        assert_eq!(known.seen().users.len(), MOST);
    }
}
