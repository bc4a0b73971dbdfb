//! The multiplications that take nearly all of the time.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use pulp::{Arch, NullaryFnOnce};

use super::tensors::Tensors;

/// Outputs of a panel, and tokens of a block: what of the sums fits into the registers of a CPU.
const PANEL: usize = 16;
const BLOCK: usize = 4;

/// A linear transformation. General matrix multiplication first brings its operands into an order
/// that suits the CPU, which costs more than the multiplication when a text is short; here the
/// weights are in that order from the start: panels of outputs, within each of them input by input.
pub(super) struct Linear {
    panels: Vec<Vec<[f32; PANEL]>>,
    bias: Array1<f32>,
}

impl Linear {
    pub(super) fn parse(tensors: &Tensors, outputs: usize, inputs: usize) -> Result<Self, String> {
        let weight = tensors.matrix("weight", outputs, inputs)?;
        let panels = weight
            .axis_chunks_iter(Axis(0), PANEL)
            .map(|rows| interleaved(&rows))
            .collect();
        let bias = tensors.vector("bias", outputs)?;
        Ok(Self { panels, bias })
    }

    /// One transformation with the outputs of all of them, one after the other.
    pub(super) fn stack(parts: Vec<Self>) -> Self {
        let bias = parts.iter().flat_map(|part| part.bias.iter().copied());
        Self {
            bias: bias.collect(),
            panels: parts.into_iter().flat_map(|part| part.panels).collect(),
        }
    }

    /// From one row of inputs a token to one row of outputs a token.
    pub(super) fn apply(&self, tokens: &Array2<f32>) -> Array2<f32> {
        let blocks: Vec<Vec<[f32; BLOCK]>> = tokens
            .axis_chunks_iter(Axis(0), BLOCK)
            .map(|rows| interleaved(&rows))
            .collect();
        let mut sums = vec![[[0.0; PANEL]; BLOCK]; self.panels.len() * blocks.len()];
        Arch::new().dispatch(Multiplication {
            blocks: &blocks,
            panels: &self.panels,
            sums: &mut sums,
        });
        let mut outputs = Array2::zeros((tokens.nrows(), self.bias.len()));
        for (token, mut row) in outputs.rows_mut().into_iter().enumerate() {
            let panels = sums.iter().skip(token / BLOCK).step_by(blocks.len());
            let sums = panels.flat_map(|rows| &rows[token % BLOCK]);
            for ((output, sum), bias) in row.iter_mut().zip(sums).zip(&self.bias) {
                *output = sum + bias;
            }
        }
        outputs
    }
}

/// Column by column; zeros stand for rows that are not there.
fn interleaved<const ROWS: usize>(matrix: &ArrayView2<f32>) -> Vec<[f32; ROWS]> {
    let mut columns = vec![[0.0; ROWS]; matrix.ncols()];
    for (number, row) in matrix.rows().into_iter().enumerate() {
        for (column, value) in columns.iter_mut().zip(row) {
            column[number] = *value;
        }
    }
    columns
}

/// Compiled once for each set of instructions that a CPU may turn out to have, which takes that all
/// of it is inlined.
struct Multiplication<'a> {
    blocks: &'a [Vec<[f32; BLOCK]>],
    panels: &'a [Vec<[f32; PANEL]>],
    /// Panel by panel, and block by block within.
    sums: &'a mut [[[f32; PANEL]; BLOCK]],
}

impl NullaryFnOnce for Multiplication<'_> {
    type Output = ();

    #[expect(
        clippy::inline_always,
        reason = "what is not inlined is compiled for the oldest CPU"
    )]
    #[inline(always)]
    fn call(self) {
        let rows = self.sums.chunks_exact_mut(self.blocks.len());
        for (panel, sums) in self.panels.iter().zip(rows) {
            for (block, sums) in self.blocks.iter().zip(sums) {
                *sums = product(block, panel);
            }
        }
    }
}

#[expect(
    clippy::inline_always,
    reason = "what is not inlined is compiled for the oldest CPU"
)]
#[inline(always)]
fn product(block: &[[f32; BLOCK]], panel: &[[f32; PANEL]]) -> [[f32; PANEL]; BLOCK] {
    let mut sums = [[0.0; PANEL]; BLOCK];
    for (inputs, weights) in block.iter().zip(panel) {
        for (sums, input) in sums.iter_mut().zip(inputs) {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += input * weight;
            }
        }
    }
    sums
}
