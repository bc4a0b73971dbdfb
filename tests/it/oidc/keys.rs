//! The provider's keys: fetched, kept, rotated, and not to be had.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use futures::future::join_all;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;
use tests::{App, Conduct, Issuer, IssuerKey};

use super::{known, me};

/// A fetch is two requests: where the keys are, and the keys.
const FETCH: usize = 2;

const MINUTE: Duration = Duration::from_secs(60);

/// Tokens that say what a good one does, without the provider's signature.
pub(super) fn forged(issuer: &Issuer) -> Vec<String> {
    let (claims, key) = (issuer.claims("ada"), issuer.key());
    let good = issuer.signed(&claims);
    let parts: Vec<_> = good.split('.').collect();
    let mut forged = Vec::new();
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "none", "kid": key.kid }),
    ] {
        let header = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
        forged.push(format!("{header}.{}.", parts[1]));
        forged.push(format!("{header}.{}.{}", parts[1], parts[2]));
    }
    // What is public must not do for a shared secret.
    let modulus = key.public["n"].as_str().expect("it is an RSA key");
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(modulus)
        .expect("it is base64");
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        BASE64_STANDARD.encode(&bytes)
    );
    let secrets = [
        key.public.to_string().into_bytes(),
        modulus.as_bytes().to_vec(),
        bytes,
        pem.into_bytes(),
    ];
    for secret in secrets {
        let secret = EncodingKey::from_secret(&secret);
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            forged.push(key.signed_by(&secret, algorithm, &claims));
        }
    }
    // Another's key under the same name.
    forged.push(IssuerKey::rsa(&key.kid).signed(&claims));
    forged.push(IssuerKey::ec(&key.kid).signed(&claims));
    forged.push(format!("{}.{}.", parts[0], parts[1]));
    forged
}

#[tokio::test]
async fn keys_are_fetched_once_for_all_who_wait_and_then_kept() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let token = issuer.token("ada");
    let answers = join_all((0..8).map(|_| me(&app, &token))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(issuer.requests(), FETCH);
    app.advance(5 * MINUTE);
    me(&app, &issuer.token("ada")).await.expect(200);
    assert_eq!(issuer.requests(), FETCH);
}

#[tokio::test]
async fn a_flood_of_unknown_keys_makes_no_flood_of_fetches() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    known(&app, &issuer.token("ada")).await;
    let stranger = IssuerKey::ec("unknown");
    let flood = async || {
        let token = stranger.signed(&issuer.claims("ada"));
        let answers = join_all((0..20).map(|_| me(&app, &token))).await;
        assert!(answers.iter().all(|answer| answer.status == 401));
    };
    flood().await;
    assert_eq!(issuer.requests(), FETCH);
    app.advance(Duration::from_secs(31));
    flood().await;
    assert_eq!(issuer.requests(), 2 * FETCH);
    flood().await;
    assert_eq!(issuer.requests(), 2 * FETCH);
    me(&app, &issuer.token("ada")).await.expect(200);
}

#[tokio::test]
async fn keys_rotate() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let (first, second) = (issuer.key(), IssuerKey::ec("second"));
    let (ada, _) = known(&app, &issuer.token("ada")).await;
    app.advance(MINUTE);
    issuer.publish(&[first.clone(), second.clone()]);
    for key in [&second, &first] {
        assert_eq!(known(&app, &key.signed(&issuer.claims("ada"))).await.0, ada);
    }
    assert_eq!(issuer.requests(), 2 * FETCH);
    // What is taken back is trusted for a while, and then no more.
    issuer.publish(std::slice::from_ref(&second));
    me(&app, &first.signed(&issuer.claims("ada")))
        .await
        .expect(200);
    app.advance(15 * MINUTE);
    me(&app, &first.signed(&issuer.claims("ada")))
        .await
        .refused(401);
    me(&app, &second.signed(&issuer.claims("ada")))
        .await
        .expect(200);
}

#[tokio::test]
async fn while_the_provider_is_down_its_keys_go_on_being_used() {
    let mut issuer = Issuer::start().await;
    let app = issuer.app().await;
    known(&app, &issuer.token("ada")).await;
    issuer.stop().await;
    for _ in 0..3 {
        app.advance(20 * MINUTE);
        me(&app, &issuer.token("ada")).await.expect(200);
        // Whether it is a new key of the provider's nobody can tell.
        let unknown = IssuerKey::ec("unknown").signed(&issuer.claims("ada"));
        me(&app, &unknown).await.refused(503);
    }
    app.advance(24 * 60 * MINUTE);
    me(&app, &issuer.token("ada")).await.refused(503);
}

#[tokio::test]
async fn without_any_keys_nobody_can_be_told_from_anybody() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let address = |path: &str| format!("{}{path}", issuer.url());
    for conduct in [
        Conduct::Down,
        Conduct::Rubbish,
        Conduct::Huge,
        Conduct::Elsewhere,
        Conduct::Impostor,
        Conduct::KeysAt("http://id.example.com/jwks".to_owned()),
        Conduct::KeysAt("ftp://127.0.0.1/jwks".to_owned()),
        Conduct::KeysAt(address("/nothing")),
        Conduct::KeysAt(address("/.well-known/openid-configuration")),
    ] {
        issuer.behave(conduct.clone());
        app.advance(MINUTE);
        let answer = me(&app, &issuer.token("ada")).await;
        assert_eq!(answer.status, 503, "{conduct:?}: {}", answer.body);
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert!(!answer.body.to_string().contains("127.0.0.1"));
    }
    unanswered(&issuer, &app).await;
    // Who needs none is served.
    let eve = app.member("eve").await;
    eve.get("/api/me").await.expect(200);

    issuer.behave(Conduct::Well);
    app.advance(MINUTE);
    me(&app, &issuer.token("ada")).await.expect(200);
}

/// A provider that does not answer costs a few seconds, and once.
async fn unanswered(issuer: &Issuer, app: &App) {
    issuer.behave(Conduct::Silent);
    app.advance(MINUTE);
    let begun = Instant::now();
    me(app, &issuer.token("ada")).await.refused(503);
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
}
