//! Pages of a bucket's objects.

use s3s::{
    S3Result,
    dto::{
        CommonPrefix, ETag, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
        ListObjectsV2Output, Object,
    },
};

use super::{Store, content::failed, index::Entry, requests::timestamp};

/// The most that one page holds.
const PAGE: i32 = 1000;

/// A page: objects and common prefixes, in one order.
#[derive(Default)]
struct Page {
    objects: Vec<Object>,
    prefixes: Vec<CommonPrefix>,
    /// Where the next page starts, if there is one.
    next: Option<String>,
}

impl Page {
    fn len(&self) -> usize {
        self.objects.len() + self.prefixes.len()
    }
}

impl Store {
    pub(super) fn list_v2(&self, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
        let prefix = input.prefix.clone().unwrap_or_default();
        let max_keys = input.max_keys.unwrap_or(PAGE).clamp(0, PAGE);
        let after = input
            .continuation_token
            .as_ref()
            .or(input.start_after.as_ref());
        let page = self.page(
            &input.bucket,
            &prefix,
            input.delimiter.as_deref(),
            after.map_or("", String::as_str),
            max_keys,
        )?;
        Ok(ListObjectsV2Output {
            key_count: i32::try_from(page.len()).ok(),
            max_keys: Some(max_keys),
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next,
            contents: Some(page.objects),
            common_prefixes: Some(page.prefixes),
            name: Some(input.bucket),
            prefix: Some(prefix),
            delimiter: input.delimiter,
            continuation_token: input.continuation_token,
            start_after: input.start_after,
            encoding_type: input.encoding_type,
            ..ListObjectsV2Output::default()
        })
    }

    pub(super) fn list_v1(&self, input: ListObjectsInput) -> S3Result<ListObjectsOutput> {
        let prefix = input.prefix.clone().unwrap_or_default();
        let max_keys = input.max_keys.unwrap_or(PAGE).clamp(0, PAGE);
        let marker = input.marker.clone().unwrap_or_default();
        let page = self.page(
            &input.bucket,
            &prefix,
            input.delimiter.as_deref(),
            &marker,
            max_keys,
        )?;
        Ok(ListObjectsOutput {
            max_keys: Some(max_keys),
            is_truncated: Some(page.next.is_some()),
            next_marker: page.next,
            contents: Some(page.objects),
            common_prefixes: Some(page.prefixes),
            name: Some(input.bucket),
            prefix: Some(prefix),
            marker: input.marker,
            delimiter: input.delimiter,
            encoding_type: input.encoding_type,
            ..ListObjectsOutput::default()
        })
    }

    fn page(
        &self,
        bucket: &str,
        prefix: &str,
        delimiter: Option<&str>,
        after: &str,
        max_keys: i32,
    ) -> S3Result<Page> {
        self.require_bucket(bucket)?;
        let max_keys = usize::try_from(max_keys).map_err(failed)?;
        let mut page = Page::default();
        let mut after = after.to_owned();
        loop {
            // A page that ended with a common prefix goes on after all that it stands for.
            if delimiter.is_some_and(|delimiter| is_common_prefix(&after, prefix, delimiter)) {
                after.push(char::MAX);
            }
            let entries = self
                .index
                .list(bucket, prefix, &after, max_keys + 1)
                .map_err(failed)?;
            let Some(first) = entries.first() else {
                return Ok(page);
            };
            let Some(delimiter) = delimiter else {
                let more = entries.len() > max_keys;
                page.objects = entries.into_iter().take(max_keys).map(object).collect();
                page.next = page
                    .objects
                    .last()
                    .filter(|_| more)
                    .and_then(|last| last.key.clone());
                return Ok(page);
            };
            if page.len() == max_keys {
                page.next = (max_keys > 0).then(|| after.trim_end_matches(char::MAX).to_owned());
                return Ok(page);
            }
            if let Some(common) = common_prefix(&first.key, prefix, delimiter) {
                common.clone_into(&mut after);
                page.prefixes.push(CommonPrefix {
                    prefix: Some(common.to_owned()),
                });
            } else {
                after.clone_from(&first.key);
                page.objects.push(object(first.clone()));
            }
        }
    }
}

/// The part of `key` up to and with the first delimiter after `prefix`.
fn common_prefix<'a>(key: &'a str, prefix: &str, delimiter: &str) -> Option<&'a str> {
    let rest = key.strip_prefix(prefix)?;
    let end = prefix.len() + rest.find(delimiter)? + delimiter.len();
    Some(&key[..end])
}

fn is_common_prefix(text: &str, prefix: &str, delimiter: &str) -> bool {
    common_prefix(text, prefix, delimiter) == Some(text)
}

fn object(entry: Entry) -> Object {
    Object {
        key: Some(entry.key),
        size: Some(entry.size),
        e_tag: Some(ETag::Strong(entry.etag)),
        last_modified: Some(timestamp(entry.modified)),
        ..Object::default()
    }
}
