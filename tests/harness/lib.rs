//! A running Tenon to test: a stack of its own for each test, and actors who use it.

mod answer;
mod api_key;
mod app;
mod aws;
mod copies;
mod deaths;
mod issuer;
mod ledger;
mod logged;
mod member;
mod model;
mod socket;
mod used;

pub use answer::Answer;
pub use api_key::ApiKey;
pub use app::App;
pub use aws::tables;
pub use copies::Original;
pub use deaths::{Deaths, HIDDEN};
pub use issuer::{Conduct, Issuer, IssuerKey};
pub use ledger::Ledger;
pub use logged::Logged;
pub use member::{Member, PASSWORD, attachment};
pub use model::has_model;
pub use socket::Socket;
pub use used::{Used, used};

/// A PNG of one pixel.
pub const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 0x0D, b'I', b'H', b'D', b'R', 0, 0, 0,
    1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1F, 0x15, 0xC4, 0x89, 0, 0, 0, 0x0D, b'I', b'D', b'A', b'T',
    0x78, 0x9C, 0x63, 0xF8, 0xFF, 0xFF, 0x3F, 0, 5, 0xFE, 2, 0xFE, 0xDC, 0xCC, 0x59, 0xE7, 0, 0, 0,
    0, b'I', b'E', b'N', b'D', 0xAE, 0x42, 0x60, 0x82,
];

/// Prints a line that is shown of a test that passes, too.
///
/// # Panics
/// If stderr is closed.
pub fn report(line: &str) {
    use std::io::Write;
    writeln!(std::io::stderr(), "{line}").expect("stderr is open");
}

/// How long a test waits for what has to happen; what does not happen by then fails it.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
