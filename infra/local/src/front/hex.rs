//! Hexadecimal digits.

const LOWER: &[u8; 16] = b"0123456789abcdef";

/// Lower-case hexadecimal.
pub(super) fn encode(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(LOWER[usize::from(digit)]))
        .collect()
}
