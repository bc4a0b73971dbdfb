//! Feature hashing: each word and each letter trigram of a text adds or takes one in a dimension
//! that its hash chooses. Texts are near in as far as they share them.

use crate::tokenizer::words;
use crate::{DIMENSIONS, unit};

/// All trigrams of a word together weigh less than the word itself.
const TRIGRAMS_WEIGHT: f32 = 0.7;
/// Words of one to three letters are mostly glue ("the", "on", "is").
const SHORT_WORD_WEIGHT: f32 = 0.5;

pub(crate) fn embed(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; DIMENSIONS];
    for word in words(text).filter(|word| word.chars().all(char::is_alphanumeric)) {
        add_word(&mut vector, &word);
    }
    unit(vector).unwrap_or_else(|| without_words(text))
}

fn add_word(vector: &mut [f32], word: &str) {
    let framed: Vec<char> = ['<'].into_iter().chain(word.chars()).chain(['>']).collect();
    let trigrams = framed.windows(3);
    let count = u16::try_from(trigrams.len()).unwrap_or(u16::MAX);
    let weight = if count <= 3 { SHORT_WORD_WEIGHT } else { 1.0 };
    let share = weight * TRIGRAMS_WEIGHT / f32::from(count).sqrt();
    add(vector, hash(word.chars()), weight);
    for trigram in trigrams {
        add(vector, hash(trigram.iter().copied()), share);
    }
}

/// A text of punctuation, or of nothing, is near to itself alone.
fn without_words(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; DIMENSIONS];
    add(&mut vector, hash(text.chars()), 1.0);
    vector
}

fn add(vector: &mut [f32], hash: u64, weight: f32) {
    let dimension = usize::try_from(hash % DIMENSIONS as u64).expect("it is below 384");
    let sign = if hash >> 63 == 0 { weight } else { -weight };
    vector[dimension] += sign;
}

/// FNV-1a over the code points, then mixed so that the high bit depends on all of them. The
/// standard library's hashes promise nothing between versions, and vectors are stored.
fn hash(characters: impl Iterator<Item = char>) -> u64 {
    let hash = characters.fold(0xcbf2_9ce4_8422_2325_u64, |hash, character| {
        (hash ^ u64::from(u32::from(character))).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::texts;
    use proptest::prelude::*;

    fn cosine(left: &str, right: &str) -> f32 {
        let (left, right) = (embed(left), embed(right));
        left.iter().zip(&right).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn texts_that_share_words_are_nearer_than_texts_that_do_not() {
        let task = "Fix the login page on mobile Safari";
        assert!(cosine(task, task) > 0.999_999);
        assert!(cosine(task, "login page broken") > 0.4);
        assert!(cosine(task, "order new chairs for the office") < 0.25);
    }

    #[test]
    fn spelling_forms_of_a_word_are_near() {
        assert!(cosine("deploying", "deployment") > 0.15);
        assert!(cosine("LOGIN pages", "login page") > 0.5);
        assert!(cosine("Crème brûlée", "creme brulee") > 0.999_999);
    }

    #[test]
    fn vectors_stay_the_same_from_version_to_version() {
        assert_eq!(hash("login".chars()), 3_511_119_475_496_319_043);
    }

    #[test]
    fn texts_without_words_are_told_apart() {
        assert!(cosine("!!!", "!!!") > 0.999_999);
        assert!(cosine("!!!", "?") < 0.5);
    }

    proptest! {
        #[test]
        fn any_text_has_a_vector_of_unit_length(text in texts()) {
            let vector = embed(&text);
            let length: f32 = vector.iter().map(|value| value * value).sum();
            prop_assert_eq!(vector.len(), DIMENSIONS);
            prop_assert!((length - 1.0).abs() < 1e-5);
        }
    }
}
