//! Who calls, and for which tenant: what a request presents and names.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use futures::future::{BoxFuture, FutureExt, ready};

use super::header;
use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::event::caller::{Caller, Identity};
use crate::model::id::UserId;
use crate::model::secret::ApiKey;
use crate::model::tenant::Slug;
use crate::sdk::Sdk;
use crate::sdk::accounts::{Named, Selection, Visitor};

/// What a path calls the tenant that it is of.
pub(super) const TENANT: &str = "id";

const KEY: &str = "x-api-key";

const TOKEN: &str = "authorization";

const SELECTED: &str = "x-tenant-id";

/// What a request presents.
#[derive(Debug, PartialEq, Eq)]
enum Presented<'a> {
    Token(&'a str),
    Key(&'a str),
}

/// The caller as of now; nobody if what is presented is not valid. A function that lets anyone in holds no code
/// for it.
pub(super) fn authenticate<'a, C: Caller>(
    sdk: &'a Sdk,
    endpoint: &'a Endpoint,
    request: &'a ApiGatewayV2httpRequest,
) -> BoxFuture<'a, Result<Option<Identity>>> {
    if C::AUTHENTICATED {
        identify::<C>(sdk, endpoint, request).boxed()
    } else {
        ready(Ok(None)).boxed()
    }
}

async fn identify<C: Caller>(
    sdk: &Sdk,
    endpoint: &Endpoint,
    request: &ApiGatewayV2httpRequest,
) -> Result<Option<Identity>> {
    if [KEY, TOKEN].iter().any(|name| is_no_text(request, name)) {
        return Ok(None);
    }
    let Some(presented) = presented(request)? else {
        return Ok(None);
    };
    let selection = selection(endpoint, request, sdk.accounts.domain());
    match presented {
        Presented::Token(token) if sdk.accounts.is_of_provider(token) => {
            visiting::<C>(sdk, token, &selection).await
        }
        Presented::Token(token) => sdk.accounts.by_token(token, &selection).await,
        Presented::Key(key) => sdk.accounts.by_key(key, &selection).await,
    }
}

/// The caller with a token of the external identity provider.
async fn visiting<C: Caller>(
    sdk: &Sdk,
    token: &str,
    selection: &Selection,
) -> Result<Option<Identity>> {
    let Some(visitor) = sdk.accounts.visitor(token).await? else {
        return Ok(None);
    };
    let user_id = match visitor.user_id {
        Some(user_id) => user_id,
        None => first_seen::<C>(sdk, &visitor).await?,
    };
    let until = visitor.until();
    sdk.accounts.by_provider(user_id, until, selection).await
}

/// A function that welcomes nobody holds no code for it.
fn first_seen<'a, C: Caller>(sdk: &'a Sdk, visitor: &'a Visitor) -> BoxFuture<'a, Result<UserId>> {
    if C::WELCOMES {
        return sdk.accounts.welcome(visitor).boxed();
    }
    ready(Err(Error::newcomer())).boxed()
}

/// Whether a header is there that can't be read. It must not count as if it were not.
fn is_no_text(request: &ApiGatewayV2httpRequest, name: &str) -> bool {
    let values = request.headers.get_all(name);
    values.iter().any(|value| value.to_str().is_err())
}

/// `Authorization: Bearer`, with a token or a key, or `X-API-Key`. With both it can't be told who calls.
fn presented(request: &ApiGatewayV2httpRequest) -> Result<Option<Presented<'_>>> {
    let key = header(request, KEY).map(str::trim);
    match (bearer(request), key) {
        (Some(_), Some(_)) => Err(Error::bad_request(
            "Send either Authorization or X-API-Key, not both",
        )),
        (Some(text), None) if text.starts_with(ApiKey::PREFIX) => Ok(Some(Presented::Key(text))),
        (Some(token), None) => Ok(Some(Presented::Token(token))),
        (None, Some(key)) => Ok(Some(Presented::Key(key))),
        (None, None) => Ok(None),
    }
}

fn bearer(request: &ApiGatewayV2httpRequest) -> Option<&str> {
    let (scheme, token) = header(request, TOKEN)?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// The path of what is a tenant's own, `X-Tenant-Id`, and what stands before `domain` in the host's name.
fn selection(
    endpoint: &Endpoint,
    request: &ApiGatewayV2httpRequest,
    domain: Option<&str>,
) -> Selection {
    let host = request.request_context.domain_name.as_deref();
    let in_path = request.path_parameters.get(TENANT);
    Selection {
        in_path: in_path
            .filter(|_| endpoint.names_its_tenant())
            .map(|id| id.parse())
            .into(),
        id: match header(request, SELECTED) {
            Some(id) => Some(id.trim().parse()).into(),
            None if is_no_text(request, SELECTED) => Named::Nobody,
            None => Named::Nothing,
        },
        slug: host
            .zip(domain)
            .and_then(|(host, domain)| subdomain(host, domain))
            .filter(|name| !Slug::is_reserved(name))
            .map(Slug::try_from)
            .into(),
    }
}

/// Host names have no case.
fn subdomain(host: &str, domain: &str) -> Option<String> {
    let host = host.to_ascii_lowercase();
    let name = host.strip_suffix(&domain.to_ascii_lowercase())?;
    name.strip_suffix('.').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const PLAIN: Endpoint = Endpoint::http("one", "GET", "/api/things/{id}");

    fn request(headers: &[(&str, &str)], host: &str) -> ApiGatewayV2httpRequest {
        let headers: serde_json::Map<_, _> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        let event = json!({
            "headers": headers,
            "requestContext": { "domainName": host, "http": { "method": "GET", "path": "/" } },
        });
        serde_json::from_value(event).expect("it is an event")
    }

    #[test]
    fn a_key_is_presented_in_either_header_and_never_beside_a_token() {
        let of = |headers: &[(&str, &str)]| {
            let request = request(headers, "localhost");
            presented(&request)
                .map(|presented| presented.map(|presented| format!("{presented:?}")))
                .map_err(|error| error.code().status())
        };
        let is = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(
            of(&[("authorization", "Bearer a.b.c")]),
            is(r#"Token("a.b.c")"#)
        );
        assert_eq!(
            of(&[("authorization", "bearer  tnn_x ")]),
            is(r#"Key("tnn_x")"#)
        );
        assert_eq!(of(&[("x-api-key", " tnn_x")]), is(r#"Key("tnn_x")"#));
        assert_eq!(of(&[("x-api-key", "a.b.c")]), is(r#"Key("a.b.c")"#));
        assert_eq!(of(&[("authorization", "Basic eA==")]), Ok(None));
        assert_eq!(
            of(&[("authorization", "Bearer a"), ("x-api-key", "a")]),
            Err(400)
        );
    }

    #[test]
    fn a_tenant_is_named_by_header_or_by_host() {
        const ID: &str = "01900000-0000-7000-8000-000000000001";
        let of = |headers: &[(&str, &str)], host: &str| {
            selection(&PLAIN, &request(headers, host), Some("tenon.example"))
        };
        let slug = |text: &str| Named::from(Some(Slug::try_from(text.to_owned())));
        assert_eq!(of(&[], "tenon.example"), Selection::default());
        assert_eq!(of(&[], "eviltenon.example"), Selection::default());
        assert_eq!(of(&[], "Acme.Tenon.Example").slug, slug("acme"));
        assert_eq!(of(&[], "a.b.tenon.example").slug, Named::Nobody);
        assert_eq!(of(&[], ".tenon.example").slug, Named::Nobody);
        assert_eq!(
            of(&[("x-tenant-id", ID)], "x").id,
            Named::from(Some(ID.parse()))
        );
        assert_eq!(of(&[("x-tenant-id", "acme")], "x").id, Named::Nobody);
        let nothing = selection(&PLAIN, &request(&[], "a.b"), None);
        assert_eq!(nothing, Selection::default());
        assert_eq!(of(&[], "api.tenon.example"), Selection::default());
    }

    #[test]
    fn a_tenant_is_named_by_the_path_of_what_is_its_own_and_by_no_other() {
        const ID: &str = "01900000-0000-7000-8000-000000000001";
        let of = |path: &'static str, id: &str| {
            let mut request = request(&[], "x");
            request
                .path_parameters
                .insert(TENANT.to_owned(), id.to_owned());
            selection(&Endpoint::http("one", "GET", path), &request, None).in_path
        };
        let named = Named::from(Some(ID.parse()));
        assert_eq!(of("/api/tenants/{id}", ID), named);
        assert_eq!(of("/api/tenants/{id}/settings", ID), named);
        assert_eq!(of("/api/tenants/{id}/settings", "x"), Named::Nobody);
        assert_eq!(of("/api/tenants/{id}s", ID), Named::Nothing);
        assert_eq!(of("/api/sessions/{id}", ID), Named::Nothing);
    }

    proptest! {
        #[test]
        fn whatever_the_headers_hold_nobody_panics(
            authorization in "[^\\x00-\\x08\\x0a-\\x1f\\x7f]{0,60}",
            key in proptest::option::of("[^\\x00-\\x08\\x0a-\\x1f\\x7f]{0,60}"),
            tenant in "[^\\x00-\\x08\\x0a-\\x1f\\x7f]{0,40}",
            host in ".{0,40}",
        ) {
            let mut headers = vec![("authorization", &*authorization), ("x-tenant-id", &tenant)];
            headers.extend(key.iter().map(|key| ("x-api-key", &**key)));
            let request = request(&headers, &host);
            if let Ok(presented) = presented(&request) {
                prop_assert_eq!(presented.is_some(), header_is_bearer(&authorization) || key.as_ref().is_some_and(|key| key.is_ascii()));
            }
            let selection = selection(&PLAIN, &request, Some("tenon.example"));
            if let Named::One(slug) = selection.slug {
                let named = format!("{}.tenon.example", slug.as_str());
                prop_assert_eq!(host.to_ascii_lowercase(), named);
            }
        }
    }

    fn header_is_bearer(value: &str) -> bool {
        value.is_ascii()
            && value
                .get(..7)
                .is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "))
    }
}
