//! What roles have done in the tests of a run, for the one that compares it with what they are granted.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use local::front::Iam;

/// Role, action and resource.
pub type Used = BTreeSet<(String, String, String)>;

/// What this process has seen, which its file has, too.
static USED: Mutex<Used> = Mutex::new(Used::new());

/// Takes down what roles have done, once a stack is no longer needed.
pub(crate) struct Witness(pub(crate) Iam);

impl Drop for Witness {
    fn drop(&mut self) {
        let mut used = USED.lock().unwrap_or_else(PoisonError::into_inner);
        let before = used.len();
        used.extend(self.0.used());
        if used.len() > before {
            let kept = serde_json::to_string(&*used).expect("it is JSON");
            std::fs::write(file(), kept).expect("what was used can be kept");
        }
    }
}

/// What roles have done in the last run of tests.
///
/// # Panics
/// If there was none.
pub fn used() -> Used {
    let kept = std::fs::read_to_string(file()).expect("tests have run before");
    serde_json::from_str(&kept).expect("it was kept by a run of tests")
}

/// Beside the binaries of the tests, whatever they are called.
fn file() -> PathBuf {
    let binary = std::env::current_exe().expect("this is a program");
    binary.with_file_name("used-by-tests.json")
}
