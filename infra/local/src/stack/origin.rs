//! Whose pages may call the stack.

use std::{fmt, str::FromStr};

use reqwest::Url;

/// An origin, as browsers send it: `http://localhost:5173`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// Why a text names no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no URL of a page, such as http://localhost:5173")]
pub struct NoOrigin;

/// The origin of a page's URL, whatever its path.
impl FromStr for Origin {
    type Err = NoOrigin;

    fn from_str(url: &str) -> Result<Self, NoOrigin> {
        let url = Url::parse(url).map_err(|_| NoOrigin)?;
        let origin = url.origin().ascii_serialization();
        // The list of them has commas in between, and stands in quotes in `lambda.env`.
        let is_plain = !origin.contains([',', '\'']);
        (matches!(url.scheme(), "http" | "https") && is_plain)
            .then_some(Self(origin))
            .ok_or(NoOrigin)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_send_it() {
        for (url, origin) in [
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://LocalHost:5173/app/?x#y", "http://localhost:5173"),
            ("http://localhost:80/", "http://localhost"),
            ("https://app.example:443", "https://app.example"),
            ("http://[::1]:5173", "http://[::1]:5173"),
        ] {
            assert_eq!(url.parse::<Origin>().unwrap().to_string(), origin);
        }
    }

    #[test]
    fn what_is_no_page_s_url_is_no_origin() {
        for url in [
            "",
            "*",
            "null",
            "localhost:5173",
            "//localhost",
            "file:///index.html",
            "http://a,http://b",
            "http://it's",
        ] {
            assert_eq!(url.parse::<Origin>(), Err(NoOrigin), "{url}");
        }
    }
}
