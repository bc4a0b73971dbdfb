//! What a request changes waits until it is known that it may be served: what it only reads meanwhile is lost time for nobody.

use std::sync::OnceLock;

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_smithy_runtime_api::client::interceptors::context::Input;
use tokio::sync::SetOnce;

use super::dynamo::text;
use crate::keys::is_of_counts;

/// Whether a request may be served: it may as long as nobody has to find out.
#[derive(Debug, Default)]
pub(crate) struct Admission(OnceLock<SetOnce<()>>);

impl Admission {
    /// From here on it is not known.
    pub(crate) fn await_it(&self) {
        self.0.get_or_init(SetOnce::new);
    }

    /// It may.
    pub(crate) fn grant(&self) {
        if let Some(granted) = self.0.get() {
            let _already_granted = granted.set(());
        }
    }

    /// Returns once it may be served. One that may not is dropped as it waits here.
    pub(crate) async fn granted(&self) {
        if let Some(granted) = self.0.get() {
            granted.wait().await;
        }
    }
}

/// Whether a call has to wait for that: whatever is no read of rows, but for what counts the request itself.
pub(crate) fn has_to_wait(input: &Input) -> bool {
    let reads = input.downcast_ref::<GetItemInput>().is_some()
        || input.downcast_ref::<BatchGetItemInput>().is_some()
        || input.downcast_ref::<QueryInput>().is_some();
    let updated = input.downcast_ref::<UpdateItemInput>();
    let row = updated.and_then(UpdateItemInput::key);
    let counts = row.is_some_and(|row| is_of_counts(text(row, "pk")));
    !reads && !counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdk::dynamo::key_item;

    #[test]
    fn what_reads_and_what_counts_waits_for_nothing() {
        let update = |pk| UpdateItemInput::builder().set_key(Some(key_item(pk, "x")));
        let get = GetItemInput::builder().build().expect("it is a call");
        assert!(!has_to_wait(&Input::erase(get)));
        for (pk, waits) in [
            ("CALLS#user/u", false),
            ("KEYUSE#k", false),
            ("T#t#USAGE", false),
            ("RATE#x", true),
            ("T#t#P#p", true),
            ("USER#USAGE", true),
        ] {
            let update = update(pk).build().expect("it is a call");
            assert_eq!(has_to_wait(&Input::erase(update)), waits, "{pk}");
        }
        assert!(has_to_wait(&Input::erase("a call of another service")));
    }

    #[tokio::test]
    async fn nobody_waits_where_nobody_has_to_find_out() {
        let admission = Admission::default();
        admission.granted().await;
        admission.await_it();
        let waiting = async {
            admission.granted().await;
            true
        };
        let granting = async {
            tokio::task::yield_now().await;
            admission.grant();
        };
        assert!(futures::join!(waiting, granting).0);
        admission.granted().await;
    }
}
