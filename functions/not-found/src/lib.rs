//! `$default`: what no other route takes. 404, or 405 where the path is known.

mod routes;

pub use routes::ROUTES;
use shared::prelude::*;

/// Anyone can ask for what is not there.
pub const ENDPOINT: Endpoint = Endpoint::http("not-found", "ANY", "$default");

/// What was asked for.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    method: String,
    #[deserr(default)]
    path: Option<String>,
}

/// Refuses, with the methods that the path does take.
pub async fn handler(_sdk: Sdk, event: Event<Input, Anyone>) -> Result<Reply<()>> {
    let Input { method, path } = event.input;
    let methods = methods_of(path.as_deref().unwrap_or_default());
    if methods.is_empty() || methods.contains(&method.as_str()) {
        Err(Error::not_found("There is nothing at this path"))
    } else {
        Err(Error::method_not_allowed().allowing(&methods.join(", ")))
    }
}

fn methods_of(path: &str) -> Vec<&'static str> {
    ROUTES
        .iter()
        .filter(|(_, route)| matches(route, path))
        .map(|(method, _)| *method)
        .collect()
}

fn matches(route: &str, path: &str) -> bool {
    let (route, path) = (route.split('/'), path.split('/'));
    route.clone().count() == path.clone().count()
        && route
            .zip(path)
            .all(|(pattern, part)| pattern == part || is_parameter(pattern) && !part.is_empty())
}

fn is_parameter(pattern: &str) -> bool {
    pattern.starts_with('{') && pattern.ends_with('}')
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_stands_for_one_part_of_a_path() {
        assert!(matches("/api/projects/{id}", "/api/projects/7"));
        assert!(!matches("/api/projects/{id}", "/api/projects/"));
        assert!(!matches("/api/projects/{id}", "/api/projects/7/tasks"));
    }

    #[test]
    fn a_known_path_tells_its_methods() {
        assert_eq!(methods_of("/api/sign-up"), ["POST"]);
        assert!(methods_of("/api/sign-out").is_empty());
    }
}
