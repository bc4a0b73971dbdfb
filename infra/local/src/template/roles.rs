use super::{
    TemplateError, functions::FunctionResource, intrinsics::Resolver, resources::Resource,
};
use serde::Deserialize;
use serde_json::Value;

/// An IAM role.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its id in the template; a function's own role has one that SAM makes up: `CreateTaskRole`.
    pub logical_id: String,
    /// The statements of its policies.
    pub grants: Vec<Value>,
    /// The statements of its trust policy; none for a function's own role, which Lambda assumes.
    pub trust: Vec<Value>,
}

/// The functions' own roles, and those that the template makes.
pub(super) fn roles(
    resolver: &Resolver<'_>,
    functions: &[FunctionResource],
) -> Result<Vec<Role>, TemplateError> {
    let own = functions.iter().map(|function| {
        let logical_id = format!("{}Role", function.logical_id);
        Ok(Role {
            name: resolver.role_name(&logical_id),
            arn: function.role.clone(),
            logical_id,
            grants: function.policies.clone(),
            trust: Vec::new(),
        })
    });
    let made = resolver.resources("AWS::IAM::Role")?;
    own.chain(made.into_iter().map(|resource| role(resolver, resource)))
        .collect()
}

/// The stage of the WebSocket API, as the ARNs of its connections begin: `SocketApi/live`.
pub(super) fn socket_stage(resolver: &Resolver<'_>) -> Result<Option<String>, TemplateError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Stage {
        api_id: String,
        stage_name: String,
    }
    let stages = resolver.resources("AWS::ApiGatewayV2::Stage")?;
    let Some(resource) = stages.first() else {
        return Ok(None);
    };
    let stage: Stage = resolver.properties(*resource, &["ApiId", "StageName"])?;
    Ok(Some(format!("{}/{}", stage.api_id, stage.stage_name)))
}

/// The statements of a policy document: one, or a list.
pub(super) fn statements_of(document: &Value) -> Vec<Value> {
    match document.get("Statement") {
        Some(Value::Array(several)) => several.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    assume_role_policy_document: Value,
    #[serde(default)]
    policies: Vec<Inline>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inline {
    policy_document: Value,
}

const PROPERTIES: [&str; 2] = ["AssumeRolePolicyDocument", "Policies"];

fn role(resolver: &Resolver<'_>, resource: Resource<'_>) -> Result<Role, TemplateError> {
    let properties: Properties = resolver.properties(resource, &PROPERTIES)?;
    let name = resolver.physical_name(resource.id, resource.body, "RoleName")?;
    let inline = properties.policies.iter();
    Ok(Role {
        arn: resolver.values.role_arn(&name),
        name,
        logical_id: resource.id.to_owned(),
        grants: inline
            .flat_map(|inline| statements_of(&inline.policy_document))
            .collect(),
        trust: statements_of(&properties.assume_role_policy_document),
    })
}
