//! How the product says it is.

use local::front::{Fault, FaultKind, Moment, Service};
use serde_json::json;
use tests::App;

#[tokio::test]
async fn it_is_well_where_all_that_it_stands_on_answers() {
    let app = App::start().await;
    for path in ["/health", "/health/ready"] {
        let report = app.get(path).await.expect(200);
        assert_eq!(report["status"], "ok", "{report}");
        let checks = report["checks"].as_object().expect("there are checks");
        assert_eq!(checks.len(), 5);
        for (name, check) in checks {
            assert_eq!(check["status"], "ok", "{name}");
            assert!(check["ms"].as_u64().is_some_and(|ms| ms <= 1_000), "{name}");
        }
    }
    assert_eq!(
        app.get("/health/live").await.expect(200),
        json!({ "status": "ok" })
    );
    app.stop().await;
}

#[tokio::test]
async fn what_does_not_answer_is_told_by_its_name_alone_and_it_lives_all_the_same() {
    let app = App::start().await;
    for (service, operation, name) in [
        (Service::S3, "ListObjectsV2", "storage"),
        (Service::Sqs, "GetQueueAttributes", "queue"),
        (Service::Bedrock, "InvokeModel", "ai"),
    ] {
        let fault = Fault::new(FaultKind::InternalError(Moment::BeforeEffect))
            .service(service)
            .operation(operation);
        let armed = app.fault(fault.times(u32::MAX));
        let report = app.get("/health").await.expect(503);
        assert_eq!(report["status"], "degraded", "{report}");
        for (check, found) in report["checks"].as_object().expect("there are checks") {
            let expected = if check == name { "degraded" } else { "ok" };
            assert_eq!(found["status"], expected, "{check}: {report}");
            let members: Vec<_> = found.as_object().expect("it is one").keys().collect();
            assert_eq!(members, ["status", "ms"]);
        }
        app.get("/health/live").await.expect(200);
        armed.disarm();
    }
    app.get("/health").await.expect(200);
    app.stop().await;
}
