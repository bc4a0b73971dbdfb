use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use embedder::{Embedder, Kind, weights};

/// The embedder that all stacks of the tests share.
pub(crate) fn shared() -> Arc<Embedder> {
    MODEL.clone()
}

/// Whether searches find meaning. Without the model's weights they find only shared words, and tests of
/// meaning say that they were skipped; with `TENON_REQUIRE_MODEL=1` they fail.
pub fn has_model() -> bool {
    let has = MODEL.kind() == Kind::MiniLm;
    if !has {
        let required = std::env::var("TENON_REQUIRE_MODEL").is_ok_and(|value| value == "1");
        assert!(
            !required,
            "TENON_REQUIRE_MODEL is set, and the model's weights are missing"
        );
        crate::report(
            "skipped: the embedding model's weights are missing; `cargo run --example fetch -- target/models` \
             fetches them",
        );
    }
    has
}

static MODEL: LazyLock<Arc<Embedder>> = LazyLock::new(|| {
    let loaded = folders()
        .iter()
        .find_map(|folder| weights::locate(folder))
        .and_then(|folder| Embedder::load(&folder).ok());
    Arc::new(loaded.unwrap_or_else(Embedder::lexical))
});

/// Where the weights may be: where they were fetched for the tests, or for `cargo run`.
fn folders() -> Vec<PathBuf> {
    let fetched = ["../target/models", "../.tenon/models"];
    let here = |folder| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
    std::env::var_os("TENON_MODELS").map_or_else(
        || fetched.map(here).to_vec(),
        |folder| vec![PathBuf::from(folder)],
    )
}
