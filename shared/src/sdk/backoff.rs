//! Waiting before another try.

use std::time::Duration;

use super::request::Request;

/// The ceiling of the first wait; each further one doubles.
const FIRST: Duration = Duration::from_millis(32);

/// The ceiling of any wait.
const LONGEST: Duration = Duration::from_millis(500);

/// The waits between tries of one thing: full jitter, and no longer than the request has time.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    tries: u32,
}

impl Backoff {
    /// Waits. Returns whether there is time for another try.
    pub(crate) async fn wait(&mut self, request: &Request) -> bool {
        let wait = jitter(self.tries);
        self.tries += 1;
        let in_time = wait < request.remaining();
        if in_time {
            tokio::time::sleep(wait).await;
        }
        in_time
    }
}

/// Evenly between nothing and the ceiling.
fn jitter(tries: u32) -> Duration {
    ceiling(tries).mul_f64(rand::random::<f64>())
}

fn ceiling(tries: u32) -> Duration {
    FIRST.saturating_mul(1 << tries.min(16)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ceiling_of_the_waits_doubles_up_to_the_highest() {
        let ceilings: Vec<_> = (0..6).map(|tries| ceiling(tries).as_millis()).collect();
        assert_eq!(ceilings, [32, 64, 128, 256, 500, 500]);
    }

    proptest! {
        #[test]
        fn a_wait_is_anywhere_between_nothing_and_its_ceiling(tries in any::<u32>()) {
            let waits: Vec<_> = (0..200).map(|_| jitter(tries)).collect();
            let ceiling = ceiling(tries);
            prop_assert!(waits.iter().all(|wait| *wait <= ceiling));
            prop_assert!(waits.iter().any(|wait| *wait < ceiling / 4));
            prop_assert!(waits.iter().any(|wait| *wait > ceiling / 4 * 3));
        }
    }
}
