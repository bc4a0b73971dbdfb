//! One layer of the encoder: every token looks at every other, then is transformed on its own.

use std::f32::consts::FRAC_1_SQRT_2;

use ndarray::{Array1, Array2, ArrayViewMut1, Axis, Slice};

use super::linear::Linear;
use super::tensors::Tensors;
use crate::DIMENSIONS;

const HEADS: usize = 12;
const HEAD: usize = DIMENSIONS / HEADS;
const INNER: usize = 4 * DIMENSIONS;
const EPSILON: f32 = 1e-12;

#[expect(clippy::cast_precision_loss, reason = "384 is exact")]
const WIDTH: f32 = DIMENSIONS as f32;
#[expect(clippy::cast_precision_loss, reason = "32 is exact")]
const HEAD_WIDTH: f32 = HEAD as f32;

pub(super) struct Layer {
    /// Queries, keys and values of all heads in one multiplication.
    attention: Linear,
    attended: Linear,
    attended_norm: Norm,
    expand: Linear,
    contract: Linear,
    norm: Norm,
}

impl Layer {
    pub(super) fn parse(tensors: &Tensors) -> Result<Self, String> {
        let (own, attended) = (
            tensors.within("attention.self"),
            tensors.within("attention.output"),
        );
        let output = tensors.within("output");
        let part = |name| Linear::parse(&own.within(name), DIMENSIONS, DIMENSIONS);
        Ok(Self {
            attention: Linear::stack(vec![part("query")?, part("key")?, part("value")?]),
            attended: Linear::parse(&attended.within("dense"), DIMENSIONS, DIMENSIONS)?,
            attended_norm: Norm::parse(&attended.within("LayerNorm"))?,
            expand: Linear::parse(&tensors.within("intermediate.dense"), INNER, DIMENSIONS)?,
            contract: Linear::parse(&output.within("dense"), DIMENSIONS, INNER)?,
            norm: Norm::parse(&output.within("LayerNorm"))?,
        })
    }

    /// From one row a token to one row a token.
    pub(super) fn apply(&self, tokens: &Array2<f32>) -> Array2<f32> {
        let mut attended = self.attended.apply(&self.attend(tokens));
        attended += tokens;
        self.attended_norm.apply(&mut attended);
        let mut inner = self.expand.apply(&attended);
        inner.mapv_inplace(gelu);
        let mut tokens = self.contract.apply(&inner);
        tokens += &attended;
        self.norm.apply(&mut tokens);
        tokens
    }

    fn attend(&self, tokens: &Array2<f32>) -> Array2<f32> {
        let projected = self.attention.apply(tokens);
        let part = |number: usize, head: usize| {
            let start = number * DIMENSIONS + head * HEAD;
            projected.slice_axis(Axis(1), Slice::from(start..start + HEAD))
        };
        let scale = HEAD_WIDTH.sqrt().recip();
        let mut context = Array2::zeros(tokens.raw_dim());
        for head in 0..HEADS {
            let mut scores = part(0, head).dot(&part(1, head).t());
            scores *= scale;
            scores.rows_mut().into_iter().for_each(softmax);
            let columns = head * HEAD..(head + 1) * HEAD;
            context
                .slice_axis_mut(Axis(1), Slice::from(columns))
                .assign(&scores.dot(&part(2, head)));
        }
        context
    }
}

/// Layer normalisation.
pub(super) struct Norm {
    weight: Array1<f32>,
    bias: Array1<f32>,
}

impl Norm {
    pub(super) fn parse(tensors: &Tensors) -> Result<Self, String> {
        Ok(Self {
            weight: tensors.vector("weight", DIMENSIONS)?,
            bias: tensors.vector("bias", DIMENSIONS)?,
        })
    }

    pub(super) fn apply(&self, tokens: &mut Array2<f32>) {
        for mut token in tokens.rows_mut() {
            let mean = token.sum() / WIDTH;
            token -= mean;
            let variance = token.dot(&token) / WIDTH;
            token *= (variance + EPSILON).sqrt().recip();
        }
        *tokens *= &self.weight;
        *tokens += &self.bias;
    }
}

fn softmax(mut scores: ArrayViewMut1<f32>) {
    let highest = scores.fold(f32::NEG_INFINITY, |highest, score| highest.max(*score));
    scores.mapv_inplace(|score| (score - highest).exp());
    scores /= scores.sum();
}

fn gelu(value: f32) -> f32 {
    0.5 * value * (1.0 + erf(value * FRAC_1_SQRT_2))
}

/// The error function after Abramowitz and Stegun, formula 7.1.26: at most 1.5e-7 off, which is
/// about what an `f32` can say.
fn erf(value: f32) -> f32 {
    const COEFFICIENTS: [f32; 5] = [
        0.254_829_6,
        -0.284_496_72,
        1.421_413_8,
        -1.453_152_1,
        1.061_405_4,
    ];
    let x = value.abs();
    let t = (1.0 + 0.327_591_1 * x).recip();
    let sum = COEFFICIENTS
        .iter()
        .rev()
        .fold(0.0, |sum, factor| (sum + factor) * t);
    (1.0 - sum * (-x * x).exp()).copysign(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_error_function_agrees_with_its_table() {
        for (value, expected) in [
            (0.0, 0.0),
            (0.1, 0.112_462_92),
            (0.5, 0.520_499_9),
            (1.0, 0.842_700_8),
            (2.0, 0.995_322_3),
            (6.0, 1.0),
        ] {
            assert!((erf(value) - expected).abs() < 3e-7, "{value}");
            assert!((erf(-value) + expected).abs() < 3e-7, "-{value}");
        }
    }

    #[test]
    fn softmax_sums_to_one_however_large_its_input() {
        let mut scores = array![1000.0, 1000.0, -1000.0];
        softmax(scores.view_mut());
        assert_eq!(scores, array![0.5, 0.5, 0.0]);
    }
}
