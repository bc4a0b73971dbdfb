//! `cargo run -- event NAME/CASE`: a fixture, ready to be sent.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use reqwest::StatusCode;
use serde_json::{Value, json};

/// The password of every user that a fixture names: they exist on a laptop alone.
const PASSWORD: &str = "a fixture's password";

/// Prints the fixture `name/case`; `{{ada}}` in it becomes an access token of ada@example.com, who is
/// signed up if need be, in the stack that runs on `port`.
pub(crate) async fn print(fixture: &str, port: u16) -> Result<(), String> {
    let text = read(fixture)?;
    let mut tokens = BTreeMap::new();
    for name in names(&text) {
        tokens.insert(name, token(name, port).await?);
    }
    let filled = tokens.iter().fold(text.clone(), |text, (name, token)| {
        text.replace(&format!("{{{{{name}}}}}"), token)
    });
    println!("{}", filled.trim_end());
    Ok(())
}

fn read(fixture: &str) -> Result<String, String> {
    let file = format!("events/{fixture}.json");
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    [PathBuf::new(), built_in]
        .iter()
        .find_map(|folder| fs::read_to_string(folder.join(&file)).ok())
        .ok_or_else(|| format!("there is no {file}"))
}

/// The names between double braces.
fn names(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = text
        .split("{{")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("}}")?.0))
        .filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase()))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

async fn token(name: &str, port: u16) -> Result<String, String> {
    let email = format!("{name}@example.com");
    let log_in = json!({ "email": email, "password": PASSWORD });
    let (status, answer) = post(port, "/api/log-in", &log_in).await?;
    let (status, answer) = match status {
        StatusCode::UNAUTHORIZED => {
            let sign_up = json!({ "email": email, "password": PASSWORD, "name": name });
            post(port, "/api/sign-up", &sign_up).await?
        }
        _ => (status, answer),
    };
    answer["data"]["access_token"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| format!("{email} got no token ({status}): {answer}"))
}

async fn post(port: u16, path: &str, body: &Value) -> Result<(StatusCode, Value), String> {
    let response = reqwest::Client::new()
        .post(format!("http://127.0.0.1:{port}{path}"))
        .json(body)
        .send()
        .await
        .map_err(|_| format!("no stack answers on port {port}: start one with `cargo run`"))?;
    let status = response.status();
    let answer = response.json().await.unwrap_or_default();
    Ok((status, answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_names_in_double_braces() {
        let text = r#"{"a": "Bearer {{ada}}", "b": "{{bob}} {{ada}}", "c": {"d": {"e": 1}}}"#;
        assert_eq!(names(text), ["ada", "bob"]);
    }
}
