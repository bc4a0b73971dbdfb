//! What stands in `Authorization`.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::values::{spoilt, texts};

/// The header's value, if there is one, and whether it is that of somebody who is signed in.
pub(super) type Authorization = (Option<Vec<u8>>, bool);

/// Mostly what `token` allows, now and then anything else.
pub(super) fn mostly(token: &str) -> impl Strategy<Value = Authorization> + use<> {
    let right = format!("Bearer {token}").into_bytes();
    prop_oneof![
        6 => Just((Some(right), true)),
        1 => wrong(token),
    ]
}

/// What is not the token that was issued.
pub(super) fn wrong(token: &str) -> impl Strategy<Value = Authorization> + use<> {
    let issued = token.to_owned();
    let bearer = |token: String| format!("Bearer {token}").into_bytes();
    prop_oneof![
        1 => Just(None),
        2 => "[\\x20-\\x7e]{0,80}".prop_map(|text| Some(text.into_bytes())),
        1 => prop::collection::vec(0x80..=0xff_u8, 1..40).prop_map(Some),
        1 => select(&["Bearer", "Bearer ", "bearer \t ", "Basic YTpi", "Bearer a.b.c", "Bearer ..", "Bearer null"][..])
            .prop_map(|text| Some(text.into())),
        1 => Just(Some(format!("Bearer {issued},Bearer {issued}").into_bytes())),
        1 => Just(Some(format!("Token {issued}").into_bytes())),
        6 => changed(issued.clone()).prop_map(move |token| Some(bearer(token))),
        6 => forged(&issued).prop_map(move |token| Some(bearer(token))),
        1 => "[A-Za-z0-9_-]{0,900}".prop_map(move |token| Some(bearer(token))),
    ]
    .prop_map(|header| (header, false))
}

/// A token that somebody has tampered with.
fn changed(token: String) -> impl Strategy<Value = String> {
    let digits: Vec<char> = ('a'..='z')
        .chain('A'..='Z')
        .chain("0189-_.=".chars())
        .collect();
    let original = token.clone();
    (any::<Index>(), select(digits), 0..4_u8)
        .prop_map(move |(at, with, way)| {
            let (before, after) = token.split_at(at.index(token.len()));
            match way {
                0 => format!("{before}{with}{}", &after[1..]),
                1 => format!("{before}{with}{after}"),
                2 => format!("{before}{}", &after[1..]),
                _ => before.to_owned(),
            }
        })
        .prop_filter("it is the token itself", move |changed| {
            *changed != original
        })
}

/// What has the form of a token: the true claims or others, under a header of one's own, with the
/// signature of the true one or none.
fn forged(token: &str) -> impl Strategy<Value = String> + use<> {
    let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let [header, claims] = [0, 1].map(|at| decoded(&parts[at]));
    let kid = header["kid"].clone();
    let algorithms = select(
        &[
            "none", "None", "NONE", "", "HS256", "RS384", "PS256", "ES256", "RS256",
        ][..],
    );
    let headers = prop_oneof![
        algorithms.prop_map(move |alg| json!({ "alg": alg, "typ": "JWT", "kid": kid })),
        spoilt(Just(header)),
    ];
    let claims = prop_oneof![
        1 => Just(claims.clone()),
        3 => spoilt(Just(claims)),
    ];
    let signatures = prop_oneof![
        Just(parts[2].clone()),
        Just(String::new()),
        texts().prop_map(|text| encoded(text.as_bytes())),
    ];
    let original = token.to_owned();
    (headers, claims, signatures)
        .prop_map(|(header, claims, signature)| {
            let [header, claims] =
                [header, claims].map(|part| encoded(part.to_string().as_bytes()));
            format!("{header}.{claims}.{signature}")
        })
        .prop_filter("it is the token itself", move |forged| *forged != original)
}

fn decoded(part: &str) -> Value {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).expect("it is base64");
    serde_json::from_slice(&bytes).expect("it is JSON")
}

fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
