use super::{TemplateError, intrinsics::Resolver, resources::Resource};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// A `CreateTable` request's body.
    pub create: Value,
    /// The attribute that holds an item's expiry in epoch seconds.
    pub ttl_attribute: Option<String>,
}

/// An S3 bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What other origins' scripts may do.
    pub cors: Vec<BucketCors>,
}

/// A rule of a bucket's CORS configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all(deserialize = "PascalCase"))]
pub struct BucketCors {
    /// Origins, or `*`.
    pub allowed_origins: Vec<String>,
    /// HTTP methods.
    pub allowed_methods: Vec<String>,
    /// Headers that a request may carry.
    #[serde(default)]
    pub allowed_headers: Vec<String>,
    /// Headers of an answer that a script may read.
    #[serde(default)]
    pub exposed_headers: Vec<String>,
    /// Seconds that a preflight's answer may be kept.
    pub max_age: Option<u32>,
}

pub(super) fn tables(resolver: &Resolver<'_>) -> Result<Vec<Table>, TemplateError> {
    let tables = resolver.resources("AWS::DynamoDB::Table")?;
    tables
        .into_iter()
        .map(|resource| table(resolver, resource))
        .collect()
}

pub(super) fn buckets(resolver: &Resolver<'_>) -> Result<Vec<Bucket>, TemplateError> {
    let buckets = resolver.resources("AWS::S3::Bucket")?;
    buckets
        .into_iter()
        .map(|resource| bucket(resolver, resource))
        .collect()
}

/// The properties that the template and `CreateTable` write alike.
const CREATE: [&str; 6] = [
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "LocalSecondaryIndexes",
    "GlobalSecondaryIndexes",
    "VectorIndexes",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TableProperties {
    stream_specification: Option<StreamSpecification>,
    time_to_live_specification: Option<TimeToLiveSpecification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StreamSpecification {
    stream_view_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TimeToLiveSpecification {
    attribute_name: Option<String>,
    enabled: bool,
}

fn table(resolver: &Resolver<'_>, resource: Resource<'_>) -> Result<Table, TemplateError> {
    let name = resolver.physical_name(resource.id, resource.body, "TableName")?;
    let mut create: Map<String, Value> = resolver.properties(resource, &CREATE)?;
    create.insert("TableName".to_owned(), json!(name));
    let special: TableProperties = resolver.properties(
        resource,
        &["StreamSpecification", "TimeToLiveSpecification"],
    )?;
    if let Some(stream) = special.stream_specification {
        create.insert(
            "StreamSpecification".to_owned(),
            json!({ "StreamEnabled": true, "StreamViewType": stream.stream_view_type }),
        );
    }
    let ttl = special.time_to_live_specification;
    Ok(Table {
        name,
        create: Value::Object(create),
        ttl_attribute: ttl
            .filter(|ttl| ttl.enabled)
            .and_then(|ttl| ttl.attribute_name),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BucketProperties {
    cors_configuration: Option<CorsConfiguration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CorsConfiguration {
    cors_rules: Vec<BucketCors>,
}

fn bucket(resolver: &Resolver<'_>, resource: Resource<'_>) -> Result<Bucket, TemplateError> {
    let properties: BucketProperties = resolver.properties(resource, &["CorsConfiguration"])?;
    Ok(Bucket {
        name: resolver.physical_name(resource.id, resource.body, "BucketName")?,
        cors: properties
            .cors_configuration
            .map_or_else(Vec::new, |cors| cors.cors_rules),
    })
}
