use super::{TemplateError, intrinsics::Resolver};
use serde_json::Value;

/// A resource that is deployed.
#[derive(Clone, Copy)]
pub(super) struct Resource<'a> {
    pub(super) id: &'a str,
    pub(super) body: &'a Value,
}

impl<'a> Resolver<'a> {
    /// The resources of a type, in the template's order, without those that a condition leaves out.
    pub(super) fn resources(&self, kind: &str) -> Result<Vec<Resource<'a>>, TemplateError> {
        let document = self.document;
        let mut found = Vec::new();
        for (id, body) in &document.resources {
            if body["Type"] == kind && self.is_deployed(id, body)? {
                found.push(Resource { id, body });
            }
        }
        Ok(found)
    }

    pub(super) fn is_deployed(&self, id: &str, body: &Value) -> Result<bool, TemplateError> {
        match body["Condition"].as_str() {
            Some(condition) => self.condition(condition, &format!("Resources.{id}.Condition")),
            None => Ok(true),
        }
    }
}
