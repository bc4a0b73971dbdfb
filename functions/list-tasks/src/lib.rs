//! `GET /api/projects/{id}/tasks` and `GET /api/tasks`: tasks of a project, and of whoever is to do them.

use shared::input::Flag;
use shared::model::audit::Moment;
use shared::model::id::{LabelId, ProjectId, TaskId};
use shared::model::task::expanded::{Expand, ExpandedTask};
use shared::model::task::listed::{AssignedSort, Assignee, Filter, TaskSort, Wanted};
use shared::model::task::{Priority, Status};
use shared::page::{Cursor, Limit, Page, PageNumber, Paging, PerPage};
use shared::prelude::*;

/// Viewers list, and editors what is deleted; the project and a query at once, and then the tasks that it has found; whom
/// they are given to comes after that, where it is asked for.
pub const ENDPOINT: Endpoint = Endpoint::http("list-tasks", "GET", "/api/projects/{id}/tasks")
    .also(&[("GET", "/api/tasks")])
    .called_by(uses::MEMBER)
    .uses(&[
        uses::DB_GET,
        uses::DB_LIST,
        uses::TASKS_BY_PLACE,
        uses::TASKS_BY_DUE,
        uses::TASKS_BY_ASSIGNEE,
        uses::TASKS_BY_PRIORITY,
        uses::TASKS_BY_CHANGE,
        uses::DB_BATCH_GET,
    ]);

/// Which of them, in which order, and which page.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: ProjectId,
    #[deserr(default)]
    status: Option<Status>,
    #[deserr(default)]
    assigned_to: Option<Assignee>,
    #[deserr(default)]
    priority: Option<Priority>,
    #[deserr(default)]
    due_after: Option<Moment>,
    #[deserr(default)]
    due_before: Option<Moment>,
    #[deserr(default)]
    updated_after: Option<Moment>,
    #[deserr(default)]
    label: Option<LabelId>,
    #[deserr(default)]
    parent_id: Option<TaskId>,
    #[deserr(default)]
    deleted: Flag,
    #[deserr(default)]
    sort: Option<TaskSort>,
    #[deserr(default)]
    page: Option<PageNumber>,
    #[deserr(default)]
    per_page: Option<PerPage>,
    #[deserr(default)]
    limit: Option<Limit>,
    #[deserr(default)]
    cursor: Option<Cursor>,
    #[deserr(default)]
    expand: Expand,
}

/// Whose, in which order, and which page.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct OfUser {
    assigned_to: Assignee,
    #[deserr(default)]
    due_after: Option<Moment>,
    #[deserr(default)]
    due_before: Option<Moment>,
    #[deserr(default)]
    sort: Option<AssignedSort>,
    #[deserr(default)]
    page: Option<PageNumber>,
    #[deserr(default)]
    per_page: Option<PerPage>,
    #[deserr(default)]
    limit: Option<Limit>,
    #[deserr(default)]
    cursor: Option<Cursor>,
    #[deserr(default)]
    expand: Expand,
}

/// Lists them: the oldest first, unless something else is asked for. Those that are deleted and can be restored are for
/// whoever may change tasks, each with `restorable_until`.
pub async fn list_tasks(
    sdk: Sdk,
    event: Event<Input, Viewer>,
) -> Result<Reply<Page<ExpandedTask>>> {
    let Event { input, caller, .. } = event;
    let filter = Filter {
        status: input.status,
        assigned_to: input.assigned_to.map(|who| who.of(caller.user_id)),
        priority: input.priority,
        due_after: input.due_after,
        due_before: input.due_before,
        updated_after: input.updated_after,
        label: input.label,
        parent_id: input.parent_id,
        deleted: input.deleted.0,
    };
    let paging = Paging::of((input.page, input.per_page), (input.limit, input.cursor));
    let wanted = Wanted::in_project(filter, input.sort, paging)?;
    let page = sdk.db.tasks(&caller, input.id, &wanted, input.expand);
    Ok(Reply::ok(page.await?))
}

/// Lists somebody's, whatever projects they are in: what is due first, unless something else is asked for.
pub async fn list_assigned_tasks(
    sdk: Sdk,
    event: Event<OfUser, Viewer>,
) -> Result<Reply<Page<ExpandedTask>>> {
    let Event { input, caller, .. } = event;
    let user_id = input.assigned_to.of(caller.user_id);
    let filter = Filter {
        assigned_to: Some(user_id),
        due_after: input.due_after,
        due_before: input.due_before,
        ..Filter::default()
    };
    let paging = Paging::of((input.page, input.per_page), (input.limit, input.cursor));
    let wanted = Wanted::of_user(filter, input.sort, paging)?;
    let page = sdk.db.tasks_of(&caller, user_id, &wanted, input.expand);
    Ok(Reply::ok(page.await?))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, list_tasks).route(
        "GET",
        "/api/tasks",
        list_assigned_tasks,
    )
}
