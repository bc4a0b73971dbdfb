use super::{
    super::{EventSource, StartingPosition},
    parse, problem,
};
use serde_json::{Value, json};
use std::time::Duration;

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

fn socket_api(expression: &str) -> String {
    format!(
        "
Resources:
  Web: {{ Type: AWS::ApiGatewayV2::Api, Properties: {{ ProtocolType: HTTP }} }}
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{ ProtocolType: WEBSOCKET{expression} }}"
    )
}

#[test]
fn a_message_names_its_route_where_the_expression_says() {
    let select = |expression: &str, message: Value| {
        let yaml = socket_api(&format!(", RouteSelectionExpression: {expression}"));
        let selection = parse(&yaml).route_selection.expect("there is one");
        selection.select(&message).map(str::to_owned)
    };
    let message = json!({ "action": "ping", "do": { "what-now": "play", "times": 2 }, "a": ["b"] });
    for (expression, route) in [
        ("$request.body.action", Some("ping")),
        ("$request.body.do.what-now", Some("play")),
        ("$request.body.do", None),
        ("$request.body.do.times", None),
        ("$request.body.do.nothing.there", None),
        ("$request.body.a.0", None),
    ] {
        let found = select(expression, message.clone());
        assert_eq!(found.as_deref(), route, "{expression}");
    }
    assert_eq!(parse("Resources: {}").route_selection, None);
}

#[test]
fn a_selection_of_any_other_form_is_refused() {
    for expression in [
        "$request.body",
        "$request.body.",
        "$request.body.a..b",
        "'$request.body.a[0]'",
        "'${request.body.action}'",
        "$request.header.x-route",
        "$context.routeKey",
        "action",
    ] {
        let yaml = socket_api(&format!(", RouteSelectionExpression: {expression}"));
        let problem = problem(&yaml);
        let place = "Resources.Api.Properties.RouteSelectionExpression";
        assert!(problem.contains(place), "{expression}: {problem}");
    }
    assert!(problem(&socket_api("")).contains("RouteSelectionExpression"));
}

#[test]
fn socket_routes_say_whether_their_answer_is_sent() {
    let template = parse(
        "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: { ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action }
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
