//! The whole stack: ports, data, services, functions and what invokes them.

#[cfg(test)]
mod tests;

mod deploy;
mod options;
mod origin;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use ::sqs::Sqs;
use serde_json::json;
use shared::sdk::clock::Clock;
use tokio::{net::TcpListener, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    data::DataFolder,
    front::{Front, dynamodb::DynamoDb, iam::Iam},
    gateway::{Gateway, Outbox, Routes},
    lambda::Lambda,
    server,
    template::Template,
    triggers::{self, Platform, Triggers},
};

pub use options::{IdentityProvider, Options, RATE_LIMIT, StartError};
pub use origin::{NoOrigin, Origin};

use options::service;

/// How long each half of a stop may take: first what brings work in, then what it calls.
const GRACE: Duration = Duration::from_millis(450);

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
        let (api_listener, api) = bind(options.port, "the API").await?;
        let aws_services = "the AWS services, the one after the API's,";
        let (aws_listener, aws) = bind(options.aws_port, aws_services).await?;
        let data = DataFolder::open(&options.data)?;
        let template = deploy::read_template(&data, api, aws, &options)?;
        let clock = options.clock;

        let iam = Iam::new(&template, &data.credentials_key()?, clock.clone())?;
        let services = deploy::open_services(&data, options.embeddings, aws, &clock, &iam).await?;
        deploy::create_resources(&template, &services).await?;
        let front = Front::new(services, iam);

        let environments = deploy::environments(&template, aws, front.iam());
        data.write_private("lambda.env", &deploy::env_file(&template, aws))?;
        let deployments = deploy::deployments(
            &template,
            environments,
            (&options.functions, &options.timeouts),
        )?;
        let lambda = Lambda::new(deployments, front.journal().clone(), clock.clone());

        let outbox = Outbox::open(&data.private_file("outbox.sqlite")?, clock.clone())
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
        let (dynamodb, expiries) = (self.dynamodb().clone(), deploy::expiries(&self.template));
        let (clock, stop) = (self.clock.clone(), self.stop_ground.clone());
        self.ground
            .spawn(async move { dynamodb.keep_up(expiries, clock, stop).await });

        let platform = Platform {
            functions: Arc::new(self.lambda.clone()),
            sqs: self.sqs().clone(),
            streams: self.dynamodb().streams(),
            clock: self.clock.clone(),
        };
        let checkpoints = self.data.private_file("triggers.sqlite")?;
        let started = triggers::start(
            &self.template,
            platform,
            &checkpoints,
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
        self.lambda.end();
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
        self.lambda.end();
        self.stop_ground.cancel();
    }
}

async fn bind(port: u16, purpose: &'static str) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Port {
        port,
        purpose,
        source,
    };
    let listener = server::bind(port).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
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
