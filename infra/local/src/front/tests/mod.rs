//! The front, called by the AWS SDK as any client calls it.

mod dynamodb;
mod faults;
mod objects;
mod services;

use std::time::Duration;

use ::sqs::Sqs;
use aws_credential_types::Credentials;
use embedder::Embedder;
use shared::sdk::clock::Clock;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{
    ACCESS_KEY, Front, Model, REGION, SECRET_KEY, Services, dynamodb::DynamoDb, iam::Iam,
    s3::Objects,
};
use crate::{data::DataFolder, server, template::BucketCors};

/// A front on a port and a folder of its own.
struct Local {
    front: Front,
    endpoint: String,
    folder: TempDir,
    clock: Clock,
    shutdown: CancellationToken,
}

impl Drop for Local {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Local {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::system();
        let listener = server::bind(0).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let data = DataFolder::open(&folder.path().join("data")).unwrap();
        data.secret("/tenon/mail-key").unwrap();
        let sqs = {
            let clock = clock.clone();
            let clock = std::sync::Arc::new(move || clock.now());
            Sqs::open(
                &data.join("sqs.sqlite"),
                clock,
                ::sqs::Options::new(&endpoint),
            )
            .unwrap()
        };
        let iam = Iam::of_the_owner(clock.clone());
        let services = Services {
            dynamodb: DynamoDb::open(&data.join("dynamodb.sqlite")).unwrap(),
            objects: Objects::open(&data.join("s3"), &iam).unwrap(),
            sqs,
            model: Model::new(Embedder::lexical()),
            parameters: data.parameters().unwrap(),
        };
        let front = Front::new(services, iam);
        let shutdown = CancellationToken::new();
        let rules = [BucketCors {
            allowed_origins: vec!["http://localhost:5173".to_owned()],
            allowed_methods: vec!["GET".to_owned(), "PUT".to_owned()],
            allowed_headers: vec!["*".to_owned()],
            exposed_headers: vec!["ETag".to_owned()],
            max_age: Some(600),
        }];
        tokio::spawn(server::serve(
            listener,
            front.router(&rules),
            shutdown.clone(),
        ));
        Self {
            front,
            endpoint,
            folder,
            clock,
            shutdown,
        }
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        self.dynamodb_as(ACCESS_KEY, SECRET_KEY)
    }

    fn dynamodb_as(&self, key: &str, secret: &str) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::from_conf(
            aws_sdk_dynamodb::Config::builder()
                .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
                .region(aws_sdk_dynamodb::config::Region::new(REGION))
                .credentials_provider(Credentials::from_keys(key, secret, None))
                .endpoint_url(&self.endpoint)
                .retry_config(aws_sdk_dynamodb::config::retry::RetryConfig::disabled())
                .timeout_config(
                    aws_sdk_dynamodb::config::timeout::TimeoutConfig::builder()
                        .operation_timeout(Duration::from_secs(10))
                        .build(),
                )
                .build(),
        )
    }

    fn s3_as(&self, key: &str) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::from_conf(
            aws_sdk_s3::Config::builder()
                .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
                .region(aws_sdk_s3::config::Region::new(REGION))
                .credentials_provider(Credentials::from_keys(key, SECRET_KEY, None))
                .endpoint_url(&self.endpoint)
                .retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled())
                .force_path_style(true)
                .build(),
        )
    }

    /// A client and the bucket `files`.
    async fn s3(&self) -> aws_sdk_s3::Client {
        let client = self.s3_as(ACCESS_KEY);
        client.create_bucket().bucket("files").send().await.unwrap();
        client
    }
}
