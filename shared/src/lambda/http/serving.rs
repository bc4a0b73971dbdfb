//! The way of a request: who calls, how often, whether they may, and only then what they want.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use serde_json::Value;
use serde_json::value::RawValue;

use super::authentication::authenticate;
use super::idempotency::{once, requester};
use super::notes::noting;
use super::{arguments, client, if_match, limits, parse};
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::event::Event;
use crate::event::caller::{Caller, Identity};
use crate::input::Input;
use crate::lambda::{act_where, refusals};
use crate::reply::Reply;
use crate::schema::Output;
use crate::sdk::Sdk;

/// Finds out who calls, and how often they have; then whether they may, and only then what they want. A refusal of
/// somebody who is known is noted before it is given out.
pub(super) async fn serve<T, C, O, H, F>(
    handler: &H,
    endpoint: &Endpoint,
    sdk: &Sdk,
    request: &ApiGatewayV2httpRequest,
    request_id: &str,
) -> Result<Reply<Box<RawValue>>>
where
    T: Input + Send,
    C: Caller,
    O: Output + Send,
    H: Fn(Sdk, Event<T, C>) -> F + Sync,
    F: Future<Output = Result<Reply<O>>> + Send,
{
    let identity = authenticate::<C>(sdk, endpoint, request).await;
    let is_nobody = C::AUTHENTICATED && !matches!(identity, Ok(Some(_)));
    let arguments = if is_nobody {
        Ok(Value::Null)
    } else {
        arguments(endpoint, request)
    };
    let kind = endpoint.rate.kind(arguments.as_ref().ok());
    let served = async {
        let identity = identity?;
        act_where::<C>(sdk, identity.as_ref())?;
        let acting = refusals::acting::<C>(identity.as_ref());
        let key = identity.as_ref().and_then(Identity::key_to_note);
        let requester = requester::<C>(identity.as_ref());
        let role = acting.as_ref().map(|principal| principal.role.into());
        let served = match C::admit(identity) {
            Err(refusal) => Err(refusal),
            Ok(caller) => {
                let request_served = async {
                    let (input, fields) =
                        parse::<T>(endpoint, request, arguments?, O::json_schema)?;
                    let event = Event {
                        if_match: if_match(endpoint, request)?,
                        client: client(request),
                        ..Event::new(input, caller, request_id)
                    };
                    fields.of(handler(sdk.clone(), event).await?.rendered()?)
                };
                let request_served = once::<C>(sdk, endpoint, request, requester, request_served);
                noting::<C, _>(sdk, endpoint, key, acting.as_ref(), request_served).await
            }
        };
        let served = served.map(|reply| reply.seen_as(sdk.permission().or(role)));
        refusals::noted::<C, _>(sdk, endpoint, acting, request.raw_path.as_deref(), served).await
    };
    limits::within::<C, _>(sdk, kind, served).await
}
