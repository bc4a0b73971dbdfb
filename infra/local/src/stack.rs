//! The whole stack: ports, data, services, functions and what invokes them.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use ::sqs::{QueueSettings, Redrive, Sqs};
use serde_json::json;
use shared::{
    lambda::{Environment, Function},
    sdk::clock::Clock,
};
use tokio::{net::TcpListener, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    data::{DataError, DataFolder},
    embeddings::{self, Embeddings},
    front::{
        ACCESS_KEY, Front, REGION, SECRET_KEY, Services,
        dynamodb::{DynamoDb, Expiry},
        s3::Objects,
        stack_key,
    },
    functions,
    gateway::{Gateway, Outbox, Routes, Settings},
    lambda::{Deployment, Lambda},
    server,
    template::{FunctionResource, Queue, Template, TemplateError, Values},
    triggers::{self, Platform, Triggers},
};

/// What is deployed: read into the binary, so that it runs from anywhere.
const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The parameters of SSM that the stack makes.
const SIGNING_KEY: &str = "/tenon/signing-key";
const MAIL_KEY: &str = "/tenon/mail-key";

/// How long each half of a stop may take: first what brings work in, then what it calls.
const GRACE: Duration = Duration::from_millis(450);

/// What a stack is started with.
#[derive(Clone)]
pub struct Options {
    /// The API's port; 0 for any free one.
    pub port: u16,
    /// The port of the AWS services; 0 for any free one.
    pub aws_port: u16,
    /// The folder that keeps everything; made if missing.
    pub data: PathBuf,
    /// What queues, schedules, expiry, the gateway's limits and the functions go by.
    pub clock: Clock,
    /// Where the embedder comes from.
    pub embeddings: Embeddings,
    /// The gateway's limits. Its CORS configuration is the template's unless one is set here.
    pub gateway: Settings,
    /// The functions: all of them, unless a test has others in mind.
    pub functions: Vec<Function>,
}

impl Options {
    /// A stack on free ports, the system's clock and AWS's own limits, with the model in
    /// `<data>/models`.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        let data = data.into();
        Self {
            port: 0,
            aws_port: 0,
            embeddings: Embeddings::Fetched(data.join("models")),
            data,
            clock: Clock::system(),
            gateway: Settings::default(),
            functions: functions::all(),
        }
    }
}

/// Why a stack can't start: one line that says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port is taken, or can't be had.
    #[error("port {port} can't be used ({source}): choose another with --port")]
    Port {
        /// Which.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// The data folder.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The template has a function that is not among the crates.
    #[error("template.yaml deploys the function {0}, which is no crate of functions/")]
    NoSuchFunction(String),
    /// A service could not be opened on the data folder.
    #[error("{service} could not be opened: {source}")]
    Service {
        /// Which.
        service: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An event source could not be started.
    #[error(transparent)]
    Triggers(#[from] triggers::StartError),
}

/// A stack that serves. Dropped without [`Stack::stop`], it stops on its own, but nobody waits for it.
pub struct Stack {
    api: SocketAddr,
    aws: SocketAddr,
    template: Template,
    front: Front,
    lambda: Lambda,
    gateway: Gateway,
    clock: Clock,
    triggers: Option<Triggers>,
    /// What brings work in.
    intake: JoinSet<()>,
    /// What it stands on.
    ground: JoinSet<()>,
    stop_intake: CancellationToken,
    stop_ground: CancellationToken,
    data: DataFolder,
}

impl Stack {
    /// Starts a stack, and returns once it serves. On a folder with data it goes on where it was.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let (api_listener, api) = bind(options.port).await?;
        let (aws_listener, aws) = bind(options.aws_port).await?;
        let data = DataFolder::open(&options.data)?;
        let template = read_template(&data, api, aws)?;
        let clock = options.clock;

        let services = open_services(&data, options.embeddings, aws, &clock).await?;
        create_resources(&template, &services).await?;
        let front = Front::new(services);

        let environments = environments(&template, aws);
        data.write_private("lambda.env", &env_file(&environments))?;
        let deployments = deployments(&template, environments, &options.functions)?;
        let lambda = Lambda::new(deployments, front.journal().clone(), clock.clone());

        let outbox = Outbox::open(&data.join("outbox.sqlite"), clock.clone())
            .map_err(service("the outbox"))?;
        let mut settings = options.gateway;
        settings.cors = settings.cors.or_else(|| template.cors.clone());
        let gateway = Gateway::new(
            &Routes::from(&template),
            settings,
            Arc::new(lambda.clone()),
            outbox,
            clock.clone(),
        );
        front.connect(gateway.connections.clone());

        let mut stack = Self {
            api,
            aws,
            template,
            front,
            lambda,
            gateway,
            clock,
            triggers: None,
            intake: JoinSet::new(),
            ground: JoinSet::new(),
            stop_intake: CancellationToken::new(),
            stop_ground: CancellationToken::new(),
            data,
        };
        stack.serve(api_listener, aws_listener).await?;
        Ok(stack)
    }

    async fn serve(&mut self, api: TcpListener, aws: TcpListener) -> Result<(), StartError> {
        let bucket_rules: Vec<_> = self
            .template
            .buckets
            .iter()
            .flat_map(|bucket| bucket.cors.clone())
            .collect();
        let router = self.front.router(&bucket_rules);
        self.ground
            .spawn(server::serve(aws, router, self.stop_ground.clone()));
        self.ground.spawn(wake_queues(
            self.sqs().clone(),
            self.clock.clone(),
            self.stop_ground.clone(),
        ));
        let (dynamodb, expiries) = (self.dynamodb().clone(), expiries(&self.template));
        let (clock, stop) = (self.clock.clone(), self.stop_ground.clone());
        self.ground
            .spawn(async move { dynamodb.keep_up(expiries, clock, stop).await });

        let platform = Platform {
            functions: Arc::new(self.lambda.clone()),
            sqs: self.sqs().clone(),
            streams: self.dynamodb().streams(),
            clock: self.clock.clone(),
        };
        let started = triggers::start(
            &self.template,
            platform,
            self.data.path(),
            self.stop_intake.clone(),
        );
        self.triggers = Some(started.await?);
        let router = self.gateway.router();
        self.intake
            .spawn(server::serve(api, router, self.stop_intake.clone()));
        Ok(())
    }

    /// Ends everything within a second and leaves the data folder to the next. What was not finished
    /// goes on at the next start.
    pub async fn stop(mut self) {
        self.stop_intake.cancel();
        let triggers = self.triggers.take();
        let _late = timeout(GRACE, async {
            tokio::join!(
                self.gateway.shut_down(GRACE),
                end(&mut self.intake),
                async {
                    if let Some(triggers) = triggers {
                        triggers.ended().await;
                    }
                }
            )
        })
        .await;
        self.intake.shutdown().await;
        self.stop_ground.cancel();
        let _late = timeout(GRACE, end(&mut self.ground)).await;
        self.ground.shutdown().await;
    }

    /// The line that says where it serves, as JSON.
    pub fn ready_line(&self) -> String {
        json!({
            "event": "ready",
            "api": self.api_url(),
            "ws": self.socket_url(),
            "outbox": format!("{}/_local/outbox", self.api_url()),
            "aws": self.aws_url(),
        })
        .to_string()
    }

    /// `http://127.0.0.1:3000`
    pub fn api_url(&self) -> String {
        format!("http://{}", self.api)
    }

    /// `ws://127.0.0.1:3000/ws`
    pub fn socket_url(&self) -> String {
        format!("ws://{}/ws", self.api)
    }

    /// `http://127.0.0.1:3001`
    pub fn aws_url(&self) -> String {
        format!("http://{}", self.aws)
    }

    /// The clock that all of it goes by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The port of the AWS services: calls made, faults.
    pub fn front(&self) -> &Front {
        &self.front
    }

    /// The functions.
    pub fn lambda(&self) -> &Lambda {
        &self.lambda
    }

    /// API Gateway: connections and the outbox.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The event sources.
    pub fn triggers(&self) -> &Triggers {
        self.triggers
            .as_ref()
            .expect("they run until the stack is stopped")
    }

    /// The queues.
    pub fn sqs(&self) -> &Sqs {
        &self.front.services().sqs
    }

    /// The tables.
    pub fn dynamodb(&self) -> &DynamoDb {
        &self.front.services().dynamodb
    }

    /// What is deployed.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// The data folder.
    pub fn data(&self) -> &DataFolder {
        &self.data
    }
}

/// The tasks end with their sets; these end what the tasks have started.
impl Drop for Stack {
    fn drop(&mut self) {
        self.stop_intake.cancel();
        self.stop_ground.cancel();
    }
}

async fn bind(port: u16) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Port { port, source };
    let listener = server::bind(port).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// The template, with what only this stack knows: its keys and its ports.
fn read_template(
    data: &DataFolder,
    api: SocketAddr,
    aws: SocketAddr,
) -> Result<Template, StartError> {
    data.secret(MAIL_KEY)?;
    let values = Values::local(format!("http://{aws}"))
        .parameter("SigningKeyParameter", SIGNING_KEY)
        .parameter("SigningPublicKeys", data.signing_key(SIGNING_KEY)?)
        .parameter("MailKeyParameter", MAIL_KEY)
        .parameter("MailEndpoint", format!("http://{api}/_local/resend"))
        .parameter(
            "AllowedOrigins",
            format!(
                "http://localhost:{port},http://127.0.0.1:{port}",
                port = api.port()
            ),
        )
        .environment("SOCKET_ENDPOINT", format!("http://{aws}/ws"));
    Ok(Template::parse(TEMPLATE, &values)?)
}

async fn open_services(
    data: &DataFolder,
    embeddings: Embeddings,
    aws: SocketAddr,
    clock: &Clock,
) -> Result<Services, StartError> {
    let now = {
        let clock = clock.clone();
        Arc::new(move || clock.now())
    };
    let queues = ::sqs::Options::new(format!("http://{aws}"));
    Ok(Services {
        dynamodb: DynamoDb::open(&data.join("dynamodb.sqlite")).map_err(service("DynamoDB"))?,
        objects: Objects::open(&data.join("s3"), &stack_key()).map_err(service("S3"))?,
        sqs: Sqs::open(&data.join("sqs.sqlite"), now, queues).map_err(service("SQS"))?,
        model: embeddings::prepare(embeddings, data).await?,
        parameters: data.parameters()?,
    })
}

/// Makes what the template has and the folder doesn't.
async fn create_resources(template: &Template, services: &Services) -> Result<(), StartError> {
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
fn expiries(template: &Template) -> Vec<Expiry> {
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

/// Each function's environment: what the template says and what the platform adds.
fn environments(
    template: &Template,
    aws: SocketAddr,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let platform = [
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
        ("AWS_ENDPOINT_URL", format!("http://{aws}")),
    ];
    template
        .functions
        .iter()
        .map(|function| {
            let mut environment = function.environment.clone();
            environment.extend(
                platform
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.clone())),
            );
            (function.name.clone(), environment)
        })
        .collect()
}

/// All environments in one, as `cargo lambda watch --env-file` takes it.
fn env_file(environments: &BTreeMap<String, BTreeMap<String, String>>) -> String {
    let union: BTreeMap<&String, &String> = environments.values().flatten().collect();
    union
        .iter()
        .map(|(name, value)| format!("{name}='{value}'\n"))
        .collect()
}

fn deployments(
    template: &Template,
    mut environments: BTreeMap<String, BTreeMap<String, String>>,
    functions: &[Function],
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
            timeout: resource.timeout,
            memory_mb: resource.memory_mb,
        })
    };
    template.functions.iter().map(deploy).collect()
}

/// Has the queues look at the clock whenever it was moved.
async fn wake_queues(sqs: Sqs, clock: Clock, shutdown: CancellationToken) {
    let mut moved = clock.moved();
    let woken = async {
        while moved.changed().await.is_ok() {
            sqs.wake();
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = woken => {}
    }
}

async fn end(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}

fn service<E: std::error::Error + Send + Sync + 'static>(
    service: &'static str,
) -> impl FnOnce(E) -> StartError {
    move |source| StartError::Service {
        service,
        source: Box::new(source),
    }
}
