use super::{
    super::{EventSource, Redrive, StartingPosition},
    parse, problem,
};
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

const TABLE_AND_QUEUE: &str = "
  RowsTable:
    Type: AWS::DynamoDB::Table
    Properties: { StreamSpecification: { StreamViewType: NEW_IMAGE } }
  JobsQueue: { Type: AWS::SQS::Queue }";

/// What the two notations of the same triggers have to give.
fn expected_triggers() -> [EventSource; 2] {
    [
        EventSource::Queue {
            queue: "tenon-jobs".to_owned(),
            batch_size: 10,
            batching_window: Duration::ZERO,
            report_batch_item_failures: true,
            maximum_concurrency: Some(2),
        },
        EventSource::Stream {
            table: "tenon-rows".to_owned(),
            batch_size: 50,
            batching_window: Duration::from_secs(1),
            filters: vec![json!({ "eventName": ["INSERT"] })],
            maximum_retry_attempts: Some(3),
            maximum_record_age: None,
            bisect: true,
            on_failure_queue: Some("tenon-jobs".to_owned()),
            parallelization_factor: 1,
            report_batch_item_failures: false,
            starting_position: StartingPosition::TrimHorizon,
        },
    ]
}

const STREAM_SETTINGS: &str = "
          BatchSize: 50
          MaximumBatchingWindowInSeconds: 1
          StartingPosition: TRIM_HORIZON
          BisectBatchOnFunctionError: true
          MaximumRetryAttempts: 3
          MaximumRecordAgeInSeconds: -1
          FilterCriteria: { Filters: [{ Pattern: '{\"eventName\":[\"INSERT\"]}' }] }
          DestinationConfig: { OnFailure: { Destination: !GetAtt JobsQueue.Arn } }";

#[test]
fn triggers_are_read_from_a_functions_events() {
    let template = parse(&format!(
        "
Resources:{TABLE_AND_QUEUE}
  Work:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/work/
      Events:
        Jobs:
          Type: SQS
          Properties:
            Queue: !GetAtt JobsQueue.Arn
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: {{ MaximumConcurrency: 2 }}
        Rows:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt RowsTable.StreamArn{}
        Nightly: {{ Type: Schedule, Properties: {{ Schedule: rate(1 day) }} }}",
        STREAM_SETTINGS.replace("\n  ", "\n    ")
    ));
    let [queue, stream, schedule] = template.functions[0].events.as_slice() else {
        panic!("three events");
    };
    assert_eq!([queue.clone(), stream.clone()], expected_triggers());
    assert_eq!(
        *schedule,
        EventSource::Schedule {
            name: "work-Nightly".to_owned(),
            expression: "rate(1 day)".to_owned()
        }
    );
}

#[test]
fn triggers_are_read_from_event_source_mappings() {
    let template = parse(&format!(
        "
Resources:{TABLE_AND_QUEUE}
  Work: {{ Type: AWS::Serverless::Function, Properties: {{ CodeUri: functions/work/ }} }}
  WorkJobs:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
          FunctionName: !Ref Work
          EventSourceArn: !GetAtt JobsQueue.Arn
          FunctionResponseTypes: [ReportBatchItemFailures]
          ScalingConfig: {{ MaximumConcurrency: 2 }}
  WorkRows:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
          FunctionName: !GetAtt Work.Arn
          EventSourceArn: !GetAtt RowsTable.StreamArn{STREAM_SETTINGS}"
    ));
    assert_eq!(template.functions[0].events, expected_triggers());
}

const HTTP_ROUTES_BY_EVENTS: &str = "
Resources:
  Api: { Type: AWS::Serverless::HttpApi }
  Work:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/work/
      Events:
        Http: { Type: HttpApi, Properties: { ApiId: !Ref Api, Method: post, Path: '/api/{id}' } }
        Rest: { Type: HttpApi, Properties: { ApiId: !Ref Api } }";

const HTTP_ROUTES_BY_RESOURCES: &str = "
Resources:
  Api: { Type: AWS::ApiGatewayV2::Api, Properties: { ProtocolType: HTTP } }
  Work: { Type: AWS::Serverless::Function, Properties: { CodeUri: functions/work/ } }
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: { ApiId: !Ref Api, IntegrationUri: !GetAtt Work.Arn }
  One:
    Type: AWS::ApiGatewayV2::Route
    Properties: { ApiId: !Ref Api, RouteKey: 'POST /api/{id}', Target: !Join [/, [integrations, !Ref Integration]] }
  Two:
    Type: AWS::ApiGatewayV2::Route
    Properties: { ApiId: !Ref Api, RouteKey: $default, Target: !Sub 'integrations/${Integration}' }";

#[test]
fn http_routes_are_read_in_both_notations() {
    let expected =
        [("POST", "/api/{id}"), ("ANY", "$default")].map(|(method, path)| EventSource::Http {
            method: method.to_owned(),
            path: path.to_owned(),
        });
    for yaml in [HTTP_ROUTES_BY_EVENTS, HTTP_ROUTES_BY_RESOURCES] {
        assert_eq!(parse(yaml).functions[0].events, expected);
    }
}

#[test]
fn socket_routes_say_whether_their_answer_is_sent() {
    let template = parse(
        "
Resources:
  Api: { Type: AWS::ApiGatewayV2::Api, Properties: { ProtocolType: WEBSOCKET } }
  Work: { Type: AWS::Serverless::Function, Properties: { CodeUri: functions/work/ } }
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Work.Arn}/invocations
  Connect:
    Type: AWS::ApiGatewayV2::Route
    Properties: { ApiId: !Ref Api, RouteKey: $connect, Target: !Sub 'integrations/${Integration}' }
  Ping:
    Type: AWS::ApiGatewayV2::Route
    Properties: { ApiId: !Ref Api, RouteKey: ping, Target: !Sub 'integrations/${Integration}' }
  PingResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: { ApiId: !Ref Api, RouteId: !Ref Ping, RouteResponseKey: $default }",
    );
    let expected =
        [("$connect", false), ("ping", true)].map(|(route, route_response)| EventSource::Socket {
            route: route.to_owned(),
            route_response,
        });
    assert_eq!(template.functions[0].events, expected);
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
