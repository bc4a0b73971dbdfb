//! The notes of files on their way into a task, so that none stays behind for ever.
//!
//! A note stands before its object does and goes in the transaction that stores the task. The sweep
//! claims a note that is left over, which no transaction can then use, and removes first the object and
//! then the note: it can die between any two steps and be repeated.

use aws_sdk_dynamodb::types::AttributeValue;

use super::clock::Millis;
use super::dynamo::{Dynamo, from_item, met};
use crate::error::Result;
use crate::keys::{Key, ObjectPath, Partition, SHARDS};
use crate::model::upload::Upload;

/// A file that has been stored for a task that has not.
#[derive(Debug, Clone)]
pub struct PendingUpload {
    path: ObjectPath,
    bytes: u64,
    key: Key<Upload>,
}

impl PendingUpload {
    /// A file of a task that was deleted, whose note waits until it can't be restored any more.
    pub(crate) fn known(path: ObjectPath, bytes: u64) -> Self {
        Self {
            key: Key::upload(&path),
            path,
            bytes,
        }
    }

    /// The object's path.
    pub fn path(&self) -> &ObjectPath {
        &self.path
    }

    /// The same path, as the task's row keeps it.
    pub fn object(&self) -> String {
        self.path.as_str().to_owned()
    }

    /// The object's size in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn key(&self) -> &Key<Upload> {
        &self.key
    }
}

/// The notes.
#[derive(Clone, Debug)]
pub(crate) struct Uploads {
    dynamo: Dynamo,
}

impl Uploads {
    pub(crate) fn new(dynamo: Dynamo) -> Self {
        Self { dynamo }
    }

    /// Notes that an object of so many bytes is about to be stored; nothing if one is already on its way to that
    /// path.
    pub(crate) async fn begin(
        &self,
        path: ObjectPath,
        bytes: u64,
    ) -> Result<Option<PendingUpload>> {
        let key = Key::upload(&path);
        let upload = Upload {
            path: path.as_str().to_owned(),
            created_at: self.dynamo.request().clock().now(),
            claimed: false,
        };
        let begun = self.dynamo.create(&key, &upload).await?;
        Ok(begun.then_some(PendingUpload { path, bytes, key }))
    }

    /// The notes that were made before `before`.
    pub(crate) async fn left_over(&self, before: Millis) -> Result<Vec<Upload>> {
        let mut left_over = Vec::new();
        for shard in 0..SHARDS {
            let partition = Partition::uploads(shard);
            let mut items = self
                .dynamo
                .client()
                .query()
                .table_name(self.dynamo.table(partition.table())?)
                .key_condition_expression("pk = :pk")
                .filter_expression("created_at < :before")
                .expression_attribute_values(":pk", AttributeValue::S(partition.pk().to_owned()))
                .expression_attribute_values(":before", super::dynamo::number(&before))
                .consistent_read(true)
                .into_paginator()
                .items()
                .send();
            while let Some(item) = items.next().await {
                left_over.push(from_item(item?)?);
            }
        }
        Ok(left_over)
    }

    /// Claims a note: from then on no task can be stored with its file. Returns whether it was still there.
    pub(crate) async fn claim(&self, upload: &Upload) -> Result<bool> {
        let key = Key::upload(&ObjectPath::noted(upload));
        let outcome = self
            .dynamo
            .client()
            .update_item()
            .table_name(self.dynamo.table(key.table())?)
            .set_key(Some(key.item()))
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET claimed = :yes")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .send()
            .await;
        met(outcome)
    }

    /// Forgets a note whose object is gone.
    pub(crate) async fn forget(&self, upload: &Upload) -> Result<()> {
        self.dynamo
            .delete(&Key::upload(&ObjectPath::noted(upload)))
            .await
    }
}
