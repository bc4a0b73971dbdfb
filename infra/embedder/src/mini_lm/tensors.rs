//! The weights by name, each with the shape that the model needs it in.

use std::rc::Rc;

use ndarray::{Array1, Array2};
use safetensors::{Dtype, SafeTensors};

/// The tensors whose names begin with a prefix.
pub(super) struct Tensors<'a> {
    all: Rc<SafeTensors<'a>>,
    prefix: String,
}

impl<'a> Tensors<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        let all = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        Ok(Self {
            all: all.into(),
            prefix: String::new(),
        })
    }

    pub(super) fn within(&self, name: &str) -> Self {
        Self {
            all: self.all.clone(),
            prefix: format!("{}{name}.", self.prefix),
        }
    }

    pub(super) fn vector(&self, name: &str, length: usize) -> Result<Array1<f32>, String> {
        self.values(name, &[length]).map(Array1::from)
    }

    pub(super) fn matrix(
        &self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Array2<f32>, String> {
        let values = self.values(name, &[rows, columns])?;
        Array2::from_shape_vec((rows, columns), values).map_err(|error| error.to_string())
    }

    fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let name = format!("{}{name}", self.prefix);
        let tensor = self.all.tensor(&name).map_err(|error| error.to_string())?;
        if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
            let (dtype, found) = (tensor.dtype(), tensor.shape());
            return Err(format!("{name} is {dtype:?} {found:?}, not F32 {shape:?}"));
        }
        let (values, _) = tensor.data().as_chunks();
        Ok(values
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::tensor::{TensorView, serialize};

    fn file() -> Vec<u8> {
        let bytes: Vec<u8> = [1.0_f32, 2.0, 3.0, 4.0]
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let view = TensorView::new(Dtype::F32, vec![2, 2], &bytes).unwrap();
        serialize([("layer.weight", view)], None).unwrap()
    }

    #[test]
    fn a_tensor_is_found_under_its_prefix() {
        let file = file();
        let layer = Tensors::parse(&file).unwrap().within("layer");
        let matrix = layer.matrix("weight", 2, 2).unwrap();
        assert_eq!(matrix, ndarray::array![[1.0, 2.0], [3.0, 4.0]]);
    }

    #[test]
    fn a_tensor_of_another_shape_is_refused() {
        let file = file();
        let layer = Tensors::parse(&file).unwrap().within("layer");
        assert_eq!(
            layer.vector("weight", 4).unwrap_err(),
            "layer.weight is F32 [2, 2], not F32 [4]"
        );
    }

    #[test]
    fn a_missing_tensor_and_a_broken_file_are_refused() {
        let file = file();
        let tensors = Tensors::parse(&file).unwrap();
        assert!(tensors.vector("bias", 4).unwrap_err().contains("bias"));
        for broken in [&file[..file.len() - 1], &file[..7], &[0xff; 64]] {
            assert!(Tensors::parse(broken).is_err());
        }
    }
}
