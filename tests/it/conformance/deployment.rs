//! `template.yaml` deploys what the endpoints describe.

use std::collections::BTreeMap;

use local::template::EventSource;
use serde::Deserialize;
use shared::endpoint::{Endpoint, Resource, Trigger};

use super::grants::{RECEIVE, TENANT_ROLE, queue_name};
use super::workspace::{TEMPLATE, endpoints, read};
use crate::agreement::{Lines, assert_agree};

/// What each function has in its environment, whatever it uses.
const EVERYWHERE: &str = "LOG_LEVEL";

/// The stream's records that are events of the log.
const EVENTS: &str =
    r#"{"eventName":["INSERT"],"dynamodb":{"Keys":{"sk":{"S":[{"prefix":"EVENT#"}]}}}}"#;

#[test]
fn the_template_deploys_every_function_from_its_folder() {
    let wanted = endpoints()
        .iter()
        .map(|endpoint| {
            let name = endpoint.name;
            format!(
                "{}: functions/{name}/ by rust-cargolambda",
                logical_id(name)
            )
        })
        .collect();
    let found = deployed_functions()
        .into_iter()
        .map(|(id, function)| {
            let method = function.metadata.build_method;
            format!("{id}: {} by {method}", function.properties.code_uri)
        })
        .collect();
    assert_agree(
        ("the endpoints", &wanted),
        ("template.yaml", &found),
        "add the function, named as its folder in PascalCase.",
    );
}

#[test]
fn pages_of_allowed_origins_may_use_every_method_that_a_route_takes() {
    let template: serde_norway::Value =
        serde_norway::from_str(&read("template.yaml")).expect("it is YAML");
    let allowed =
        &template["Resources"]["HttpApi"]["Properties"]["CorsConfiguration"]["AllowMethods"];
    let allowed = allowed.as_sequence().expect("it is a list");
    let found = allowed
        .iter()
        .filter_map(|method| method.as_str().map(str::to_owned))
        .collect();
    let wanted = endpoints()
        .iter()
        .flat_map(|endpoint| endpoint.routes())
        .filter(|(_, path)| *path != "$default")
        .map(|(method, _)| method.to_owned())
        .collect();
    assert_agree(
        ("the endpoints' methods", &wanted),
        ("template.yaml", &found),
        "change HttpApi's AllowMethods.",
    );
}

#[test]
fn pages_of_allowed_origins_may_send_and_read_every_header_that_means_something() {
    let template: serde_norway::Value =
        serde_norway::from_str(&read("template.yaml")).expect("it is YAML");
    let cors = &template["Resources"]["HttpApi"]["Properties"]["CorsConfiguration"];
    let listed = |name: &str| -> Lines {
        let list = cors[name].as_sequence().expect("it is a list").iter();
        list.filter_map(|one| one.as_str().map(str::to_owned))
            .collect()
    };
    let reference: serde_json::Value =
        serde_json::from_str(&read("openapi.json")).expect("it is JSON");
    let parameters = reference["components"]["parameters"].as_object();
    let parameters = parameters.into_iter().flatten();
    let of_credentials = ["authorization", "content-type", "x-api-key"].map(str::to_owned);
    let sent = parameters
        .filter(|(_, parameter)| parameter["in"] == "header")
        .filter_map(|(_, parameter)| parameter["name"].as_str())
        .map(str::to_ascii_lowercase)
        .chain(of_credentials)
        .collect();
    assert_agree(
        ("what requests carry", &sent),
        ("template.yaml", &listed("AllowHeaders")),
        "change HttpApi's AllowHeaders.",
    );
    assert_agree(
        (
            "what answers carry",
            &crate::reference::headers_of_answers(),
        ),
        ("template.yaml", &listed("ExposeHeaders")),
        "change HttpApi's ExposeHeaders.",
    );
}

/// A page of any origin must not act for whoever looks at it.
#[test]
fn no_page_of_just_any_origin_is_let_in_and_no_cookie_comes_along() {
    let template: serde_norway::Value =
        serde_norway::from_str(&read("template.yaml")).expect("it is YAML");
    let cors = &template["Resources"]["HttpApi"]["Properties"]["CorsConfiguration"];
    assert!(cors.get("AllowCredentials").is_none());
    let origins = &template["Parameters"]["AllowedOrigins"];
    let one = "https?://[a-z0-9.:-]+";
    let pattern = origins["AllowedPattern"].as_str();
    assert_eq!(pattern, Some(format!("{one}(,{one})*").as_str()));
}

/// Each of them counts attempts: whoever floods one must not take the room of all others.
#[test]
fn what_counts_attempts_has_a_throttle_of_its_own() {
    let template: serde_norway::Value =
        serde_norway::from_str(&read("template.yaml")).expect("it is YAML");
    let settings = &template["Resources"]["HttpApi"]["Properties"]["RouteSettings"];
    let found = settings.as_mapping().expect("it is a mapping").keys();
    let found = found.filter_map(|route| route.as_str().map(str::to_owned));
    let mut wanted = Lines::new();
    for endpoint in endpoints() {
        let mut used = endpoint.granted().map(|used| used.resource);
        if used.any(|resource| resource == Resource::Attempts) {
            let routes = endpoint.routes();
            wanted.extend(routes.map(|(method, path)| format!("{method} {path}")));
        }
    }
    assert_agree(
        ("the endpoints that count attempts", &wanted),
        ("template.yaml", &found.collect()),
        "change HttpApi's RouteSettings.",
    );
}

#[test]
fn the_template_invokes_each_function_as_its_endpoint_says() {
    let wanted = endpoints()
        .iter()
        .flat_map(|endpoint| triggers(endpoint))
        .collect();
    let found = TEMPLATE
        .functions
        .iter()
        .flat_map(|function| {
            let name = &function.name;
            function
                .events
                .iter()
                .map(move |event| format!("{name}: {}", trigger(event)))
        })
        .collect();
    assert_agree(
        ("the endpoints", &wanted),
        ("template.yaml", &found),
        "change the function's Events, its route or its event source mapping.",
    );
}

#[test]
fn each_function_is_configured_with_what_it_uses_and_no_more() {
    let mut wanted = Lines::new();
    for endpoint in endpoints() {
        let used = endpoint.granted().map(|used| used.resource);
        let role = endpoint.of_a_tenant().next().map(|_| TENANT_ROLE);
        let variables = used
            .flat_map(shared::endpoint::Resource::variables)
            .chain(endpoint.optional_variables())
            .copied()
            .chain(role);
        wanted.extend(
            variables
                .chain([EVERYWHERE])
                .map(|variable| format!("{}: {variable}", endpoint.name)),
        );
    }
    let found = TEMPLATE
        .functions
        .iter()
        .flat_map(|function| {
            let name = &function.name;
            let variables = function.environment.keys();
            variables.map(move |variable| format!("{name}: {variable}"))
        })
        .collect();
    assert_agree(
        ("the variables of what the endpoints use", &wanted),
        ("template.yaml", &found),
        "change the function's Environment, or `uses` in its ENDPOINT.",
    );
}

/// `create-task` → `CreateTask`.
fn logical_id(name: &str) -> String {
    name.split('-')
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_uppercase() + rest
        })
        .collect()
}

/// What invokes a function, as its endpoint says.
fn triggers(endpoint: &Endpoint) -> Vec<String> {
    let name = endpoint.name;
    let events = match endpoint.trigger {
        Trigger::Http { .. } => endpoint
            .routes()
            .map(|(method, path)| format!("{method} {path}"))
            .collect(),
        Trigger::Socket { routes } => routes.iter().map(|route| socket(route, true)).collect(),
        Trigger::Stream => vec![stream("tenon-data", true, EVENTS)],
        Trigger::Queue => vec![queue(&consumed(endpoint), true)],
        Trigger::Schedule => vec![schedule().to_owned()],
    };
    events
        .into_iter()
        .map(|event| format!("{name}: {event}"))
        .collect()
}

/// The same of what the template has.
fn trigger(event: &EventSource) -> String {
    match event {
        EventSource::Http { method, path } => format!("{method} {path}"),
        EventSource::Socket {
            route,
            route_response,
        } => socket(route, *route_response),
        EventSource::Stream {
            table,
            filters,
            report_batch_item_failures,
            ..
        } => {
            let filters: Vec<String> = filters.iter().map(ToString::to_string).collect();
            stream(table, *report_batch_item_failures, &filters.join(" or "))
        }
        EventSource::Queue {
            queue: name,
            report_batch_item_failures,
            ..
        } => queue(name, *report_batch_item_failures),
        EventSource::Schedule { .. } => schedule().to_owned(),
    }
}

/// Nobody waits for an answer to a connection's beginning or end.
fn socket(route: &str, answered: bool) -> String {
    match route {
        "$connect" | "$disconnect" => format!("WebSocket {route}"),
        _ if answered => format!("WebSocket {route}, answered by a route response"),
        _ => format!("WebSocket {route}, not answered"),
    }
}

fn stream(table: &str, reports_failures: bool, filter: &str) -> String {
    let reports = reports(reports_failures);
    format!("the stream of {table}, {reports}, filtered by {filter}")
}

fn queue(name: &str, reports_failures: bool) -> String {
    format!("the queue {name}, {}", reports(reports_failures))
}

fn schedule() -> &'static str {
    "a schedule"
}

fn reports(failures: bool) -> &'static str {
    if failures {
        "with ReportBatchItemFailures"
    } else {
        "without ReportBatchItemFailures"
    }
}

/// The name of the queue that an endpoint may receive from.
fn consumed(endpoint: &Endpoint) -> String {
    let receiving = endpoint
        .granted()
        .find(|used| used.actions.contains(&RECEIVE));
    let queue = receiving.and_then(|used| queue_name(used.resource));
    queue.unwrap_or("(its uses name none)").to_owned()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeployedFunction {
    metadata: Metadata,
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    build_method: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    code_uri: String,
}

/// The functions as the template spells them, by their logical ids.
fn deployed_functions() -> BTreeMap<String, DeployedFunction> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Document {
        resources: BTreeMap<String, serde_norway::Value>,
    }
    let document: Document =
        serde_norway::from_str(&read("template.yaml")).expect("the template is YAML");
    document
        .resources
        .into_iter()
        .filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function")
        .map(|(id, resource)| {
            let function = serde_norway::from_value(resource);
            let function = function.unwrap_or_else(|error| panic!("template.yaml: {id}: {error}"));
            (id, function)
        })
        .collect()
}
