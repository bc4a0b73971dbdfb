use super::{super::Redrive, parse, problem};
use serde_json::json;
use std::time::Duration;

#[test]
fn a_table_becomes_a_request_to_create_it() {
    let template = parse(
        "
Resources:
  RowsTable:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      BillingMode: PAY_PER_REQUEST
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      VectorIndexes: [{ IndexName: near, Dimensions: 3 }]
      StreamSpecification: { StreamViewType: NEW_IMAGE }
      TimeToLiveSpecification: { AttributeName: ttl, Enabled: true }",
    );
    let table = &template.tables[0];
    assert_eq!(table.name, "tenon-rows");
    assert_eq!(table.ttl_attribute.as_deref(), Some("ttl"));
    assert_eq!(
        table.create,
        json!({
            "TableName": "tenon-rows",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
            "VectorIndexes": [{ "IndexName": "near", "Dimensions": 3 }],
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
        })
    );
}

#[test]
fn a_queue_has_the_platforms_defaults_and_dead_letters_come_first() {
    let template = parse(
        "
Resources:
  OrdersQueue:
    Type: AWS::SQS::Queue
    Properties:
      FifoQueue: true
      VisibilityTimeout: 90
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt OrdersDeadLetters.Arn
        maxReceiveCount: 4
  OrdersDeadLetters:
    Type: AWS::SQS::Queue
    Properties: { FifoQueue: true }",
    );
    let [dead_letters, orders] = template.queues.as_slice() else {
        panic!("two queues");
    };
    assert_eq!(dead_letters.name, "tenon-orders-dead-letters.fifo");
    assert_eq!(dead_letters.visibility_timeout, Duration::from_secs(30));
    assert_eq!(dead_letters.retention, Duration::from_hours(4 * 24));
    assert!(orders.fifo);
    assert_eq!(orders.visibility_timeout, Duration::from_secs(90));
    assert_eq!(
        orders.redrive,
        Some(Redrive {
            dead_letter_queue: dead_letters.name.clone(),
            max_receive_count: 4
        })
    );
}

#[test]
fn globals_are_merged_and_a_functions_own_values_stand() {
    let template = parse(
        "
Globals:
  Function:
    Timeout: 10
    MemorySize: 256
    Environment:
      Variables: { LEVEL: info, SHARED: 'yes' }
Resources:
  SayHello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/say-hello/
      Timeout: 30
      Environment:
        Variables: { LEVEL: debug, COUNT: 3 }
  Bare:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: functions/bare }",
    );
    let hello = template.function("say-hello").expect("is there");
    assert_eq!(hello.logical_id, "SayHello");
    assert_eq!(
        (hello.timeout, hello.memory_mb),
        (Duration::from_secs(30), 256)
    );
    let variables: Vec<_> = hello
        .environment
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        variables,
        [("COUNT", "3"), ("LEVEL", "debug"), ("SHARED", "yes")]
    );
    let bare = template.function("bare").expect("is there");
    assert_eq!(
        (bare.timeout, bare.environment.len()),
        (Duration::from_secs(10), 2)
    );
}

#[test]
fn statements_are_resolved_and_gathered_from_every_policy() {
    let template = parse(
        "
Resources:
  JobsQueue: { Type: AWS::SQS::Queue }
  Work:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/work/
      Policies:
        - Version: '2012-10-17'
          Statement:
            - { Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt JobsQueue.Arn }
        - Statement: { Effect: Deny, Action: '*', Resource: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }",
    );
    assert_eq!(
        template.functions[0].policies,
        [
            json!({ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:000000000000:tenon-jobs" }),
            json!({ "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": { "Bool": { "aws:SecureTransport": "false" } } }),
        ]
    );
}

#[test]
fn a_managed_policy_is_refused_as_it_grants_more_than_is_written() {
    let yaml = "
Resources:
  Work:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: functions/work/, Policies: [AmazonS3FullAccess] }";
    assert!(problem(yaml).contains("Resources.Work.Properties.Policies"));
}

#[test]
fn the_cors_configurations_of_api_and_bucket_are_read() {
    let template = parse(
        "
Parameters:
  Origins: { Type: CommaDelimitedList, Default: https://app.example }
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties: { CorsConfiguration: { AllowOrigins: !Ref Origins, AllowMethods: [GET], MaxAge: 600 } }
  FilesBucket:
    Type: AWS::S3::Bucket
    Properties:
      CorsConfiguration: { CorsRules: [{ AllowedOrigins: !Ref Origins, AllowedMethods: [PUT] }] }",
    );
    let cors = template.cors.expect("is there");
    assert_eq!(
        (cors.allow_origins, cors.max_age),
        (vec!["https://app.example".to_owned()], Some(600))
    );
    assert_eq!(template.buckets[0].name, "tenon-files");
    assert_eq!(template.buckets[0].cors[0].allowed_methods, ["PUT"]);
}

#[test]
fn what_the_local_stack_has_no_use_for_is_passed_over() {
    let template = parse(
        "
Resources:
  Alarm: { Type: AWS::CloudWatch::Alarm, Properties: { AlarmActions: [!Ref Nowhere] } }
  Key: { Type: AWS::KMS::Key }",
    );
    assert!(template.functions.is_empty());
}
