//! Bad luck, on order: what AWS does now and then, done to chosen calls.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU32, Ordering},
};

use super::{
    journal::Invocation,
    request::{Call, Service},
};

/// A fault and the calls that it befalls. Start from [`Fault::new`] and narrow it down.
#[derive(Debug, Clone)]
#[must_use]
pub struct Fault {
    kind: FaultKind,
    function: Option<String>,
    service: Option<Service>,
    operation: Option<String>,
    table: Option<String>,
    nth: u32,
    times: u32,
}

/// What befalls a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// Refused as one too many, in the service's shape; nothing is done.
    Throttle,
    /// A 500.
    InternalError(Moment),
    /// No answer at all: the connection stays open until the client gives up.
    Timeout(Moment),
    /// Another transaction is at one of the items: of a transaction, a cancellation with its reasons.
    /// Nothing is done. For DynamoDB's writes and transactions only.
    TransactionConflict,
    /// The invocation that made the call dies with the answer on its way: the call has had its effect.
    /// Here `nth` counts the calls of each invocation, and `times` the invocations.
    DieAfterReply,
}

/// Whether a call that fails has had its effect: a client can't tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Nothing was done.
    BeforeEffect,
    /// All was done, and the answer lost.
    AfterEffect,
}

impl Fault {
    /// A fault that befalls the very next call, once.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            function: None,
            service: None,
            operation: None,
            table: None,
            nth: 1,
            times: 1,
        }
    }

    /// Only calls of this function's invocations.
    pub fn function(mut self, name: &str) -> Self {
        self.function = Some(name.to_owned());
        self
    }

    /// Only calls to this service.
    pub fn service(mut self, service: Service) -> Self {
        self.service = Some(service);
        self
    }

    /// Only this operation, by the API's name.
    pub fn operation(mut self, name: &str) -> Self {
        self.operation = Some(name.to_owned());
        self
    }

    /// Only calls that name this table, and no other.
    pub fn table(mut self, name: &str) -> Self {
        self.table = Some(name.to_owned());
        self
    }

    /// Starts at the `nth` of the calls that match; 1 is the first.
    pub fn nth(mut self, nth: u32) -> Self {
        self.nth = nth;
        self
    }

    /// Befalls so many calls in a row; once unless told.
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    fn matches(&self, call: &Call, function: Option<&str>) -> bool {
        let is = |wanted: &Option<String>, actual: Option<&str>| {
            wanted.is_none() || wanted.as_deref() == actual
        };
        is(&self.function, function)
            && is(&self.operation, Some(&call.operation))
            && is(&self.table, call.table.as_deref())
            && self.service.is_none_or(|service| service == call.service)
            && (self.kind != FaultKind::TransactionConflict || can_conflict(call))
    }
}

/// A fault that has been ordered; it stays in force if this is dropped.
#[derive(Debug, Clone)]
pub struct Armed {
    faults: Faults,
    id: u32,
    fired: Arc<AtomicU32>,
}

impl Armed {
    /// How many calls it has befallen.
    pub fn fired(&self) -> u32 {
        self.fired.load(Ordering::SeqCst)
    }

    /// Takes the order back.
    pub fn disarm(&self) {
        self.faults
            .lock(|orders| orders.retain(|order| order.id != self.id));
    }
}

#[derive(Debug)]
struct Order {
    id: u32,
    fault: Fault,
    seen: u32,
    fired: Arc<AtomicU32>,
}

/// The faults in force. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    orders: Arc<Mutex<Vec<Order>>>,
    last_id: Arc<AtomicU32>,
}

impl Faults {
    pub(crate) fn arm(&self, fault: Fault) -> Armed {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed);
        let fired = Arc::new(AtomicU32::new(0));
        self.lock(|orders| {
            orders.push(Order {
                id,
                fault,
                seen: 0,
                fired: Arc::clone(&fired),
            });
        });
        Armed {
            faults: self.clone(),
            id,
            fired,
        }
    }

    pub(crate) fn clear(&self) {
        self.lock(Vec::clear);
    }

    /// What befalls this call: the first order that is due. `nth_call` counts the invocation's calls.
    pub(crate) fn befalls(
        &self,
        call: &Call,
        invocation: Option<&Invocation>,
        nth_call: u32,
    ) -> Option<FaultKind> {
        let function = invocation.map(|invocation| invocation.function.as_str());
        self.lock(|orders| {
            let mut due = None;
            for order in orders.iter_mut() {
                if due.is_some() || !order.fault.matches(call, function) {
                    continue;
                }
                order.seen += 1;
                let is_due = match order.fault.kind {
                    FaultKind::DieAfterReply => invocation.is_some() && nth_call == order.fault.nth,
                    _ => order.seen >= order.fault.nth,
                };
                if is_due {
                    order.fired.fetch_add(1, Ordering::SeqCst);
                    order.fault.times = order.fault.times.saturating_sub(1);
                    due = Some(order.fault.kind);
                }
            }
            orders.retain(|order| order.fault.times > 0);
            due
        })
    }

    fn lock<T>(&self, change: impl FnOnce(&mut Vec<Order>) -> T) -> T {
        change(&mut self.orders.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn can_conflict(call: &Call) -> bool {
    call.service == Service::DynamoDb
        && matches!(
            call.operation.as_str(),
            "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems" | "TransactGetItems"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put_item() -> Call {
        Call {
            service: Service::DynamoDb,
            operation: "PutItem".to_owned(),
            table: Some("data".to_owned()),
            trace: None,
        }
    }

    #[test]
    fn a_fault_befalls_the_nth_matching_call_and_so_many_after_it() {
        let faults = Faults::default();
        let armed = faults.arm(
            Fault::new(FaultKind::Throttle)
                .operation("PutItem")
                .nth(2)
                .times(2),
        );
        let other = Call {
            operation: "GetItem".to_owned(),
            ..put_item()
        };
        assert_eq!(faults.befalls(&put_item(), None, 0), None);
        assert_eq!(faults.befalls(&other, None, 0), None);
        assert_eq!(
            faults.befalls(&put_item(), None, 0),
            Some(FaultKind::Throttle)
        );
        assert_eq!(
            faults.befalls(&put_item(), None, 0),
            Some(FaultKind::Throttle)
        );
        assert_eq!(faults.befalls(&put_item(), None, 0), None);
        assert_eq!(armed.fired(), 2);
    }

    #[test]
    fn a_fault_may_befall_the_calls_to_one_table_alone() {
        let faults = Faults::default();
        faults.arm(Fault::new(FaultKind::Throttle).table("identity"));
        assert_eq!(faults.befalls(&put_item(), None, 0), None);
        let identity = Call {
            table: Some("identity".to_owned()),
            ..put_item()
        };
        let befallen = faults.befalls(&identity, None, 0);
        assert_eq!(befallen, Some(FaultKind::Throttle));
    }

    #[test]
    fn a_disarmed_fault_befalls_nothing() {
        let faults = Faults::default();
        faults
            .arm(Fault::new(FaultKind::TransactionConflict))
            .disarm();
        assert_eq!(faults.befalls(&put_item(), None, 0), None);
    }
}
