//! What pages of other origins may do with the links to objects.

use std::{str::FromStr, time::Duration};

use axum::http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{Any, CorsLayer};

use crate::template::BucketCors;

/// What the buckets' rules allow; nothing where there are none.
pub(super) fn layer(rules: &[BucketCors]) -> CorsLayer {
    fn all<T: FromStr>(rules: &[BucketCors], list: fn(&BucketCors) -> &Vec<String>) -> Vec<T> {
        rules
            .iter()
            .flat_map(list)
            .filter_map(|text| text.parse().ok())
            .collect()
    }
    fn any(rules: &[BucketCors], list: fn(&BucketCors) -> &Vec<String>) -> bool {
        rules.iter().flat_map(list).any(|text| text == "*")
    }
    let layer = CorsLayer::new()
        .allow_methods(all::<Method>(rules, |rule| &rule.allowed_methods))
        .expose_headers(all::<HeaderName>(rules, |rule| &rule.exposed_headers));
    let layer = if any(rules, |rule| &rule.allowed_origins) {
        layer.allow_origin(Any)
    } else {
        layer.allow_origin(all::<HeaderValue>(rules, |rule| &rule.allowed_origins))
    };
    let layer = if any(rules, |rule| &rule.allowed_headers) {
        layer.allow_headers(Any)
    } else {
        layer.allow_headers(all::<HeaderName>(rules, |rule| &rule.allowed_headers))
    };
    match rules.iter().filter_map(|rule| rule.max_age).max() {
        Some(seconds) => layer.max_age(Duration::from_secs(seconds.into())),
        None => layer,
    }
}
