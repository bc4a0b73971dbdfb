//! Refusals of what exists: whoever is known and may not do something is told so, once that stands in the
//! audit log.

use futures::future::{BoxFuture, FutureExt, ready};
use uuid::Uuid;

use crate::endpoint::Endpoint;
use crate::error::{Code, Error, Result};
use crate::event::caller::{Caller, Identity, Principal};
use crate::model::audit::{Deed, tenant_object};
use crate::sdk::Sdk;

/// Who acts in a tenant, if anybody does. A function that lets anyone in holds no code for that.
pub(crate) fn acting<C: Caller>(identity: Option<&Identity>) -> Option<Principal> {
    let identity = identity.filter(|_| C::AUTHENTICATED);
    identity.and_then(Identity::acting).cloned()
}

/// The same outcome, noted if it is a 403. It is chosen here, and not in a future, whether there is any code for
/// that: a future keeps what it may go on with.
///
/// # Errors
/// 503 if it could not be noted: a refusal that the log does not tell of is not given out, for else whoever
/// can make the log fail could try doors unseen. It was refused all the same, and can be asked for again.
pub(crate) fn noted<'a, C: Caller, T: Send + 'a>(
    sdk: &'a Sdk,
    endpoint: &'a Endpoint,
    acting: Option<Principal>,
    path: Option<&'a str>,
    outcome: Result<T>,
) -> BoxFuture<'a, Result<T>> {
    if C::AUTHENTICATED
        && let Some(acting) = acting
    {
        return note(sdk, endpoint, acting, path, outcome).boxed();
    }
    ready(outcome).boxed()
}

async fn note<T>(
    sdk: &Sdk,
    endpoint: &Endpoint,
    principal: Principal,
    path: Option<&str>,
    outcome: Result<T>,
) -> Result<T> {
    let refused = outcome
        .as_ref()
        .is_err_and(|error| error.code() == Code::Forbidden);
    if refused {
        let tenant = principal.tenant;
        let deed = Deed {
            actor: Some(principal.actor()),
            action: endpoint.name.to_owned(),
            object: path
                .and_then(object)
                .unwrap_or_else(|| tenant_object(tenant.id())),
        };
        sdk.audit
            .refused(&principal, deed)
            .await
            .map_err(Error::unavailable)?;
    }
    outcome
}

/// What a path is about, by the last id in it: `session/{id}` of `/api/sessions/{id}`.
fn object(path: &str) -> Option<String> {
    let segments: Vec<_> = path.split('/').collect();
    segments.windows(2).rev().find_map(|pair| {
        let id = Uuid::try_parse(pair[1]).ok()?;
        let kind = match pair[0] {
            // As events name whoever they are about.
            "members" => "user",
            kind => kind.strip_suffix('s').unwrap_or(kind),
        };
        Some(format!("{kind}/{id}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "01900000-0000-7000-8000-000000000001";

    #[test]
    fn a_path_is_about_what_the_last_id_in_it_names() {
        let tenant = "01900000-0000-7000-8000-000000000002";
        for (path, object) in [
            ("/api/create-project".to_owned(), None),
            (format!("/api/sessions/{ID}"), Some(format!("session/{ID}"))),
            (
                format!("/api/tenants/{tenant}/members/{ID}"),
                Some(format!("user/{ID}")),
            ),
            (
                format!("/api/tenants/{ID}/settings"),
                Some(format!("tenant/{ID}")),
            ),
            ("/api/sessions/7".to_owned(), None),
        ] {
            assert_eq!(super::object(&path), object, "{path}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_path_is_it_names_something_or_nothing(path in "(/[ -~]{0,12}){0,6}") {
            let _named_or_not = object(&path);
        }
    }
}
