use super::*;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use std::sync::LazyLock;

const NOW: Millis = 1_800_000_000_000;

/// Somebody who issues tokens, and who verifies them.
struct Issuer {
    pem: String,
    signing: SigningKey,
    verifier: Verifier,
    public: Jwk,
}

static OURS: LazyLock<Issuer> = LazyLock::new(Issuer::new);
static ANOTHER: LazyLock<Issuer> = LazyLock::new(Issuer::new);

impl Issuer {
    fn new() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key can be made");
        let der = pair.as_der().expect("it can be written");
        let der = BASE64_STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).expect("it is a key");
        let public = public_jwk(&key).expect("it has a public half");
        let environment = environment(&[&public]);
        Self {
            signing: SigningKey::from_pem(&pem, &environment).expect("it is a key"),
            verifier: verifier(&[&public]),
            pem,
            public,
        }
    }

    fn token(&self) -> String {
        let (user, tenant, session) = (UserId::new(), TenantId::new(), SessionId::new());
        let token = self
            .signing
            .issue(user, tenant, Some(Role::Editor), session, NOW);
        token.expect("it can be signed")
    }

    /// A token of this key, whatever its algorithm and claims.
    fn signed(&self, algorithm: Algorithm, kid: &str, claims: &Value) -> String {
        let key = EncodingKey::from_rsa_pem(self.pem.as_bytes()).expect("it is a key");
        let mut header = Header::new(algorithm);
        header.kid = Some(kid.to_owned());
        jsonwebtoken::encode(&header, claims, &key).expect("it can be signed")
    }
}

/// What a function is told of the keys that tokens may be signed with.
fn environment(keys: &[&Jwk]) -> Environment {
    let keys = json!({ "keys": keys }).to_string();
    let variables = [
        ("TOKEN_ISSUER", "tenon"),
        ("TOKEN_AUDIENCE", "tenon"),
        ("SIGNING_PUBLIC_KEYS", &keys),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Environment::from_iter(variables)
}

fn verifier(keys: &[&Jwk]) -> Verifier {
    let verifier = Verifier::from_environment(&environment(keys))
        .ok()
        .flatten();
    verifier.expect("it is configured")
}

fn claims() -> Value {
    let token = OURS.token();
    let payload = token.split('.').nth(1).expect("it has claims");
    let claims = BASE64_URL_SAFE_NO_PAD
        .decode(payload)
        .expect("it is base64");
    serde_json::from_slice(&claims).expect("it is JSON")
}

fn verifies(token: &str) -> bool {
    OURS.verifier.verify(token, NOW).is_some()
}

#[test]
fn a_token_is_valid_until_it_expires_and_for_its_issuer_alone() {
    let token = OURS.token();
    assert!(verifies(&token));
    let expires = NOW + ACCESS_TOKEN_LIFETIME * 1000;
    assert!(OURS.verifier.verify(&token, expires - 1000).is_some());
    assert!(OURS.verifier.verify(&token, expires).is_none());
    assert!(ANOTHER.verifier.verify(&token, NOW).is_none());
}

#[test]
fn no_algorithm_but_rs256_verifies_even_under_our_own_key() {
    use Algorithm::{HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512};
    let kid = &OURS.signing.kid;
    assert!(verifies(&OURS.signed(RS256, kid, &claims())));
    for algorithm in [RS384, RS512, PS256, PS384, PS512] {
        assert!(
            !verifies(&OURS.signed(algorithm, kid, &claims())),
            "{algorithm:?}"
        );
    }
    // What is public must not do for a shared secret.
    let public = serde_json::to_value(&OURS.public).expect("it is JSON");
    let modulus = public["n"].as_str().expect("it has a modulus");
    let secrets = [
        modulus.as_bytes().to_vec(),
        BASE64_URL_SAFE_NO_PAD
            .decode(modulus)
            .expect("it is base64"),
        public.to_string().into_bytes(),
        Vec::new(),
    ];
    for (algorithm, secret) in [HS256, HS384, HS512]
        .into_iter()
        .flat_map(|algorithm| secrets.iter().map(move |secret| (algorithm, secret)))
    {
        let mut header = Header::new(algorithm);
        header.kid = Some(kid.clone());
        let key = EncodingKey::from_secret(secret);
        let token = jsonwebtoken::encode(&header, &claims(), &key).expect("it can be signed");
        assert!(!verifies(&token), "{algorithm:?}");
    }
}

#[test]
fn a_key_of_anothers_verifies_under_no_name() {
    for kid in [&OURS.signing.kid, &ANOTHER.signing.kid, "", "../keys"] {
        assert!(
            !verifies(&ANOTHER.signed(Algorithm::RS256, kid, &claims())),
            "{kid}"
        );
    }
}

#[test]
fn while_keys_rotate_each_verifies_its_own_tokens_and_then_the_new_one_alone() {
    let (old, new) = (&OURS, &ANOTHER);
    let both = verifier(&[&new.public, &old.public]);
    for issuer in [old, new] {
        assert!(both.verify(&issuer.token(), NOW).is_some());
    }
    let under_the_other = old.signed(Algorithm::RS256, &new.signing.kid, &claims());
    assert!(both.verify(&under_the_other, NOW).is_none());
    let kids: Vec<_> = both.published.0.keys.iter().collect();
    assert_eq!(kids.len(), 2, "both are published");

    let after = verifier(&[&new.public]);
    assert!(after.verify(&new.token(), NOW).is_some());
    assert!(after.verify(&old.token(), NOW).is_none());
}

#[test]
fn a_token_that_lacks_a_claim_or_has_another_for_it_is_not_valid() {
    let sign = |claims: &Value| OURS.signed(Algorithm::RS256, &OURS.signing.kid, claims);
    for claim in [
        "sub",
        "tenant_id",
        "roles",
        "sid",
        "iss",
        "aud",
        "iat",
        "exp",
        "jti",
    ] {
        for value in [json!(null), json!("other"), json!([]), json!(-1), json!({})] {
            let mut claims = claims();
            claims[claim] = value.clone();
            let right =
                claim == "roles" && value == json!([]) || claim == "iat" && value == json!(-1);
            assert_eq!(verifies(&sign(&claims)), right, "{claim}: {value}");
        }
        let mut claims = claims();
        claims
            .as_object_mut()
            .expect("they are an object")
            .shift_remove(claim);
        assert!(!verifies(&sign(&claims)), "without {claim}");
    }
}

/// Ways to change a token.
fn change(token: &str, at: Index, with: char, way: u8) -> String {
    let at = at.index(token.len());
    let (before, after) = token.split_at(at);
    let rest = &after[1..];
    let parts: Vec<&str> = token.split('.').collect();
    match way {
        0 => format!("{before}{with}{rest}"),
        1 => format!("{before}{with}{after}"),
        2 => format!("{before}{rest}"),
        3 => before.to_owned(),
        4 => format!("{token}{with}"),
        5 => format!("{}.{}.", parts[0], parts[1]),
        6 => format!("{}.{}.{}", parts[1], parts[0], parts[2]),
        7 => {
            let header = json!({ "alg": "none", "kid": OURS.signing.kid }).to_string();
            let header = BASE64_URL_SAFE_NO_PAD.encode(header);
            format!("{header}.{}.{}", parts[1], parts[2])
        }
        8 => {
            let other = OURS.token();
            let signature = other.rsplit('.').next().unwrap_or_default();
            format!("{}.{}.{signature}", parts[0], parts[1])
        }
        _ => format!("{token}.{}", parts[2]),
    }
}

proptest! {
    #[test]
    fn a_changed_token_never_verifies(
        at in any::<Index>(),
        with in prop_oneof![
            select(('a'..='z').chain('A'..='Z').chain('0'..='9').chain("-_=.".chars()).collect::<Vec<_>>()),
            any::<char>(),
        ],
        way in 0..10_u8,
    ) {
        let token = OURS.token();
        let changed = change(&token, at, with, way);
        prop_assert!(changed == token || !verifies(&changed), "{}", changed);
    }

    #[test]
    fn what_is_no_token_never_verifies(
        text in any::<String>(),
        parts in prop::collection::vec("[A-Za-z0-9_-]{0,40}", 0..5),
        algorithm in "[A-Za-z0-9]{0,6}",
        claims in any::<String>(),
    ) {
        prop_assert!(!verifies(&text));
        prop_assert!(!verifies(&parts.join(".")));
        let header = json!({ "alg": algorithm, "typ": "JWT", "kid": OURS.signing.kid });
        let [header, claims, signature] =
            [header.to_string(), claims, text].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        let forged = format!("{header}.{claims}.{signature}");
        prop_assert!(!verifies(&forged));
    }
}
