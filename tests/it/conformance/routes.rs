//! The routes of the HTTP API, wherever they are written.

use local::functions;

use super::workspace::{METADATA, endpoints};
use crate::agreement::{Lines, assert_agree};

#[test]
fn cargo_lambda_routes_plain_http_as_the_endpoints_do() {
    let router = &METADATA.metadata["lambda"]["watch"]["router"];
    let mut found = Lines::new();
    for (path, targets) in router.as_object().into_iter().flatten() {
        if let Some(function) = targets.as_str() {
            found.insert(format!("ANY {path} {function}"));
        }
        for target in targets.as_array().into_iter().flatten() {
            let part = |name: &str| target[name].as_str().unwrap_or_default().to_owned();
            found.insert(format!("{} {path} {}", part("method"), part("function")));
        }
    }
    let wanted = routes()
        .map(|(method, path, function)| match path {
            "$default" => format!("{method} /{{*path}} {function}"),
            _ => format!("{method} {path} {function}"),
        })
        .collect();
    assert_agree(
        ("the endpoints", &wanted),
        ("[workspace.metadata.lambda.watch.router]", &found),
        "change the table in the root Cargo.toml.",
    );
}

#[test]
fn not_found_knows_every_route() {
    let found = not_found::ROUTES
        .iter()
        .map(|(method, path)| format!("{method} {path}"))
        .collect();
    let wanted = routes()
        .filter(|(_, path, _)| *path != "$default")
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    assert_agree(
        ("the endpoints", &wanted),
        ("functions/not-found/src/routes.rs", &found),
        "change the list there.",
    );
}

#[test]
fn each_route_of_a_function_has_a_handler() {
    let wanted = endpoints()
        .into_iter()
        .filter(|endpoint| !endpoint.also.is_empty())
        .flat_map(|endpoint| endpoint.also.iter().map(move |route| (endpoint, *route)))
        .map(|(endpoint, (method, path))| format!("{}: {method} {path}", endpoint.name))
        .collect();
    let found = functions::all()
        .iter()
        .flat_map(|function| {
            let surfaces = function.surfaces().into_iter();
            let routes = surfaces.filter_map(|surface| surface.route);
            routes.map(|(method, path)| format!("{}: {method} {path}", function.endpoint.name))
        })
        .collect();
    assert_agree(
        ("the endpoints' other routes", &wanted),
        ("the functions' handlers", &found),
        "add `.route(method, path, handler)` to the function, or take the route from its endpoint.",
    );
}

/// Method, path and function of each route.
fn routes() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    endpoints().into_iter().flat_map(|endpoint| {
        let routes = endpoint.routes();
        routes.map(|(method, path)| (method, path, endpoint.name))
    })
}
