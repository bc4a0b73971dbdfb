//! Comments on tasks.

use serde::{Deserialize, Serialize};

use super::Millis;
use super::id::{CommentId, ProjectId, TaskId, UserId};
use super::log::{Job, JobQueue};
use super::realtime::RealtimeEvent;
use super::task::{DeletedTask, Task};
use super::text::CommentText;
use crate::error::{Error, Result};
use crate::event::caller::Principal;
use crate::model::account::Role;

/// The most members that one comment mentions.
pub const MOST_MENTIONS: usize = 20;

/// How long after a deleted task its comments go, in seconds: who restores it in the last minute still finds them.
const AFTER_TASK: i64 = 24 * 60 * 60;

/// What somebody says on a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// The task that it is on.
    pub task_id: TaskId,
    /// The project that the task is in.
    pub project_id: ProjectId,
    /// What it says.
    pub text: CommentText,
    /// The members whom it mentions, each once, in the order of the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
    /// Who says it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// How often it has been written: 1 as it was made.
    pub version: u64,
    /// When it goes, in seconds, if its task is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
}

impl Comment {
    /// A new one.
    ///
    /// # Errors
    /// 422 if it mentions too many.
    pub fn new(task: &Task, author: UserId, text: CommentText, now: Millis) -> Result<Self> {
        Ok(Self {
            id: CommentId::new(),
            task_id: task.id,
            project_id: task.project_id,
            mentions: mentions(&text)?,
            text,
            created_by: author,
            created_at: now,
            updated_at: now,
            version: 1,
            ttl: None,
        })
    }

    /// The same, saying something else. It stays: its task is there.
    ///
    /// # Errors
    /// 422 if it mentions too many.
    pub fn edited(&self, text: CommentText, now: Millis) -> Result<Self> {
        Ok(Self {
            mentions: mentions(&text)?,
            text,
            updated_at: now,
            version: self.version + 1,
            ttl: None,
            ..self.clone()
        })
    }

    /// The members whom it mentions and another version of it does not.
    pub fn newly_mentioned(&self, before: &Self) -> Vec<UserId> {
        let mut mentions = self.mentions.clone();
        mentions.retain(|user| !before.mentions.contains(user));
        mentions
    }

    /// That somebody may change what it says: its author alone.
    ///
    /// # Errors
    /// 403 if they may not.
    pub fn require_author(&self, caller: &Principal) -> Result<()> {
        if caller.user_id == self.created_by {
            return Ok(());
        }
        Err(Error::forbidden("Only its author may change a comment"))
    }

    /// That somebody may remove it: its author, and an admin.
    ///
    /// # Errors
    /// 403 if they may not.
    pub fn require_may_remove(&self, caller: &Principal) -> Result<()> {
        if caller.user_id == self.created_by || caller.role >= Role::Admin {
            return Ok(());
        }
        let message = "Only its author or an admin may remove a comment";
        Err(Error::forbidden(message))
    }

    /// When it goes with a task that is deleted, in seconds.
    pub(crate) const fn goes_with(task: &DeletedTask) -> i64 {
        task.ttl + AFTER_TASK
    }
}

/// Whom a text mentions: each `<@USER_ID>` in it, once. What only looks like that is text.
///
/// # Errors
/// 422 if there are too many.
pub fn mentions(text: &CommentText) -> Result<Vec<UserId>> {
    let mut mentions = Vec::new();
    let marked = text.as_str().split("<@").skip(1);
    let named = marked.filter_map(|rest| rest.split_once('>')?.0.parse().ok());
    for user in named {
        if !mentions.contains(&user) {
            mentions.push(user);
        }
        if mentions.len() > MOST_MENTIONS {
            let message = format!("Must mention at most {MOST_MENTIONS} members");
            return Err(Error::invalid("text", message));
        }
    }
    Ok(mentions)
}

/// A comment, as the API shows it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct CommentView {
    id: CommentId,
    task_id: TaskId,
    text: CommentText,
    mentions: Vec<UserId>,
    created_by: UserId,
    created_at: Millis,
    updated_at: Millis,
}

impl From<Comment> for CommentView {
    fn from(comment: Comment) -> Self {
        Self {
            id: comment.id,
            task_id: comment.task_id,
            text: comment.text,
            mentions: comment.mentions,
            created_by: comment.created_by,
            created_at: comment.created_at,
            updated_at: comment.updated_at,
        }
    }
}

macro_rules! events_of_a_comment {
    ($($(#[$doc:meta])* $name:ident = $kind:literal),+ $(,)?) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
            pub struct $name {
                /// Which.
                pub id: CommentId,
                /// On which task.
                pub task_id: TaskId,
            }

            impl $name {
                /// What is told of it: not what it says.
                pub fn of(comment: &Comment) -> Self {
                    Self {
                        id: comment.id,
                        task_id: comment.task_id,
                    }
                }
            }

            impl RealtimeEvent for $name {
                const TYPE: &'static str = $kind;

                fn object(&self) -> Option<String> {
                    Some(format!("task/{}", self.task_id))
                }
            }
        )+
    };
}

events_of_a_comment! {
    /// Somebody has said something.
    CommentCreated = "comment:created",
    /// It says something else.
    CommentUpdated = "comment:updated",
    /// It is gone.
    CommentDeleted = "comment:deleted",
}

/// A task is deleted, or there again: its comments go with it, or stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettleComments {
    /// Its project.
    pub project_id: ProjectId,
    /// Which task.
    pub task_id: TaskId,
}

impl SettleComments {
    /// What a task asks for.
    pub fn of(task: &Task) -> Self {
        Self {
            project_id: task.project_id,
            task_id: task.id,
        }
    }
}

impl Job for SettleComments {
    const TYPE: &'static str = "task:comments";
    const VERSION: u32 = 1;
    const QUEUE: JobQueue = JobQueue::Embeddings;
}

/// A task is in another project now: the comments on it follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MoveComments {
    /// The project that it was in.
    pub from: ProjectId,
    /// The one that it is in.
    pub project_id: ProjectId,
    /// Which task.
    pub task_id: TaskId,
}

impl MoveComments {
    /// What a task asks for that was in another project.
    pub fn of(task: &Task, from: ProjectId) -> Self {
        Self {
            from,
            project_id: task.project_id,
            task_id: task.id,
        }
    }
}

impl Job for MoveComments {
    const TYPE: &'static str = "task:comments-move";
    const VERSION: u32 = 1;
    const QUEUE: JobQueue = JobQueue::Embeddings;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: String) -> CommentText {
        CommentText::try_from(text).expect("it is a comment")
    }

    #[test]
    fn whom_a_text_mentions_is_told_once_and_in_its_order() {
        let [ada, bob] = [UserId::new(), UserId::new()];
        let said = format!("<@{bob}>, <@{ada}> and <@{bob}> <@nobody> <@ {ada}> <@{ada} @{ada}");
        assert_eq!(mentions(&text(said)).ok(), Some(vec![bob, ada]));
        let many = |count| {
            let named = (0..count).map(|_| format!("<@{}>", UserId::new()));
            mentions(&text(named.collect()))
        };
        assert_eq!(many(20).map(|mentions| mentions.len()).ok(), Some(20));
        assert!(many(21).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_said_mentions_those_whose_ids_stand_in_it(
            parts in prop::collection::vec(prop_oneof![Just("<@"), Just(">"), Just("@"), Just("01900000-0000-7000-8000-000000000001"), Just("x"), Just("<")], 1..30),
        ) {
            let said = parts.concat();
            let whole = said.contains("<@01900000-0000-7000-8000-000000000001>");
            let found = mentions(&text(said)).expect("there is at most one");
            prop_assert_eq!(found.len(), usize::from(whole));
        }
    }
}
