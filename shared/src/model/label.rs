//! Labels: what a project's tasks are told apart by, besides their status.

use deserr::{Deserr, IntoValue, ValuePointerRef};
use serde::{Deserialize, Serialize};

use super::id::{LabelId, ProjectId, TaskId};
use super::log::{Job, JobQueue};
use super::realtime::RealtimeEvent;
use super::text::LabelName;
use crate::error::{Error, Result};
use crate::input::{BadInput, Invalid, from_text};
use crate::schema::described;

/// How many labels a project has at most: all of them are read to make one, and shown together.
pub const MOST: usize = 100;

/// How many of them a task has at most: each is a row in the transaction that gives or takes it.
pub const MOST_OF_TASK: usize = 10;

/// 422 for a label that a task can't have.
pub(crate) fn missing(id: LabelId) -> Error {
    Error::invalid("labels", format!("There is no label {id} in this project"))
}

/// A label of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Its id.
    pub id: LabelId,
    /// The project whose tasks can have it.
    pub project_id: ProjectId,
    /// What it is called. No two of a project have one name, however it is capitalised.
    pub name: LabelName,
    /// What it is shown in.
    pub color: Color,
    /// How often it has been written: 1 as it was made.
    pub version: u64,
}

impl Label {
    /// A new one.
    pub fn new(project_id: ProjectId, name: LabelName, color: Color) -> Self {
        Self {
            id: LabelId::new(),
            project_id,
            name,
            color,
            version: 1,
        }
    }

    /// That it can stand among the others of its project.
    ///
    /// # Errors
    /// 409 if another has its name, or it would be one more than [`MOST`].
    pub(crate) fn require_room(&self, all: &[Self]) -> Result<()> {
        let mut others = all.iter().filter(|other| other.id != self.id);
        let name = self.name.as_str().to_lowercase();
        if others
            .clone()
            .any(|other| other.name.as_str().to_lowercase() == name)
        {
            return Err(Error::conflict(
                "Another label of this project has that name",
            ));
        }
        if others.nth(MOST - 1).is_some() {
            return Err(Error::conflict(format!(
                "A project has at most {MOST} labels"
            )));
        }
        Ok(())
    }
}

/// A colour as pages write it: `#` and six hexadecimal digits, small letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Color(String);

impl Default for Color {
    /// Grey.
    fn default() -> Self {
        Self("#808080".to_owned())
    }
}

impl TryFrom<String> for Color {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        if digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit())) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        let message = "Must be a colour such as #1e90ff";
        Err(Invalid(message.to_owned()))
    }
}

from_text!(Color);

described! {
    Color: { "type": "string", "pattern": "^#[0-9a-fA-F]{6}$" };
}

/// The labels of a task: at most [`MOST_OF_TASK`], each once, in the order in which they were made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LabelIds(Vec<LabelId>);

impl LabelIds {
    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is one of them.
    pub fn has(&self, id: LabelId) -> bool {
        self.0.contains(&id)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = LabelId> {
        self.0.iter().copied()
    }

    /// Those of them that others do not have.
    pub(crate) fn without(&self, others: &Self) -> Self {
        let left = self.iter().filter(|id| !others.has(*id));
        Self(left.collect())
    }
}

impl From<Vec<LabelId>> for LabelIds {
    fn from(mut ids: Vec<LabelId>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        Self(ids)
    }
}

impl Deserr<BadInput> for LabelIds {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        location: ValuePointerRef,
    ) -> Result<Self, BadInput> {
        let ids = Self::from(Vec::<LabelId>::deserialize_from_value(value, location)?);
        if ids.0.len() <= MOST_OF_TASK {
            return Ok(ids);
        }
        let message = format!("Must be at most {MOST_OF_TASK} labels");
        Err(BadInput::at(location, Invalid(message)))
    }
}

impl schemars::JsonSchema for LabelIds {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LabelIds".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let id = generator.subschema_for::<LabelId>();
        schemars::json_schema!({ "type": "array", "items": id, "maxItems": MOST_OF_TASK })
    }
}

/// That a task has a label: what the tasks of one are found by. All that it says stands in its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labelled {
    /// Which label.
    pub label_id: LabelId,
    /// Which task.
    pub task_id: TaskId,
}

/// A label, as the API shows it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct LabelView {
    id: LabelId,
    project_id: ProjectId,
    name: LabelName,
    color: Color,
}

impl From<Label> for LabelView {
    fn from(label: Label) -> Self {
        Self {
            id: label.id,
            project_id: label.project_id,
            name: label.name,
            color: label.color,
        }
    }
}

/// A project has a new label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LabelCreated {
    /// Which.
    pub id: LabelId,
}

impl RealtimeEvent for LabelCreated {
    const TYPE: &'static str = "label:created";

    fn object(&self) -> Option<String> {
        Some(format!("label/{}", self.id))
    }
}

/// A label has another name or another colour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LabelUpdated {
    /// Which.
    pub id: LabelId,
    /// Its version from now on.
    pub version: u64,
}

impl RealtimeEvent for LabelUpdated {
    const TYPE: &'static str = "label:updated";

    fn object(&self) -> Option<String> {
        Some(format!("label/{}", self.id))
    }
}

/// A label is gone. No task can be given it from then on, and those that have it lose it a moment later, of which
/// nothing else is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LabelDeleted {
    /// Which.
    pub id: LabelId,
}

impl RealtimeEvent for LabelDeleted {
    const TYPE: &'static str = "label:deleted";

    fn object(&self) -> Option<String> {
        Some(format!("label/{}", self.id))
    }
}

/// A label is gone: take it off the tasks that have it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TakeOffLabel {
    /// In which project.
    pub project_id: ProjectId,
    /// Which label.
    pub label_id: LabelId,
}

impl Job for TakeOffLabel {
    const TYPE: &'static str = "label:take-off";
    const VERSION: u32 = 1;
    const QUEUE: JobQueue = JobQueue::Embeddings;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{parse, refusals};
    use serde_json::{Value, json};

    fn label(name: &str) -> Label {
        let name = LabelName::try_from(name.to_owned()).expect("it is a name");
        Label::new(ProjectId::new(), name, Color::default())
    }

    #[test]
    fn a_colour_is_six_digits_and_is_shown_in_small_letters() {
        let color = |text: &str| Color::try_from(text.to_owned()).ok();
        assert_eq!(color("#1E90fF"), color("#1e90ff"));
        assert!(color("#1e90ff").is_some());
        for text in [
            "", "#", "1e90ff", "#1e90f", "#1e90fff", "#1e90fg", "red", " #1e90ff", "#é0é0",
        ] {
            assert_eq!(color(text), None, "{text}");
        }
    }

    #[test]
    fn a_task_has_at_most_10_labels_each_once() {
        let ids: Vec<_> = (0..11).map(|_| LabelId::new()).collect();
        let wrong = |ids: Value| refusals::<LabelIds>(ids).len();
        assert_eq!(wrong(json!(ids)), 1);
        assert_eq!(wrong(json!(ids[1..])), 0);
        assert_eq!(wrong(json!([ids[0], "no id", 7])), 2);
        let ordered: LabelIds = parse(json!([ids[1], ids[0], ids[1]])).expect("they are ids");
        assert_eq!(ordered, LabelIds(ids[..2].to_vec()));
        let left = ordered.without(&LabelIds::from(vec![ids[0]]));
        assert_eq!(left, LabelIds(vec![ids[1]]));
    }

    #[test]
    fn a_project_has_at_most_100_labels_and_no_two_of_one_name() {
        let mut all: Vec<_> = (0..MOST - 1).map(|at| label(&format!("l{at}"))).collect();
        let new = label("Fuel");
        assert!(new.require_room(&all).is_ok());
        all.push(new.clone());
        assert!(new.require_room(&all).is_ok(), "it is there itself");
        assert!(label("more").require_room(&all).is_err());
        all.truncate(2);
        all.push(new);
        assert!(label("fUEL").require_room(&all).is_err());
    }
}
