//! One function behind several routes of one resource: which handler a request is for.

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt};
use serde_json::Value;

use super::Http;
use crate::error::Result;
use crate::event::Event;
use crate::event::caller::Caller;
use crate::input::Input;
use crate::lambda::{Adapter, Failure, Function, Invocation, Surface};
use crate::reply::Reply;
use crate::schema::Output;
use crate::sdk::Sdk;

/// A route, and what all other requests are for.
struct Beside {
    method: &'static str,
    path: &'static str,
    adapter: Arc<dyn Adapter>,
    others: Arc<dyn Adapter>,
}

impl Function {
    /// The same function with another handler behind another of its routes, one that its endpoint names
    /// ([`crate::endpoint::Endpoint::also`]).
    #[must_use]
    pub fn route<T, C, O, H, F>(
        mut self,
        method: &'static str,
        path: &'static str,
        handler: H,
    ) -> Self
    where
        T: Input + Send + 'static,
        C: Caller,
        O: Output + Send + 'static,
        H: Fn(Sdk, Event<T, C>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Reply<O>>> + Send + 'static,
    {
        self.adapter = Arc::new(Beside {
            method,
            path,
            adapter: Arc::new(Http::<H, fn(T, C) -> O>::new(handler)),
            others: self.adapter,
        });
        self
    }
}

impl Adapter for Beside {
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Failure>> {
        if self.is_meant(&invocation.payload) {
            self.adapter.call(invocation).boxed()
        } else {
            self.others.call(invocation)
        }
    }

    fn surfaces(&self) -> Vec<Surface> {
        let own = self.adapter.surfaces().into_iter();
        let own = own.map(|surface| surface.behind(self.method, self.path));
        self.others.surfaces().into_iter().chain(own).collect()
    }
}

impl Beside {
    /// By the request itself: whoever serves functions locally may name its routes otherwise.
    fn is_meant(&self, payload: &Value) -> bool {
        let method = &payload["requestContext"]["http"]["method"];
        let path = payload["rawPath"].as_str().unwrap_or_default();
        method == self.method && is_of(self.path, path)
    }
}

/// Whether a path is one of a form: `/api/projects/{id}`.
fn is_of(form: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    let same = form.split('/').all(|part| {
        let is_any = part.starts_with('{') && part.ends_with('}');
        segments
            .next()
            .is_some_and(|segment| is_any || segment == part)
    });
    same && segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_of_the_form_that_has_its_parts() {
        assert!(is_of("/api/projects/{id}", "/api/projects/1"));
        assert!(is_of("/api/projects/{id}/tasks", "/api/projects/1/tasks"));
        for other in [
            "/api/projects",
            "/api/projects/1/tasks",
            "/api/tasks/1",
            "api/projects/1",
            "",
        ] {
            assert!(!is_of("/api/projects/{id}", other), "{other}");
        }
    }
}
