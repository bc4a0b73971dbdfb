//! The one port that stands for AWS: DynamoDB and its streams, S3, SQS, SSM's parameters, STS,
//! Bedrock's embedding call and `@connections`, for any client that signs with the owner's key, or with a
//! role's, and then only for what the role is granted.
//!
//! Everything that an SDK sends passes through here, so here calls are counted and bad luck is made.

mod bedrock;
mod cors;
pub mod dynamodb;
mod errors;
mod faults;
mod hex;
pub mod iam;
mod journal;
mod request;
pub mod s3;
mod signature;
mod sqs;
mod ssm;
#[cfg(test)]
mod tests;

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Instant,
};

use ::sqs::Sqs;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{Response, request::Parts},
};
use bytes::Bytes;

use crate::{gateway::Connections, template::BucketCors};
use dynamodb::DynamoDb;
use journal::Invocation;
use request::Call;
use s3::Objects;

pub use bedrock::Model;
pub use faults::{Armed, Fault, FaultKind, Moment};
pub use iam::Iam;
pub use journal::{CallRecord, Journal, Units};
pub use request::Service;

pub(crate) use ssm::file as parameter_file;

/// The access key id of the stack's owner, who may do everything.
pub const ACCESS_KEY: &str = "local";
/// Its secret.
pub const SECRET_KEY: &str = "local-secret";
/// The region that the stack is in. Signatures for any other are taken as well.
pub const REGION: &str = "us-east-1";
/// The account that the stack is in.
pub const ACCOUNT: &str = "000000000000";

/// The largest body of a call to anything but S3.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// What stands behind the port. Clones share it.
#[derive(Clone)]
pub struct Front(Arc<Parties>);

struct Parties {
    services: Services,
    iam: Iam,
    connections: OnceLock<Connections>,
    journal: Journal,
    faults: faults::Faults,
}

/// The services, ready to be called.
pub struct Services {
    /// DynamoDB and its streams.
    pub dynamodb: DynamoDb,
    /// S3.
    pub objects: Objects,
    /// SQS.
    pub sqs: Sqs,
    /// Bedrock's model.
    pub model: Model,
    /// The folder of SSM's parameters.
    pub parameters: PathBuf,
}

/// An answer and what it consumed.
struct Answer {
    response: Response<Body>,
    units: Units,
}

impl From<Response<Body>> for Answer {
    fn from(response: Response<Body>) -> Self {
        Self {
            response,
            units: Units::default(),
        }
    }
}

impl Front {
    /// A front before `services`, for those whom `iam` knows.
    pub fn new(services: Services, iam: Iam) -> Self {
        Self(Arc::new(Parties {
            services,
            iam,
            connections: OnceLock::new(),
            journal: Journal::default(),
            faults: faults::Faults::default(),
        }))
    }

    /// Says who answers `@connections`: the gateway, which is made after the front.
    pub fn connect(&self, connections: Connections) {
        // A second call would change nothing: there is one gateway.
        let _already_connected = self.0.connections.set(connections);
    }

    /// What is behind the port.
    pub fn services(&self) -> &Services {
        &self.0.services
    }

    /// Who may do what.
    pub fn iam(&self) -> &Iam {
        &self.0.iam
    }

    /// The calls made so far and what they cost.
    pub fn journal(&self) -> &Journal {
        &self.0.journal
    }

    /// Orders a fault.
    pub fn fault(&self, fault: Fault) -> Armed {
        self.0.faults.arm(fault)
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        self.0.faults.clear();
    }

    /// What the port serves, to browsers by these rules of the buckets.
    pub fn router(&self, rules: &[BucketCors]) -> Router {
        Router::new()
            .fallback(handle)
            .with_state(self.clone())
            .layer(cors::layer(rules))
    }

    async fn answer(&self, call: &Call, parts: Parts, body: Body) -> Answer {
        let services = &self.0.services;
        if call.service == Service::S3 {
            return services
                .objects
                .handle(Request::from_parts(parts, body))
                .await
                .into();
        }
        let Ok(body) = to_bytes(body, MAX_BODY).await else {
            return errors::error(
                call.service,
                413,
                "RequestEntityTooLarge",
                "The request is too large",
            )
            .into();
        };
        let iam = &self.0.iam;
        let caller = match signature::verify(&parts, &body, iam) {
            Ok(caller) => caller,
            Err(refusal) => return refusal.response(call.service).into(),
        };
        let accesses = iam::accesses(call, &parts, &body, iam.socket());
        if let Err(denied) = iam.permit(&caller, &accesses) {
            return denied.response(call.service).into();
        }
        match call.service {
            Service::DynamoDb => {
                let answer = services.dynamodb.call(&call.operation, body).await;
                Answer {
                    response: errors::reply(
                        answer.status,
                        "application/x-amz-json-1.0",
                        answer.body,
                    ),
                    units: answer.units,
                }
            }
            Service::Sqs => sqs::handle(&services.sqs, &call.operation, &body)
                .await
                .into(),
            Service::Ssm => ssm::handle(&services.parameters, &call.operation, &body).into(),
            Service::Sts => iam::sts(iam, &caller, &body).into(),
            Service::Bedrock => services.model.handle(parts.uri.path(), body).await.into(),
            Service::Connections => match self.0.connections.get() {
                Some(connections) => connections
                    .handle(Request::from_parts(parts, Body::from(body)))
                    .await
                    .into(),
                None => errors::internal(call.service).into(),
            },
            Service::S3 => unreachable!("objects were answered above"),
        }
    }
}

async fn handle(State(front): State<Front>, request: Request) -> Response<Body> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let (call, body) = read(&parts, body).await;
    let request_bytes = request::header(&parts.headers, "content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or_default();
    let journal = &front.0.journal;
    let invocation = call
        .trace
        .as_deref()
        .and_then(|trace| journal.invocation(trace));
    if call
        .trace
        .as_deref()
        .is_some_and(|trace| journal.is_late(trace))
    {
        return std::future::pending().await;
    }
    let nth = invocation.as_deref().map_or(0, Invocation::count_call);
    let fault = front.0.faults.befalls(&call, invocation.as_deref(), nth);

    let answer = match fault {
        Some(fault) => befall(&front, fault, &call, parts, body, invocation.as_deref()).await,
        None => Some(front.answer(&call, parts, body).await),
    };
    journal.record(CallRecord {
        trace: call.trace,
        function: invocation.map(|invocation| invocation.function.clone()),
        service: call.service,
        operation: call.operation,
        table: call.table,
        started,
        ended: Instant::now(),
        request_bytes,
        units: answer
            .as_ref()
            .map(|answer| answer.units)
            .unwrap_or_default(),
        status: answer
            .as_ref()
            .map(|answer| answer.response.status().as_u16()),
    });
    match answer {
        Some(answer) => answer.response,
        // The connection stays open until the client gives up.
        None => std::future::pending().await,
    }
}

/// What a call is. STS says so in the body alone, and `DynamoDB` says there which table is meant.
async fn read(parts: &Parts, body: Body) -> (Call, Body) {
    let mut call = Call::read(parts);
    if !matches!(call.service, Service::Sts | Service::DynamoDb) {
        return (call, body);
    }
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    if call.service == Service::Sts {
        call.operation = iam::sts_action(&bytes).unwrap_or_default();
    } else {
        call.table = named_table(&bytes);
    }
    (call, Body::from(bytes))
}

fn named_table(body: &Bytes) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        #[serde(rename = "TableName")]
        table: Option<String>,
    }
    serde_json::from_slice::<Named>(body).ok()?.table
}

/// Does to a call what a fault wants; none is no answer.
async fn befall(
    front: &Front,
    fault: FaultKind,
    call: &Call,
    parts: Parts,
    body: Body,
    invocation: Option<&Invocation>,
) -> Option<Answer> {
    let lost = matches!(
        fault,
        FaultKind::DieAfterReply
            | FaultKind::InternalError(Moment::AfterEffect)
            | FaultKind::Timeout(Moment::AfterEffect)
    );
    if lost {
        front.answer(call, parts, body).await;
        if fault == FaultKind::DieAfterReply {
            invocation.inspect(|invocation| invocation.die());
        }
        return match fault {
            FaultKind::InternalError(_) => Some(errors::internal(call.service).into()),
            _ => None,
        };
    }
    // A client that is refused before it has sent all would see a broken connection instead.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    match fault {
        FaultKind::Throttle => Some(errors::throttled(call.service).into()),
        FaultKind::InternalError(_) => Some(errors::internal(call.service).into()),
        FaultKind::TransactionConflict => {
            Some(errors::transaction_conflict(&call.operation, transaction_items(&body)).into())
        }
        FaultKind::Timeout(_) | FaultKind::DieAfterReply => None,
    }
}

fn transaction_items(body: &Bytes) -> usize {
    serde_json::from_slice::<serde_json::Value>(body)
        .ok()
        .and_then(|body| Some(body["TransactItems"].as_array()?.len()))
        .unwrap_or(1)
}
