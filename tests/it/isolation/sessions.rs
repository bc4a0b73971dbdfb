//! Who may assume a tenant's role, how, and for how long; and how often functions do.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_sts::Client;
use aws_sdk_sts::error::ProvideErrorMetadata;
use aws_sdk_sts::types::Tag;
use futures::future::join_all;
use local::front::{Fault, FaultKind, Moment, REGION, Service};
use serde_json::json;
use tests::{App, tables};

/// A function's own credentials, as the platform gives them to it.
pub(super) fn credentials(app: &App, function: &str) -> Credentials {
    let resource = app.stack().template().function(function);
    let role = &resource.expect("it is deployed").role;
    let own = app
        .stack()
        .front()
        .iam()
        .platform_credentials(role, function);
    let own = own.expect("there is such a role");
    Credentials::new(
        own.access_key_id,
        own.secret_access_key,
        Some(own.session_token),
        None,
        "tests",
    )
}

/// The credentials that `function` is given when it assumes `role` for a tenant.
pub(super) async fn session(app: &App, function: &str, role: &str, tenant: &str) -> Credentials {
    let assumed = assume(
        app,
        &credentials(app, function),
        role,
        &[("tenant", tenant)],
    )
    .await;
    assumed.expect("it may")
}

async fn assume(
    app: &App,
    credentials: &Credentials,
    role: &str,
    tags: &[(&str, &str)],
) -> Result<Credentials, String> {
    let roles = &app.stack().template().roles;
    let found = roles.iter().find(|found| found.logical_id == role);
    let tags = tags.iter().map(|(key, value)| {
        let tag = Tag::builder().key(*key).value(*value).build();
        tag.expect("it is whole")
    });
    let call = sts(app, credentials)
        .assume_role()
        .role_arn(found.map_or(role, |role| &role.arn))
        .role_session_name("tests")
        .set_tags(Some(tags.collect()));
    match call.send().await {
        Ok(answer) => {
            let given = answer.credentials.expect("there are some");
            Ok(Credentials::new(
                given.access_key_id,
                given.secret_access_key,
                Some(given.session_token),
                None,
                "tests",
            ))
        }
        Err(error) => Err(error.code().unwrap_or_default().to_owned()),
    }
}

#[tokio::test]
async fn a_tenant_s_role_is_assumed_by_its_functions_for_one_tenant_and_by_nobody_else() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let mine = ("tenant", ada.tenant_id.as_str());
    let own = credentials(&app, "create-task");
    let attempt = async |credentials: &Credentials, role: &str, tags: &[(&str, &str)]| {
        assume(&app, credentials, role, tags).await.err()
    };
    assert_eq!(attempt(&own, "TenantWriter", &[mine]).await, None);

    let denied = Some("AccessDenied".to_owned());
    let also = ("admin", "true");
    for (what, role, tags) in [
        ("another capability", "TenantSearcher", &[mine][..]),
        ("a function's own role", "SweepUploadsRole", &[mine]),
        ("no such role", "arn:aws:iam::000000000000:role/x", &[mine]),
        ("no tag", "TenantWriter", &[]),
        ("another tag", "TenantWriter", &[also]),
        ("a tag too many", "TenantWriter", &[mine, also]),
        ("no id", "TenantWriter", &[("tenant", "T#*")]),
        ("every id", "TenantWriter", &[("tenant", "*")]),
    ] {
        assert_eq!(attempt(&own, role, tags).await, denied, "{what}");
    }
    let stranger = credentials(&app, "sign-up");
    assert_eq!(attempt(&stranger, "TenantWriter", &[mine]).await, denied);
    let assumed = session(&app, "create-task", "TenantWriter", mine.1).await;
    assert_eq!(attempt(&assumed, "TenantWriter", &[mine]).await, denied);

    let arn = sts(&app, &assumed).get_caller_identity().send().await;
    assert_eq!(
        arn.expect("anyone may ask").arn(),
        Some("arn:aws:sts::000000000000:assumed-role/tenon-tenant-writer/tests")
    );
    app.stop().await;
}

#[tokio::test]
async fn credentials_end_after_an_hour_and_can_t_be_made_up() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let assumed = session(&app, "list-projects", "TenantReader", &ada.tenant_id).await;
    let ask = async |credentials: &Credentials| {
        let asked = sts(&app, credentials).get_caller_identity().send().await;
        asked
            .err()
            .map(|error| error.code().unwrap_or_default().to_owned())
    };
    let with = |key: &str, secret: &str, token: Option<&str>| {
        Credentials::new(key, secret, token.map(str::to_owned), None, "tests")
    };
    let (key, secret) = (assumed.access_key_id(), assumed.secret_access_key());
    let token = assumed.session_token().expect("there is one");
    let other = session(&app, "list-projects", "TenantReader", &ada.tenant_id).await;
    assert_eq!(ask(&assumed).await, None);
    let unknown = Some("InvalidClientTokenId".to_owned());
    assert_eq!(ask(&with(key, secret, None)).await, unknown);
    assert_eq!(
        ask(&with(key, secret, other.session_token())).await,
        unknown
    );
    let longer = format!("{token}0");
    assert_eq!(ask(&with(key, secret, Some(&longer))).await, unknown);
    let forged = with(key, "guess", Some(token));
    assert_eq!(ask(&forged).await, Some("SignatureDoesNotMatch".to_owned()));

    app.advance(Duration::from_secs(3580));
    assert_eq!(ask(&assumed).await, None);
    app.advance(Duration::from_secs(30));
    assert_eq!(ask(&assumed).await, Some("ExpiredToken".to_owned()));
    app.stop().await;
}

#[tokio::test]
async fn a_warm_function_assumes_a_role_once_for_a_tenant_until_ten_minutes_are_left() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let assumed = |function: &str| {
        let calls = app.calls_of(function);
        let assumed = calls.iter().filter(|call| call.service == Service::Sts);
        assumed.count()
    };
    // Side by side, in a function that has not started.
    join_all((0..8).map(|_| ada.projects())).await;
    assert_eq!(assumed("list-projects"), 1);
    eve.projects().await;
    ada.projects().await;
    assert_eq!(assumed("list-projects"), 2);

    for (minutes, count) in [(49, 2), (2, 3)] {
        app.advance(Duration::from_secs(minutes * 60));
        app.log_in(&ada).await.projects().await;
        assert_eq!(
            assumed("list-projects"),
            count,
            "after {minutes} minutes more"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn a_role_that_can_t_be_assumed_at_once_is_asked_for_again_and_in_the_end_is_a_503() {
    let app = App::start().await;
    let mut ada = app.member("ada").await;
    let before = FaultKind::InternalError(Moment::BeforeEffect);
    for kind in [FaultKind::Throttle, before] {
        let fault = Fault::new(kind).service(Service::Sts);
        let armed = app.fault(fault.clone());
        ada.projects().await;
        assert_eq!(armed.fired(), 1, "{kind:?}");

        let armed = app.fault(fault.times(u32::MAX));
        let answer = ada
            .post("/api/create-project", json!({ "name": "Apollo" }))
            .await;
        assert_eq!(answer.status, 503, "{kind:?}: {}", answer.body);
        assert!(armed.fired() > 1);
        armed.disarm();
        ada.project("It passes").await;

        // What was held is good no longer.
        app.advance(Duration::from_secs(3600));
        ada = app.log_in(&ada).await;
    }
    app.stop().await;
}

#[tokio::test]
async fn what_has_no_tenant_assumes_no_role() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    app.log_in(&ada).await;
    ada.get("/api/sessions").await.expect(200);
    app.settled().await;
    app.sweep("sweep-log").await;
    app.sweep("sweep-uploads").await;
    for function in [
        "log-in",
        "list-sessions",
        "get-jwks",
        "sweep-log",
        "sweep-uploads",
    ] {
        let calls = app.calls_of(function);
        let assumed = calls.iter().any(|call| call.service == Service::Sts);
        assert!(!assumed, "{function}: {calls:?}");
    }
    assert!(!app.rows(tables::IDENTITY, "").await.is_empty());
    app.stop().await;
}

fn sts(app: &App, credentials: &Credentials) -> Client {
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
        .region(aws_sdk_sts::config::Region::new(REGION))
        .credentials_provider(credentials.clone())
        .endpoint_url(app.stack().aws_url());
    Client::from_conf(config.build())
}
