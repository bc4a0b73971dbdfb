//! `POST /emails` as Resend's API has it.

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{Claim, Email, Outbox, fault::Fault, store::Accepted};

/// The largest mail: 40 MB.
const MAX_BODY: usize = 40 * 1024 * 1024;
/// The most recipients of a mail.
const MAX_RECIPIENTS: usize = 50;

/// An error as the API writes it.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    name: &'static str,
    message: String,
    retry_after: Option<u32>,
}

/// Takes a mail, unless a fault is due.
pub(in super::super) async fn send(
    State(outbox): State<Outbox>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let post = outbox.script.begin();
    // The service's front door turns away clients without a name, before the API sees them.
    if !headers.contains_key(header::USER_AGENT) {
        return (StatusCode::FORBIDDEN, "error code: 1010").into_response();
    }
    let answer = match post.fault {
        Some(fault) => with_fault(&outbox, &headers, body, fault).await,
        None => take(&outbox, &headers, body, None).await,
    };
    answer.unwrap_or_else(IntoResponse::into_response)
}

async fn with_fault(
    outbox: &Outbox,
    headers: &HeaderMap,
    body: Body,
    fault: Fault,
) -> Result<Response, Refusal> {
    match fault {
        Fault::TooManyRequests { retry_after } => Err(Refusal::too_many(retry_after)),
        Fault::ServerError => Err(Refusal::internal()),
        Fault::ConcurrentRequest => Err(Refusal::concurrent()),
        Fault::Refused => Err(Refusal::invalid("This mail is refused.")),
        Fault::Delay(_) => take(outbox, headers, body, Some(fault)).await,
        Fault::AcceptThenFail => {
            take(outbox, headers, body, None).await?;
            Err(Refusal::internal())
        }
        Fault::AcceptThenHang(time) => {
            let answer = take(outbox, headers, body, None).await;
            tokio::time::sleep(time).await;
            answer
        }
    }
}

/// The usual course: who, what, which key; then the mail is stored and its id told.
async fn take(
    outbox: &Outbox,
    headers: &HeaderMap,
    body: Body,
    fault: Option<Fault>,
) -> Result<Response, Refusal> {
    authenticate(headers)?;
    let key = idempotency_key(headers)?;
    let body = to_bytes(body, MAX_BODY)
        .await
        .map_err(|_| Refusal::bad_request("The body could not be read."))?;
    let payload: Value = serde_json::from_slice(&body)
        .map_err(|_| Refusal::bad_request("The body is not valid JSON."))?;
    let email = parse(&payload, outbox.clock.now())?;
    let _claim: Option<Claim> = match &key {
        Some(key) => Some(outbox.claim(key).ok_or_else(Refusal::concurrent)?),
        None => None,
    };
    if let Some(Fault::Delay(time)) = fault {
        tokio::time::sleep(time).await;
    }
    match outbox.accept(email, key, &payload).await {
        Ok(Accepted::As(id)) => Ok(Json(json!({"id": id})).into_response()),
        Ok(Accepted::KeyReused) => Err(Refusal::key_reused()),
        Err(error) => {
            tracing::error!(%error, "a mail could not be stored");
            Err(Refusal::internal())
        }
    }
}

fn authenticate(headers: &HeaderMap) -> Result<(), Refusal> {
    let header = headers.get(header::AUTHORIZATION);
    let token = header
        .and_then(|header| header.to_str().ok())
        .and_then(|header| header.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    match token {
        Some(token) if !token.is_empty() => Ok(()),
        _ => Err(Refusal {
            status: StatusCode::UNAUTHORIZED,
            name: "missing_api_key",
            message: "Missing API Key".to_owned(),
            retry_after: None,
        }),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = key.to_str().unwrap_or_default();
    if key.is_empty() || key.chars().count() > 256 {
        return Err(Refusal {
            status: StatusCode::BAD_REQUEST,
            name: "invalid_idempotency_key",
            message: "The idempotency key must be between 1-256 characters.".to_owned(),
            retry_after: None,
        });
    }
    Ok(Some(key.to_owned()))
}

fn parse(payload: &Value, at: i64) -> Result<Email, Refusal> {
    let from = required(payload, "from")?;
    let to = required(payload, "to")?;
    let subject = required(payload, "subject")?;
    let from = from.as_str().filter(|from| is_address(from));
    let to = match to {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(many) => many
            .iter()
            .map(|one| one.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    };
    let to = to.filter(|to| !to.is_empty() && to.iter().all(|one| is_address(one)));
    let to = to.ok_or_else(|| Refusal::invalid_address("to"))?;
    if to.len() > MAX_RECIPIENTS {
        return Err(Refusal::invalid(
            "The `to` field has more than 50 addresses.",
        ));
    }
    let subject = subject.as_str();
    let (html, text) = (part(payload, "html")?, part(payload, "text")?);
    if html.is_none() && text.is_none() {
        return Err(Refusal::missing("html` or `text"));
    }
    Ok(Email {
        to,
        from: from
            .ok_or_else(|| Refusal::invalid_address("from"))?
            .to_owned(),
        subject: subject
            .ok_or_else(|| Refusal::invalid("The `subject` field must be a string."))?
            .to_owned(),
        html,
        text,
        at,
    })
}

fn required<'a>(payload: &'a Value, field: &str) -> Result<&'a Value, Refusal> {
    match &payload[field] {
        Value::Null => Err(Refusal::missing(field)),
        Value::String(text) if text.is_empty() => Err(Refusal::missing(field)),
        value => Ok(value),
    }
}

fn part(payload: &Value, field: &str) -> Result<Option<String>, Refusal> {
    match &payload[field] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(Refusal::invalid(&format!(
            "The `{field}` field must be a string."
        ))),
    }
}

/// `email@example.com` or `Name <email@example.com>`.
fn is_address(text: &str) -> bool {
    let address = match text.trim().strip_suffix('>') {
        Some(named) => named.split_once('<').map_or("", |(_, address)| address),
        None => text.trim(),
    };
    let Some((local, domain)) = address.rsplit_once('@') else {
        return false;
    };
    let fits = |part: &str| {
        let foreign = |c: char| c.is_whitespace() || c.is_control() || "<>,;\"@".contains(c);
        !part.is_empty() && !part.contains(foreign)
    };
    let labels = domain.split('.');
    fits(local)
        && fits(domain)
        && domain.contains('.')
        && labels.clone().all(|part| !part.is_empty())
}

impl Refusal {
    fn new(status: StatusCode, name: &'static str, message: &str) -> Self {
        Self {
            status,
            name,
            message: message.to_owned(),
            retry_after: None,
        }
    }

    fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "validation_error", message)
    }

    fn invalid(message: &str) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "validation_error",
            message,
        )
    }

    fn invalid_address(field: &str) -> Self {
        Self::invalid(&format!(
            "Invalid `{field}` field. It has to be like `email@example.com` or `Name <email@example.com>`."
        ))
    }

    fn missing(field: &str) -> Self {
        let message = format!("Missing `{field}` field.");
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "missing_required_field",
            &message,
        )
    }

    fn concurrent() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "concurrent_idempotent_requests",
            "A request with the same idempotency key is still in progress.",
        )
    }

    fn key_reused() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "invalid_idempotent_request",
            "The idempotency key was used with another payload.",
        )
    }

    fn too_many(retry_after: u32) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limit_exceeded",
                "Too many requests.",
            )
        }
    }

    fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_server_error",
            "An unexpected error occurred.",
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({
            "statusCode": self.status.as_u16(),
            "name": self.name,
            "message": self.message,
        });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            let seconds = HeaderValue::from(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn addresses_are_told_from_other_texts() {
        for good in ["a@b.co", "Ada <ada@example.com>", "a+b@mail.example.com"] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@b",
            "@b.co",
            "a@.co",
            "a b@c.de",
            "A <a@b.co",
            "a@b@c.de",
            "a@b.co,c@d.ef",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
