//! Batches: up to ten entries in one transaction, each with its own outcome.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::messages::{ChangeVisibility, Delete, Send};
use crate::Sqs;
use crate::error::{Code, SqsError};
use crate::settings::MAX_MESSAGE_SIZE;
use crate::work::Work;

const MAX_ENTRIES: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", bound = "T: serde::de::DeserializeOwned")]
pub(super) struct Batch<T> {
    #[serde(default = "Vec::new")]
    entries: Vec<Entry<T>>,
}

#[derive(Deserialize)]
struct Entry<T> {
    #[serde(rename = "Id")]
    id: String,
    #[serde(flatten)]
    request: T,
}

pub(super) fn send(sqs: &Sqs, queue: &str, batch: Batch<Send>) -> Result<Value, SqsError> {
    let size: usize = batch.entries.iter().map(|entry| entry.request.size()).sum();
    if size > MAX_MESSAGE_SIZE {
        return Err(SqsError::new(
            Code::BatchRequestTooLong,
            format!(
                "Batch requests cannot be longer than {MAX_MESSAGE_SIZE} bytes. You have sent {size} bytes."
            ),
        ));
    }
    batch.run(sqs, queue, Send::run)
}

pub(super) fn delete(sqs: &Sqs, queue: &str, batch: Batch<Delete>) -> Result<Value, SqsError> {
    batch.run(sqs, queue, |entry, work| {
        entry.run(work).map(|()| Map::new())
    })
}

pub(super) fn change_visibility(
    sqs: &Sqs,
    queue: &str,
    batch: Batch<ChangeVisibility>,
) -> Result<Value, SqsError> {
    batch.run(sqs, queue, |entry, work| {
        entry.run(work).map(|()| Map::new())
    })
}

impl<T> Batch<T> {
    fn run(
        self,
        sqs: &Sqs,
        queue: &str,
        run: impl Fn(T, &mut Work) -> Result<Map<String, Value>, SqsError>,
    ) -> Result<Value, SqsError> {
        self.check()?;
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        sqs.work(queue, |work| {
            for entry in self.entries {
                match run(entry.request, work) {
                    Ok(mut outcome) => {
                        outcome.insert("Id".into(), entry.id.into());
                        successful.push(outcome);
                    }
                    // An entry is refused before it changes anything; a fault of ours undoes the batch.
                    Err(error) if error.is_senders_fault() => failed.push(json!({
                        "Id": entry.id,
                        "SenderFault": true,
                        "Code": error.code().query_code(),
                        "Message": error.message(),
                    })),
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })?;
        Ok(json!({ "Successful": successful, "Failed": failed }))
    }

    fn check(&self) -> Result<(), SqsError> {
        let refuse = |code, message: &str| Err(SqsError::new(code, message));
        if self.entries.is_empty() {
            return refuse(Code::EmptyBatchRequest, "The batch has no entries.");
        }
        if self.entries.len() > MAX_ENTRIES {
            return refuse(
                Code::TooManyEntriesInBatchRequest,
                "A batch has at most 10 entries.",
            );
        }
        let ids: BTreeSet<_> = self.entries.iter().map(|entry| &entry.id).collect();
        if ids.len() < self.entries.len() {
            return refuse(
                Code::BatchEntryIdsNotDistinct,
                "Two entries of the batch have the same id.",
            );
        }
        if !ids.into_iter().all(|id| is_entry_id(id)) {
            return refuse(
                Code::InvalidBatchEntryId,
                "An entry's id has 1 to 80 letters, digits, hyphens and underscores.",
            );
        }
        Ok(())
    }
}

fn is_entry_id(id: &str) -> bool {
    (1..=80).contains(&id.len())
        && id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}
