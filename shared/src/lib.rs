//! What every function of Tenon stands on.
//!
//! `endpoint`, `event`, `etag`, `idempotency`, `tenant`, `keys`, `input`, `error`, `model`, `page`, `reply` and `schema` are pure; `sdk` is the only place
//! that calls AWS, and `lambda` the only one that names Lambda.

pub mod endpoint;
pub mod error;
pub mod etag;
pub mod event;
pub mod idempotency;
pub mod input;
pub mod keys;
pub mod lambda;
pub mod model;
pub mod page;
pub mod reply;
pub mod schema;
pub mod sdk;
pub mod tenant;

/// What a handler's file needs, and nothing more.
pub mod prelude {
    pub use crate::endpoint::{Endpoint, Rate, uses};
    pub use crate::error::{Error, Result};
    pub use crate::event::Event;
    pub use crate::event::caller::{
        Admin, Anyone, Editor, InPerson, Known, Person, System, Viewer, Welcome, Worker,
    };
    pub use crate::input::{BadInput, Nothing};
    pub use crate::lambda::Function;
    pub use crate::model::Millis;
    pub use crate::reply::Reply;
    pub use crate::sdk::Sdk;
    pub use deserr::Deserr;
    pub use futures::future::{join, join_all};
    pub use schemars::JsonSchema;
    pub use serde::Serialize;
    pub use tracing;
}
