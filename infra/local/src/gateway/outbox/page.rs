//! The outbox for a browser. Nothing in a mail may act: every text is escaped, and a mail's HTML is
//! shown in a frame that may neither run scripts nor load anything.

use std::fmt::Write;

use axum::{
    http::header,
    response::{Html, IntoResponse, Response},
};
use html_escape::{encode_double_quoted_attribute, encode_text};

use super::Email;
use crate::gateway::id::iso8601;

/// How many mails the page shows; the JSON has all.
const SHOWN: usize = 200;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>Outbox</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem }
article { border: 1px solid #ccc; border-radius: .5rem; padding: 1rem; margin: 1rem 0 }
h2 { font-size: 1.1rem; margin: 0 } p { color: #555; margin: .25rem 0 .75rem }
iframe { width: 100%; height: 12rem; border: 1px solid #eee } pre { white-space: pre-wrap }
</style>
<h1>Outbox</h1>
";

/// The page with the newest mails.
pub(super) fn render(emails: &[Email]) -> Response {
    let mut page = String::from(HEAD);
    if emails.is_empty() {
        page.push_str("<p>No mail yet.</p>\n");
    }
    for email in &emails[..emails.len().min(SHOWN)] {
        article(&mut page, email);
    }
    if emails.len() > SHOWN {
        let _ = writeln!(page, "<p>And {} older ones.</p>", emails.len() - SHOWN);
    }
    let mut response = Html(page).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        header::HeaderValue::from_static(POLICY),
    );
    response
}

fn article(page: &mut String, email: &Email) {
    let to = email.to.join(", ");
    let at = iso8601(email.at);
    let _ = writeln!(
        page,
        "<article><h2>{}</h2>\n<p>{} → {} · <time datetime=\"{at}\">{at}</time></p>",
        encode_text(&email.subject),
        encode_text(&email.from),
        encode_text(&to),
    );
    if let Some(html) = &email.html {
        let html = encode_double_quoted_attribute(html);
        let _ = writeln!(
            page,
            "<iframe sandbox title=\"The mail\" srcdoc=\"{html}\"></iframe>"
        );
    }
    if let Some(text) = &email.text {
        let _ = writeln!(
            page,
            "<details><summary>Text</summary><pre>{}</pre></details>",
            encode_text(text)
        );
    }
    page.push_str("</article>\n");
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn nothing_of_a_mail_is_markup_of_the_page() {
        let evil = "\"></iframe><script>alert(1)</script>".to_owned();
        let email = Email {
            to: vec![evil.clone()],
            from: evil.clone(),
            subject: evil.clone(),
            html: Some(evil.clone()),
            text: Some(evil),
            at: 0,
        };
        let body = to_bytes(render(&[email]).into_body(), usize::MAX).await;
        let body = body.expect("a page");
        let page = String::from_utf8_lossy(&body);
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("<iframe sandbox "), "{page}");
    }
}
