//! What CloudFormation does on AWS: the template's resources, made, and the functions' environments.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use ::sqs::{QueueSettings, Redrive, Sqs};
use shared::{
    lambda::{Environment, Function},
    sdk::clock::Clock,
};

use super::{
    Origin,
    options::{IdentityProvider, Options, StartError, service},
};
use crate::{
    data::DataFolder,
    embeddings::{self, Embeddings},
    front::{
        ACCESS_KEY, REGION, SECRET_KEY, Services,
        dynamodb::{DynamoDb, Expiry},
        iam::Iam,
        s3::Objects,
    },
    lambda::Deployment,
    template::{FunctionResource, Queue, Template, Values},
};

/// What is deployed: read into the binary, so that it runs from anywhere.
const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// The parameters of SSM that the stack makes.
const SIGNING_KEY: &str = "/tenon/signing-key";
const MAIL_KEY: &str = "/tenon/mail-key";
const DERIVATION_KEY: &str = "/tenon/derivation-key";

/// Browsers and curl take any name below it for this machine: `http://acme.localhost:3000`.
const TENANT_DOMAIN: &str = "localhost";

/// Environment variables by function.
type Environments = BTreeMap<String, BTreeMap<String, String>>;

/// The template, with what only this stack knows: its keys and its ports.
pub(super) fn read_template(
    data: &DataFolder,
    api: SocketAddr,
    aws: SocketAddr,
    options: &Options,
) -> Result<Template, StartError> {
    data.secret(MAIL_KEY)?;
    data.secret(DERIVATION_KEY)?;
    let provider = options.identity_provider.as_ref();
    let named =
        |part: fn(&IdentityProvider) -> &String| provider.map_or("", |at| part(at).as_str());
    let values = Values::local(format!("http://{aws}"))
        .parameter("SigningKeyParameter", SIGNING_KEY)
        .parameter("SigningPublicKeys", data.signing_key(SIGNING_KEY)?)
        .parameter("DerivationKeyParameter", DERIVATION_KEY)
        .parameter("MailKeyParameter", MAIL_KEY)
        .parameter("TenantIsolation", options.tenant_isolation.to_string())
        .parameter("RateLimit", options.rate_limit.to_string())
        .parameter("OidcIssuer", named(|at| &at.issuer))
        .parameter("OidcAudience", named(|at| &at.audience))
        .parameter("TenantDomain", TENANT_DOMAIN)
        .parameter("MailEndpoint", format!("http://{api}/_local/resend"))
        .parameter(
            "AllowedOrigins",
            allowed_origins(api, &options.allowed_origins),
        )
        .environment("SOCKET_ENDPOINT", format!("http://{aws}/ws"));
    Ok(Template::parse(TEMPLATE, &values)?)
}

/// The stack's own pages' and others', with commas between them.
fn allowed_origins(api: SocketAddr, others: &[Origin]) -> String {
    let own = ["localhost", "127.0.0.1"].map(|host| format!("http://{host}:{}", api.port()));
    let others = others.iter().map(Origin::to_string);
    own.into_iter().chain(others).collect::<Vec<_>>().join(",")
}

pub(super) async fn open_services(
    data: &DataFolder,
    embeddings: Embeddings,
    aws: SocketAddr,
    clock: &Clock,
    iam: &Iam,
) -> Result<Services, StartError> {
    let now = {
        let clock = clock.clone();
        Arc::new(move || clock.now())
    };
    let queues = ::sqs::Options::new(format!("http://{aws}"));
    Ok(Services {
        dynamodb: DynamoDb::open(&data.private_file("dynamodb.sqlite")?)
            .map_err(service("DynamoDB"))?,
        objects: Objects::open(&data.private_folder("s3")?, iam).map_err(service("S3"))?,
        sqs: Sqs::open(&data.private_file("sqs.sqlite")?, now, queues).map_err(service("SQS"))?,
        model: embeddings::prepare(embeddings, data).await?,
        parameters: data.parameters()?,
    })
}

/// Makes what the template has and the folder doesn't.
pub(super) async fn create_resources(
    template: &Template,
    services: &Services,
) -> Result<(), StartError> {
    for table in &template.tables {
        services
            .dynamodb
            .create_table(table.create.clone(), table.ttl_attribute.clone())
            .await
            .map_err(service("a table"))?;
    }
    for bucket in &template.buckets {
        services
            .objects
            .create_bucket(&bucket.name)
            .map_err(service("a bucket"))?;
    }
    for queue in &template.queues {
        services
            .sqs
            .create_queue(&queue_settings(queue))
            .map_err(service("a queue"))?;
        // Whoever received from it ended with the process before.
        services
            .sqs
            .release(&queue.name)
            .map_err(service("a queue"))?;
    }
    Ok(())
}

fn queue_settings(queue: &Queue) -> QueueSettings {
    QueueSettings {
        fifo: queue.fifo,
        content_based_deduplication: queue.content_based_deduplication,
        visibility_timeout: queue.visibility_timeout,
        delay: queue.delay,
        retention: queue.retention,
        receive_wait: queue.receive_wait,
        redrive: queue.redrive.as_ref().map(|redrive| Redrive {
            dead_letter_queue: redrive.dead_letter_queue.clone(),
            max_receive_count: redrive.max_receive_count,
        }),
        ..QueueSettings::new(&queue.name)
    }
}

/// The tables whose rows expire, with their keys.
pub(super) fn expiries(template: &Template) -> Vec<Expiry> {
    template
        .tables
        .iter()
        .filter_map(|table| {
            let keys = table.create["KeySchema"].as_array()?;
            Some(Expiry {
                table: table.name.clone(),
                attribute: table.ttl_attribute.clone()?,
                keys: keys
                    .iter()
                    .filter_map(|key| Some(key["AttributeName"].as_str()?.to_owned()))
                    .collect(),
            })
        })
        .collect()
}

/// Each function's environment: what the template says and what the platform adds, with credentials of the
/// function's own role.
pub(super) fn environments(template: &Template, aws: SocketAddr, iam: &Iam) -> Environments {
    let environment = |function: &FunctionResource| {
        let mut environment = function.environment.clone();
        let credentials = iam.platform_credentials(&function.role, &function.name);
        environment.extend(variables(platform(aws)));
        environment.extend(variables(credentials.into_iter().flat_map(|credentials| {
            [
                ("AWS_ACCESS_KEY_ID", credentials.access_key_id),
                ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key),
                ("AWS_SESSION_TOKEN", credentials.session_token),
            ]
        })));
        (function.name.clone(), environment)
    };
    template.functions.iter().map(environment).collect()
}

/// All environments in one, as `cargo lambda watch --env-file` takes it. There all functions sign with the
/// same key, so it is the owner's; and since they share one environment, none is told of a role of its own.
pub(super) fn env_file(template: &Template, aws: SocketAddr) -> String {
    let mut union: BTreeMap<String, String> = template
        .functions
        .iter()
        .flat_map(|function| function.environment.clone())
        .filter(|(name, _)| name != "TENANT_ROLE")
        .collect();
    union.extend(variables(platform(aws)));
    union.extend(variables([
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
    ]));
    union
        .iter()
        .flat_map(|(name, value)| [name, "='", value, "'\n"])
        .collect()
}

fn platform(aws: SocketAddr) -> [(&'static str, String); 2] {
    [
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_ENDPOINT_URL", format!("http://{aws}")),
    ]
}

fn variables(
    values: impl IntoIterator<Item = (&'static str, String)>,
) -> impl Iterator<Item = (String, String)> {
    values
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
}

pub(super) fn deployments(
    template: &Template,
    mut environments: Environments,
    (functions, timeouts): (&[Function], &BTreeMap<String, Duration>),
) -> Result<Vec<Deployment>, StartError> {
    let deploy = |resource: &FunctionResource| {
        let function = functions
            .iter()
            .find(|function| function.endpoint.name == resource.name)
            .ok_or_else(|| StartError::NoSuchFunction(resource.name.clone()))?;
        let environment = environments.remove(&resource.name).unwrap_or_default();
        Ok(Deployment {
            function: function.clone(),
            environment: Environment::from_iter(environment),
            timeout: *timeouts.get(&resource.name).unwrap_or(&resource.timeout),
            memory_mb: resource.memory_mb,
        })
    };
    template.functions.iter().map(deploy).collect()
}
