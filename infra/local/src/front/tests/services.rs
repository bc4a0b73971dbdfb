use aws_sdk_bedrockruntime::{error::ProvideErrorMetadata as _, primitives::Blob};
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use serde_json::{Value, json};

use super::*;

macro_rules! client {
    ($local:expr, $sdk:ident) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new(REGION))
                .credentials_provider(Credentials::from_keys(ACCESS_KEY, SECRET_KEY, None))
                .endpoint_url(&$local.endpoint)
                .retry_config($sdk::config::retry::RetryConfig::disabled())
                .build(),
        )
    };
}

#[tokio::test]
async fn a_message_goes_through_a_queue() {
    let local = Local::start().await;
    let client = client!(local, aws_sdk_sqs);
    let url = client
        .create_queue()
        .queue_name("jobs")
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    client
        .send_message()
        .queue_url(&url)
        .message_body("hello")
        .send()
        .await
        .unwrap();
    let received = client
        .receive_message()
        .queue_url(&url)
        .wait_time_seconds(5)
        .send()
        .await
        .unwrap();
    assert_eq!(received.messages()[0].body(), Some("hello"));
    let error = client
        .send_message()
        .queue_url(url.replace("jobs", "nowhere"))
        .message_body("lost")
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
}

#[tokio::test]
async fn a_parameter_is_read_decrypted_and_only_from_its_folder() {
    let local = Local::start().await;
    let client = client!(local, aws_sdk_ssm);
    let get = |name: &str, decrypt: bool| {
        client
            .get_parameter()
            .name(name)
            .with_decryption(decrypt)
            .send()
    };
    let value = get("/tenon/mail-key", true)
        .await
        .unwrap()
        .parameter
        .unwrap()
        .value
        .unwrap();
    assert!(value.starts_with("local_"));
    let cipher = get("/tenon/mail-key", false)
        .await
        .unwrap()
        .parameter
        .unwrap()
        .value
        .unwrap();
    assert_ne!(cipher, value);
    for name in ["/tenon/other", "/../dynamodb.sqlite", ""] {
        let error = get(name, true).await.unwrap_err();
        assert!(
            error
                .as_service_error()
                .is_none_or(GetParameterError::is_parameter_not_found),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_text_is_embedded_as_titan_does() {
    let local = Local::start().await;
    let client = client!(local, aws_sdk_bedrockruntime);
    let invoke = |model: &str, body: Value| {
        client
            .invoke_model()
            .model_id(model)
            .content_type("application/json")
            .body(Blob::new(body.to_string()))
            .send()
    };
    let titan = "amazon.titan-embed-text-v2:0";
    for dimensions in [256, 512, 1024] {
        let body =
            json!({ "inputText": "paint the fence", "dimensions": dimensions, "normalize": true });
        let output = invoke(titan, body).await.unwrap();
        let answer: Value = serde_json::from_slice(output.body.as_ref()).unwrap();
        let vector: Vec<f64> = answer["embedding"]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_f64().unwrap())
            .collect();
        assert_eq!(vector.len(), dimensions);
        let length: f64 = vector.iter().map(|value| value * value).sum();
        assert!((length - 1.0).abs() < 1e-3, "{length}");
        assert_eq!(answer["inputTextTokenCount"], 3);
    }
    let long = "word ".repeat(8193);
    for (model, body) in [
        (titan, json!({ "inputText": "" })),
        (titan, json!({ "inputText": long })),
        (titan, json!({ "inputText": "x", "dimensions": 384 })),
        (titan, json!({ "text": "x" })),
        ("amazon.titan-embed-text-v1", json!({ "inputText": "x" })),
    ] {
        let error = invoke(model, body).await.unwrap_err().into_service_error();
        assert!(error.is_validation_exception(), "{error:?}");
        assert!(error.message().is_some());
    }
}

#[tokio::test]
async fn connections_are_refused_to_those_without_a_signature() {
    let local = Local::start().await;
    let response = reqwest::Client::new()
        .post(format!("{}/ws/@connections/abc", local.endpoint))
        .body("hello")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 403);
}
