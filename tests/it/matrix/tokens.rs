//! Access tokens: signed as the product signs them, or as nobody should.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tests::App;

/// The stack's signing key, and what its tokens look like.
pub(super) struct Mint {
    key: EncodingKey,
    /// The public half, as it is published.
    public: Value,
}

impl Mint {
    pub(super) async fn of(app: &App) -> Self {
        let parameters = app.stack().data().parameters().expect("it has parameters");
        let pem = std::fs::read(parameters.join("tenon/signing-key")).expect("it has a key");
        let keys = app.get("/.well-known/jwks.json").await.expect(200);
        Self {
            key: EncodingKey::from_rsa_pem(&pem).expect("it is a key"),
            public: keys["keys"][0].clone(),
        }
    }

    /// A token that says `claims`.
    pub(super) fn sign(&self, claims: &Value) -> String {
        self.signed(Algorithm::RS256, claims, &self.key)
    }

    /// One that somebody else has signed, in our name.
    pub(super) fn signed_by_another(&self, claims: &Value) -> String {
        let key = include_bytes!("../stranger.pem");
        let key = EncodingKey::from_rsa_pem(key).expect("it is a key");
        self.signed(Algorithm::RS256, claims, &key)
    }

    /// One that is not signed, and says so.
    pub(super) fn unsigned(&self, claims: &Value) -> String {
        let header = json!({ "alg": "none", "typ": "JWT", "kid": self.public["kid"] });
        let [header, claims] = [&header, claims].map(encoded);
        format!("{header}.{claims}.")
    }

    /// Those for which what is public does for a shared secret: the modulus, as it is published and as
    /// bytes, and the whole key.
    pub(super) fn signed_with_the_public_key(&self, claims: &Value) -> [String; 3] {
        let modulus = self.public["n"].as_str().expect("it has a modulus");
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(modulus);
        let secrets = [
            modulus.as_bytes().to_vec(),
            bytes.expect("it is base64"),
            self.public.to_string().into_bytes(),
        ];
        secrets.map(|secret| {
            let key = EncodingKey::from_secret(&secret);
            self.signed(Algorithm::HS256, claims, &key)
        })
    }

    fn signed(&self, algorithm: Algorithm, claims: &Value, key: &EncodingKey) -> String {
        let mut header = Header::new(algorithm);
        header.kid = self.public["kid"].as_str().map(str::to_owned);
        jsonwebtoken::encode(&header, claims, key).expect("it can be signed")
    }
}

/// What a token says.
pub(super) fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).expect("it is a token");
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).expect("it is base64");
    serde_json::from_slice(&claims).expect("it is JSON")
}

/// A token with the signature that it had, and other claims.
pub(super) fn altered(token: &str, claims: &Value) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    format!("{}.{}.{}", parts[0], encoded(claims), parts[2])
}

/// The same claims, but for some.
pub(super) fn with(claims: &Value, others: &Value) -> Value {
    let mut claims = claims.clone();
    for (name, value) in others.as_object().expect("they are claims") {
        claims[name] = value.clone();
    }
    claims
}

fn encoded(part: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(part.to_string())
}
