//! `GET /health`, `/health/live` and `/health/ready`: how the product is.

use shared::prelude::*;
use shared::sdk::health::{Condition, Report};

/// Anyone may ask, as load balancers do; five cheap calls at once, and none to see whether it lives.
pub const ENDPOINT: Endpoint = Endpoint::http("health", "GET", "/health")
    .also(&[("GET", "/health/ready"), ("GET", "/health/live")])
    .uses(&[
        uses::HEALTH_DATABASE,
        uses::HEALTH_CACHE,
        uses::HEALTH_STORAGE,
        uses::HEALTH_QUEUE,
        uses::AI_EMBED,
    ]);

/// That it runs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Live {
    status: Condition,
}

/// Asks what all else stands on: 503 if something of it does not answer.
pub async fn get_health(sdk: Sdk, _event: Event<Nothing, Anyone>) -> Result<Reply<Report>> {
    let report = sdk.health.report().await;
    Ok(match report.status {
        Condition::Ok => Reply::ok(report),
        Condition::Degraded => Reply::degraded(report),
    })
}

/// The same, by the name that orchestrators ask for.
pub async fn get_readiness(sdk: Sdk, event: Event<Nothing, Anyone>) -> Result<Reply<Report>> {
    get_health(sdk, event).await
}

/// Says that it runs, whatever else does.
pub async fn get_liveness(_sdk: Sdk, _event: Event<Nothing, Anyone>) -> Result<Reply<Live>> {
    let status = Condition::Ok;
    Ok(Reply::ok(Live { status }))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, get_health)
        .route("GET", "/health/ready", get_readiness)
        .route("GET", "/health/live", get_liveness)
}
