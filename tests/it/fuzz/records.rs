//! Whatever stands in the stream, relay passes the batch on or fails for it, and goes on.

use local::lambda::InvocationError;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use tests::tables;

use super::arena::Arena;
use super::values::{spoilt, values};

#[test]
fn relay_fails_for_a_batch_with_garbage_in_it() {
    let arena = Arena::open();
    let image = arena.wait(async {
        arena.ada.project("Apollo").await;
        arena.app.settled().await;
        let events = arena.app.rows(tables::DATA, "EVENT#").await;
        let item: serde_dynamo::Item = serde_dynamo::to_item(&events[0]).expect("it is an item");
        serde_json::to_value(item).expect("it is JSON")
    });
    let garbage = prop_oneof![
        values().prop_map(|image| (image, true)),
        // It may still be an event, of whatever.
        spoilt(Just(image.clone())).prop_map(|image| (image, false)),
    ];
    let batches = (vec(garbage, 0..4), any::<Index>());
    arena.throw(250, &batches, async |(garbage, at)| {
        let surely_bad = garbage.iter().any(|(_, surely)| *surely);
        let empty = garbage.is_empty();
        let mut images: Vec<Value> = garbage.into_iter().map(|(image, _)| image).collect();
        images.insert(at.index(images.len() + 1), image.clone());
        let lambda = arena.app.stack().lambda();
        match lambda.invoke("relay", event(&images)).await {
            Ok(answer) => {
                prop_assert!(!surely_bad);
                prop_assert_eq!(answer, json!({ "batchItemFailures": [] }));
            }
            Err(InvocationError::Failed(message)) => {
                prop_assert!(!empty && !message.contains("panicked"), "{}", message);
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
        Ok(())
    });
    arena.close();
}

/// The records as Lambda sends them.
fn event(images: &[Value]) -> Value {
    let records = images.iter().map(|image| {
        json!({
            "eventName": "INSERT",
            "eventSource": "aws:dynamodb",
            "dynamodb": { "NewImage": image, "SequenceNumber": "1" },
        })
    });
    json!({ "Records": records.collect::<Vec<_>>() })
}
