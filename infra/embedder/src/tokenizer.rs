//! The uncased BERT tokenizer: words, then the longest word pieces that the vocabulary knows.

mod words;

use std::collections::HashMap;
use std::path::Path;

use crate::LoadError;
pub(crate) use words::words;

/// A longer word is not looked at, as in the original.
const MAX_WORD_CHARACTERS: usize = 100;
const CONTINUATION: &str = "##";

pub(crate) type TokenId = u32;

pub(crate) struct Tokenizer {
    /// Pieces that begin a word.
    heads: HashMap<Box<str>, TokenId>,
    /// Pieces that go on with a word, without their mark.
    continuations: HashMap<Box<str>, TokenId>,
    longest_piece: usize,
    start: TokenId,
    end: TokenId,
    unknown: TokenId,
}

impl Tokenizer {
    pub(crate) fn load(path: &Path) -> Result<Self, LoadError> {
        let vocabulary = std::fs::read_to_string(path).map_err(|source| LoadError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&vocabulary).map_err(|reason| LoadError::Format {
            path: path.to_owned(),
            reason,
        })
    }

    /// One piece a line; its id is the number of the line, from 0.
    fn parse(vocabulary: &str) -> Result<Self, String> {
        let mut heads = HashMap::new();
        let mut continuations = HashMap::new();
        for (id, piece) in (0..).zip(vocabulary.lines()) {
            match piece.strip_prefix(CONTINUATION) {
                Some(rest) if !rest.is_empty() => continuations.insert(Box::from(rest), id),
                _ => heads.insert(Box::from(piece), id),
            };
        }
        let special = |piece: &str| {
            let id = heads.get(piece).copied();
            id.ok_or_else(|| format!("it has no line {piece}"))
        };
        let pieces = heads.keys().chain(continuations.keys());
        Ok(Self {
            longest_piece: pieces.map(|piece| piece.len()).max().unwrap_or(0),
            start: special("[CLS]")?,
            end: special("[SEP]")?,
            unknown: special("[UNK]")?,
            heads,
            continuations,
        })
    }

    pub(crate) fn vocabulary_size(&self) -> usize {
        self.heads.len() + self.continuations.len()
    }

    /// The ids that the model reads: at most `limit`, framed by start and end. Special tokens can't
    /// be written in a text: `[SEP]` there is two brackets and a word.
    pub(crate) fn encode(&self, text: &str, limit: usize) -> Vec<TokenId> {
        let mut ids = vec![self.start];
        ids.extend(self.pieces(text).take(limit.saturating_sub(2)));
        ids.push(self.end);
        ids
    }

    /// The ids of all word pieces of a text.
    pub(crate) fn pieces(&self, text: &str) -> impl Iterator<Item = TokenId> {
        words(text).flat_map(|word| self.split(&word).unwrap_or_else(|| vec![self.unknown]))
    }

    /// `None`: there is a part of the word that no piece fits.
    fn split(&self, word: &str) -> Option<Vec<TokenId>> {
        if word.chars().nth(MAX_WORD_CHARACTERS).is_some() {
            return None;
        }
        let mut ids = Vec::new();
        let mut rest = word;
        while !rest.is_empty() {
            let pieces = if ids.is_empty() {
                &self.heads
            } else {
                &self.continuations
            };
            let (id, length) = self.longest(rest, pieces)?;
            ids.push(id);
            rest = &rest[length..];
        }
        Some(ids)
    }

    fn longest(&self, text: &str, pieces: &HashMap<Box<str>, TokenId>) -> Option<(TokenId, usize)> {
        let longest = text.len().min(self.longest_piece);
        (1..=longest)
            .rev()
            .filter_map(|length| Some((pieces.get(text.get(..length)?)?, length)))
            .map(|(id, length)| (*id, length))
            .next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::texts;
    use proptest::prelude::*;

    const VOCABULARY: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nfix\nlog\n##in\n##s\n!\n[\n]\nsep\ncafe\n中\n日\nx\n##x\n##";

    fn tokenizer() -> Tokenizer {
        Tokenizer::parse(VOCABULARY).unwrap()
    }

    fn pieces(text: &str) -> Vec<&'static str> {
        let lines: Vec<_> = VOCABULARY.lines().collect();
        tokenizer()
            .pieces(text)
            .map(|id| lines[id as usize])
            .collect()
    }

    #[test]
    fn a_word_becomes_its_longest_known_pieces() {
        assert_eq!(pieces("Fix logins!"), ["fix", "log", "##in", "##s", "!"]);
    }

    #[test]
    fn a_word_with_an_unknown_part_is_unknown_as_a_whole() {
        assert_eq!(pieces("fix logout"), ["fix", "[UNK]"]);
    }

    #[test]
    fn a_word_of_more_than_100_characters_is_unknown() {
        assert_eq!(pieces(&"x".repeat(100)).len(), 100);
        assert_eq!(pieces(&"x".repeat(101)), ["[UNK]"]);
    }

    #[test]
    fn accents_case_and_ideographs_are_as_in_the_vocabulary() {
        assert_eq!(pieces("CAFÉ中日"), ["cafe", "中", "日"]);
    }

    #[test]
    fn an_empty_text_is_only_its_frame() {
        for text in ["", "  \t\r\n\u{a0}", "\u{0}\u{200b}\u{fffd}", "\u{301}"] {
            assert_eq!(tokenizer().encode(text, 256), [2, 3], "{text:?}");
        }
    }

    #[test]
    fn special_tokens_can_not_be_written_in_a_text() {
        assert_eq!(pieces("[SEP]"), ["[", "sep", "]"]);
    }

    #[test]
    fn a_long_text_is_cut_within_its_frame() {
        let ids = tokenizer().encode(&"fix ".repeat(1000), 256);
        assert_eq!(ids.len(), 256);
        assert_eq!((ids[0], ids[1], ids[254], ids[255]), (2, 5, 5, 3));
        assert_eq!(tokenizer().pieces(&"fix ".repeat(1000)).count(), 1000);
    }

    #[test]
    fn a_vocabulary_without_special_tokens_is_refused() {
        assert_eq!(
            Tokenizer::parse("fix\nlog").err().as_deref(),
            Some("it has no line [CLS]")
        );
    }

    proptest! {
        #[test]
        fn any_text_is_cut_into_known_ids_within_the_limit(text in texts()) {
            let tokenizer = tokenizer();
            let ids = tokenizer.encode(&text, 16);
            prop_assert!(ids.len() >= 2 && ids.len() <= 16);
            prop_assert!(ids.iter().all(|id| (*id as usize) < tokenizer.vocabulary_size()));
        }
    }
}
