//! What the event sources call.

use futures::future::BoxFuture;
use serde_json::Value;

use crate::lambda::{InvocationError, Lambda};

/// Invokes functions by name and waits for them.
pub trait Invoke: Send + Sync + 'static {
    /// The function's response to `payload`. Dropping the answer abandons the invocation.
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        payload: Value,
    ) -> BoxFuture<'a, Result<Value, InvocationError>>;
}

impl Invoke for Lambda {
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        payload: Value,
    ) -> BoxFuture<'a, Result<Value, InvocationError>> {
        Box::pin(Lambda::invoke(self, function, payload))
    }
}
