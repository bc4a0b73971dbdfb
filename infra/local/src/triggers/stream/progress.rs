//! How far a stream is done, though its lanes finish in any order.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::records::Sequence;
use crate::triggers::checkpoints::Checkpoints;

/// The place up to which every record is settled, kept on disk as it moves on.
#[derive(Debug)]
pub(in crate::triggers) struct Progress {
    source: String,
    checkpoints: Checkpoints,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    checkpoint: Option<Sequence>,
    /// Everything read behind the checkpoint, in order: the first is always unsettled.
    read: VecDeque<(Sequence, Settled)>,
}

type Settled = bool;

impl Progress {
    /// Goes on from where the source named `source` stood.
    pub(super) fn load(source: String, checkpoints: Checkpoints) -> rusqlite::Result<Self> {
        let checkpoint = checkpoints.get(&source)?.map(Sequence);
        Ok(Self {
            source,
            checkpoints,
            state: Mutex::new(State {
                checkpoint,
                read: VecDeque::new(),
            }),
        })
    }

    /// The last record up to which all are settled; `None` before the first.
    pub(in crate::triggers) fn checkpoint(&self) -> Option<Sequence> {
        self.state().checkpoint.clone()
    }

    /// Begins behind `sequence`: what lies before is none of this source's business.
    pub(super) fn begin_after(&self, sequence: Sequence) {
        let mut state = self.state();
        state.checkpoint = Some(sequence);
        self.save(&state);
    }

    /// Takes note of records that were read, in the stream's order, and of those that need no delivery.
    pub(super) fn read(&self, records: impl IntoIterator<Item = (Sequence, Settled)>) {
        let mut state = self.state();
        state.read.extend(records);
        self.advance(&mut state);
    }

    /// Takes note that these records are delivered or given up.
    pub(super) fn settle<'a>(&self, records: impl IntoIterator<Item = &'a Sequence>) {
        let mut state = self.state();
        for sequence in records {
            if let Ok(at) = state.read.binary_search_by(|(read, _)| read.cmp(sequence)) {
                state.read[at].1 = true;
            }
        }
        self.advance(&mut state);
    }

    fn advance(&self, state: &mut State) {
        let mut moved = false;
        while let Some((sequence, _)) = state.read.pop_front_if(|(_, settled)| *settled) {
            state.checkpoint = Some(sequence);
            moved = true;
        }
        if moved {
            self.save(state);
        }
    }

    fn save(&self, state: &State) {
        let Some(Sequence(position)) = &state.checkpoint else {
            return;
        };
        if let Err(error) = self.checkpoints.put(&self.source, position) {
            // After a restart the records behind the older checkpoint come again.
            tracing::error!(source = self.source, %error, "a checkpoint cannot be written");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(number: u32) -> Sequence {
        Sequence(format!("{number:021}"))
    }

    #[test]
    fn the_checkpoint_stays_before_the_first_record_that_is_not_settled() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("triggers.sqlite");
        let checkpoints = Checkpoints::open(&file).expect("opened");
        let load = || Progress::load("relay".into(), checkpoints.clone()).expect("loaded");
        let progress = load();
        assert_eq!(progress.checkpoint(), None);

        progress.read((1..=6).map(|number| (sequence(number), number == 1)));
        assert_eq!(
            progress.checkpoint(),
            Some(sequence(1)),
            "the first was skipped"
        );
        progress.settle(&[sequence(3), sequence(4)]);
        assert_eq!(progress.checkpoint(), Some(sequence(1)), "2 is under way");
        progress.settle(&[sequence(2)]);
        assert_eq!(progress.checkpoint(), Some(sequence(4)));
        progress.settle(&[sequence(6)]);
        assert_eq!(load().checkpoint(), Some(sequence(4)), "as on disk");
        progress.settle(&[sequence(5)]);
        assert_eq!(load().checkpoint(), Some(sequence(6)));
    }
}
