//! Where it is thrown: a started Tenon, and somebody who is signed in.

use std::env;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseResult, TestRunner};
use serde_json::Value;
use tests::{App, Member};
use tokio::runtime::Runtime;

/// What the cases are drawn with, unless `PROPTEST_RNG_SEED` says otherwise.
const SEED: u64 = 4711;

/// A case takes milliseconds, so a failure is made smaller in a second or so.
const SHRINKS: u32 = 200;

/// A Tenon that runs beside the test: cases are drawn one by one, and what a case does is waited for.
pub(super) struct Arena {
    runtime: Runtime,
    pub(super) app: App,
    pub(super) ada: Member,
}

impl Arena {
    pub(super) fn open() -> Self {
        let runtime = Runtime::new().expect("a runtime can be made");
        let (app, ada) = runtime.block_on(async {
            let app = App::start().await;
            let ada = app.member("lovelace").await;
            (app, ada)
        });
        Self { runtime, app, ada }
    }

    /// Throws `cases` cases, each of which has to pass.
    pub(super) fn throw<S: Strategy>(
        &self,
        cases: u32,
        strategy: &S,
        check: impl AsyncFn(S::Value) -> TestCaseResult,
    ) {
        let outcome =
            TestRunner::new(config(cases)).run(strategy, |case| self.runtime.block_on(check(case)));
        if let Err(failure) = outcome {
            panic!("{failure}");
        }
    }

    pub(super) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// How many rows a table has, the audit log and what is counted apart.
    pub(super) fn rows(&self, table: &str, prefix: &str) -> usize {
        let rows = self.wait(self.app.rows(table, prefix));
        // Both grow beside, or a moment later.
        let beside = |pk: &str| pk.contains("#AUDIT#") || pk.ends_with("#USAGE");
        let beside = |row: &&Value| row["pk"].as_str().is_some_and(beside);
        rows.len() - rows.iter().filter(beside).count()
    }

    pub(super) fn close(self) {
        self.runtime.block_on(self.app.stop());
    }
}

fn config(cases: u32) -> Config {
    let mut config = Config {
        failure_persistence: None,
        max_shrink_iters: SHRINKS,
        ..Config::default()
    };
    if matches!(config.rng_seed, RngSeed::Random) {
        config.rng_seed = RngSeed::Fixed(SEED);
    }
    if env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    config
}
