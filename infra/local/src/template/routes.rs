use super::{
    TemplateError, events::EventSource, functions::target, intrinsics::Resolver,
    resources::Resource,
};
use serde::Deserialize;

/// An HTTP API's `CorsConfiguration`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all(deserialize = "PascalCase"))]
pub struct Cors {
    /// Origins, `*`, `http://*` or `https://*`.
    pub allow_origins: Vec<String>,
    /// Methods, or `*`.
    pub allow_methods: Vec<String>,
    /// Headers that a request may carry, or `*`.
    pub allow_headers: Vec<String>,
    /// Headers of an answer that a script may read, or `*`.
    pub expose_headers: Vec<String>,
    /// Seconds that a preflight's answer may be kept.
    pub max_age: Option<u32>,
    /// Whether cookies may come along.
    pub allow_credentials: bool,
}

/// The routes that stand as resources of their own, with their functions' logical ids.
pub(super) fn routes(resolver: &Resolver<'_>) -> Result<Vec<(String, EventSource)>, TemplateError> {
    let answered = answered_routes(resolver)?;
    let routes = resolver.resources("AWS::ApiGatewayV2::Route")?;
    routes
        .into_iter()
        .map(|route| self::route(resolver, route, &answered))
        .collect()
}

/// The CORS configuration of the HTTP API.
pub(super) fn cors(resolver: &Resolver<'_>) -> Result<Option<Cors>, TemplateError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct HttpApi {
        cors_configuration: Option<Cors>,
    }
    for kind in ["AWS::Serverless::HttpApi", "AWS::ApiGatewayV2::Api"] {
        for resource in resolver.resources(kind)? {
            let api: HttpApi = resolver.properties(resource, &["CorsConfiguration"])?;
            if api.cors_configuration.is_some() {
                return Ok(api.cors_configuration);
            }
        }
    }
    Ok(None)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Route {
    api_id: String,
    #[serde(rename = "RouteKey")]
    key: String,
    target: String,
}

fn route(
    resolver: &Resolver<'_>,
    resource: Resource<'_>,
    answered: &[String],
) -> Result<(String, EventSource), TemplateError> {
    let place = format!("Resources.{}.Properties", resource.id);
    let route: Route = resolver.properties(resource, &["ApiId", "RouteKey", "Target"])?;
    let function = integration(resolver, &route.target, &place)?;
    let event = if is_socket_api(resolver, &route.api_id) {
        EventSource::Socket {
            route: route.key,
            route_response: answered.iter().any(|id| id == resource.id),
        }
    } else {
        let (method, path) = route.key.split_once(' ').unwrap_or(("ANY", &route.key));
        EventSource::Http {
            method: method.to_owned(),
            path: path.to_owned(),
        }
    };
    Ok((function, event))
}

/// The function behind `integrations/{id}`.
fn integration(
    resolver: &Resolver<'_>,
    target_path: &str,
    place: &str,
) -> Result<String, TemplateError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Integration {
        integration_uri: String,
    }
    let id = target_path.trim_start_matches("integrations/");
    let resources = resolver.resources("AWS::ApiGatewayV2::Integration")?;
    let resource = resources
        .into_iter()
        .find(|resource| resource.id == id)
        .ok_or_else(|| TemplateError::at(place, format!("`{target_path}` is no integration")))?;
    let integration: Integration = resolver.properties(resource, &["IntegrationUri"])?;
    let place = format!("Resources.{id}.Properties.IntegrationUri");
    target(resolver, &integration.integration_uri, &place)
}

/// Local references to an API are its logical id.
fn is_socket_api(resolver: &Resolver<'_>, api: &str) -> bool {
    let api = &resolver.document.resources.get(api);
    api.is_some_and(|api| api["Properties"]["ProtocolType"] == "WEBSOCKET")
}

/// The ids of the routes with a route response of key `$default`.
fn answered_routes(resolver: &Resolver<'_>) -> Result<Vec<String>, TemplateError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct RouteResponse {
        route_id: String,
        route_response_key: String,
    }
    let mut ids = Vec::new();
    for resource in resolver.resources("AWS::ApiGatewayV2::RouteResponse")? {
        let response: RouteResponse =
            resolver.properties(resource, &["RouteId", "RouteResponseKey"])?;
        if response.route_response_key == "$default" {
            ids.push(response.route_id);
        }
    }
    Ok(ids)
}
