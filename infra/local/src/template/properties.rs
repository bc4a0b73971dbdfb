use super::{TemplateError, intrinsics::Resolver, resources::Resource};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

impl Resolver<'_> {
    /// The named properties of a resource, resolved. Others may hold what only AWS can resolve.
    pub(super) fn properties<T: DeserializeOwned>(
        &self,
        resource: Resource<'_>,
        names: &[&str],
    ) -> Result<T, TemplateError> {
        let place = format!("Resources.{}.Properties", resource.id);
        self.picked(&resource.body["Properties"], names, &place)
    }

    /// The named entries of a mapping, resolved.
    pub(super) fn picked<T: DeserializeOwned>(
        &self,
        source: &Value,
        names: &[&str],
        place: &str,
    ) -> Result<T, TemplateError> {
        let mut resolved = Map::new();
        for name in names {
            let Some(value) = source.get(name) else {
                continue;
            };
            if let Some(value) = self.resolve(value, &format!("{place}.{name}"))? {
                resolved.insert((*name).to_owned(), value);
            }
        }
        serde_json::from_value(Value::Object(resolved))
            .map_err(|error| TemplateError::at(place, error.to_string()))
    }
}
