use super::{
    TemplateError, functions::target, intrinsics::Resolver, queues::name_in_arn,
    resources::Resource,
};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// What invokes a function.
#[derive(Debug, Clone, PartialEq)]
pub enum EventSource {
    /// A route of the HTTP API. The catch-all is `ANY` and `$default`.
    Http {
        /// `GET`, `POST`, …, or `ANY`.
        method: String,
        /// The path, with `{name}` for a variable segment.
        path: String,
    },
    /// A route of the WebSocket API.
    Socket {
        /// `$connect`, `$disconnect`, `$default`, or what a message names.
        route: String,
        /// Whether what the function returns is sent to the client.
        route_response: bool,
    },
    /// A queue.
    Queue {
        /// The queue's name.
        queue: String,
        /// The most messages of one invocation.
        batch_size: u32,
        /// How long to wait for a batch to fill.
        batching_window: Duration,
        /// Whether the answer names the messages that failed.
        report_batch_item_failures: bool,
        /// The most invocations at a time.
        maximum_concurrency: Option<u32>,
    },
    /// A table's stream.
    Stream {
        /// The table's name.
        table: String,
        /// The most records of one invocation.
        batch_size: u32,
        /// How long to wait for a batch to fill.
        batching_window: Duration,
        /// Event patterns; a record that matches none of them is passed over. None: all match.
        filters: Vec<Value>,
        /// Retries of a failed batch; none: until its records expire.
        maximum_retry_attempts: Option<u32>,
        /// Age at which a record is given up.
        maximum_record_age: Option<Duration>,
        /// Whether a failed batch is split in two.
        bisect: bool,
        /// The queue that is told of records that were given up.
        on_failure_queue: Option<String>,
        /// Batches of one shard at a time; each partition key stays in order.
        parallelization_factor: u32,
        /// Whether the answer names the record that failed.
        report_batch_item_failures: bool,
        /// Where a new consumer begins.
        starting_position: StartingPosition,
    },
    /// A schedule.
    Schedule {
        /// Its name.
        name: String,
        /// `rate(…)` or `cron(…)`.
        expression: String,
    },
}

/// Where a new consumer of a stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StartingPosition {
    /// At the oldest record.
    TrimHorizon,
    /// After the newest record.
    Latest,
}

/// The events that a function lists itself.
pub(super) fn of_function(
    resolver: &Resolver<'_>,
    resource: Resource<'_>,
    function: &str,
) -> Result<Vec<EventSource>, TemplateError> {
    let Some(events) = resource.body["Properties"]["Events"].as_object() else {
        return Ok(Vec::new());
    };
    events
        .iter()
        .map(|(name, event)| {
            let place = format!("Resources.{}.Properties.Events.{name}", resource.id);
            match event["Type"].as_str().unwrap_or_default() {
                "HttpApi" => http(resolver, &event["Properties"], &place),
                "SQS" | "DynamoDB" => {
                    mapping(resolver, &event["Properties"], &place).map(|(_, event)| event)
                }
                "Schedule" | "ScheduleV2" => schedule(
                    resolver,
                    &event["Properties"],
                    &format!("{function}-{name}"),
                    &place,
                ),
                other => Err(TemplateError::at(
                    place,
                    format!("events of type `{other}` are not understood"),
                )),
            }
        })
        .collect()
}

/// The event source mappings that stand as resources of their own, with their functions' logical ids.
pub(super) fn mappings(
    resolver: &Resolver<'_>,
) -> Result<Vec<(String, EventSource)>, TemplateError> {
    resolver
        .resources("AWS::Lambda::EventSourceMapping")?
        .into_iter()
        .map(|resource| {
            let place = format!("Resources.{}.Properties", resource.id);
            let (function, event) = mapping(resolver, &resource.body["Properties"], &place)?;
            let function =
                function.ok_or_else(|| TemplateError::at(&place, "has no FunctionName"))?;
            Ok((target(resolver, &function, &place)?, event))
        })
        .collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HttpProperties {
    method: Option<String>,
    path: Option<String>,
}

fn http(
    resolver: &Resolver<'_>,
    properties: &Value,
    place: &str,
) -> Result<EventSource, TemplateError> {
    let properties: HttpProperties = resolver.picked(properties, &["Method", "Path"], place)?;
    Ok(EventSource::Http {
        method: properties
            .method
            .map_or_else(|| "ANY".to_owned(), |method| method.to_uppercase()),
        path: properties.path.unwrap_or_else(|| "$default".to_owned()),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ScheduleProperties {
    name: Option<String>,
    schedule: Option<String>,
    schedule_expression: Option<String>,
}

fn schedule(
    resolver: &Resolver<'_>,
    properties: &Value,
    name: &str,
    place: &str,
) -> Result<EventSource, TemplateError> {
    let properties: ScheduleProperties = resolver.picked(
        properties,
        &["Name", "Schedule", "ScheduleExpression"],
        place,
    )?;
    let expression = properties.schedule.or(properties.schedule_expression);
    Ok(EventSource::Schedule {
        name: properties.name.unwrap_or_else(|| name.to_owned()),
        expression: expression.ok_or_else(|| TemplateError::at(place, "has no schedule"))?,
    })
}

const MAPPING: [&str; 15] = [
    "FunctionName",
    "EventSourceArn",
    "Queue",
    "Stream",
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "FunctionResponseTypes",
    "ScalingConfig",
    "FilterCriteria",
    "MaximumRetryAttempts",
    "MaximumRecordAgeInSeconds",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "ParallelizationFactor",
    "StartingPosition",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MappingProperties {
    function_name: Option<String>,
    #[serde(alias = "Queue", alias = "Stream")]
    event_source_arn: String,
    batch_size: Option<u32>,
    #[serde(default)]
    maximum_batching_window_in_seconds: u64,
    #[serde(default)]
    function_response_types: Vec<String>,
    scaling_config: Option<ScalingConfig>,
    filter_criteria: Option<FilterCriteria>,
    maximum_retry_attempts: Option<i64>,
    maximum_record_age_in_seconds: Option<i64>,
    #[serde(default)]
    bisect_batch_on_function_error: bool,
    destination_config: Option<DestinationConfig>,
    parallelization_factor: Option<u32>,
    starting_position: Option<StartingPosition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ScalingConfig {
    maximum_concurrency: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FilterCriteria {
    filters: Vec<Filter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    pattern: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DestinationConfig {
    on_failure: Option<OnFailure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OnFailure {
    destination: String,
}

fn mapping(
    resolver: &Resolver<'_>,
    properties: &Value,
    place: &str,
) -> Result<(Option<String>, EventSource), TemplateError> {
    let properties: MappingProperties = resolver.picked(properties, &MAPPING, place)?;
    let batching_window = Duration::from_secs(properties.maximum_batching_window_in_seconds);
    let report_batch_item_failures = properties
        .function_response_types
        .iter()
        .any(|kind| kind == "ReportBatchItemFailures");
    let arn = properties.event_source_arn.as_str();
    let event = if arn.contains(":sqs:") {
        EventSource::Queue {
            queue: name_in_arn(arn).to_owned(),
            batch_size: properties.batch_size.unwrap_or(10),
            batching_window,
            report_batch_item_failures,
            maximum_concurrency: properties
                .scaling_config
                .and_then(|scaling| scaling.maximum_concurrency),
        }
    } else if let Some(table) = table_of_stream(arn) {
        let destination = properties
            .destination_config
            .and_then(|config| config.on_failure);
        EventSource::Stream {
            table: table.to_owned(),
            batch_size: properties.batch_size.unwrap_or(100),
            batching_window,
            filters: patterns(properties.filter_criteria, place)?,
            maximum_retry_attempts: limit(properties.maximum_retry_attempts),
            maximum_record_age: limit(properties.maximum_record_age_in_seconds)
                .map(|seconds| Duration::from_secs(u64::from(seconds))),
            bisect: properties.bisect_batch_on_function_error,
            on_failure_queue: destination.map(|on| name_in_arn(&on.destination).to_owned()),
            parallelization_factor: properties.parallelization_factor.unwrap_or(1),
            report_batch_item_failures,
            starting_position: properties
                .starting_position
                .ok_or_else(|| TemplateError::at(place, "has no StartingPosition"))?,
        }
    } else {
        return Err(TemplateError::at(
            place,
            format!("`{arn}` is neither a queue nor a stream"),
        ));
    };
    Ok((properties.function_name, event))
}

/// `arn:aws:dynamodb:…:table/tenon-data/stream/…` → `tenon-data`.
fn table_of_stream(arn: &str) -> Option<&str> {
    let (_, path) = arn.split_once(":table/")?;
    path.split_once("/stream/").map(|(table, _)| table)
}

fn patterns(criteria: Option<FilterCriteria>, place: &str) -> Result<Vec<Value>, TemplateError> {
    let filters = criteria.map_or_else(Vec::new, |criteria| criteria.filters);
    filters
        .iter()
        .map(|filter| serde_json::from_str(&filter.pattern))
        .collect::<Result<_, _>>()
        .map_err(|error| TemplateError::at(format!("{place}.FilterCriteria"), error.to_string()))
}

/// A limit of −1 is none.
fn limit(value: Option<i64>) -> Option<u32> {
    value.and_then(|value| u32::try_from(value).ok())
}
