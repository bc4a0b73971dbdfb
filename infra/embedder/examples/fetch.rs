//! Brings the model's weights into a folder, as the local stack does on its first start, and says
//! how long loading and embedding take at best: `cargo run -p embedder --example fetch -- target/models`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use embedder::{Embedder, weights};

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let models = std::env::args_os().nth(1).map(PathBuf::from);
    let Some(models) = models else {
        eprintln!("usage: fetch FOLDER");
        return ExitCode::FAILURE;
    };
    let dir = match weights::fetch(&models, || true) {
        Ok(dir) => dir,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    match time(&dir) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn time(dir: &std::path::Path) -> Result<(), embedder::LoadError> {
    const TIMES: u32 = 20;
    let start = Instant::now();
    let embedder = Embedder::load(dir)?;
    println!("load: {:.0?}", start.elapsed());
    for words in [1, 8, 32, 128, 300] {
        let text = "production ".repeat(words);
        let once = |_| {
            let start = Instant::now();
            std::hint::black_box(embedder.embed(&text));
            start.elapsed()
        };
        let best = (0..TIMES).map(once).min().unwrap_or_default();
        let tokens = embedder.count_tokens(&text) + 2;
        println!("{tokens} tokens: {best:.1?}");
    }
    Ok(())
}
