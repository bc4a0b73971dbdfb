use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use local::stack::IdentityProvider;
use serde_json::{Value, json};
use shared::sdk::clock::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::App;

/// An OpenID Connect provider on a port of its own, which signs tokens with keys of its own.
pub struct Issuer {
    url: String,
    clock: Clock,
    published: Arc<Mutex<Published>>,
    server: JoinHandle<()>,
}

/// How a provider behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conduct {
    /// As it should.
    Well,
    /// It answers 503.
    Down,
    /// It never answers.
    Silent,
    /// It answers something else.
    Rubbish,
    /// Its keys have no end.
    Huge,
    /// It sends whoever asks elsewhere.
    Elsewhere,
    /// It says that it is another.
    Impostor,
    /// Its keys are at this address.
    KeysAt(String),
}

/// A key of a provider, with its public half as it is published.
#[derive(Clone)]
pub struct IssuerKey {
    /// Its name.
    pub kid: String,
    /// What it signs.
    pub algorithm: Algorithm,
    /// Its public half.
    pub public: Value,
    private: EncodingKey,
}

struct Published {
    url: String,
    conduct: Conduct,
    keys: Vec<IssuerKey>,
    requests: usize,
}

impl Issuer {
    /// Whom its tokens are for.
    pub const AUDIENCE: &str = "tenon-client";

    /// Starts one, with an RSA key.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("there is a port");
        let address = listener.local_addr().expect("it is bound");
        let url = format!("http://{address}");
        let published = Arc::new(Mutex::new(Published {
            url: url.clone(),
            conduct: Conduct::Well,
            keys: vec![IssuerKey::rsa("first")],
            requests: 0,
        }));
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&published));
        let serving = async move {
            axum::serve(listener, router).await.expect("it serves");
        };
        Self {
            url,
            clock: Clock::system(),
            published,
            server: tokio::spawn(serving),
        }
    }

    /// A Tenon that takes its tokens, and goes by its clock.
    pub async fn app(&self) -> App {
        App::start_with(|options| {
            options.clock = self.clock.clone();
            options.identity_provider = Some(self.provider());
        })
        .await
    }

    /// What a Tenon is told of it.
    pub fn provider(&self) -> IdentityProvider {
        IdentityProvider {
            issuer: self.url.clone(),
            audience: Self::AUDIENCE.to_owned(),
        }
    }

    /// The clock that its tokens go by.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// Where it is, and what its tokens call it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What its tokens say of somebody whose address is `name`@example.com, as it has made sure.
    pub fn claims(&self, name: &str) -> Value {
        let now = self.clock.now() / 1000;
        json!({
            "iss": self.url, "aud": Self::AUDIENCE, "sub": format!("subject-of-{name}"),
            "iat": now, "exp": now + 600,
            "email": format!("{name}@example.com"), "email_verified": true, "name": name,
        })
    }

    /// A token that says `claims`, signed with its newest key.
    pub fn signed(&self, claims: &Value) -> String {
        self.key().signed(claims)
    }

    /// A token of somebody.
    pub fn token(&self, name: &str) -> String {
        self.signed(&self.claims(name))
    }

    /// Its newest key.
    pub fn key(&self) -> IssuerKey {
        let published = self.published();
        published.keys.last().expect("it has a key").clone()
    }

    /// Publishes these keys from now on; the last one signs.
    pub fn publish(&self, keys: &[IssuerKey]) {
        self.published().keys = keys.to_vec();
    }

    /// Has it behave otherwise from now on.
    pub fn behave(&self, conduct: Conduct) {
        self.published().conduct = conduct;
    }

    /// How many requests it has got.
    pub fn requests(&self) -> usize {
        self.published().requests
    }

    /// Ends it: nothing listens on its port.
    pub async fn stop(&mut self) {
        self.server.abort();
        let ended = (&mut self.server).await;
        assert!(ended.is_err_and(|error| error.is_cancelled()));
    }

    fn published(&self) -> MutexGuard<'_, Published> {
        lock(&self.published)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl IssuerKey {
    /// An RSA key for RS256.
    pub fn rsa(kid: &str) -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key can be made");
        let der = pair.as_der().expect("it can be written");
        let der = BASE64_STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).expect("it is a key");
        Self::of(kid, Algorithm::RS256, key)
    }

    /// A key on the curve P-256, for ES256.
    pub fn ec(kid: &str) -> Self {
        let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::generate_pkcs8(curve, &SystemRandom::new());
        let pair = pair.expect("a key can be made");
        Self::of(
            kid,
            Algorithm::ES256,
            EncodingKey::from_ec_der(pair.as_ref()),
        )
    }

    /// A token that says `claims`.
    pub fn signed(&self, claims: &Value) -> String {
        self.signed_by(&self.private, self.algorithm, claims)
    }

    /// A token that says that this key has signed it, as `algorithm` and another key do.
    pub fn signed_by(&self, key: &EncodingKey, algorithm: Algorithm, claims: &Value) -> String {
        let mut header = Header::new(algorithm);
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, key).expect("it can be signed")
    }

    fn of(kid: &str, algorithm: Algorithm, private: EncodingKey) -> Self {
        let mut public = Jwk::from_encoding_key(&private, algorithm).expect("it has a public half");
        public.common.key_id = Some(kid.to_owned());
        Self {
            kid: kid.to_owned(),
            algorithm,
            public: serde_json::to_value(public).expect("it is JSON"),
            private,
        }
    }
}

async fn answer(State(published): State<Arc<Mutex<Published>>>, uri: Uri) -> Response {
    let (url, conduct, keys) = {
        let mut published = lock(&published);
        published.requests += 1;
        let keys: Vec<_> = published
            .keys
            .iter()
            .map(|key| key.public.clone())
            .collect();
        (published.url.clone(), published.conduct.clone(), keys)
    };
    let configures = match uri.path() {
        "/.well-known/openid-configuration" => true,
        "/jwks" => false,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let (mut issuer, mut keys_at) = (url.clone(), format!("{url}/jwks"));
    let mut padding = String::new();
    match conduct {
        Conduct::Well => {}
        Conduct::Huge => padding = "x".repeat(1024 * 1024),
        Conduct::Down => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Conduct::Silent => std::future::pending().await,
        Conduct::Rubbish => return "<html>Under construction</html>".into_response(),
        Conduct::Elsewhere => {
            let location = [(header::LOCATION, format!("{url}/elsewhere"))];
            return (StatusCode::FOUND, location).into_response();
        }
        Conduct::Impostor => issuer.push_str("/another"),
        Conduct::KeysAt(address) => keys_at = address,
    }
    if configures {
        return axum::Json(json!({ "issuer": issuer, "jwks_uri": keys_at })).into_response();
    }
    axum::Json(json!({ "padding": padding, "keys": keys })).into_response()
}

fn lock(published: &Mutex<Published>) -> MutexGuard<'_, Published> {
    published.lock().unwrap_or_else(PoisonError::into_inner)
}
