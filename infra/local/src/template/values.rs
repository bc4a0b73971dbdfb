use std::collections::BTreeMap;

/// What AWS would know at deployment: pseudo parameters, parameter overrides, and the
/// physical values of resources.
///
/// A resource's name is its name property if the template gives one, else derived: `DataTable` in
/// the stack `tenon` is `tenon-data`, the FIFO queue `RealtimeQueue` is `tenon-realtime.fifo`.
#[derive(Debug, Clone)]
pub struct Values {
    pub(super) queue_base_url: String,
    pub(super) pseudo: BTreeMap<&'static str, String>,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) attributes: BTreeMap<(String, String), String>,
}

impl Values {
    /// The values of the local stack: region us-east-1, account 000000000000, stack `tenon`.
    ///
    /// Queue URLs are `{queue_base_url}/000000000000/{queue name}`.
    pub fn local(queue_base_url: impl Into<String>) -> Self {
        let pseudo = [
            ("AWS::AccountId", "000000000000"),
            ("AWS::Partition", "aws"),
            ("AWS::Region", "us-east-1"),
            (
                "AWS::StackId",
                "arn:aws:cloudformation:us-east-1:000000000000:stack/tenon/00000000-0000-0000-0000-000000000000",
            ),
            ("AWS::StackName", "tenon"),
            ("AWS::URLSuffix", "amazonaws.com"),
        ];
        Self {
            queue_base_url: queue_base_url.into().trim_end_matches('/').to_owned(),
            pseudo: pseudo.map(|(name, value)| (name, value.to_owned())).into(),
            parameters: BTreeMap::new(),
            environment: BTreeMap::new(),
            attributes: BTreeMap::new(),
        }
    }

    /// Overrides a template parameter.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// Gives an environment variable another value, in each function that has it.
    #[must_use]
    pub fn environment(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Gives a resource's attribute (`Ref` for what `!Ref` answers) in place of the rule's value.
    #[must_use]
    pub fn attribute(
        mut self,
        logical_id: impl Into<String>,
        attribute: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        let key = (logical_id.into(), attribute.into());
        self.attributes.insert(key, value.into());
        self
    }

    pub(super) fn pseudo(&self, name: &str) -> &str {
        self.pseudo.get(name).map_or("", String::as_str)
    }

    /// The ARN of a role, which has no region.
    pub(super) fn role_arn(&self, name: &str) -> String {
        format!(
            "arn:{}:iam::{}:role/{name}",
            self.pseudo("AWS::Partition"),
            self.pseudo("AWS::AccountId"),
        )
    }

    /// An ARN in this account and region.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:{}:{service}:{}:{}:{resource}",
            self.pseudo("AWS::Partition"),
            self.pseudo("AWS::Region"),
            self.pseudo("AWS::AccountId"),
        )
    }
}
