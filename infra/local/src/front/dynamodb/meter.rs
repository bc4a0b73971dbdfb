//! Reads the capacity that an answer says it consumed.

use dynoxide::types::{ConsumedCapacity, VectorSearchCapacity};

use crate::front::journal::Units;

/// Whether a caller asked to be told the capacity consumed; an unknown mode is left for the engine to
/// refuse.
pub(super) fn is_asked(mode: Option<&str>) -> bool {
    mode.is_some_and(|mode| mode != "NONE")
}

/// The capacity in an answer, of a reading or of a writing operation.
pub(super) trait Metered {
    fn read(&self) -> Units;
    fn written(&self) -> Units;
}

impl Metered for ConsumedCapacity {
    fn read(&self) -> Units {
        Units {
            read: self.read_capacity_units.unwrap_or(self.capacity_units),
            ..Units::default()
        }
    }

    /// A transaction that is repeated with the same token reads instead of writing.
    fn written(&self) -> Units {
        match (self.read_capacity_units, self.write_capacity_units) {
            (None, None) => Units {
                write: self.capacity_units,
                ..Units::default()
            },
            (read, write) => Units {
                read: read.unwrap_or_default(),
                write: write.unwrap_or_default(),
                ..Units::default()
            },
        }
    }
}

impl Metered for VectorSearchCapacity {
    fn read(&self) -> Units {
        Units {
            search_bytes: self.vector_search_request_bytes,
            ..Units::default()
        }
    }

    fn written(&self) -> Units {
        Units::default()
    }
}

impl<T: Metered> Metered for Option<T> {
    fn read(&self) -> Units {
        self.as_ref().map(Metered::read).unwrap_or_default()
    }

    fn written(&self) -> Units {
        self.as_ref().map(Metered::written).unwrap_or_default()
    }
}

impl<T: Metered> Metered for Vec<T> {
    fn read(&self) -> Units {
        total(self.iter().map(Metered::read))
    }

    fn written(&self) -> Units {
        total(self.iter().map(Metered::written))
    }
}

fn total(units: impl Iterator<Item = Units>) -> Units {
    units.fold(Units::default(), |mut sum, units| {
        sum += units;
        sum
    })
}
