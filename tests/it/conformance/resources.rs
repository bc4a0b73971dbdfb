//! A stack of CloudFormation holds 500 resources.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::workspace::read;

/// The most that is deployed: what is left of the 500 is for what comes.
const MOST: usize = 400;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    resources: BTreeMap<String, Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    r#type: String,
    #[serde(default)]
    properties: Properties,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    #[serde(default)]
    events: BTreeMap<String, Event>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    r#type: String,
}

#[test]
fn what_is_deployed_stays_below_400_resources() {
    let document: Document =
        serde_norway::from_str(&read("template.yaml")).expect("the template is YAML");
    let deployed: usize = document.resources.values().map(Resource::becomes).sum();
    assert!(
        deployed <= MOST,
        "\ntemplate.yaml becomes {deployed} resources, of which CloudFormation takes 500 and {MOST} are \
         agreed.\nTo mend it: share what each function has of its own (one alarm over all of them, one role \
         for several), or move a part into a nested stack.\n"
    );
}

impl Resource {
    /// How many resources SAM makes of it. One with a condition counts as if it were there.
    fn becomes(&self) -> usize {
        match self.r#type.as_str() {
            // The function and its role.
            "AWS::Serverless::Function" => {
                2 + self
                    .properties
                    .events
                    .values()
                    .map(Event::becomes)
                    .sum::<usize>()
            }
            // The API and its stage.
            "AWS::Serverless::HttpApi" => 2,
            other => {
                assert!(
                    !other.starts_with("AWS::Serverless::"),
                    "say in tests/it/conformance/resources.rs what SAM makes of a {other}"
                );
                1
            }
        }
    }
}

impl Event {
    fn becomes(&self) -> usize {
        match self.r#type.as_str() {
            // A permission to invoke; or an event source mapping.
            "HttpApi" | "SQS" | "DynamoDB" => 1,
            // A rule, and its permission to invoke; or a schedule, and its role.
            "Schedule" | "ScheduleV2" => 2,
            other => panic!(
                "say in tests/it/conformance/resources.rs what SAM makes of an event {other}"
            ),
        }
    }
}
