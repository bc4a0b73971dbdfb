//! The physical names and attributes that resources have locally.

use super::{TemplateError, intrinsics::Resolver};
use serde_json::Value;

impl Resolver<'_> {
    /// What `!Ref` (attribute `Ref`) or `!GetAtt` of a resource answers.
    pub(super) fn attribute(
        &self,
        id: &str,
        attribute: &str,
        place: &str,
    ) -> Result<String, TemplateError> {
        let given = (id.to_owned(), attribute.to_owned());
        if let Some(value) = self.values.attributes.get(&given) {
            return Ok(value.clone());
        }
        if attribute == "Arn" && self.is_own_role(id) {
            return Ok(self.values.role_arn(&self.role_name(id)));
        }
        let resource =
            self.document.resources.get(id).ok_or_else(|| {
                TemplateError::at(place, format!("there is no `{id}` to refer to"))
            })?;
        if !self.is_deployed(id, resource)? {
            return Err(TemplateError::at(
                place,
                format!("`{id}` is left out by its condition"),
            ));
        }
        self.once(format!("{id}.{attribute}"), place, || {
            self.by_rule(id, resource, attribute)?.ok_or_else(|| {
                let kind = resource["Type"].as_str().unwrap_or_default();
                TemplateError::at(
                    place,
                    format!("`{id}` ({kind}) has no local value for `{attribute}`"),
                )
            })
        })
    }

    /// The name of a table, queue, bucket, function, log group or topic.
    pub(super) fn physical_name(
        &self,
        id: &str,
        resource: &Value,
        property: &str,
    ) -> Result<String, TemplateError> {
        let place = format!("Resources.{id}.Properties.{property}");
        match resource["Properties"].get(property) {
            Some(name) => self.text(name, &place),
            None => Ok(format!(
                "{}-{}",
                self.values.pseudo("AWS::StackName"),
                derived(id)
            )),
        }
    }

    /// The name of a role that no resource of its own stands for: SAM makes one for each function.
    pub(super) fn role_name(&self, id: &str) -> String {
        format!("{}-{}", self.values.pseudo("AWS::StackName"), derived(id))
    }

    pub(super) fn queue_name(&self, id: &str, resource: &Value) -> Result<String, TemplateError> {
        let name = self.physical_name(id, resource, "QueueName")?;
        let fifo = self
            .resolve(
                &resource["Properties"]["FifoQueue"],
                &format!("Resources.{id}.Properties.FifoQueue"),
            )?
            .is_some_and(|fifo| fifo == true || fifo == "true");
        Ok(if fifo && name.strip_suffix(".fifo").is_none() {
            format!("{name}.fifo")
        } else {
            name
        })
    }

    /// Whether SAM makes a role of this id, for a function.
    fn is_own_role(&self, id: &str) -> bool {
        let resources = &self.document.resources;
        !resources.contains_key(id)
            && id
                .strip_suffix("Role")
                .and_then(|function| resources.get(function))
                .is_some_and(|function| function["Type"] == "AWS::Serverless::Function")
    }

    fn by_rule(
        &self,
        id: &str,
        resource: &Value,
        attribute: &str,
    ) -> Result<Option<String>, TemplateError> {
        let values = self.values;
        let kind = resource["Type"].as_str().unwrap_or_default();
        Ok(match (kind, attribute) {
            ("AWS::DynamoDB::Table", "Ref") => {
                Some(self.physical_name(id, resource, "TableName")?)
            }
            ("AWS::DynamoDB::Table", "Arn" | "StreamArn") => {
                let name = self.physical_name(id, resource, "TableName")?;
                let stream = if attribute == "StreamArn" {
                    "/stream/local"
                } else {
                    ""
                };
                Some(values.arn("dynamodb", &format!("table/{name}{stream}")))
            }
            ("AWS::SQS::Queue", "QueueName") => Some(self.queue_name(id, resource)?),
            ("AWS::SQS::Queue", "Arn") => Some(values.arn("sqs", &self.queue_name(id, resource)?)),
            ("AWS::SQS::Queue", "Ref" | "QueueUrl") => Some(format!(
                "{}/{}/{}",
                values.queue_base_url,
                values.pseudo("AWS::AccountId"),
                self.queue_name(id, resource)?,
            )),
            ("AWS::S3::Bucket", "Ref") => Some(self.physical_name(id, resource, "BucketName")?),
            ("AWS::S3::Bucket", "Arn") => Some(format!(
                "arn:{}:s3:::{}",
                values.pseudo("AWS::Partition"),
                self.physical_name(id, resource, "BucketName")?
            )),
            ("AWS::Serverless::Function" | "AWS::Lambda::Function", "Ref") => {
                Some(self.physical_name(id, resource, "FunctionName")?)
            }
            ("AWS::Serverless::Function" | "AWS::Lambda::Function", "Arn") => {
                let name = self.physical_name(id, resource, "FunctionName")?;
                Some(values.arn("lambda", &format!("function:{name}")))
            }
            ("AWS::IAM::Role", "Ref") => Some(self.physical_name(id, resource, "RoleName")?),
            ("AWS::IAM::Role", "Arn") => {
                Some(values.role_arn(&self.physical_name(id, resource, "RoleName")?))
            }
            ("AWS::Logs::LogGroup", "Ref") => {
                Some(self.physical_name(id, resource, "LogGroupName")?)
            }
            ("AWS::Logs::LogGroup", "Arn") => {
                let name = self.physical_name(id, resource, "LogGroupName")?;
                Some(values.arn("logs", &format!("log-group:{name}:*")))
            }
            ("AWS::SNS::Topic", "Ref" | "TopicArn") => {
                Some(values.arn("sns", &self.physical_name(id, resource, "TopicName")?))
            }
            ("AWS::Serverless::HttpApi", "Ref") => Some(id.to_owned()),
            (kind, "Ref") if kind.starts_with("AWS::ApiGatewayV2::") => Some(id.to_owned()),
            _ => None,
        })
    }
}

/// `RealtimeQueue` → `realtime`, `EmailDeadLetters` → `email-dead-letters`.
fn derived(id: &str) -> String {
    let stem = ["Table", "Queue", "Bucket", "Function"]
        .iter()
        .find_map(|kind| id.strip_suffix(kind))
        .filter(|stem| !stem.is_empty())
        .unwrap_or(id);
    let mut name = String::new();
    for (index, letter) in stem.char_indices() {
        if letter.is_uppercase() && index > 0 {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}
