//! `Idempotency-Key`: a request that has had its effect is answered again as it was.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use futures::future::{BoxFuture, FutureExt};
use serde_json::value::RawValue;

use super::header;
use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::event::caller::{Caller, Identity};
use crate::idempotency::{HEADER, Idempotency, Requester};
use crate::reply::Reply;
use crate::sdk::Sdk;

type Rendered = Reply<Box<RawValue>>;

/// Who asks, as far as what they ask for can be had once.
pub(super) fn requester<C: Caller>(identity: Option<&Identity>) -> Option<Requester> {
    let identity = identity?;
    let tenant = if C::IN_A_TENANT {
        Some(identity.acting()?.tenant)
    } else {
        None
    };
    Some(Requester {
        tenant,
        user_id: identity.user_id,
        credential: identity.credential,
    })
}

/// Serves a request once: one that comes again, or while the first is on its way, is given the first one's answer.
/// A function that lets anyone in holds no code for that.
pub(super) fn once<'a, C: Caller>(
    sdk: &'a Sdk,
    endpoint: &'a Endpoint,
    request: &'a ApiGatewayV2httpRequest,
    requester: Option<Requester>,
    served: impl Future<Output = Result<Rendered>> + Send + 'a,
) -> BoxFuture<'a, Result<Rendered>> {
    if !C::AUTHENTICATED {
        return served.boxed();
    }
    async move {
        let Some(idempotency) = wanted(endpoint, request, requester)? else {
            return served.await;
        };
        // What changes nothing, or shows a secret each time, is served each time.
        if !endpoint.keeps_answers() {
            return served.await;
        }
        if let Some(answer) = sdk.answers.of(&idempotency).await? {
            return Reply::replayed(answer);
        }
        sdk.once(idempotency.clone());
        sdk.answers.settled(&idempotency, served.await).await
    }
    .boxed()
}

/// What the request is known by, if it is to have its effect once. What only reads has none.
fn wanted(
    endpoint: &Endpoint,
    request: &ApiGatewayV2httpRequest,
    requester: Option<Requester>,
) -> Result<Option<Idempotency>> {
    let method = request.request_context.http.method.as_str();
    let changes = matches!(method, "POST" | "PUT" | "PATCH" | "DELETE");
    let is_asked_for = changes && request.headers.contains_key(HEADER);
    let Some(requester) = requester.filter(|_| is_asked_for) else {
        return Ok(None);
    };
    let mut keys = request.headers.get_all(HEADER).iter();
    let (Some(_), None) = (keys.next(), keys.next()) else {
        return Err(Error::bad_request(format!(
            "{HEADER} was sent more than once"
        )));
    };
    let key = header(request, HEADER).unwrap_or_default();
    let route = format!("{method} {}", endpoint.name);
    let content = [
        request.raw_path.as_deref(),
        request.raw_query_string.as_deref(),
        header(request, "if-match"),
        request.body.as_deref(),
    ];
    let content = content.map(Option::unwrap_or_default);
    Idempotency::of(requester, &route, key, &content).map(Some)
}
