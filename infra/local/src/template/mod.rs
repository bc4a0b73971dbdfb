//! Reads template.yaml, so that tables, queues, routes, triggers and schedules are written once.
//!
//! [`Template::parse`] resolves the template against local [`Values`] as AWS would at deployment. Resource types that the local stack has no use for are passed over;
//! a reference that can't be resolved is an error that names its place.

mod conditions;
mod document;
mod error;
mod events;
mod functions;
mod intrinsics;
mod names;
mod properties;
mod queues;
mod resources;
mod roles;
mod route_selection;
mod routes;
mod storage;
#[cfg(test)]
mod tests;
mod values;

pub use self::{
    error::TemplateError,
    events::{EventSource, StartingPosition},
    functions::FunctionResource,
    queues::{Queue, Redrive},
    roles::Role,
    route_selection::RouteSelection,
    routes::Cors,
    storage::{Bucket, BucketCors, Table},
    values::Values,
};

use self::{document::Document, intrinsics::Resolver};

/// What the template deploys, with every reference resolved. Each list is in the template's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// The tables.
    pub tables: Vec<Table>,
    /// The buckets.
    pub buckets: Vec<Bucket>,
    /// The queues; those without a dead-letter queue first, so that a redrive's target exists.
    pub queues: Vec<Queue>,
    /// The functions with all that invokes them.
    pub functions: Vec<FunctionResource>,
    /// The roles: the functions' own, and those that the template makes.
    pub roles: Vec<Role>,
    /// The WebSocket API and its stage, as the ARNs of its connections have them: `SocketApi/live`.
    pub socket_stage: Option<String>,
    /// The HTTP API's CORS configuration.
    pub cors: Option<Cors>,
    /// How the WebSocket API chooses a message's route; none without such an API.
    pub route_selection: Option<RouteSelection>,
}

impl Template {
    /// Parses and resolves a template.
    ///
    /// # Errors
    ///
    /// The text is not YAML, a parameter has no value, a reference leads nowhere, or a property is
    /// not of the form that its resource type asks for.
    pub fn parse(yaml: &str, values: &Values) -> Result<Self, TemplateError> {
        let document = Document::parse(yaml)?;
        let resolver = Resolver::new(&document, values)?;
        let functions = functions::functions(&resolver)?;
        Ok(Self {
            tables: storage::tables(&resolver)?,
            buckets: storage::buckets(&resolver)?,
            queues: queues::queues(&resolver)?,
            roles: roles::roles(&resolver, &functions)?,
            functions,
            socket_stage: roles::socket_stage(&resolver)?,
            cors: routes::cors(&resolver)?,
            route_selection: route_selection::route_selection(&resolver)?,
        })
    }

    /// The function of that name (its folder's name).
    pub fn function(&self, name: &str) -> Option<&FunctionResource> {
        self.functions.iter().find(|function| function.name == name)
    }
}
