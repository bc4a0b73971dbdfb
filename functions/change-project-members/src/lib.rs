//! `PUT` and `DELETE /api/projects/{id}/members/{user_id}`: whom a project is shared with.

use shared::model::account::Role;
use shared::model::id::{ProjectId, UserId};
use shared::model::project::ProjectMemberView;
use shared::prelude::*;
use shared::reply::Data;

/// Who manages it shares it, and everybody gives up what is theirs; two reads at once and one transaction.
pub const ENDPOINT: Endpoint = Endpoint::http(
    "change-project-members",
    "PUT",
    "/api/projects/{id}/members/{user_id}",
)
.also(&[("DELETE", "/api/projects/{id}/members/{user_id}")])
.takes_if_match()
.called_by(uses::MEMBER)
.uses(&[
    uses::DB_GET,
    uses::DB_CHANGE,
    uses::DB_REMOVE,
    uses::CHANGE_NOTES,
    uses::IDEMPOTENCY,
    uses::STALE_CACHES,
]);

/// Who may do what in which project.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: ProjectId,
    user_id: UserId,
    role: Role,
}

/// Who, in which project.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Which {
    id: ProjectId,
    user_id: UserId,
}

/// Shares it, from the member's next request on. Who manages a project may: who made it, and its admins. Those are the
/// tenant's, or while it is private those whom it is shared with as admins.
pub async fn put_project_member(
    sdk: Sdk,
    event: Event<Input, Editor>,
) -> Result<Reply<Data<ProjectMemberView>>> {
    let Event {
        input,
        caller,
        if_match,
        ..
    } = event;
    let Input { id, user_id, role } = input;
    sdk.db
        .share_project(&caller, (id, &if_match), (user_id, role), shown)
        .await
}

/// Ends that, from their next request on: who manages the project anybody's share, and each their own.
pub async fn remove_project_member(sdk: Sdk, event: Event<Which, Viewer>) -> Result<Reply<()>> {
    let Event {
        input,
        caller,
        if_match,
        ..
    } = event;
    let Which { id, user_id } = input;
    sdk.db
        .unshare_project(&caller, (id, &if_match), user_id)
        .await
}

fn shown(member: ProjectMemberView) -> Reply<Data<ProjectMemberView>> {
    let version = member.version();
    Reply::ok(member.into()).version(version)
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, put_project_member).route(
        "DELETE",
        "/api/projects/{id}/members/{user_id}",
        remove_project_member,
    )
}
