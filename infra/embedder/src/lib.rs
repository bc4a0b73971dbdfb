//! Text embeddings on the CPU, without a service and without a network.
//!
//! [`Embedder::load`] runs all-MiniLM-L6-v2, whose weights [`weights::fetch`] brings; where they are
//! missing, [`Embedder::lexical`] compares texts by the words and letters that they share.

mod lexical;
mod mini_lm;
#[cfg(test)]
mod tests;
mod tokenizer;
pub mod weights;

use std::fmt;
use std::path::{Path, PathBuf};

use mini_lm::MiniLm;
use tokenizer::{Tokenizer, words};

/// Dimensions of an embedding, before any padding.
pub const DIMENSIONS: usize = 384;

/// Tokens of a text that reach the model, the two that frame it included; what comes after is not seen.
pub const MAX_TOKENS: usize = 256;

/// Turns a text into a vector of unit length; the nearer in meaning two texts are, the higher the
/// cosine of theirs. To be shared between threads by reference; nothing is locked.
pub struct Embedder {
    engine: Engine,
}

enum Engine {
    MiniLm {
        tokenizer: Tokenizer,
        model: Box<MiniLm>,
    },
    Lexical,
}

/// What stands behind an [`Embedder`]. Vectors of different kinds can't be compared with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// all-MiniLM-L6-v2: near in meaning.
    MiniLm,
    /// Hashed words and letter trigrams: near in wording.
    Lexical,
}

/// Why a model could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file of the model is missing or can't be read.
    #[error("can't read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The files are there, but are not this model.
    #[error("{path} is not all-MiniLM-L6-v2: {reason}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// A vector can be padded, which leaves every cosine as it is, but not cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this embedding has {DIMENSIONS} dimensions, which can be padded to more but not cut to {asked}"
)]
pub struct TooFewDimensions {
    /// The dimensions asked for.
    pub asked: usize,
}

impl Embedder {
    /// Reads the model from the folder that [`weights::locate`] or [`weights::fetch`] named.
    /// It then stays in memory, about 90 MB: load it once.
    pub fn load(dir: &Path) -> Result<Self, LoadError> {
        let tokenizer = Tokenizer::load(&dir.join(weights::VOCABULARY))?;
        let model = MiniLm::load(&dir.join(weights::MODEL), tokenizer.vocabulary_size())?;
        Ok(Self {
            engine: Engine::MiniLm {
                tokenizer,
                model: Box::new(model),
            },
        })
    }

    /// An embedder that needs no weights: it finds texts that share words, parts of words and
    /// spellings, and knows nothing of meaning.
    pub fn lexical() -> Self {
        Self {
            engine: Engine::Lexical,
        }
    }

    /// What stands behind this embedder.
    pub fn kind(&self) -> Kind {
        match self.engine {
            Engine::MiniLm { .. } => Kind::MiniLm,
            Engine::Lexical => Kind::Lexical,
        }
    }

    /// The text's vector: [`DIMENSIONS`] values, unit length, the same for the same text. Any text
    /// will do, the empty one too. Takes milliseconds of CPU, in the calling thread.
    pub fn embed(&self, text: &str) -> Vec<f32> {
        match &self.engine {
            Engine::MiniLm { tokenizer, model } => model.embed(&tokenizer.encode(text, MAX_TOKENS)),
            Engine::Lexical => lexical::embed(text),
        }
    }

    /// As [`Embedder::embed`], with zeros up to `dimensions`, for an index that was made with more.
    pub fn embed_padded(
        &self,
        text: &str,
        dimensions: usize,
    ) -> Result<Vec<f32>, TooFewDimensions> {
        if dimensions < DIMENSIONS {
            return Err(TooFewDimensions { asked: dimensions });
        }
        let mut vector = self.embed(text);
        vector.resize(dimensions, 0.0);
        Ok(vector)
    }

    /// Tokens of the whole text, also of what [`MAX_TOKENS`] cuts off: word pieces, or words and
    /// punctuation marks where there is no vocabulary.
    pub fn count_tokens(&self, text: &str) -> usize {
        match &self.engine {
            Engine::MiniLm { tokenizer, .. } => tokenizer.pieces(text).count(),
            Engine::Lexical => words(text).count(),
        }
    }
}

impl fmt::Debug for Embedder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Embedder")
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}

/// Brings a vector to unit length; `None` if it has no direction.
fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length == 0.0 || !length.is_finite() {
        return None;
    }
    for value in &mut vector {
        *value /= length;
    }
    Some(vector)
}
