use std::future::ready;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::*;

const ISSUER: &str = "https://id.example.com/one";
const AUDIENCE: &str = "tenon-client";

/// Private keys of each kind that a provider may have.
struct Keys {
    rsa: EncodingKey,
    p256: EncodingKey,
    ed25519: EncodingKey,
    published: Value,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let rsa = KeyPair::generate(KeySize::Rsa2048).expect("a key can be made");
    let rsa = rsa.as_der().expect("it can be written");
    let random = aws_lc_rs::rand::SystemRandom::new();
    let p256 = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let p256 = EcdsaKeyPair::generate_pkcs8(p256, &random).expect("a key can be made");
    let ed25519 = Ed25519KeyPair::generate_pkcs8v1(&random).expect("a key can be made");
    let rsa = EncodingKey::from_rsa_der(&rsa_private(rsa.as_ref()));
    let p256 = EncodingKey::from_ec_der(p256.as_ref());
    let ed25519 = EncodingKey::from_ed_der(ed25519.as_ref());
    let published = json!({ "keys": [
        { "kty": "oct", "kid": "secret", "k": "c2VjcmV0", "alg": "HS256" },
        { "kty": "new", "kid": "strange" },
        "no key at all",
        public("rsa", &rsa, Algorithm::RS256, true),
        public("p256", &p256, Algorithm::ES256, false),
        public("ed25519", &ed25519, Algorithm::EdDSA, false),
    ]});
    Keys {
        rsa,
        p256,
        ed25519,
        published,
    }
});

/// What is inside PKCS#8, as jsonwebtoken takes it.
fn rsa_private(pkcs8: &[u8]) -> Vec<u8> {
    use base64::prelude::BASE64_STANDARD;
    let text = BASE64_STANDARD.encode(pkcs8);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).expect("it is a key");
    key.as_bytes().to_vec()
}

/// The public half, which says what it is used for only if `said`.
fn public(kid: &str, key: &EncodingKey, algorithm: Algorithm, said: bool) -> Value {
    let mut jwk = Jwk::from_encoding_key(key, algorithm).expect("it has a public half");
    jwk.common.key_id = Some(kid.to_owned());
    if !said {
        jwk.common.key_algorithm = None;
    }
    serde_json::to_value(jwk).expect("it is JSON")
}

fn key_set(published: &Value) -> Result<KeySet, String> {
    KeySet::parse(published.to_string().as_bytes())
}

fn header_of(algorithm: Algorithm, kid: Option<&str>) -> Header {
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    header
}

fn provider() -> Provider {
    let variables = [("OIDC_ISSUER", ISSUER), ("OIDC_AUDIENCE", AUDIENCE)];
    configured(&variables)
        .ok()
        .flatten()
        .expect("it is configured")
}

fn configured(variables: &[(&str, &str)]) -> Result<Option<Provider>, StartError> {
    let variables = variables.iter();
    let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Provider::from_environment(&variables.collect())
}

fn claims(clock: &Clock) -> Value {
    let now = clock.now() / 1000;
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "248289761001", "iat": now, "exp": now + 300,
        "email": "Ada@Example.com", "email_verified": true, "name": "Ada",
    })
}

fn signed(claims: &Value) -> String {
    let header = header_of(Algorithm::RS256, Some("rsa"));
    jsonwebtoken::encode(&header, claims, &KEYS.rsa).expect("it can be signed")
}

/// Who a token is of, for a provider whose keys are there.
fn identity(clock: &Clock, token: &str) -> Option<ExternalIdentity> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("there is a runtime").block_on(async {
        let provider = provider();
        let header = header_of(Algorithm::RS256, Some("rsa"));
        let keys = || ready(key_set(&KEYS.published));
        let kept = provider.keys.with(&header, clock, keys).await;
        kept.expect("there are keys");
        let verified = provider.verify(token, clock, Duration::ZERO).await;
        // Nothing is fetched here, so a key that is not there can't be looked for.
        verified.ok().flatten()
    })
}

#[test]
fn a_provider_is_configured_whole_or_not_at_all() {
    let of = |variables: &[(&str, &str)]| {
        let provider = configured(variables).map(|provider| provider.is_some());
        provider.map_err(|error| error.to_string())
    };
    assert_eq!(of(&[]), Ok(false));
    assert_eq!(of(&[("OIDC_ISSUER", ""), ("OIDC_AUDIENCE", "")]), Ok(false));
    assert_eq!(
        of(&[("OIDC_ISSUER", ISSUER), ("OIDC_AUDIENCE", "a")]),
        Ok(true)
    );
    for (variables, reason) in [
        (
            [("OIDC_ISSUER", ISSUER), ("OIDC_AUDIENCE", "")],
            "OIDC_AUDIENCE is missing",
        ),
        (
            [("OIDC_ISSUER", ""), ("OIDC_AUDIENCE", "a")],
            "OIDC_ISSUER is missing",
        ),
        (
            [
                ("OIDC_ISSUER", "http://id.example.com"),
                ("OIDC_AUDIENCE", "a"),
            ],
            "has to be https",
        ),
    ] {
        let refused = of(&variables).expect_err("it is refused");
        assert!(refused.contains(reason), "{refused}");
    }
    let ours = [
        ("TOKEN_ISSUER", ISSUER),
        ("OIDC_ISSUER", ISSUER),
        ("OIDC_AUDIENCE", "a"),
    ];
    assert!(of(&ours).expect_err("it is refused").contains("our own"));
}

#[test]
fn a_token_tells_who_somebody_is() {
    let clock = Clock::system();
    let token = signed(&claims(&clock));
    assert!(provider().is_named_by(&token));
    let identity = identity(&clock, &token).expect("it is valid");
    assert_eq!(identity.issuer, ISSUER);
    assert_eq!(identity.subject, "248289761001");
    assert_eq!(
        identity.email.expect("it is verified").as_str(),
        "ada@example.com"
    );
    assert_eq!(identity.name.expect("it has one").as_str(), "Ada");
}

#[test]
fn a_token_has_to_be_of_the_provider_for_us_and_of_now() {
    let clock = Clock::system();
    let now = clock.now() / 1000;
    let with = |name: &str, value: Value| {
        let mut claims = claims(&clock);
        claims[name] = value;
        identity(&clock, &signed(&claims)).is_some()
    };
    for (name, value, valid) in [
        ("iss", json!("https://id.example.com/two"), false),
        ("iss", json!("https://id.example.com/one/"), false),
        ("iss", json!([ISSUER]), false),
        ("aud", json!("another-client"), false),
        ("aud", json!(["another-client", AUDIENCE]), true),
        ("aud", json!(["another-client"]), false),
        ("aud", json!([]), false),
        ("aud", Value::Null, false),
        ("sub", json!(""), false),
        ("sub", json!("x".repeat(256)), false),
        ("sub", json!(7), false),
        ("exp", json!(now - 20), true),
        ("exp", json!(now - 40), false),
        ("exp", json!(1e10 + 0.5), true),
        ("exp", json!("tomorrow"), false),
        ("exp", Value::Null, false),
        ("nbf", json!(now + 20), true),
        ("nbf", json!(now + 40), false),
        ("nbf", json!("now"), false),
        ("iat", json!(now + 20), true),
        ("iat", json!(now + 40), false),
        ("iat", json!(now - 3600), true),
        (
            "events",
            json!({"http://schemas.openid.net/event/backchannel-logout": {}}),
            false,
        ),
        ("email", json!(7), true),
        ("name", json!({}), true),
    ] {
        assert_eq!(with(name, value.clone()), valid, "{name}: {value}");
    }
    for missing in ["iss", "aud", "sub", "exp"] {
        let mut claims = claims(&clock);
        claims
            .as_object_mut()
            .expect("it is an object")
            .remove(missing);
        assert!(identity(&clock, &signed(&claims)).is_none(), "no {missing}");
    }
}

#[test]
fn an_address_counts_if_the_provider_says_that_it_is_theirs() {
    let clock = Clock::system();
    let address = |email: Value, verified: Value| {
        let mut claims = claims(&clock);
        claims["email"] = email;
        claims["email_verified"] = verified;
        let identity = identity(&clock, &signed(&claims)).expect("it is valid");
        identity.email.is_some()
    };
    let ada = || json!("ada@example.com");
    assert!(address(ada(), json!(true)));
    assert!(address(ada(), json!("true")));
    for unsure in [
        json!(false),
        json!("false"),
        json!(1),
        json!("yes"),
        Value::Null,
    ] {
        assert!(!address(ada(), unsure.clone()), "{unsure}");
    }
    assert!(!address(json!("ada"), json!(true)));
    assert!(!address(Value::Null, json!(true)));
}

#[test]
fn only_the_provider_s_keys_sign_and_each_only_what_it_is_for() {
    use Algorithm::{ES256, EdDSA, HS256, PS256, RS256, RS384};
    let clock = Clock::system();
    let claims = claims(&clock);
    let valid = |algorithm, kid: Option<&str>, key: &EncodingKey| {
        let token = jsonwebtoken::encode(&header_of(algorithm, kid), &claims, key);
        identity(&clock, &token.expect("it can be signed")).is_some()
    };
    let Keys {
        rsa,
        p256,
        ed25519,
        published,
    } = &*KEYS;
    assert!(valid(RS256, Some("rsa"), rsa));
    assert!(valid(ES256, Some("p256"), p256));
    assert!(valid(EdDSA, Some("ed25519"), ed25519));
    assert!(valid(ES256, None, p256), "it can be of one key alone");
    // The key says that it is for RS256.
    for algorithm in [RS384, PS256] {
        assert!(!valid(algorithm, Some("rsa"), rsa), "{algorithm:?}");
    }
    assert!(!valid(ES256, Some("rsa"), p256));
    assert!(!valid(RS256, Some("p256"), rsa));
    assert!(!valid(RS256, Some("another"), rsa));
    assert!(!valid(
        HS256,
        Some("secret"),
        &EncodingKey::from_secret(b"secret")
    ));
    for key in published["keys"].as_array().expect("it is a list") {
        let kid = key["kid"].as_str();
        for text in [key.to_string(), key["n"].to_string(), key["x"].to_string()] {
            let secret = EncodingKey::from_secret(text.trim_matches('"').as_bytes());
            assert!(!valid(HS256, kid, &secret), "{text}");
        }
    }
}

#[test]
fn what_is_not_signed_or_asks_for_what_we_do_not_know_is_nobody_s() {
    let clock = Clock::system();
    let good = signed(&claims(&clock));
    let parts: Vec<_> = good.split('.').collect();
    let with_header = |header: Value| {
        let header = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
        format!("{header}.{}", parts[1])
    };
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "none", "kid": "rsa"}),
        json!({"kid": "rsa"}),
    ] {
        for signature in ["", parts[2]] {
            let token = format!("{}.{signature}", with_header(header.clone()));
            assert!(identity(&clock, &token).is_none(), "{token}");
        }
    }
    let mut header = header_of(Algorithm::RS256, Some("rsa"));
    header.crit = Some(vec!["b64".to_owned()]);
    let token = jsonwebtoken::encode(&header, &claims(&clock), &KEYS.rsa);
    assert!(identity(&clock, &token.expect("it can be signed")).is_none());
    let mut large = claims(&clock);
    large["padding"] = json!("x".repeat(LONGEST));
    assert!(identity(&clock, &signed(&large)).is_none());
    assert!(!provider().is_named_by(&signed(&large)));
}

#[test]
fn keys_are_read_leniently_and_never_none() {
    assert!(key_set(&KEYS.published).is_ok(), "strange keys do no harm");
    let rsa = public("rsa", &KEYS.rsa, Algorithm::RS256, false);
    let but = |name: &str, value: Value| {
        let mut key = rsa.clone();
        key[name] = value;
        key_set(&json!({ "keys": [key] })).is_ok()
    };
    assert!(but("use", json!("sig")));
    assert!(but("key_ops", json!(["verify"])));
    assert!(but("alg", json!("PS512")));
    for (name, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["encrypt"])),
        ("alg", json!("RSA-OAEP")),
        ("alg", json!("HS256")),
        ("alg", json!("ES256")),
        ("n", json!(7)),
        ("kty", json!("EC")),
    ] {
        assert!(!but(name, value.clone()), "{name}: {value}");
    }
    for rubbish in [
        json!({}),
        json!([]),
        json!({"keys": {}}),
        json!({"keys": []}),
    ] {
        assert!(key_set(&rubbish).is_err(), "{rubbish}");
    }
    assert!(key_set(&json!({ "keys": vec![rsa; 101] })).is_err());
}

#[test]
fn a_token_without_kid_is_of_the_only_key_that_it_can_be_of() {
    let key = |kid| public(kid, &KEYS.rsa, Algorithm::RS256, false);
    let found = |keys: Value| {
        let set = key_set(&json!({ "keys": keys })).expect("they are keys");
        set.find(&header_of(Algorithm::RS256, None)).is_some()
    };
    assert!(found(json!([key("one")])));
    assert!(!found(json!([key("one"), key("two")])));
}

/// A provider whose answers are set, and counted.
struct Remote<'a> {
    rotation: &'a Rotation,
    clock: &'a Clock,
    fetches: AtomicUsize,
}

impl Remote<'_> {
    /// Whether a token of `kid` finds its key, with a fetch that brings `answer`.
    async fn asked(&self, kid: &str, answer: Result<KeySet, String>) -> Result<bool, String> {
        let header = header_of(Algorithm::RS256, Some(kid));
        let fetch = || {
            self.fetches.fetch_add(1, Ordering::SeqCst);
            ready(answer)
        };
        let keys = self.rotation.with(&header, self.clock, fetch).await?;
        Ok(keys.find(&header).is_some())
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

fn set_of(kids: &[&str]) -> Result<KeySet, String> {
    let keys = kids.iter();
    let keys: Vec<_> = keys
        .map(|kid| public(kid, &KEYS.rsa, Algorithm::RS256, true))
        .collect();
    key_set(&json!({ "keys": keys }))
}

fn down() -> Result<KeySet, String> {
    Err("it is down".to_owned())
}

#[tokio::test]
async fn keys_are_kept_and_looked_for_again_at_most_every_half_minute() {
    let (rotation, clock) = (Rotation::default(), Clock::system());
    let remote = Remote {
        rotation: &rotation,
        clock: &clock,
        fetches: AtomicUsize::new(0),
    };
    assert_eq!(remote.asked("a", set_of(&["a"])).await, Ok(true));
    assert_eq!(remote.asked("a", down()).await, Ok(true));
    assert_eq!(remote.fetches(), 1);
    // A flood of unknown keys.
    for kid in ["b", "c", "d", "e"] {
        assert_eq!(remote.asked(kid, set_of(&["a", "b"])).await, Ok(false));
    }
    assert_eq!(remote.fetches(), 1);
    remote.pass(31);
    assert_eq!(remote.asked("b", set_of(&["a", "b"])).await, Ok(true));
    assert_eq!(remote.asked("c", set_of(&["a", "b"])).await, Ok(false));
    assert_eq!(remote.fetches(), 2);
    // What the provider takes back is gone when the rest is looked at again.
    remote.pass(15 * 60 + 1);
    assert_eq!(remote.asked("a", set_of(&["b"])).await, Ok(false));
    assert_eq!(remote.fetches(), 3);
}

#[tokio::test]
async fn while_the_provider_is_down_its_keys_are_good_for_a_day() {
    let (rotation, clock) = (Rotation::default(), Clock::system());
    let remote = Remote {
        rotation: &rotation,
        clock: &clock,
        fetches: AtomicUsize::new(0),
    };
    assert!(remote.asked("a", down()).await.is_err());
    assert!(
        remote.asked("a", set_of(&["a"])).await.is_err(),
        "not yet again"
    );
    remote.pass(2);
    assert_eq!(remote.asked("a", set_of(&["a"])).await, Ok(true));
    remote.pass(3600);
    assert_eq!(remote.asked("a", down()).await, Ok(true));
    assert!(remote.asked("b", down()).await.is_err(), "nobody knows");
    assert_eq!(remote.fetches(), 3);
    remote.pass(24 * 3600 - 3600 - 1);
    assert_eq!(remote.asked("a", down()).await, Ok(true));
    remote.pass(1);
    assert!(remote.asked("a", down()).await.is_err());
    remote.pass(1);
    assert_eq!(remote.asked("a", set_of(&["a"])).await, Ok(true));
}

#[tokio::test]
async fn those_who_wait_at_once_wait_for_one_fetch() {
    let (rotation, clock) = (Rotation::default(), Clock::system());
    let fetches = AtomicUsize::new(0);
    let ask = || async {
        let header = header_of(Algorithm::RS256, Some("a"));
        let fetch = || async {
            fetches.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            set_of(&["a"])
        };
        rotation.with(&header, &clock, fetch).await.is_ok()
    };
    let all = futures::future::join_all((0..20).map(|_| ask())).await;
    assert!(all.iter().all(|found| *found));
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_fetch_that_is_broken_off_keeps_nobody_waiting() {
    let (rotation, clock) = (Rotation::default(), Clock::system());
    let header = header_of(Algorithm::RS256, Some("a"));
    let never = rotation.with(&header, &clock, std::future::pending);
    assert!(timeout(Duration::from_millis(10), never).await.is_err());
    let remote = Remote {
        rotation: &rotation,
        clock: &clock,
        fetches: AtomicUsize::new(0),
    };
    assert!(remote.asked("a", set_of(&["a"])).await.is_err());
    remote.pass(1);
    assert_eq!(remote.asked("a", set_of(&["a"])).await, Ok(true));
}

/// Whoever changes a token gets another's rights by it never; and nothing that is sent does any harm.
mod fuzz {
    use super::*;

    static GOOD: LazyLock<(Clock, String)> = LazyLock::new(|| {
        let clock = Clock::system();
        let token = signed(&claims(&clock));
        (clock, token)
    });

    /// A base64 text's bytes: several texts stand for the same.
    fn decoded(token: &str) -> Option<Vec<Vec<u8>>> {
        let parts = token.split('.');
        parts
            .map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok())
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_token_that_is_changed_anywhere_is_nobody_s(at in any::<Index>(), to in select(b"AZaz09-_.= \xc3".as_slice())) {
            let (clock, good) = &*GOOD;
            let mut bytes = good.clone().into_bytes();
            bytes[at.index(good.len())] = to;
            let changed = String::from_utf8_lossy(&bytes).into_owned();
            if decoded(&changed) != decoded(good) {
                prop_assert!(identity(clock, &changed).is_none(), "{}", changed);
            }
        }

        #[test]
        fn whatever_is_no_token_is_nobody_s(text in prop_oneof![".{0,60}", "[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,40}"]) {
            prop_assert!(identity(&GOOD.0, &text).is_none());
            prop_assert!(!provider().is_named_by(&text));
        }

        #[test]
        fn claims_of_any_shape_do_no_harm(
            name in select(vec!["iss", "aud", "sub", "exp", "nbf", "iat", "email", "email_verified", "name", "events"]),
            value in prop_oneof![
                Just(Value::Null), any::<bool>().prop_map(Value::from), any::<i64>().prop_map(Value::from),
                any::<f64>().prop_map(Value::from), ".{0,300}".prop_map(Value::from),
                prop::collection::vec(".{0,9}", 0..4).prop_map(Value::from),
            ],
        ) {
            let clock = &GOOD.0;
            let mut claims = claims(clock);
            claims[name] = value;
            if let Some(identity) = identity(clock, &signed(&claims)) {
                prop_assert_eq!(identity.issuer, ISSUER);
                prop_assert!((1..=255).contains(&identity.subject.chars().count()));
            }
        }

        #[test]
        fn keys_of_any_shape_do_no_harm(text in prop_oneof![any::<Vec<u8>>(), "\\{\"keys\":\\[(\\{\"kty\":\"(RSA|EC|OKP|oct)\",\"(n|e|x|crv|k)\":\"[A-Za-z0-9_-]{0,9}\"\\})?\\]\\}".prop_map(String::into_bytes)]) {
            prop_assert!(KeySet::parse(&text).is_err());
        }
    }
}
