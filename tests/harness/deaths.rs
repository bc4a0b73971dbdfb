use std::time::Duration;

use local::front::{Fault, FaultKind};

use crate::{Answer, App, report};

/// Longer than any message that was received stays hidden, but for those whose jobs take many minutes.
pub const HIDDEN: Duration = Duration::from_secs(361);

/// The deaths of a function: it dies right after each of its AWS calls in turn, that call having had its effect, until
/// it makes no more.
///
/// ```ignore
/// let mut deaths = app.deaths_of("create-project");
/// while deaths.go_on() {
///     deaths.befall_request(ada.post("/api/create-project", body.clone())).await;
///     deaths.assert_mended().await;
/// }
/// deaths.assert_at_least(3);
/// ```
pub struct Deaths<'a> {
    app: &'a App,
    function: &'a str,
    count: u32,
    has_lived: bool,
}

impl App {
    /// The deaths of a function, none of which has befallen it yet.
    pub fn deaths_of<'a>(&'a self, function: &'a str) -> Deaths<'a> {
        Deaths {
            app: self,
            function,
            count: 0,
            has_lived: false,
        }
    }
}

impl Deaths<'_> {
    /// Whether another is to come: the function has not lived yet.
    pub fn go_on(&self) -> bool {
        !self.has_lived
    }

    /// How many there have been.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Does something during which the function dies after its next call, or lives if it makes no such call.
    pub async fn befall<T>(&mut self, what: impl Future<Output = T>) -> T {
        let death = Fault::new(FaultKind::DieAfterReply).function(self.function);
        let armed = self.app.fault(death.nth(self.count + 1));
        let done = what.await;
        self.has_lived = armed.fired() == 0;
        armed.disarm();
        self.count += u32::from(!self.has_lived);
        done
    }

    /// The same of a request that the function answers.
    ///
    /// # Panics
    /// If it is answered as if it had not died, or had.
    pub async fn befall_request(&mut self, request: impl Future<Output = Answer>) -> Answer {
        let answer = self.befall(request).await;
        assert_eq!(answer.status >= 500, self.go_on(), "{}", answer.body);
        answer
    }

    /// That rows, counters, logs, lists and files tell one story and nothing is left to do, once the platform has tried
    /// again as it does by itself.
    ///
    /// # Panics
    /// If not.
    pub async fn assert_mended(&self) {
        self.app.settled().await;
        self.app.advance(HIDDEN);
        self.app.settled().await;
        let ledger = self.app.ledger().await;
        ledger.assert_consistent();
        ledger.assert_nothing_left_to_do();
        ledger.assert_usage();
    }

    /// That there were as many as there are calls that it can't do without.
    ///
    /// # Panics
    /// If there were fewer.
    #[track_caller]
    pub fn assert_at_least(&self, least: u32) {
        let (function, count) = (self.function, self.count);
        report(&format!("{function} died {count} times"));
        assert!(count >= least, "{function} died {count} times");
    }
}
