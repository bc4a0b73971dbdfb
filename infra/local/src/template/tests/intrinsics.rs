use super::{Template, parse, problem, values};

/// A template whose one function has `value` in its environment.
fn with_variable(value: &str, rest: &str) -> String {
    format!(
        "
Resources:
  Greet:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/greet/
      Environment:
        Variables:
          VALUE: {value}
  JobsQueue: {{ Type: AWS::SQS::Queue }}
  RowsTable:
    Type: AWS::DynamoDB::Table
    Properties: {{ TableName: rows }}
{rest}"
    )
}

fn variable(value: &str) -> String {
    variable_of(&parse(&with_variable(value, "")))
}

fn variable_of(template: &Template) -> String {
    template.functions[0].environment["VALUE"].clone()
}

#[test]
fn a_reference_answers_what_its_resource_type_says() {
    assert_eq!(variable("!Ref RowsTable"), "rows");
    assert_eq!(
        variable("!Ref JobsQueue"),
        "http://127.0.0.1:3001/000000000000/tenon-jobs"
    );
    assert_eq!(variable("!Ref AWS::Region"), "us-east-1");
    assert_eq!(variable("{ Ref: AWS::StackName }"), "tenon");
}

#[test]
fn an_attribute_is_found_in_both_notations() {
    let arn = "arn:aws:sqs:us-east-1:000000000000:tenon-jobs";
    assert_eq!(variable("!GetAtt JobsQueue.Arn"), arn);
    assert_eq!(variable("!GetAtt [JobsQueue, Arn]"), arn);
    assert_eq!(variable("{ 'Fn::GetAtt': [JobsQueue, Arn] }"), arn);
    assert_eq!(variable("{ 'Fn::GetAtt': JobsQueue.Arn }"), arn);
}

#[test]
fn sub_fills_in_references_attributes_and_its_own_variables() {
    assert_eq!(
        variable("!Sub '${AWS::Partition}/${JobsQueue.QueueName}/${RowsTable}'"),
        "aws/tenon-jobs/rows"
    );
    assert_eq!(
        variable("!Sub ['${a}-${AWS::Region}', { a: !GetAtt JobsQueue.QueueName }]"),
        "tenon-jobs-us-east-1"
    );
    assert_eq!(variable("!Sub '${!left} as it is'"), "${left} as it is");
    assert_eq!(variable("!Sub plain"), "plain");
}

#[test]
fn lists_are_split_selected_from_and_joined() {
    assert_eq!(variable("!Join ['-', [a, !Ref RowsTable, 3]]"), "a-rows-3");
    assert_eq!(variable("!Select [1, !Split ['/', 'a/b/c']]"), "b");
    assert_eq!(variable("!Join [',', !Split ['/', 'a/b']]"), "a,b");
}

#[test]
fn a_parameter_has_its_default_until_it_is_overridden() {
    let yaml = with_variable(
        "!Join [';', !Ref Origins]",
        "
Parameters:
  Origins: { Type: CommaDelimitedList, Default: 'https://a.example, https://b.example' }",
    );
    assert_eq!(
        variable_of(&parse(&yaml)),
        "https://a.example;https://b.example"
    );
    let overridden = Template::parse(&yaml, &values().parameter("Origins", "https://c.example"));
    assert_eq!(
        variable_of(&overridden.expect("sound")),
        "https://c.example"
    );
}

#[test]
fn a_parameter_without_any_value_is_an_error() {
    let yaml = with_variable("x", "\nParameters:\n  Key: { Type: String }");
    assert_eq!(
        problem(&yaml),
        "template: Parameters.Key: has neither a value nor a default"
    );
}

#[test]
fn an_override_that_is_not_allowed_or_not_declared_is_an_error() {
    let yaml = with_variable(
        "x",
        "\nParameters:\n  Size: { Type: String, Default: s, AllowedValues: [s, m] }",
    );
    let refused = |name: &str| {
        let values = values().parameter(name, "xl");
        Template::parse(&yaml, &values)
            .expect_err("refused")
            .to_string()
    };
    assert_eq!(
        refused("Size"),
        "template: Parameters.Size: `xl` is not among the allowed values"
    );
    assert_eq!(
        refused("Colour"),
        "template: Parameters.Colour: is overridden but not declared"
    );
}

#[test]
fn conditions_are_evaluated_with_all_their_functions() {
    let conditions = "
Parameters:
  Stage: { Type: String, Default: live }
Conditions:
  Live: !Equals [!Ref Stage, live]
  Test: !Not [!Condition Live]
  Both: !And [!Condition Live, !Condition Test]
  Either: { 'Fn::Or': [{ Condition: Live }, !Condition Test] }";
    let chosen = |condition: &str| {
        let yaml = with_variable(&format!("!If [{condition}, yes it is, no]"), conditions);
        variable_of(&parse(&yaml))
    };
    assert_eq!(
        ["Live", "Test", "Both", "Either"].map(chosen),
        ["yes it is", "no", "no", "yes it is"]
    );
}

#[test]
fn no_value_leaves_the_entry_out() {
    let yaml = with_variable(
        "!If [Never, x, !Ref AWS::NoValue]",
        "\nConditions:\n  Never: !Equals [a, b]",
    );
    assert!(!parse(&yaml).functions[0].environment.contains_key("VALUE"));
}

#[test]
fn a_resource_whose_condition_fails_is_not_deployed_and_not_referred_to() {
    let rest = "
  ExtraQueue:
    Type: AWS::SQS::Queue
    Condition: Never
Conditions:
  Never: !Equals [a, b]";
    let names = |template: Template| {
        template
            .queues
            .into_iter()
            .map(|queue| queue.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(parse(&with_variable("x", rest))), ["tenon-jobs"]);
    assert!(
        problem(&with_variable("!Ref ExtraQueue", rest))
            .ends_with("`ExtraQueue` is left out by its condition")
    );
}

#[test]
fn an_unresolvable_reference_names_its_place() {
    let place = "template: Resources.Greet.Properties.Environment.Variables.VALUE";
    assert_eq!(
        problem(&with_variable("!Ref Nothing", "")),
        format!("{place}: there is no `Nothing` to refer to")
    );
    assert_eq!(
        problem(&with_variable("!GetAtt RowsTable.Colour", "")),
        format!("{place}: `RowsTable` (AWS::DynamoDB::Table) has no local value for `Colour`")
    );
    assert_eq!(
        problem(&with_variable("!ImportValue other", "")),
        format!("{place}: Fn::ImportValue is not understood here")
    );
}

#[test]
fn a_definition_by_itself_is_an_error() {
    let rest = "
  LoopQueue:
    Type: AWS::SQS::Queue
    Properties: { QueueName: !GetAtt LoopQueue.QueueName }";
    assert!(
        problem(&with_variable("x", rest)).ends_with("LoopQueue.QueueName is defined by itself")
    );
}

#[test]
fn what_only_the_platform_knows_can_be_given() {
    let yaml = with_variable("!GetAtt RowsTable.Colour", "");
    let by_attribute = Template::parse(&yaml, &values().attribute("RowsTable", "Colour", "oak"));
    assert_eq!(variable_of(&by_attribute.expect("sound")), "oak");
    let yaml = with_variable("https://elsewhere", "");
    let by_variable = Template::parse(&yaml, &values().environment("VALUE", "http://127.0.0.1:1"));
    assert_eq!(
        variable_of(&by_variable.expect("sound")),
        "http://127.0.0.1:1"
    );
}
