use std::time::Duration;

use aws_sdk_s3::{
    error::ProvideErrorMetadata,
    presigning::PresigningConfig,
    primitives::ByteStream,
    types::{CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier, Tag, Tagging},
};

use super::*;

async fn put(client: &aws_sdk_s3::Client, key: &str, bytes: &[u8]) {
    client
        .put_object()
        .bucket("files")
        .key(key)
        .content_type("text/plain")
        .metadata("owner", "ada")
        .body(ByteStream::from(bytes.to_vec()))
        .send()
        .await
        .unwrap();
}

async fn get(client: &aws_sdk_s3::Client, key: &str, range: Option<&str>) -> Vec<u8> {
    let object = client
        .get_object()
        .bucket("files")
        .key(key)
        .set_range(range.map(str::to_owned))
        .send()
        .await
        .unwrap();
    object.body.collect().await.unwrap().to_vec()
}

fn for_a_minute() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_secs(60)).unwrap()
}

#[tokio::test]
async fn an_object_is_read_whole_and_in_ranges_until_it_is_deleted() {
    let local = Local::start().await;
    let client = local.s3().await;
    let key = format!("T#one/tasks/{}/ein Löffel & 100%.txt", "long-".repeat(60));
    put(&client, &key, b"0123456789").await;
    assert_eq!(get(&client, &key, None).await, b"0123456789");
    assert_eq!(get(&client, &key, Some("bytes=2-4")).await, b"234");
    assert_eq!(get(&client, &key, Some("bytes=-3")).await, b"789");
    let head = client
        .head_object()
        .bucket("files")
        .key(&key)
        .send()
        .await
        .unwrap();
    assert_eq!(head.content_length, Some(10));
    assert_eq!(head.content_type.as_deref(), Some("text/plain"));
    assert_eq!(head.metadata.unwrap()["owner"], "ada");
    assert_eq!(
        head.e_tag.as_deref(),
        Some("\"781e5e245d69b566979b86e28d23f2c7\"")
    );

    put(&client, &key, b"new").await;
    assert_eq!(get(&client, &key, None).await, b"new");
    client
        .delete_object()
        .bucket("files")
        .key(&key)
        .send()
        .await
        .unwrap();
    let error = client
        .get_object()
        .bucket("files")
        .key(&key)
        .send()
        .await
        .unwrap_err();
    assert!(error.into_service_error().is_no_such_key());
    let left = std::fs::read_dir(local.folder.path().join("data/s3/content"))
        .unwrap()
        .count();
    assert_eq!(left, 0, "no bytes stay behind");
}

#[tokio::test]
async fn links_put_and_get_and_expire_with_their_signature() {
    let local = Local::start().await;
    let client = local.s3().await;
    let http = reqwest::Client::new();
    let link = client
        .put_object()
        .bucket("files")
        .key("a b/ü.txt")
        .presigned(for_a_minute())
        .await
        .unwrap();
    let response = http.put(link.uri()).body("by link").send().await.unwrap();
    assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());

    let link = client
        .get_object()
        .bucket("files")
        .key("a b/ü.txt")
        .response_content_disposition("attachment")
        .presigned(for_a_minute())
        .await
        .unwrap();
    let response = http
        .get(link.uri())
        .header("origin", "http://localhost:5173")
        .send()
        .await
        .unwrap();
    assert_eq!(
        response.headers()["access-control-allow-origin"],
        "http://localhost:5173"
    );
    assert_eq!(response.headers()["access-control-expose-headers"], "etag");
    assert_eq!(response.headers()["content-disposition"], "attachment");
    assert_eq!(response.text().await.unwrap(), "by link");

    let forged = link.uri().replace("a%20b", "other");
    let response = http.get(forged).send().await.unwrap();
    assert_eq!(response.status(), 403);
    assert!(
        response
            .text()
            .await
            .unwrap()
            .contains("SignatureDoesNotMatch")
    );
    let bare = link.uri().split('?').next().unwrap();
    assert_eq!(http.get(bare).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_wrong_key_is_refused() {
    let local = Local::start().await;
    let error = local
        .s3_as("someone")
        .list_buckets()
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        error.into_service_error().code(),
        Some("InvalidAccessKeyId")
    );
}

#[tokio::test]
async fn objects_are_listed_by_prefix_in_pages_and_by_folder() {
    let local = Local::start().await;
    let client = local.s3().await;
    for key in ["a/1", "a/2", "b/c/1", "b/c/2", "b/d", "e"] {
        put(&client, key, b"x").await;
    }
    let keys = |objects: &[aws_sdk_s3::types::Object]| -> Vec<String> {
        objects
            .iter()
            .map(|object| object.key().unwrap().to_owned())
            .collect()
    };
    let mut pages = client
        .list_objects_v2()
        .bucket("files")
        .max_keys(4)
        .into_paginator()
        .send();
    let mut sizes = Vec::new();
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        sizes.push(page.contents().len());
        all.extend(keys(page.contents()));
    }
    assert_eq!(sizes, [4, 2]);
    assert_eq!(all, ["a/1", "a/2", "b/c/1", "b/c/2", "b/d", "e"]);

    let mut folders = Vec::new();
    let mut pages = client
        .list_objects_v2()
        .bucket("files")
        .delimiter("/")
        .max_keys(1)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        folders.extend(
            page.common_prefixes()
                .iter()
                .map(|prefix| prefix.prefix().unwrap().to_owned()),
        );
        folders.extend(keys(page.contents()));
    }
    assert_eq!(folders, ["a/", "b/", "e"]);
    let page = client
        .list_objects_v2()
        .bucket("files")
        .prefix("b/")
        .delimiter("/")
        .send()
        .await
        .unwrap();
    assert_eq!(keys(page.contents()), ["b/d"]);
    assert_eq!(page.common_prefixes()[0].prefix(), Some("b/c/"));

    let delete = ["a/1", "a/2"]
        .into_iter()
        .fold(Delete::builder(), |delete, key| {
            delete.objects(ObjectIdentifier::builder().key(key).build().unwrap())
        })
        .build()
        .unwrap();
    client
        .delete_objects()
        .bucket("files")
        .delete(delete)
        .send()
        .await
        .unwrap();
    let rest = client
        .list_objects_v2()
        .bucket("files")
        .send()
        .await
        .unwrap();
    assert_eq!(rest.key_count, Some(4));
}

#[tokio::test]
async fn an_upload_in_parts_becomes_one_object() {
    let local = Local::start().await;
    let client = local.s3().await;
    let upload = client
        .create_multipart_upload()
        .bucket("files")
        .key("large")
        .content_type("application/pdf")
        .send()
        .await
        .unwrap();
    let upload_id = upload.upload_id().unwrap();
    let first = vec![1; 5 * 1024 * 1024];
    let mut parts = Vec::new();
    for (number, bytes) in [(1, first.clone()), (2, b"end".to_vec())] {
        let part = client
            .upload_part()
            .bucket("files")
            .key("large")
            .upload_id(upload_id)
            .part_number(number)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .unwrap();
        parts.push(
            CompletedPart::builder()
                .part_number(number)
                .e_tag(part.e_tag().unwrap())
                .build(),
        );
    }
    let done = client
        .complete_multipart_upload()
        .bucket("files")
        .key("large")
        .upload_id(upload_id)
        .multipart_upload(
            CompletedMultipartUpload::builder()
                .set_parts(Some(parts))
                .build(),
        )
        .send()
        .await
        .unwrap();
    assert!(
        done.e_tag().unwrap().ends_with("-2\""),
        "{:?}",
        done.e_tag()
    );
    let bytes = get(&client, "large", None).await;
    assert_eq!(bytes.len(), first.len() + 3);
    assert!(bytes.ends_with(b"\x01end"));
    let head = client
        .head_object()
        .bucket("files")
        .key("large")
        .send()
        .await
        .unwrap();
    assert_eq!(head.content_type(), Some("application/pdf"));
    let uploads = client
        .list_multipart_uploads()
        .bucket("files")
        .send()
        .await
        .unwrap();
    assert!(uploads.uploads().is_empty());
}

#[tokio::test]
async fn an_object_is_made_only_where_there_is_none() {
    let local = Local::start().await;
    let client = local.s3().await;
    let create = || {
        client
            .put_object()
            .bucket("files")
            .key("once")
            .if_none_match("*")
            .tagging("state=new&by=a%20b")
            .body(ByteStream::from_static(b"x"))
            .send()
    };
    create().await.unwrap();
    let error = create().await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("PreconditionFailed"));

    let tags = client
        .get_object_tagging()
        .bucket("files")
        .key("once")
        .send()
        .await
        .unwrap();
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
    assert_eq!(tags.tag_set(), [tag("by", "a b"), tag("state", "new")]);
    let tagging = Tagging::builder()
        .tag_set(tag("state", "used"))
        .build()
        .unwrap();
    client
        .put_object_tagging()
        .bucket("files")
        .key("once")
        .tagging(tagging)
        .send()
        .await
        .unwrap();
    client
        .copy_object()
        .bucket("files")
        .key("copy")
        .copy_source("files/once")
        .send()
        .await
        .unwrap();
    let tags = client
        .get_object_tagging()
        .bucket("files")
        .key("copy")
        .send()
        .await
        .unwrap();
    assert_eq!(tags.tag_set(), [tag("state", "used")]);
}
