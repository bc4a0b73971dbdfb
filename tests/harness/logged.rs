use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// What a test logs, on its own thread and while it holds the guard.
#[derive(Debug, Clone, Default)]
pub struct Logged(Arc<Mutex<Vec<u8>>>);

impl Logged {
    /// From here on all is kept that a function would log, and more.
    pub fn from_here() -> (Self, tracing::subscriber::DefaultGuard) {
        let logged = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new("info,shared=trace,local=debug"))
            .with_ansi(false)
            .with_writer(logged.clone())
            .finish();
        (logged, tracing::subscriber::set_default(subscriber))
    }

    /// What there is so far.
    ///
    /// # Panics
    /// If a thread has panicked while it logged.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("nobody panics").clone()
    }

    /// The same, line by line.
    ///
    /// # Panics
    /// If that is no text.
    pub fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.bytes()).expect("it is a text");
        text.lines().map(str::to_owned).collect()
    }
}

impl io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logged {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
