//! The real model against what its reference says. The weights are looked for in `TENON_MODELS`, then
//! in the build's own folder; where they are missing these tests say so and pass, unless
//! `TENON_REQUIRE_MODEL=1`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;

use crate::tokenizer::Tokenizer;
use crate::{DIMENSIONS, Embedder, Kind, LoadError, MAX_TOKENS, weights};

#[derive(serde::Deserialize)]
struct Reference {
    text: String,
    token_ids: Vec<u32>,
    leading: Vec<f32>,
    cosines: Vec<f32>,
}

static FOLDER: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = std::env::var_os("TENON_MODELS").map_or_else(
        || vec![root.join("target/models"), root.join(".tenon/models")],
        |folder| vec![PathBuf::from(folder)],
    );
    let found = folders.iter().find_map(|folder| weights::locate(folder));
    let required = std::env::var("TENON_REQUIRE_MODEL").is_ok_and(|value| value == "1");
    assert!(
        found.is_some() || !required,
        "the model is required, but not in {folders:?}"
    );
    found
});

static MINI_LM: LazyLock<Option<Embedder>> =
    LazyLock::new(|| FOLDER.as_deref().map(|dir| Embedder::load(dir).unwrap()));

fn model() -> Option<&'static Embedder> {
    if MINI_LM.is_none() {
        // Not `eprintln!`, which nobody sees of a test that passes.
        let hint = "`cargo run --example fetch -- target/models` fetches them";
        writeln!(
            io::stderr(),
            "skipped: the model's weights are missing; {hint}"
        )
        .unwrap();
    }
    MINI_LM.as_ref()
}

fn reference() -> Vec<Reference> {
    serde_json::from_str(include_str!("../fixtures/reference.json")).unwrap()
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

#[test]
fn texts_are_cut_into_the_tokens_of_the_reference() {
    let (Some(dir), Some(model)) = (FOLDER.as_deref(), model()) else {
        return;
    };
    let tokenizer = Tokenizer::load(&dir.join(weights::VOCABULARY)).unwrap();
    for Reference {
        text, token_ids, ..
    } in reference()
    {
        assert_eq!(tokenizer.encode(&text, MAX_TOKENS), token_ids, "{text:?}");
        if token_ids.len() < MAX_TOKENS {
            assert_eq!(model.count_tokens(&text), token_ids.len() - 2, "{text:?}");
        }
    }
}

#[test]
fn vectors_and_their_cosines_are_those_of_the_reference() {
    let Some(model) = model() else { return };
    let reference = reference();
    let vectors: Vec<_> = reference
        .iter()
        .map(|each| model.embed(&each.text))
        .collect();
    for (each, vector) in reference.iter().zip(&vectors) {
        for (value, expected) in vector.iter().zip(&each.leading) {
            assert!(
                (value - expected).abs() < 2e-6,
                "{:?}: {value} {expected}",
                each.text
            );
        }
        for (other, expected) in vectors.iter().zip(&each.cosines) {
            assert!(
                (dot(vector, other) - expected).abs() < 2e-6,
                "{:?}",
                each.text
            );
        }
    }
}

#[test]
fn texts_that_share_no_word_are_found_by_meaning() {
    let Some(model) = model() else { return };
    let query = model.embed("people are unable to authenticate from their phones");
    let score = |text| dot(&query, &model.embed(text));
    let wanted = score("Users of iPhones cannot sign in");
    assert!(wanted > 0.5, "{wanted}");
    for other in [
        "Order new chairs for the office",
        "Write the quarterly report",
    ] {
        assert!(score(other) < wanted - 0.3, "{other}");
    }
}

#[test]
fn threads_share_one_embedder_and_get_the_same_vectors() {
    let Some(model) = model() else { return };
    let expected = model.embed("one text");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..5).for_each(|_| assert_eq!(model.embed("one text"), expected)));
        }
    });
}

#[test]
fn padding_keeps_the_vector_and_adds_zeros() {
    let embedder = Embedder::lexical();
    assert_eq!(embedder.kind(), Kind::Lexical);
    let vector = embedder.embed("a text");
    let padded = embedder.embed_padded("a text", 512).unwrap();
    assert_eq!(padded.len(), 512);
    assert_eq!(padded[..DIMENSIONS], vector);
    assert!(padded[DIMENSIONS..].iter().all(|value| *value == 0.0));
}

#[test]
fn a_vector_is_not_cut() {
    let refusal = Embedder::lexical().embed_padded("a text", 256).unwrap_err();
    assert_eq!(refusal.asked, 256);
    assert!(refusal.to_string().contains("cut to 256"));
}

#[test]
fn words_are_counted_where_there_is_no_vocabulary() {
    assert_eq!(Embedder::lexical().count_tokens("Fix it, now!"), 5);
    assert_eq!(Embedder::lexical().count_tokens(" "), 0);
}

#[test]
fn a_folder_without_a_model_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = Embedder::load(folder.path()).unwrap_err();
    assert!(matches!(refusal, LoadError::Read { .. }));
    assert!(refusal.to_string().contains(weights::VOCABULARY));
}

#[test]
fn files_that_are_not_the_model_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let vocabulary = folder.path().join(weights::VOCABULARY);
    std::fs::write(vocabulary, "[UNK]\n[CLS]\n[SEP]\n").unwrap();
    std::fs::write(folder.path().join(weights::MODEL), [0xff; 100]).unwrap();
    let refusal = Embedder::load(folder.path()).unwrap_err();
    assert!(matches!(refusal, LoadError::Format { .. }), "{refusal}");
}

/// Any characters at all, also those that don't print.
pub(crate) fn texts() -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<char>(), 0..200).prop_map(String::from_iter)
}

#[test]
fn any_text_has_a_vector_of_unit_length() {
    let Some(model) = model() else { return };
    proptest!(ProptestConfig::with_cases(64), |(text in texts())| {
        let vector = model.embed(&text);
        prop_assert_eq!(vector.len(), DIMENSIONS);
        prop_assert!((dot(&vector, &vector) - 1.0).abs() < 1e-5);
    });
}
