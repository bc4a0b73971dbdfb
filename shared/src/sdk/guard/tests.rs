//! Every kind of call, for the request's own tenant and for another.

mod calls;

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemInput;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::execute_statement::ExecuteStatementInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use aws_sdk_s3::operation::get_object::GetObjectInput;
use aws_sdk_s3::operation::head_bucket::HeadBucketInput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Input;

use self::calls::{calls, erased, item, keys, parts, storage};
use super::*;
use crate::endpoint::Endpoint;
use crate::sdk::clock::Clock;
use crate::sdk::connections::{Connections, Environment};
use crate::sdk::dynamo::ABSENT;
use crate::sdk::request::Doors;

const BOUND: &str = "01900000-0000-7000-8000-00000000000a";
const OTHER: &str = "01900000-0000-7000-8000-00000000000b";

static ONE: Endpoint = Endpoint::queue("one");
static ALL: Endpoint = Endpoint::schedule("all").unbound();

async fn request_in(endpoint: &Endpoint, bound: Option<&str>) -> Arc<Request> {
    let variables = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("DATA_TABLE", "data"),
        ("IDENTITY_TABLE", "identity"),
        ("EPHEMERAL_TABLE", "ephemeral"),
        ("BUCKET", "files"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let environment = Environment::from_iter(variables);
    let connections = Connections::open(endpoint, &environment, Clock::system()).await;
    let connections = connections.expect("it starts");
    let request = Request::new(connections, None, 10_000, Doors::default());
    if let Some(tenant) = bound {
        let tenant = tenant.parse().expect("it is an id");
        request.bind(tenant).expect("it is bound to none");
    }
    request
}

#[tokio::test]
async fn a_call_for_another_tenant_is_refused_whatever_its_kind() {
    let (bound, other) = (id(BOUND), id(OTHER));
    let (request, nobody_s) = (
        request_in(&ONE, Some(BOUND)).await,
        request_in(&ONE, None).await,
    );
    let all = request_in(&ALL, None).await;
    for (kind, look, input) in calls(BOUND) {
        let judged = Guard::new(&request, look).judge(&input);
        assert!(judged.is_ok(), "{kind}: {judged:?}");
    }
    let calls = calls(OTHER);
    for (kind, look, input) in &calls {
        let refused = Refused::OtherTenant {
            named: other,
            bound,
        };
        assert_eq!(
            Guard::new(&request, *look).judge(input),
            Err(refused),
            "{kind}"
        );
        let refused = Refused::NoTenant(other);
        assert_eq!(
            Guard::new(&nobody_s, *look).judge(input),
            Err(refused),
            "{kind}"
        );
        assert_eq!(
            Guard::new(&all, *look).judge(input),
            Ok(Signer::Function),
            "{kind}"
        );
    }
    eprintln!("{} kinds of calls for another tenant, 0 sent", calls.len());
}

#[tokio::test]
async fn one_key_of_another_tenant_spoils_a_call() {
    let request = request_in(&ONE, Some(BOUND)).await;
    let [mine, theirs] = [BOUND, OTHER].map(|tenant| item(&format!("T#{tenant}#P#x"), "PROJECT"));
    let mut vector = mine.clone();
    vector.insert(
        "vector_tenant".to_owned(),
        AttributeValue::S(OTHER.to_owned()),
    );
    let nobody_s = |pk: &str| parts(&item(pk, "x")).remove(0).1;
    let [own, other] = [&mine, &theirs].map(|key| parts(key).remove(0).1);
    let refused = Err(Refused::OtherTenant {
        named: id(OTHER),
        bound: id(BOUND),
    });
    for (what, input) in [
        (
            "a batch",
            erased(
                BatchGetItemInput::builder()
                    .request_items("data", keys(vec![mine.clone(), theirs.clone()]))
                    .build(),
            ),
        ),
        (
            "a transaction",
            erased(
                TransactWriteItemsInput::builder()
                    .transact_items(own.clone())
                    .transact_items(other)
                    .build(),
            ),
        ),
        (
            "a vector",
            erased(
                PutItemInput::builder()
                    .table_name("data")
                    .set_item(Some(vector))
                    .build(),
            ),
        ),
    ] {
        assert_eq!(judge(&request, &input), refused, "{what}");
    }
    // A partition begun at another's key.
    let query = QueryInput::builder()
        .table_name("data")
        .key_condition_expression("pk = :pk");
    let query = query.expression_attribute_values(":pk", mine["pk"].clone());
    let query = erased(query.set_exclusive_start_key(Some(theirs)).build());
    assert_eq!(judge(&request, &query), Err(Refused::UnknownKey));
    // What is nobody's in `Ephemeral` is no key in `Data`.
    let mixed = TransactWriteItemsInput::builder()
        .transact_items(own)
        .transact_items(nobody_s("CONN#x"));
    assert_eq!(
        judge(&request, &erased(mixed.build())),
        Err(Refused::UnknownKey)
    );
}

#[tokio::test]
async fn what_is_not_known_is_refused() {
    let request = request_in(&ONE, Some(BOUND)).await;
    let own = || item(&format!("T#{BOUND}#P#x"), "PROJECT");
    let query = |condition: &str| {
        let query = QueryInput::builder()
            .table_name("data")
            .key_condition_expression(condition);
        let query = query.expression_attribute_names("#pk", "pk");
        erased(
            query
                .expression_attribute_values(":pk", own()["pk"].clone())
                .build(),
        )
    };
    let objects = |input: Input| Guard::new(&request, super::objects::look).judge(&input);
    let call = Err(Refused::UnknownCall);
    let (table, key) = (Err(Refused::UnknownTable), Err(Refused::UnknownKey));
    assert_eq!(
        judge(
            &request,
            &erased(ScanInput::builder().table_name("data").build())
        ),
        call
    );
    assert_eq!(
        judge(
            &request,
            &erased(ExecuteStatementInput::builder().statement("SELECT").build())
        ),
        call
    );
    assert_eq!(
        objects(erased(HeadBucketInput::builder().bucket("files").build())),
        call
    );
    // A list of all, or of what no tenant's paths begin with.
    for prefix in [None, Some("tenants/"), Some("tenants/x")] {
        let list = ListObjectsV2Input::builder().bucket("files");
        let list = list.set_prefix(prefix.map(str::to_owned)).build();
        assert_eq!(
            objects(erased(list)),
            Err(Refused::UnknownKey),
            "{prefix:?}"
        );
    }
    assert_eq!(
        judge(
            &request,
            &erased(
                GetItemInput::builder()
                    .table_name("other")
                    .set_key(Some(own()))
                    .build()
            )
        ),
        table
    );
    assert_eq!(
        objects(erased(
            GetObjectInput::builder()
                .bucket("x")
                .key(format!("tenants/{BOUND}/x"))
                .build()
        )),
        table
    );
    assert_eq!(
        objects(erased(
            GetObjectInput::builder().bucket("files").key("x").build()
        )),
        key
    );
    assert_eq!(
        judge(
            &request,
            &erased(GetItemInput::builder().table_name("data").build())
        ),
        key
    );
    assert_eq!(
        judge(&request, &erased(BatchGetItemInput::builder().build())),
        key
    );
    for condition in [
        "#pk = :pk",
        "sk > :sk AND pk = :pk",
        "pk = :other",
        "pk > :pk",
        "",
    ] {
        assert_eq!(judge(&request, &query(condition)), key, "{condition}");
    }
}

#[tokio::test]
async fn the_audit_log_is_added_to_and_nothing_else() {
    let (request, all) = (
        request_in(&ONE, Some(BOUND)).await,
        request_in(&ALL, None).await,
    );
    let key = || item(&format!("T#{BOUND}#AUDIT#2026-11"), "000000000000001#x");
    let put = || {
        PutItemInput::builder()
            .table_name("data")
            .set_item(Some(key()))
    };
    let part = |put: Put| TransactWriteItem::builder().put(put).build();
    let transacted = |part| {
        erased(
            TransactWriteItemsInput::builder()
                .transact_items(part)
                .build(),
        )
    };
    let put_part = || Put::builder().table_name("data").set_item(Some(key()));
    let added = put_part().condition_expression(ABSENT).build();
    let read = GetItemInput::builder()
        .table_name("data")
        .set_key(Some(key()));
    for (kind, input) in [
        (
            "an entry",
            erased(put().condition_expression(ABSENT).build()),
        ),
        ("a part", transacted(part(added.expect("it is whole")))),
        ("a read", erased(read.build())),
    ] {
        assert_eq!(judge(&request, &input), Ok(Signer::Tenant), "{kind}");
    }
    let change = UpdateItemInput::builder()
        .table_name("data")
        .set_key(Some(key()));
    let removal = DeleteItemInput::builder()
        .table_name("data")
        .set_key(Some(key()));
    let written = |write| {
        erased(
            BatchWriteItemInput::builder()
                .request_items("data", vec![write])
                .build(),
        )
    };
    let mut refused = vec![
        ("PutItem", erased(put().build())),
        (
            "PutItem if",
            erased(put().condition_expression("attribute_exists(pk)").build()),
        ),
        ("UpdateItem", erased(change.build())),
        ("DeleteItem", erased(removal.build())),
        ("BatchWriteItem Put", written(storage(key()))),
        ("BatchWriteItem Delete", written(calls::removal(key()))),
    ];
    let changes = parts(&key()).into_iter();
    let changes = changes.filter(|(kind, _)| !kind.ends_with("ConditionCheck"));
    refused.extend(changes.map(|(kind, part)| (kind, transacted(part))));
    for (kind, input) in &refused {
        for request in [&request, &all] {
            assert_eq!(judge(request, input), Err(Refused::AppendOnly), "{kind}");
        }
    }
}

/// With its tenant what was only added to goes, by the function whose endpoint says so; it changes nothing of it.
#[tokio::test]
async fn who_erases_a_tenant_removes_even_what_is_only_added_to_and_no_other_tenant_s() {
    static ERASES: Endpoint = Endpoint::queue("erases").uses(&[crate::endpoint::uses::ERASE_AUDIT]);
    let request = request_in(&ERASES, Some(BOUND)).await;
    let entry = |tenant: &str| item(&format!("T#{tenant}#AUDIT#2026-11"), "x");
    let removal = |tenant: &str| {
        let delete = Delete::builder()
            .table_name("data")
            .set_key(Some(entry(tenant)));
        let delete = delete.build().expect("it is whole");
        let part = TransactWriteItem::builder().delete(delete).build();
        erased(
            TransactWriteItemsInput::builder()
                .transact_items(part)
                .build(),
        )
    };
    assert_eq!(judge(&request, &removal(BOUND)), Ok(Signer::Tenant));
    let (named, bound) = (id(OTHER), id(BOUND));
    assert_eq!(
        judge(&request, &removal(OTHER)),
        Err(Refused::OtherTenant { named, bound })
    );
    let change = UpdateItemInput::builder()
        .table_name("data")
        .set_key(Some(entry(BOUND)));
    assert_eq!(
        judge(&request, &erased(change.build())),
        Err(Refused::AppendOnly)
    );
}

#[tokio::test]
async fn a_request_acts_in_one_tenant() {
    let request = request_in(&ONE, Some(BOUND)).await;
    assert!(request.bind(id(BOUND)).is_ok());
    let refused = request.bind(id(OTHER)).expect_err("it is another");
    assert_eq!(refused.code().status(), 500);
    assert_eq!(request.tenant(), Some(id(BOUND)));
    assert_eq!(request.renewed().tenant(), None);
}

fn judge(request: &Arc<Request>, input: &Input) -> Result<Signer, Refused> {
    Guard::new(request, super::rows).judge(input)
}

fn id(text: &str) -> TenantId {
    text.parse().expect("it is an id")
}
