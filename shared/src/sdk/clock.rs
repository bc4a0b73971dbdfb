//! What time it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

pub use crate::model::Millis;

/// The system's clock, which a test can move forward.
///
/// Clones share one offset: advancing one advances all. What AWS itself times (signatures, presigned
/// links) follows the real clock.
#[derive(Clone, Debug)]
pub struct Clock {
    offset: watch::Sender<Millis>,
}

impl Clock {
    /// The system's time.
    pub fn system() -> Self {
        Self {
            offset: watch::Sender::new(0),
        }
    }

    /// Now, in epoch milliseconds.
    pub fn now(&self) -> Millis {
        system_millis() + *self.offset.borrow()
    }

    /// Moves this clock and all its clones forward, and wakes whatever sleeps on them.
    pub fn advance(&self, by: Duration) {
        self.offset.send_modify(|offset| *offset += millis(by));
    }

    /// Returns once the clock has reached `at`, by time passing or by [`Clock::advance`].
    pub async fn sleep_until(&self, at: Millis) {
        let mut moved = self.offset.subscribe();
        while let remaining @ 1.. = at - self.now() {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(remaining.unsigned_abs())) => {}
                _ = moved.changed() => {}
            }
        }
    }

    /// Returns once `duration` has passed on this clock.
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now() + millis(duration)).await;
    }

    /// Tells of each [`Clock::advance`]: for those who keep their own deadlines.
    pub fn moved(&self) -> watch::Receiver<Millis> {
        self.offset.subscribe()
    }
}

/// A duration in milliseconds.
pub fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

fn system_millis() -> Millis {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn advancing_one_clone_wakes_the_sleeper_on_another() {
        let clock = Clock::system();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(3600)).await }
        });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(3601));
        tokio::time::timeout(Duration::from_secs(5), sleeper)
            .await
            .expect("the sleeper wakes")
            .expect("the sleeper does not panic");
    }
}
