//! The embedded stack.
extern crate self as shared;
#[allow(missing_docs)]
pub mod sdk { #[path="/work/main/shared/src/sdk/clock.rs"] pub mod clock; }
#[allow(missing_docs)]
pub mod lambda { 
#[derive(Debug, Clone, thiserror::Error)]
pub enum InvocationError { #[error("the function failed: {0}")] Failed(String), #[error("t")] TimedOut, #[error("d")] Died }
#[derive(Clone)] pub struct Lambda;
impl Lambda { pub async fn invoke(&self, _function: &str, payload: serde_json::Value) -> Result<serde_json::Value, InvocationError> { Ok(payload) } }
}
pub mod data;
pub mod embeddings;
pub mod front;
pub mod gateway;
mod server;
