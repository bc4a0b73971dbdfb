//! How often somebody may call: a window that slides, counted in one row of theirs.
//!
//! The row is read with who calls. Who has no room is refused by that alone; for anybody else one conditional write
//! decides, which never lets in more than the limit, however many come at once.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::dynamo::{ABSENT, Dynamo, from_item, number, to_item};
use crate::error::{Error, Result};
use crate::keys::Key;
use crate::model::window::{Calls, Kind, Limit, Quota, Step};

/// How often it is tried to count a call where others come between. Each such time one of them was counted.
const TRIES: usize = 8;

/// How much longer a row is kept than it counts, in seconds: clocks differ.
const KEPT: i64 = 120;

/// How often somebody may call.
#[derive(Clone, Debug)]
pub(crate) struct Rates {
    dynamo: Dynamo,
}

/// Whose calls are counted, how many there may be, and how many there were when it was read who calls.
#[derive(Debug)]
pub(crate) struct Metered {
    pub(crate) row: Key<Calls>,
    pub(crate) limit: Limit,
    pub(crate) found: Option<Calls>,
}

/// Whether a call was counted, and what is left for more.
struct Decided {
    counted: bool,
    quota: Quota,
}

/// What became of a step.
enum Written {
    Done(Calls),
    /// Somebody came between: this is there now.
    Unmet(Option<Calls>),
}

impl Rates {
    pub(crate) fn new(dynamo: Dynamo) -> Self {
        Self { dynamo }
    }

    /// Counts a call of whoever the request was found to be of.
    ///
    /// # Errors
    /// 429 if there is no room for it; it then does not count. 503 if it could not be counted: a limit that opens
    /// when there is most to do leaves nothing for the others.
    pub(crate) async fn admit(&self, kind: Kind) -> Result<()> {
        let request = self.dynamo.request();
        let Some(metered) = request.metered() else {
            return Ok(());
        };
        let decided = self.decide(metered, kind).await?;
        request.note_quota(decided.quota);
        if decided.counted {
            request.admission().grant();
            return Ok(());
        }
        let wait = Duration::from_secs(decided.quota.wait(request.clock().now()));
        Err(Error::too_many_requests(wait))
    }

    /// Has all that the request changes wait until it is admitted.
    pub(crate) fn hold_changes(&self) {
        let request = self.dynamo.request();
        if request.metered().is_some() {
            request.admission().await_it();
        }
    }

    /// What is left to whoever calls, as headers of the answer; none if nobody was counted.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&'static str, String)> + use<> {
        let quota = self.dynamo.request().quota();
        quota.into_iter().flat_map(Quota::headers)
    }

    async fn decide(&self, metered: &Metered, kind: Kind) -> Result<Decided> {
        let mut found = metered.found.clone();
        for _ in 0..TRIES {
            let now = self.dynamo.request().clock().now();
            let step = Calls::step(found.as_ref(), now, metered.limit, kind);
            if let Step::Full(quota) = step {
                return Ok(Decided {
                    counted: false,
                    quota,
                });
            }
            match self.write(&metered.row, step, kind).await? {
                Written::Done(calls) => {
                    return Ok(Decided {
                        counted: true,
                        quota: calls.quota(metered.limit, kind),
                    });
                }
                Written::Unmet(calls) => found = calls,
            }
        }
        // Whoever comes between is theirs, too: so many at once are too many.
        let calls = found.unwrap_or_default();
        let now = self.dynamo.request().clock().now();
        Ok(Decided {
            counted: false,
            quota: Quota {
                remaining: 0,
                reset: now.div_euclid(1000) + 1,
                ..calls.quota(metered.limit, kind)
            },
        })
    }

    async fn write(&self, row: &Key<Calls>, step: Step, kind: Kind) -> Result<Written> {
        match step {
            Step::Full(_) => Ok(Written::Unmet(None)),
            Step::Roll { over, to } => self.roll(row, over, to).await,
            Step::Add {
                second,
                room,
                room_of_kind,
            } => {
                let of_kind = Calls::name(kind).zip(room_of_kind);
                self.add(row, second, room, of_kind).await
            }
        }
    }

    /// A newer second: the whole row anew.
    async fn roll(&self, row: &Key<Calls>, over: Option<(i64, u32)>, to: Calls) -> Result<Written> {
        let mut update = self.update(row)?.update_expression(ANEW);
        for name in ["second", "all", "searches", "files"] {
            update = update.expression_attribute_names(format!("#{name}"), name);
        }
        let mut values = to_item(row, &to)?;
        values.extend([("ttl".to_owned(), number(&(to.second() + KEPT)))]);
        for name in ["second", "all", "searches", "files", "ttl"] {
            let value = values.remove(name).ok_or_else(|| Error::internal(name))?;
            update = update.expression_attribute_values(format!(":{name}"), value);
        }
        let update = update.expression_attribute_names("#ttl", "ttl");
        let update = match over {
            None => update.condition_expression(ABSENT),
            Some((second, latest)) => update
                .condition_expression("#second = :old AND #all.#latest = :latest")
                .expression_attribute_names("#latest", "latest")
                .expression_attribute_values(":old", number(&second))
                .expression_attribute_values(":latest", number(&latest)),
        };
        written(update).await
    }

    /// One more in the newest second: no two such are in each other's way.
    async fn add(
        &self,
        row: &Key<Calls>,
        second: i64,
        room: u32,
        of_kind: Option<(&str, u32)>,
    ) -> Result<Written> {
        let (change, condition) = match of_kind {
            None => (ADD.to_owned(), ROOM.to_owned()),
            Some(_) => (
                format!("{ADD}{ADD_OF_KIND}"),
                format!("{ROOM}{ROOM_OF_KIND}"),
            ),
        };
        let update = self
            .update(row)?
            .update_expression(change)
            .condition_expression(condition)
            .expression_attribute_names("#second", "second")
            .expression_attribute_names("#all", "all")
            .expression_attribute_names("#latest", "latest")
            .expression_attribute_values(":one", number(&1))
            .expression_attribute_values(":second", number(&second))
            .expression_attribute_values(":room", number(&room));
        let update = match of_kind {
            None => update,
            Some((name, room)) => update
                .expression_attribute_names("#kind", name)
                .expression_attribute_values(":room_of_kind", number(&room)),
        };
        written(update).await
    }

    /// A write that answers with the row, whether its condition is met or not.
    fn update(&self, row: &Key<Calls>) -> Result<UpdateItemFluentBuilder> {
        let update = self
            .dynamo
            .client()
            .update_item()
            .table_name(self.dynamo.table(row.table())?)
            .set_key(Some(row.item()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        Ok(update)
    }
}

const ANEW: &str =
    "SET #second = :second, #all = :all, #searches = :searches, #files = :files, #ttl = :ttl";
const ADD: &str = "SET #all.#latest = #all.#latest + :one";
const ADD_OF_KIND: &str = ", #kind.#latest = #kind.#latest + :one";
const ROOM: &str = "#second = :second AND #all.#latest < :room";
const ROOM_OF_KIND: &str = " AND #kind.#latest < :room_of_kind";

async fn written(update: UpdateItemFluentBuilder) -> Result<Written> {
    match update.send().await {
        Ok(answer) => {
            let row = answer.attributes.unwrap_or_default();
            Ok(Written::Done(from_item(row)?))
        }
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(unmet)) => {
                let row = unmet.item().cloned();
                Ok(Written::Unmet(row.map(from_item).transpose()?))
            }
            _ => Err(error.into()),
        },
    }
}
