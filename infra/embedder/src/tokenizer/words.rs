//! From a text to the words and punctuation marks that the uncased BERT vocabulary was made from.

use std::iter;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// The words of a text in order, lower-case and without accents; each punctuation mark and each
/// ideograph is a word of its own.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> {
    let mut characters = normalized(text).peekable();
    iter::from_fn(move || {
        let first = characters.find(|character| !character.is_whitespace())?;
        let mut word = String::from(first);
        if is_punctuation(first) {
            return Some(word);
        }
        while let Some(next) = characters.next_if(|next| !ends_word(*next)) {
            word.push(next);
        }
        Some(word)
    })
}

fn normalized(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .filter(|character| !is_noise(*character))
        .flat_map(spaced)
        .nfd()
        .filter(|character| character.general_category() != GeneralCategory::NonspacingMark)
        .flat_map(char::to_lowercase)
}

/// Control, format and private characters, but not the white space among them.
fn is_noise(character: char) -> bool {
    use GeneralCategory::{Control, Format, PrivateUse};
    match character {
        '\t' | '\n' | '\r' => false,
        '\u{fffd}' => true,
        _ => matches!(character.general_category(), Control | Format | PrivateUse),
    }
}

fn spaced(character: char) -> impl Iterator<Item = char> {
    let space = is_ideograph(character).then_some(' ');
    space.into_iter().chain([character]).chain(space)
}

/// The blocks that the vocabulary was made with; later extensions are ordinary letters to it.
fn is_ideograph(character: char) -> bool {
    matches!(character,
        '\u{4e00}'..='\u{9fff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{20000}'..='\u{2a6df}'
        | '\u{2a700}'..='\u{2b73f}'
        | '\u{2b740}'..='\u{2b81f}'
        | '\u{2b920}'..='\u{2ceaf}'
        | '\u{f900}'..='\u{faff}'
        | '\u{2f800}'..='\u{2fa1f}')
}

fn ends_word(character: char) -> bool {
    character.is_whitespace() || is_punctuation(character)
}

/// Unicode's punctuation, and all of ASCII that is neither letter, digit nor space.
fn is_punctuation(character: char) -> bool {
    character.is_ascii_punctuation()
        || character.general_category_group() == GeneralCategoryGroup::Punctuation
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        words(text).collect()
    }

    #[test]
    fn words_are_lower_case_and_without_accents() {
        assert_eq!(
            split("Crème BRÛLÉE İstanbul"),
            ["creme", "brulee", "istanbul"]
        );
    }

    #[test]
    fn composed_and_decomposed_accents_are_the_same() {
        assert_eq!(split("caf\u{e9}"), split("cafe\u{301}"));
    }

    #[test]
    fn each_punctuation_mark_is_a_word() {
        assert_eq!(
            split("a->b, «c»…"),
            ["a", "-", ">", "b", ",", "«", "c", "»", "…"]
        );
        assert_eq!(split("$5 5€"), ["$", "5", "5€"]);
    }

    #[test]
    fn each_ideograph_is_a_word_and_syllables_stay_together() {
        assert_eq!(split("中文 テキスト"), ["中", "文", "テキスト"]);
    }

    #[test]
    fn control_characters_vanish_and_all_white_space_separates() {
        assert_eq!(split("a\u{0}b\u{200b}c\u{feff}\u{e000}"), ["abc"]);
        assert_eq!(
            split("a\tb\r\nc\u{a0}d\u{3000}e\u{2028}f"),
            ["a", "b", "c", "d", "e", "f"]
        );
    }
}
