//! Every kind of call, made with credentials that a function has assumed for one tenant: for the rows of
//! that tenant, where it is granted, and for those of another, where it never is.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, DeleteRequest, Get, KeysAndAttributes, Put, PutRequest,
    TransactGetItem, TransactWriteItem, Update, WriteRequest,
};
use aws_sdk_dynamodb::{Client, error::ProvideErrorMetadata};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use local::front::REGION;
use std::time::Duration;
use tests::{App, tables};

use super::sessions::{credentials, session};

type Item = HashMap<String, AttributeValue>;

/// What a call came to: nothing, or the code that it was refused with.
type Outcome = Result<(), String>;

const BUCKET: &str = "tenon-attachments";

#[tokio::test]
async fn iam_alone_refuses_every_kind_of_call_for_another_tenant() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let (mine, theirs) = (ada.tenant_id.as_str(), eve.tenant_id.as_str());
    let writer = session(&app, "create-task", "TenantWriter", mine).await;
    let reader = session(&app, "list-projects", "TenantReader", mine).await;
    let searcher = session(&app, "search-tasks", "TenantSearcher", mine).await;

    let mut sheet = Sheet::default();
    for (session, is_writer) in [(&writer, true), (&reader, false)] {
        let client = dynamodb(&app, session);
        for (kind, writes) in KINDS {
            let own = call(&client, kind, &[mine]).await;
            let granted = is_writer || !writes;
            sheet.expect(kind, "own", own, granted);
            for (whose, of) in [("another's", &[theirs][..]), ("both", &[mine, theirs])] {
                let outcome = call(&client, kind, of).await;
                sheet.expect(kind, whose, outcome, false);
            }
        }
        for (kind, _) in NEVER {
            sheet.expect(kind, "any", call(&client, kind, &[mine]).await, false);
        }
        let client = objects(&app, session);
        for (kind, to_writer, to_reader) in OBJECTS {
            let own = object_call(&client, kind, mine).await;
            let granted = if is_writer { to_writer } else { to_reader };
            sheet.expect(kind, "own", own, granted);
            let other = object_call(&client, kind, theirs).await;
            sheet.expect(kind, "another's", other, false);
        }
    }
    for (session, granted) in [(&writer, false), (&reader, false), (&searcher, true)] {
        let outcome = call(&dynamodb(&app, session), "SearchVectors", &[mine]).await;
        sheet.expect("SearchVectors", "own", outcome, granted);
    }
    let manager = session(&app, "remove-member", "TenantManager", mine).await;
    let client = dynamodb(&app, &manager);
    for (whose, of, granted) in [("own", &[mine][..], true), ("another's", &[theirs], false)] {
        let outcome = call(&client, "DeleteItem", of).await;
        sheet.expect("DeleteItem", whose, outcome, granted);
    }
    sheet.close();
    app.stop().await;
}

/// An entry can be added, and from then on nobody touches it; that it is not written over says the guard.
#[tokio::test]
async fn iam_alone_lets_every_role_of_a_tenant_add_to_its_audit_log_and_do_nothing_else_to_it() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let [mine, theirs] = [&ada, &eve].map(|member| format!("{}#AUDIT#2026-11", member.tenant_id));
    let mut sheet = Sheet::default();
    for (function, role) in [
        ("list-projects", "TenantReader"),
        ("search-tasks", "TenantSearcher"),
        ("export-tenant", "TenantExporter"),
        ("create-task", "TenantWriter"),
        ("log-out", "TenantManager"),
    ] {
        let client = dynamodb(&app, &session(&app, function, role, &ada.tenant_id).await);
        for kind in ["PutItem", "TransactWriteItems Put"] {
            let (own, other) = (
                call(&client, kind, &[&mine]).await,
                call(&client, kind, &[&theirs]).await,
            );
            sheet.expect(kind, role, own, true);
            sheet.expect(kind, role, other, false);
        }
        for kind in [
            "UpdateItem",
            "DeleteItem",
            "BatchWriteItem",
            "TransactWriteItems Update",
            "TransactWriteItems Delete",
        ] {
            let outcome = call(&client, kind, &[&mine]).await;
            sheet.expect(kind, role, outcome, false);
        }
    }
    sheet.close();
    app.stop().await;
}

/// Who may only read can count, and so change what the tenant uses, and nothing else of it.
#[tokio::test]
async fn iam_alone_lets_who_reads_count_what_a_tenant_uses_and_do_nothing_else_to_it() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let [mine, theirs] = [&ada, &eve].map(|member| format!("{}#USAGE", member.tenant_id));
    let below = format!("{mine}#X");
    let mut sheet = Sheet::default();
    for (function, role) in [
        ("list-projects", "TenantReader"),
        ("search-tasks", "TenantSearcher"),
    ] {
        let client = dynamodb(&app, &session(&app, function, role, &ada.tenant_id).await);
        for kind in ["UpdateItem", "TransactWriteItems Update"] {
            let own = call(&client, kind, &[&mine]).await;
            sheet.expect(kind, role, own, true);
            for others in [&[theirs.as_str()][..], &[&mine, &theirs], &[&below]] {
                let outcome = call(&client, kind, others).await;
                sheet.expect(kind, role, outcome, false);
            }
        }
        for kind in ["PutItem", "DeleteItem", "BatchWriteItem"] {
            let outcome = call(&client, kind, &[&mine]).await;
            sheet.expect(kind, role, outcome, false);
        }
    }
    sheet.close();
    app.stop().await;
}

/// What a function's own role reaches is no tenant's.
#[tokio::test]
async fn a_function_s_own_role_reaches_no_tenant_s_rows() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let mut sheet = Sheet::default();
    for function in local::functions::all() {
        let endpoint = function.endpoint;
        if endpoint.unbound {
            continue;
        }
        let own = credentials(&app, endpoint.name);
        let client = dynamodb(&app, &own);
        for kind in KINDS.iter().chain(&NEVER).map(|(kind, _)| *kind) {
            for table in [tables::DATA, tables::EPHEMERAL] {
                let outcome = call_to(&client, table, kind, &[&ada.tenant_id]).await;
                sheet.expect(kind, endpoint.name, outcome, false);
            }
        }
        let client = objects(&app, &own);
        for (kind, ..) in OBJECTS {
            let outcome = object_call(&client, kind, &ada.tenant_id).await;
            sheet.expect(kind, endpoint.name, outcome, false);
        }
    }
    sheet.close();
    app.stop().await;
}

/// The kinds of calls that name keys, and whether they write.
const KINDS: [(&str, bool); 14] = [
    ("GetItem", false),
    ("BatchGetItem", false),
    ("Query", false),
    ("Query lsi1", false),
    ("PutItem", true),
    ("UpdateItem", true),
    ("TransactWriteItems Put", true),
    ("TransactWriteItems Update", true),
    ("DeleteItem", true),
    ("TransactWriteItems Delete", true),
    ("TransactWriteItems ConditionCheck", true),
    ("TransactGetItems", false),
    ("Query, named otherwise", false),
    ("Query, begun at a key", false),
];

/// Those that neither who reads nor who writes is granted.
const NEVER: [(&str, bool); 4] = [
    ("Scan", false),
    ("ExecuteStatement", false),
    ("BatchWriteItem", true),
    ("DescribeTable", false),
];

/// The kinds of calls to S3, and whether who writes is granted them, and who only reads.
const OBJECTS: [(&str, bool, bool); 6] = [
    ("PutObject", true, false),
    ("GetObject", true, true),
    ("GetObject by link", true, true),
    ("HeadObject", true, true),
    ("DeleteObject", false, false),
    ("ListObjectsV2", false, false),
];

/// What was expected of calls, and what they came to.
#[derive(Default)]
struct Sheet {
    table: Vec<String>,
    calls: usize,
    leaks: usize,
    wrong: usize,
}

impl Sheet {
    fn expect(&mut self, kind: &str, whose: &str, outcome: Outcome, granted: bool) {
        let allowed = outcome.is_ok();
        self.calls += 1;
        self.leaks += usize::from(allowed && !granted);
        self.wrong += usize::from(allowed != granted);
        let said = outcome.err().unwrap_or_else(|| "allowed".to_owned());
        // A refusal is IAM's and no accident of another kind.
        self.wrong += usize::from(!allowed && !said.starts_with("AccessDenied"));
        self.table.push(format!("{kind:<36} {whose:<24} {said}"));
    }

    fn close(self) {
        tests::report(&format!(
            "{}\n{} calls, {} leaks",
            self.table.join("\n"),
            self.calls,
            self.leaks
        ));
        assert_eq!((self.leaks, self.wrong), (0, 0));
    }
}

async fn call(client: &Client, kind: &str, tenants: &[&str]) -> Outcome {
    call_to(client, tables::DATA, kind, tenants).await
}

#[expect(
    clippy::too_many_lines,
    reason = "it is a list, one kind after the other"
)]
async fn call_to(client: &Client, table: &str, kind: &str, tenants: &[&str]) -> Outcome {
    let keys: Vec<Item> = tenants.iter().map(|tenant| key(tenant)).collect();
    let first = keys.last().cloned().expect("there is one");
    let pk = first["pk"].clone();
    let set = |update: &str| update.to_owned();
    match kind {
        "GetItem" => {
            let call = client.get_item().table_name(table).set_key(Some(first));
            told(call.send().await)
        }
        "BatchGetItem" => {
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).build();
            let call = client.batch_get_item();
            told(
                call.request_items(table, wanted.expect("it has keys"))
                    .send()
                    .await,
            )
        }
        "Query" => {
            let call = client.query().table_name(table);
            let call = call.key_condition_expression("pk = :pk AND begins_with(sk, :sk)");
            let call = call.expression_attribute_values(":sk", AttributeValue::S("T".into()));
            told(call.expression_attribute_values(":pk", pk).send().await)
        }
        "Query lsi1" => {
            let call = client.query().table_name(table).index_name("lsi1");
            let call = call.key_condition_expression("pk = :pk");
            told(call.expression_attribute_values(":pk", pk).send().await)
        }
        "Query, named otherwise" => {
            let call = client.query().table_name(table);
            let call = call.key_condition_expression("begins_with(sk, :sk) and (#p = :pk)");
            let call = call.expression_attribute_names("#p", "pk");
            let call = call.expression_attribute_values(":sk", AttributeValue::S("T".into()));
            told(call.expression_attribute_values(":pk", pk).send().await)
        }
        "Query, begun at a key" => {
            let call = client.query().table_name(table);
            let call = call.key_condition_expression("pk = :pk");
            let call = call.set_exclusive_start_key(Some(first));
            told(call.expression_attribute_values(":pk", pk).send().await)
        }
        "PutItem" => {
            let call = client.put_item().table_name(table).set_item(Some(first));
            told(call.send().await)
        }
        "UpdateItem" => {
            let call = client.update_item().table_name(table).set_key(Some(first));
            told(call.update_expression(set("REMOVE x")).send().await)
        }
        "DeleteItem" => {
            let call = client.delete_item().table_name(table).set_key(Some(first));
            told(call.send().await)
        }
        "BatchWriteItem" => {
            let put = PutRequest::builder().set_item(Some(first.clone())).build();
            let write = WriteRequest::builder().put_request(put.expect("it has an item"));
            let delete = DeleteRequest::builder().set_key(Some(key("x"))).build();
            let delete = WriteRequest::builder().delete_request(delete.expect("it has a key"));
            let call = client.batch_write_item();
            let writes = vec![write.build(), delete.build()];
            told(call.request_items(table, writes).send().await)
        }
        "TransactGetItems" => {
            let get = |key| {
                let get = Get::builder().table_name(table).set_key(Some(key)).build();
                TransactGetItem::builder()
                    .get(get.expect("it has a key"))
                    .build()
            };
            let items = keys.into_iter().map(get).collect();
            let call = client.transact_get_items().set_transact_items(Some(items));
            told(call.send().await)
        }
        "Scan" => told(client.scan().table_name(table).send().await),
        "DescribeTable" => told(client.describe_table().table_name(table).send().await),
        "ExecuteStatement" => {
            let pk = pk.as_s().expect("it is a text");
            let statement = format!("SELECT * FROM \"{table}\" WHERE pk = '{pk}'");
            told(client.execute_statement().statement(statement).send().await)
        }
        "SearchVectors" => {
            let vector = (0..512).map(|_| AttributeValue::N("0.1".into())).collect();
            let call = client
                .search_vectors()
                .table_name(table)
                .index_name("vectors");
            let call = call.set_search_vector(Some(vector)).top_k(1);
            let call = call.search_condition_expression("vector_tenant = :tenant");
            let tenant = AttributeValue::S(tenants[0].to_owned());
            told(
                call.expression_attribute_values(":tenant", tenant)
                    .send()
                    .await,
            )
        }
        transaction => {
            let kind = transaction.strip_prefix("TransactWriteItems ");
            let kind = kind.unwrap_or_else(|| panic!("what is a {transaction}?"));
            let parts = keys.into_iter().map(|key| part(kind, table, key)).collect();
            let call = client
                .transact_write_items()
                .set_transact_items(Some(parts));
            told(call.send().await)
        }
    }
}

fn part(kind: &str, table: &str, key: Item) -> TransactWriteItem {
    let part = TransactWriteItem::builder();
    let key = Some(key);
    match kind {
        "Put" => {
            let put = Put::builder().table_name(table).set_item(key).build();
            part.put(put.expect("it is whole"))
        }
        "Update" => {
            let update = Update::builder().table_name(table).set_key(key);
            let update = update.update_expression("REMOVE x").build();
            part.update(update.expect("it is whole"))
        }
        "Delete" => {
            let delete = Delete::builder().table_name(table).set_key(key).build();
            part.delete(delete.expect("it is whole"))
        }
        _ => {
            let check = ConditionCheck::builder().table_name(table).set_key(key);
            let check = check
                .condition_expression("attribute_not_exists(unheard_of)")
                .build();
            part.condition_check(check.expect("it is whole"))
        }
    }
    .build()
}

async fn object_call(client: &aws_sdk_s3::Client, kind: &str, tenant: &str) -> Outcome {
    let path = format!("tenants/{tenant}/tasks/x/y");
    match kind {
        "PutObject" => {
            let call = client.put_object().bucket(BUCKET).key(path);
            told(call.body(ByteStream::from_static(b"x")).send().await)
        }
        "GetObject" => told(client.get_object().bucket(BUCKET).key(path).send().await),
        "HeadObject" => {
            // There is no body to read the code from.
            let outcome = client.head_object().bucket(BUCKET).key(path).send().await;
            outcome.map(drop).map_err(|error| {
                let refused = error.raw_response();
                match refused.map(|response| response.status().as_u16()) {
                    Some(403) => "AccessDenied".to_owned(),
                    _ => format!("{error:?}"),
                }
            })
        }
        "DeleteObject" => told(client.delete_object().bucket(BUCKET).key(path).send().await),
        "ListObjectsV2" => {
            let call = client.list_objects_v2().bucket(BUCKET);
            told(call.prefix(format!("tenants/{tenant}/")).send().await)
        }
        _ => {
            let lifetime = PresigningConfig::expires_in(Duration::from_secs(300));
            let call = client.get_object().bucket(BUCKET).key(path);
            let link = call.presigned(lifetime.expect("it is short")).await;
            let link = link.expect("it needs no call");
            let answer = reqwest::get(link.uri()).await.expect("it answers");
            match answer.status().as_u16() {
                200 => Ok(()),
                403 => Err("AccessDenied".to_owned()),
                other => Err(other.to_string()),
            }
        }
    }
}

fn key(tenant: &str) -> Item {
    let text = |text: String| AttributeValue::S(text);
    // What a tenant uses stands in one partition, and nothing below it.
    let below = if tenant.ends_with("#USAGE") {
        ""
    } else {
        "#P#x"
    };
    Item::from([
        ("pk".to_owned(), text(format!("T#{tenant}{below}"))),
        ("sk".to_owned(), text("TASK#x".to_owned())),
    ])
}

fn told<O, E: ProvideErrorMetadata + std::fmt::Debug>(outcome: Result<O, E>) -> Outcome {
    match outcome {
        Ok(_) => Ok(()),
        Err(error) => Err(error
            .code()
            .map_or_else(|| format!("{error:?}"), str::to_owned)),
    }
}

fn dynamodb(app: &App, credentials: &aws_credential_types::Credentials) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(aws_sdk_dynamodb::config::Region::new(REGION))
        .credentials_provider(credentials.clone())
        .endpoint_url(app.stack().aws_url());
    Client::from_conf(config.build())
}

fn objects(app: &App, credentials: &aws_credential_types::Credentials) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(aws_sdk_s3::config::Region::new(REGION))
        .credentials_provider(credentials.clone())
        .force_path_style(true)
        .endpoint_url(app.stack().aws_url());
    aws_sdk_s3::Client::from_conf(config.build())
}
