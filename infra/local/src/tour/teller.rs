//! Who asks, and tells of it: a line for the request, a line for the answer.

use std::io::Write;
use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::TourError;
use super::ask::Ask;

/// How often, and how many times, it is looked whether an email has come.
const POLL: Duration = Duration::from_millis(100);
const POLLS: u32 = 200;

/// How often, and how many times, something is asked again: searches count.
const PAUSE: Duration = Duration::from_millis(500);
const TRIES: u32 = 20;

/// How much of a text is shown.
const LONGEST: usize = 44;

/// What goes without saying of where something stands.
const ENVELOPE: [&str; 3] = ["data", "results", "*"];

/// What is shown to nobody.
const SECRETS: [&str; 2] = ["password", "token"];

pub(super) struct Teller<'a> {
    http: Client,
    api: String,
    to: &'a mut (dyn Write + Send),
}

impl<'a> Teller<'a> {
    pub(super) fn new(http: Client, api: &str, to: &'a mut (dyn Write + Send)) -> Self {
        let api = api.trim_end_matches('/').to_owned();
        Self { http, api, to }
    }

    /// Begins the next chapter.
    pub(super) fn say(&mut self, sentence: &str) -> Result<(), TourError> {
        Ok(writeln!(self.to, "\n{sentence}")?)
    }

    /// Asks, and tells what was answered, which has to be of this status.
    pub(super) async fn ask(&mut self, ask: Ask, status: u16) -> Result<Value, TourError> {
        self.ask_until(ask, status, |_| true).await
    }

    /// Asks until the answer is what it was asked for, or for long enough, and tells of the last.
    pub(super) async fn ask_until(
        &mut self,
        ask: Ask,
        status: u16,
        enough: impl Fn(&Value) -> bool,
    ) -> Result<Value, TourError> {
        self.tell_request(&ask)?;
        let mut tries = 1;
        loop {
            let response = self.send(&ask).await?;
            let replayed = response.headers().contains_key("idempotency-replayed");
            let answer = read(&ask, response, status).await?;
            if enough(&answer) || tries == TRIES {
                self.tell_answer(&ask, status, &answer, replayed)?;
                return Ok(answer);
            }
            tries += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The tag of what is there.
    pub(super) async fn tag(&mut self, ask: Ask) -> Result<String, TourError> {
        self.tell_request(&ask)?;
        let response = self.send(&ask).await?;
        let tag = response.headers().get("etag");
        let tag = tag.and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        read(&ask, response, 200).await?;
        let tag = tag.ok_or_else(|| TourError::Missing(format!("an ETag of {}", ask.path)))?;
        writeln!(self.to, "    200 etag: {tag}")?;
        Ok(tag)
    }

    /// The text of the email to somebody that says something, once it is there.
    pub(super) async fn mail(&mut self, to: &str, says: &str) -> Result<String, TourError> {
        let outbox = Ask::get("/_local/outbox");
        for _ in 0..POLLS {
            let response = self.send(&outbox).await?;
            let mail = read(&outbox, response, 200).await?;
            let mut mail = mail.as_array().into_iter().flatten();
            let about = |mail: &&Value| mail["to"] == to && mail.to_string().contains(says);
            if let Some(mail) = mail.find(about) {
                writeln!(self.to, "    mail: {}", mail["subject"])?;
                return Ok(mail["text"].as_str().unwrap_or_default().to_owned());
            }
            tokio::time::sleep(POLL).await;
        }
        Err(TourError::Missing(format!("mail to {to}")))
    }

    async fn send(&self, ask: &Ask) -> Result<Response, TourError> {
        let method = ask.method.parse().unwrap_or_default();
        let mut request = self
            .http
            .request(method, format!("{}{}", self.api, ask.path));
        if let Some(token) = &ask.token {
            request = request.bearer_auth(token);
        }
        if let Some((name, value)) = &ask.header {
            request = request.header(*name, value);
        }
        if let Some(body) = &ask.body {
            request = request.json(body);
        }
        Ok(request.send().await?)
    }

    fn tell_request(&mut self, ask: &Ask) -> Result<(), TourError> {
        write!(self.to, "  {} {}", ask.method, without_ids(&ask.path))?;
        if let Some((name, value)) = &ask.header {
            write!(self.to, " {name}: {value}")?;
        }
        match &ask.body {
            Some(body) => writeln!(self.to, " {}", short(body))?,
            None => writeln!(self.to)?,
        }
        Ok(())
    }

    fn tell_answer(
        &mut self,
        ask: &Ask,
        status: u16,
        answer: &Value,
        replayed: bool,
    ) -> Result<(), TourError> {
        write!(self.to, "    {status}")?;
        for place in &ask.shown {
            let way: Vec<_> = place.split('/').skip(1).collect();
            let told = way.iter().filter(|part| !ENVELOPE.contains(part));
            let name = told.copied().collect::<Vec<_>>().join(".");
            write!(self.to, " {name}: {}", short(&part(answer, &way)))?;
        }
        let again = if replayed {
            " (idempotency-replayed: true)"
        } else {
            ""
        };
        Ok(writeln!(self.to, "{again}")?)
    }
}

/// The body, if it is of the status that it should be of.
async fn read(ask: &Ask, response: Response, status: u16) -> Result<Value, TourError> {
    let answered = response.status().as_u16();
    let body = response.bytes().await?;
    let answer = serde_json::from_slice(&body).unwrap_or_default();
    if answered == status {
        return Ok(answer);
    }
    Err(TourError::Otherwise {
        request: format!("{} {}", ask.method, ask.path),
        status: answered,
        answer,
    })
}

/// What stands somewhere; in each of a list, where the way there says `*`.
fn part(value: &Value, way: &[&str]) -> Value {
    match way {
        [] => value.clone(),
        ["*", rest @ ..] => {
            let each = value.as_array().into_iter().flatten();
            each.map(|value| part(value, rest)).collect()
        }
        [name, rest @ ..] => part(&value[*name], rest),
    }
}

/// As much of a value as one likes to read.
fn short(value: &Value) -> Value {
    match value {
        Value::String(text) => shortened(&without_ids(text)).into(),
        Value::Number(number) if number.is_f64() => {
            let rounded = (number.as_f64().unwrap_or_default() * 100.0).round() / 100.0;
            rounded.into()
        }
        Value::Array(items) => items.iter().map(short).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                let hidden = SECRETS.contains(&name.as_str());
                let shown = if hidden { "…".into() } else { short(value) };
                (name.clone(), shown)
            });
            members.collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(LONGEST).collect();
    format!("{beginning}…")
}

/// A text with the last characters of each id for all of it.
fn without_ids(text: &str) -> String {
    let is_edge = |c: char| !(c.is_ascii_hexdigit() || c == '-');
    let parts = text.split_inclusive(is_edge).map(|part| {
        let word = part.trim_end_matches(is_edge);
        match Uuid::try_parse(word) {
            Ok(_) if word.contains('-') => {
                part.replace(word, &format!("…{}", &word[word.len() - 6..]))
            }
            _ => part.to_owned(),
        }
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_shown_has_no_secret_and_no_long_text_or_id() {
        let id = "019a9a2e-0000-7000-8000-60787cf7c5bf";
        let sent = json!({ "password": "a long enough one", "to": [format!("<@{id}>")], "file": "A".repeat(50) });
        let shown = json!({ "password": "…", "to": ["<@…f7c5bf>"], "file": format!("{}…", "A".repeat(LONGEST)) });
        assert_eq!(short(&sent), shown);
        assert_eq!(
            without_ids(&format!("/api/tasks/{id}/restore")),
            "/api/tasks/…f7c5bf/restore"
        );
    }

    #[test]
    fn a_part_is_found_in_each_of_a_list() {
        let answer = json!({ "data": [{ "title": "One" }, { "title": "Two" }] });
        assert_eq!(
            part(&answer, &["data", "*", "title"]),
            json!(["One", "Two"])
        );
        assert_eq!(part(&answer, &["meta", "unread"]), Value::Null);
    }
}
