//! Fetching what a provider publishes: over TLS, without redirects, and no more than was asked for.

use std::net::IpAddr;
use std::sync::OnceLock;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::byte_stream::ByteStream;
use http::Uri;
use http::uri::Scheme;

/// Where a provider is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    issuer: String,
    /// Whether it is on this machine, where nobody listens in between.
    local: bool,
}

/// What fetches: the AWS SDK's own HTTP client, which is in every function already.
#[derive(Debug, Default)]
pub(super) struct Web(OnceLock<Connector>);

impl Place {
    /// Of an issuer: an address of `https`, or of `http` on this machine.
    pub(super) fn of_issuer(issuer: &str) -> Result<Self, &'static str> {
        let uri = uri(issuer)?;
        if uri.query().is_some() || issuer.contains('#') {
            return Err("it has more than a path");
        }
        Ok(Self {
            issuer: issuer.trim_end_matches('/').to_owned(),
            local: uri.scheme() == Some(&Scheme::HTTP),
        })
    }

    /// Where the provider says where its keys are.
    pub(super) fn discovery(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.issuer)
    }

    /// Where its keys are, if they may be there: a provider elsewhere does not send us to this machine.
    pub(super) fn of_keys(&self, address: &str) -> Result<String, String> {
        let refused = |why: &str| format!("the provider's jwks_uri can't be used: {why}");
        let uri = uri(address).map_err(refused)?;
        if is_loopback(&uri) && !self.local {
            return Err(refused("it is on this machine"));
        }
        Ok(address.to_owned())
    }
}

impl Web {
    /// A document of at most `limit` bytes.
    ///
    /// # Errors
    /// If there is none, or a larger one.
    pub(super) async fn get(&self, address: &str, limit: usize) -> Result<Vec<u8>, String> {
        let failed = |why: &dyn std::fmt::Display| format!("{address}: {why}");
        let mut request = HttpRequest::get(address).map_err(|error| failed(&error))?;
        let headers = request.headers_mut();
        headers.insert("accept", "application/json");
        headers.insert("user-agent", concat!("tenon/", env!("CARGO_PKG_VERSION")));
        let response = self.connector().call(request).await;
        let response = response.map_err(|error| failed(&error))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(failed(&format_args!("it answered {status}")));
        }
        let mut body = ByteStream::new(response.into_body());
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await {
            bytes.extend_from_slice(&chunk.map_err(|error| failed(&error))?);
            if bytes.len() > limit {
                return Err(failed(&format_args!("it has more than {limit} bytes")));
            }
        }
        Ok(bytes)
    }

    /// Fetches are minutes apart, so no connection waits for the next one.
    fn connector(&self) -> &Connector {
        self.0.get_or_init(|| {
            Connector::builder()
                .pool_max_idle_per_host(0)
                .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
                .build()
        })
    }
}

fn uri(address: &str) -> Result<Uri, &'static str> {
    let uri: Uri = address.parse().map_err(|_| "it is no address")?;
    let authority = uri.authority().ok_or("it is no address")?;
    if authority.as_str().contains('@') {
        return Err("it names a user");
    }
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => Ok(uri),
        Some(scheme) if *scheme == Scheme::HTTP && is_loopback(&uri) => Ok(uri),
        _ => Err("it has to be https"),
    }
}

fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let by_number = address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    by_number || host.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_reached_over_tls_or_on_this_machine() {
        for (issuer, reason) in [
            ("https://id.example.com", None),
            ("https://id.example.com/realms/one/", None),
            ("http://127.0.0.1:8080", None),
            ("http://[::1]:8080", None),
            ("http://localhost:8080/realm", None),
            ("http://id.example.com", Some("it has to be https")),
            ("http://127.0.0.1.example.com", Some("it has to be https")),
            ("http://localhost.example.com", Some("it has to be https")),
            ("ftp://127.0.0.1", Some("it has to be https")),
            (
                "https://id.example.com?tenant=1",
                Some("it has more than a path"),
            ),
            ("https://id.example.com/#x", Some("it has more than a path")),
            ("https://a:b@id.example.com", Some("it names a user")),
            ("id.example.com", Some("it has to be https")),
            ("/realm", Some("it is no address")),
            ("", Some("it is no address")),
        ] {
            assert_eq!(Place::of_issuer(issuer).err(), reason, "{issuer}");
        }
    }

    #[test]
    fn the_configuration_stands_below_the_issuer() {
        for issuer in ["https://id.example.com/one", "https://id.example.com/one/"] {
            let place = Place::of_issuer(issuer).expect("it is an address");
            let expected = "https://id.example.com/one/.well-known/openid-configuration";
            assert_eq!(place.discovery(), expected);
        }
    }

    #[test]
    fn a_provider_elsewhere_does_not_send_us_to_this_machine() {
        let place = |issuer| Place::of_issuer(issuer).expect("it is an address");
        let (remote, local) = (place("https://id.example.com"), place("http://127.0.0.1:1"));
        assert!(remote.of_keys("https://keys.example.com/jwks?v=1").is_ok());
        assert!(remote.of_keys("https://127.0.0.1/jwks").is_err());
        assert!(remote.of_keys("http://127.0.0.1/jwks").is_err());
        assert!(remote.of_keys("http://keys.example.com/jwks").is_err());
        assert!(local.of_keys("http://127.0.0.1:2/jwks").is_ok());
        assert!(local.of_keys("http://keys.example.com/jwks").is_err());
    }
}
