//! `GET /openapi.json` and `GET /docs`: the reference of the HTTP API, and a page to read it on and try calls from.

use shared::prelude::*;
use shared::reply::{Content, File};

/// Anyone can read it; it is part of the binary, so it makes no call.
pub const ENDPOINT: Endpoint = Endpoint::http("docs", "GET", "/openapi.json").also(&[
    ("GET", "/docs"),
    ("GET", "/docs/start.js"),
    ("GET", "/docs/viewer.css"),
    ("GET", "/docs/viewer.js"),
]);

/// Scripts, styles and calls of our own and no others, and no frames around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const DOCUMENT: File = File {
    content_type: "application/json",
    content: Content::Plain(include_str!("../../../openapi.json")),
};

const PAGE: File = File {
    content_type: "text/html; charset=utf-8",
    content: Content::Plain(include_str!("../viewer/index.html")),
};

const START: File = File {
    content_type: "text/javascript; charset=utf-8",
    content: Content::Plain(include_str!("../viewer/start.js")),
};

const STYLE: File = File {
    content_type: "text/css; charset=utf-8",
    content: Content::Gzipped(include_bytes!("../viewer/swagger-ui.css.gz")),
};

const VIEWER: File = File {
    content_type: "text/javascript; charset=utf-8",
    content: Content::Gzipped(include_bytes!("../viewer/swagger-ui-bundle.js.gz")),
};

/// This document, as OpenAPI 3.1.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Document {}

/// Shows this document.
pub async fn get_openapi(_sdk: Sdk, _event: Event<Nothing, Anyone>) -> Result<Reply<Document>> {
    Ok(Reply::file(DOCUMENT))
}

/// Shows the page that shows it.
pub async fn get_docs(_sdk: Sdk, _event: Event<Nothing, Anyone>) -> Result<Reply<()>> {
    Ok(Reply::file(PAGE).header("content-security-policy", POLICY))
}

/// Shows what starts the viewer on the page.
pub async fn get_docs_start(_sdk: Sdk, _event: Event<Nothing, Anyone>) -> Result<Reply<()>> {
    Ok(Reply::file(START))
}

/// Shows how the page looks.
pub async fn get_docs_style(_sdk: Sdk, _event: Event<Nothing, Anyone>) -> Result<Reply<()>> {
    Ok(Reply::file(STYLE))
}

/// Shows the viewer.
pub async fn get_docs_viewer(_sdk: Sdk, _event: Event<Nothing, Anyone>) -> Result<Reply<()>> {
    Ok(Reply::file(VIEWER))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, get_openapi)
        .route("GET", "/docs", get_docs)
        .route("GET", "/docs/start.js", get_docs_start)
        .route("GET", "/docs/viewer.css", get_docs_style)
        .route("GET", "/docs/viewer.js", get_docs_viewer)
}
