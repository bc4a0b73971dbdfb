//! all-MiniLM-L6-v2: a BERT encoder of six layers, run over one text at a time, so that nothing is
//! padded and no mask is needed.

mod layer;
mod linear;
mod tensors;

use std::path::Path;

use ndarray::{Array2, Axis, Slice};

use crate::tokenizer::TokenId;
use crate::{DIMENSIONS, LoadError, MAX_TOKENS, unit};
use layer::{Layer, Norm};
use tensors::Tensors;

const LAYERS: usize = 6;
/// Positions that the weights know; no more than `MAX_TOKENS` of them are used.
const POSITIONS: usize = 512;

pub(crate) struct MiniLm {
    words: Array2<f32>,
    /// With the embedding of the first segment added: there is no second.
    positions: Array2<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

impl MiniLm {
    pub(crate) fn load(path: &Path, vocabulary_size: usize) -> Result<Self, LoadError> {
        let bytes = std::fs::read(path).map_err(|source| LoadError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&bytes, vocabulary_size).map_err(|reason| LoadError::Format {
            path: path.to_owned(),
            reason,
        })
    }

    fn parse(bytes: &[u8], vocabulary_size: usize) -> Result<Self, String> {
        let tensors = Tensors::parse(bytes)?;
        let embeddings = tensors.within("embeddings");
        let matrix = |name: &str, rows| embeddings.matrix(name, rows, DIMENSIONS);
        let segments = matrix("token_type_embeddings.weight", 2)?;
        let positions = matrix("position_embeddings.weight", POSITIONS)?;
        let used = positions.slice_axis(Axis(0), Slice::from(..MAX_TOKENS));
        Ok(Self {
            words: matrix("word_embeddings.weight", vocabulary_size)?,
            positions: &used + &segments.row(0),
            norm: Norm::parse(&embeddings.within("LayerNorm"))?,
            layers: (0..LAYERS)
                .map(|number| Layer::parse(&tensors.within(&format!("encoder.layer.{number}"))))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The mean of what the last layer says about each token, at unit length. At most `MAX_TOKENS` ids.
    pub(crate) fn embed(&self, ids: &[TokenId]) -> Vec<f32> {
        let rows: Vec<usize> = ids.iter().map(|id| *id as usize).collect();
        let mut tokens = self.words.select(Axis(0), &rows);
        tokens += &self.positions.slice_axis(Axis(0), Slice::from(..ids.len()));
        self.norm.apply(&mut tokens);
        let tokens = (self.layers.iter()).fold(tokens, |tokens, layer| layer.apply(&tokens));
        let mean = tokens.sum_axis(Axis(0)).to_vec();
        unit(mean).expect("layer norms keep every token at a length far from zero")
    }
}
