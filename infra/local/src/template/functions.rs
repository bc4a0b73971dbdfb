use super::{
    TemplateError,
    events::{self, EventSource},
    intrinsics::{Resolver, written},
    resources::Resource,
    roles, routes,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, time::Duration};

/// A Lambda function.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionResource {
    /// Its name everywhere in the project: the folder that its `CodeUri` names.
    pub name: String,
    /// Its id in the template.
    pub logical_id: String,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// Its memory, in MB.
    pub memory_mb: u32,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
    /// What invokes it.
    pub events: Vec<EventSource>,
    /// The ARN of its role.
    pub role: String,
    /// The IAM statements of its role.
    pub policies: Vec<Value>,
}

/// The functions, with their own events and those that other resources define.
pub(super) fn functions(resolver: &Resolver<'_>) -> Result<Vec<FunctionResource>, TemplateError> {
    let resources = resolver.resources("AWS::Serverless::Function")?;
    let mut functions = resources
        .iter()
        .map(|resource| function(resolver, *resource))
        .collect::<Result<Vec<_>, _>>()?;
    let mut defined_elsewhere = events::mappings(resolver)?;
    defined_elsewhere.extend(routes::routes(resolver)?);
    for (logical_id, event) in defined_elsewhere {
        if let Some(function) = functions
            .iter_mut()
            .find(|function| function.logical_id == logical_id)
        {
            function.events.push(event);
        }
    }
    Ok(functions)
}

/// The logical id of the function that a name or an ARN (or a URI that holds one) means.
pub(super) fn target(
    resolver: &Resolver<'_>,
    reference: &str,
    place: &str,
) -> Result<String, TemplateError> {
    let name = reference
        .split_once(":function:")
        .map_or(reference, |(_, rest)| rest)
        .split(['/', ':'])
        .next()
        .unwrap_or_default();
    for resource in resolver.resources("AWS::Serverless::Function")? {
        if resolver.physical_name(resource.id, resource.body, "FunctionName")? == name {
            return Ok(resource.id.to_owned());
        }
    }
    Err(TemplateError::at(
        place,
        format!("`{reference}` is no function of this template"),
    ))
}

const PROPERTIES: [&str; 5] = [
    "CodeUri",
    "Timeout",
    "MemorySize",
    "Environment",
    "Policies",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    code_uri: String,
    timeout: Option<u64>,
    memory_size: Option<u32>,
    environment: Option<Environment>,
    policies: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    #[serde(default)]
    variables: Map<String, Value>,
}

fn function(
    resolver: &Resolver<'_>,
    resource: Resource<'_>,
) -> Result<FunctionResource, TemplateError> {
    let place = format!("Resources.{}.Properties", resource.id);
    let properties: Properties = resolver.properties(resource, &PROPERTIES)?;
    let name = properties
        .code_uri
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    if name.is_empty() || name == "." {
        return Err(TemplateError::at(
            format!("{place}.CodeUri"),
            "names no folder",
        ));
    }
    Ok(FunctionResource {
        logical_id: resource.id.to_owned(),
        role: resolver
            .values
            .role_arn(&resolver.role_name(&format!("{}Role", resource.id))),
        timeout: Duration::from_secs(properties.timeout.unwrap_or(3)),
        memory_mb: properties.memory_size.unwrap_or(128),
        environment: environment(resolver, properties.environment, &place)?,
        events: events::of_function(resolver, resource, name)?,
        policies: statements(properties.policies, &format!("{place}.Policies"))?,
        name: name.to_owned(),
    })
}

fn environment(
    resolver: &Resolver<'_>,
    environment: Option<Environment>,
    place: &str,
) -> Result<BTreeMap<String, String>, TemplateError> {
    let variables = environment.map_or_else(Map::new, |environment| environment.variables);
    let mut texts = BTreeMap::new();
    for (name, value) in variables {
        let value = match resolver.values.environment.get(&name) {
            Some(given) => given.clone(),
            None => written(&value).ok_or_else(|| {
                TemplateError::at(
                    format!("{place}.Environment.Variables.{name}"),
                    "is not a single value",
                )
            })?,
        };
        texts.insert(name, value);
    }
    Ok(texts)
}

/// The statements of a `Policies` property: policy documents or bare statements, one or a list.
fn statements(policies: Option<Value>, place: &str) -> Result<Vec<Value>, TemplateError> {
    let policies = match policies {
        None => return Ok(Vec::new()),
        Some(Value::Array(policies)) => policies,
        Some(policy) => vec![policy],
    };
    let mut statements = Vec::new();
    for policy in policies {
        match policy.get("Statement") {
            Some(_) => statements.extend(roles::statements_of(&policy)),
            None if policy.get("Effect").is_some() => statements.push(policy),
            None => {
                let problem = format!("`{policy}` is neither a policy document nor a statement");
                return Err(TemplateError::at(place, problem));
            }
        }
    }
    Ok(statements)
}
