//! A request of the story.

use serde_json::Value;

use super::Person;

/// What is asked, by whom, and what of the answer is worth showing.
pub(super) struct Ask {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: Option<Value>,
    pub(super) token: Option<String>,
    pub(super) header: Option<(&'static str, String)>,
    /// Where it stands: `/data/title`; or `/data/*/title`, in each of a list.
    pub(super) shown: Vec<&'static str>,
}

impl Ask {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::of("GET", path, None)
    }

    pub(super) fn post(path: impl Into<String>, body: Value) -> Self {
        Self::of("POST", path, Some(body))
    }

    pub(super) fn patch(path: impl Into<String>, body: Value) -> Self {
        Self::of("PATCH", path, Some(body))
    }

    pub(super) fn delete(path: impl Into<String>) -> Self {
        Self::of("DELETE", path, None)
    }

    fn of(method: &'static str, path: impl Into<String>, body: Option<Value>) -> Self {
        Self {
            method,
            path: path.into(),
            body,
            token: None,
            header: None,
            shown: Vec::new(),
        }
    }

    pub(super) fn by(self, person: &Person) -> Self {
        let token = Some(person.token.clone());
        Self { token, ..self }
    }

    pub(super) fn with(self, header: &'static str, value: &str) -> Self {
        let header = Some((header, value.to_owned()));
        Self { header, ..self }
    }

    pub(super) fn shows<const N: usize>(self, shown: [&'static str; N]) -> Self {
        let shown = shown.to_vec();
        Self { shown, ..self }
    }
}
