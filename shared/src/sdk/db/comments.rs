//! Comments on tasks: listed, read, changed, removed, and gone with their task.

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::try_join_all;
use serde::Serialize;

use super::super::backoff::Backoff;
use super::super::dynamo::{from_item, key_item, met, number};
use super::{Db, access};
use crate::error::{Error, Result};
use crate::etag::IfMatch;
use crate::event::caller::Principal;
use crate::keys::{Key, Partition, Stored, comments_on};
use crate::model::comment::{Comment, CommentDeleted, CommentUpdated};
use crate::model::id::{CommentId, TaskId, UserId};
use crate::model::project::Project;
use crate::model::task::Task;
use crate::model::text::CommentText;
use crate::page::{Cursor, Limit, Page};
use crate::reply::Reply;
use crate::tenant::Tenant;

/// What a cursor of this list is bound to.
const LIST: &str = "comments";

/// How many comments are written at once, where those of a task are gone through.
pub(super) const AT_ONCE: usize = 10;

impl Db {
    /// The comments on a task, by when they were made; one read, or two at once while they follow it from another
    /// project.
    ///
    /// # Errors
    /// 400 for a cursor of another list.
    pub async fn comments(
        &self,
        project: &Stored<Project>,
        task: &Task,
        is_newest_first: bool,
        limit: Limit,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Comment>> {
        let list = (task.id, is_newest_first);
        let after: Option<CommentId> =
            cursor.map(|cursor| cursor.place(LIST, &list)).transpose()?;
        let some = |partition: Partition<Comment>| async move {
            let most = limit.get() + 1;
            self.some_comments(&partition, task.id, is_newest_first, after, most)
                .await
        };
        let before = task.comments_from;
        let before = before.map(|from| Partition::comments_in(project.tenant(), from));
        let (mut found, has_more) = match before {
            None => some(project.comments()).await?,
            Some(before) => {
                let (there, here) = futures::try_join!(some(before), some(project.comments()))?;
                together(there, here, is_newest_first)
            }
        };
        let end = match limit.cut(&mut found) {
            None => found.last().filter(|_| has_more),
            cut => cut,
        };
        let next = end.map(|end| Cursor::new(LIST, &list, &end.id));
        let next = next.transpose()?;
        Ok(Page::of(found, next))
    }

    /// A comment, with its task and project; a read, two at once, and one.
    ///
    /// # Errors
    /// 404 if it is not there, or its task is not.
    pub async fn find_comment(
        &self,
        caller: &Principal,
        task: TaskId,
        id: CommentId,
    ) -> Result<(Stored<Project>, Stored<Task>, Stored<Comment>)> {
        let (project, task) = self.find_task(caller, task).await?;
        // First where it goes from: what is there no longer is where it has gone.
        let left = match task.comments_from {
            Some(from) => {
                let key = Key::comment(project.tenant(), from, task.id, id);
                self.get(key).await?
            }
            None => None,
        };
        let comment = match left {
            Some(comment) => comment,
            None => self.load(project.comment(task.id, id)).await?,
        };
        Ok((project, task, comment))
    }

    /// That each of some users is a member; one read, or none if there are none.
    ///
    /// # Errors
    /// 422 of the field if one of them is not.
    pub async fn require_members(
        &self,
        tenant: &Tenant,
        users: &[UserId],
        field: &str,
    ) -> Result<()> {
        if users.is_empty() {
            return Ok(());
        }
        let keys = users.iter().map(|user| tenant.member(*user)).collect();
        let members = self.get_all(keys).await?;
        if members.len() == users.len() {
            return Ok(());
        }
        let message = "Mentions somebody who is not a member of this tenant";
        Err(Error::invalid(field, message))
    }

    /// Has a comment say something else: by its author, and by what it is when it is written. Nothing is written
    /// where nothing is different.
    ///
    /// # Errors
    /// 404 if it is not there; 403 for anybody else; 412 if it is not what the client has seen; 422 if it mentions who is no
    /// member; 503 if too many change the project at once.
    pub async fn edit_comment<T: Serialize>(
        &self,
        caller: &Principal,
        (task, id): (TaskId, CommentId),
        if_match: &IfMatch,
        text: Option<&CommentText>,
        answer: impl Fn(Comment) -> Reply<T>,
    ) -> Result<Reply<T>> {
        let mut backoff = Backoff::default();
        loop {
            let (project, task, before) = self.find_comment(caller, task, id).await?;
            before.require_author(caller)?;
            if_match.require(before.version)?;
            let Some(text) = text.filter(|text| **text != before.text) else {
                return Ok(answer(before.into_inner()));
            };
            let comment = before.edited(text.clone(), self.after(&project))?;
            let mentioned = comment.newly_mentioned(&before);
            self.require_members(&caller.tenant, &mentioned, "text")
                .await?;
            project.require_seen_by(mentioned.iter().copied(), "text")?;
            let mut change = self.change(&access::open(caller, project)?, caller);
            change.rewrite_comment(&task, &before, &comment);
            change.tell_mentioned(&task, &comment, &mentioned);
            change.emit(&CommentUpdated::of(&comment));
            if let Some(reply) = change.commit_as_read_with(answer(comment)).await? {
                return Ok(reply);
            }
            self.again(&mut backoff).await?;
        }
    }

    /// Removes a comment: by its author, or an admin.
    ///
    /// # Errors
    /// 404 if it is not there; 403 for anybody else; 412 if it is not what the client has seen; 503 if too many change the
    /// project at once.
    pub async fn delete_comment(
        &self,
        caller: &Principal,
        (task, id): (TaskId, CommentId),
        if_match: &IfMatch,
    ) -> Result<Reply<()>> {
        let mut backoff = Backoff::default();
        loop {
            let (project, task, comment) = self.find_comment(caller, task, id).await?;
            comment.require_may_remove(caller)?;
            if_match.require(comment.version)?;
            let mut change = self.change(&access::open(caller, project)?, caller);
            change.remove_comment(&task, &comment);
            change.emit(&CommentDeleted::of(&comment));
            let done = Reply::no_content();
            if let Some(reply) = change.commit_as_read_with(done).await? {
                return Ok(reply);
            }
            self.again(&mut backoff).await?;
        }
    }

    /// Has the comments on a task go when it does, if it is deleted, and stay if it is there: by what it is when all
    /// of them are so. Who does it at the same time by what the task was before finds that out as well.
    pub async fn settle_comments(&self, project: &Stored<Project>, task: TaskId) -> Result<()> {
        loop {
            let ttl = self.comments_go_at(project, task).await?;
            if !self.settle_at(project, task, ttl).await? {
                return Ok(());
            }
        }
    }

    async fn comments_go_at(&self, project: &Stored<Project>, task: TaskId) -> Result<Option<i64>> {
        if self.get(project.task(task)).await?.is_some() {
            return Ok(None);
        }
        let now = self.dynamo.request().clock().now() / 1000;
        let deleted = self.get(project.deleted_task(task)).await?;
        Ok(Some(
            deleted.map_or(now, |deleted| Comment::goes_with(&deleted)),
        ))
    }

    /// Returns whether there were any that had another end.
    async fn settle_at(
        &self,
        project: &Stored<Project>,
        task: TaskId,
        ttl: Option<i64>,
    ) -> Result<bool> {
        let mut after = None;
        let mut has_changed = false;
        loop {
            let (comments, has_more) = self
                .some_comments(&project.comments(), task, false, after, super::BATCH)
                .await?;
            after = comments.last().map(|comment| comment.id);
            let others: Vec<_> = comments
                .into_iter()
                .filter(|comment| comment.ttl.is_some() != ttl.is_some())
                .collect();
            has_changed |= !others.is_empty();
            for some in others.chunks(AT_ONCE) {
                try_join_all(
                    some.iter()
                        .map(|comment| self.end_at(project, comment, ttl)),
                )
                .await?;
            }
            if !has_more {
                return Ok(has_changed);
            }
        }
    }

    /// Whatever else becomes of it meanwhile.
    async fn end_at(
        &self,
        project: &Stored<Project>,
        comment: &Comment,
        ttl: Option<i64>,
    ) -> Result<()> {
        let key = project.comment(comment.task_id, comment.id);
        let update = self
            .dynamo
            .client()
            .update_item()
            .table_name(self.dynamo.table(key.table())?)
            .set_key(Some(key.item()))
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#ttl", "ttl");
        let update = match ttl {
            None => update.update_expression("REMOVE #ttl"),
            Some(ttl) => update
                .update_expression("SET #ttl = :ttl")
                .expression_attribute_values(":ttl", number(&ttl)),
        };
        met(update.send().await).map(|_still_there| ())
    }

    /// The first comments on a task, or those behind one, and whether there are more.
    pub(super) async fn some_comments(
        &self,
        comments: &Partition<Comment>,
        task: TaskId,
        is_newest_first: bool,
        after: Option<CommentId>,
        most: usize,
    ) -> Result<(Vec<Comment>, bool)> {
        let start = after.map(|id| key_item(comments.pk(), &format!("{}{id}", comments_on(task))));
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let answer = self
            .dynamo
            .client()
            .query()
            .table_name(self.dynamo.table(comments.table())?)
            .key_condition_expression("pk = :pk AND begins_with(sk, :task)")
            .expression_attribute_values(":pk", text(comments.pk()))
            .expression_attribute_values(":task", text(&comments_on(task)))
            .set_exclusive_start_key(start)
            .consistent_read(true)
            .scan_index_forward(!is_newest_first)
            .limit(i32::try_from(most).unwrap_or(i32::MAX))
            .send()
            .await?;
        let has_more = answer.last_evaluated_key.is_some();
        let items = answer.items.unwrap_or_default().into_iter();
        Ok((items.map(from_item).collect::<Result<_>>()?, has_more))
    }
}

/// Some of a list and whether there are more.
type Some<T> = (Vec<T>, bool);

/// The first of two lists together. Behind the end of one that goes on, what is missing is not known.
fn together(one: Some<Comment>, other: Some<Comment>, is_newest_first: bool) -> Some<Comment> {
    let rank = |comment: &Comment| comment.id;
    let has_more = one.1 || other.1;
    let ends = [&one, &other].into_iter().filter(|(_, more)| *more);
    let ends = ends.filter_map(|(found, _)| found.last().map(rank));
    let end = if is_newest_first {
        ends.max()
    } else {
        ends.min()
    };
    let mut found: Vec<Comment> = one.0.into_iter().chain(other.0).collect();
    found.sort_by_key(rank);
    found.dedup_by_key(|comment| comment.id);
    if is_newest_first {
        found.reverse();
    }
    let is_known = |comment: &Comment| match end {
        None => true,
        Some(end) if is_newest_first => comment.id >= end,
        Some(end) => comment.id <= end,
    };
    found.retain(is_known);
    (found, has_more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::ProjectId;
    use proptest::prelude::*;

    fn comment(task: &Task) -> Comment {
        let text = CommentText::try_from("Ten".to_owned()).expect("it is one");
        Comment::new(task, UserId::new(), text, 1).expect("it mentions nobody")
    }

    /// A page as a stretch of one partition gives it: it may end before its limit.
    fn page(
        all: &[Comment],
        after: Option<CommentId>,
        most: usize,
        newest_first: bool,
    ) -> Some<Comment> {
        let mut rest: Vec<_> = all.to_vec();
        if newest_first {
            rest.reverse();
        }
        rest.retain(|comment| match after {
            None => true,
            Some(after) if newest_first => comment.id < after,
            Some(after) => comment.id > after,
        });
        let has_more = rest.len() > most;
        rest.truncate(most);
        (rest, has_more)
    }

    proptest! {
        #[test]
        fn two_lists_together_are_walked_as_one(
            sides in prop::collection::vec(any::<bool>(), 0..30),
            (some, others) in (1..6_usize, 1..6_usize),
            newest_first in any::<bool>(),
        ) {
            let title = "Count down".to_owned().try_into().expect("it is one");
            let task = Task::new(ProjectId::new(), UserId::new(), title, 1);
            let mut all: Vec<_> = sides.iter().map(|_| comment(&task)).collect();
            all.sort_by_key(|comment| comment.id);
            let side = |is_one: bool| -> Vec<Comment> {
                let own = all.iter().zip(&sides).filter(|(_, side)| **side == is_one);
                own.map(|(comment, _)| comment.clone()).collect()
            };
            let (one, other) = (side(true), side(false));
            let mut walked = Vec::new();
            let mut after = None;
            loop {
                let pages = (
                    page(&one, after, some, newest_first),
                    page(&other, after, others, newest_first),
                );
                let (found, has_more) = together(pages.0, pages.1, newest_first);
                after = found.last().map(|comment| comment.id).or(after);
                walked.extend(found.iter().map(|comment| comment.id));
                if !has_more {
                    break;
                }
                prop_assert!(!found.is_empty());
            }
            if newest_first {
                walked.reverse();
            }
            prop_assert_eq!(walked, all.iter().map(|comment| comment.id).collect::<Vec<_>>());
        }
    }
}
