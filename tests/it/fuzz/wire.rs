//! HTTP as bytes on a wire: a client that sends what a well-behaved one would not.

use std::fmt;

use flate2::read::GzDecoder;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tests::{Answer, PATIENCE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A request, of whatever a client can put in one. Its length is always declared as it is.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: Vec<u8>,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Sends it to `api`; the answer, or nothing if the connection was closed without one.
    pub(super) async fn send(&self, api: &str) -> Option<Answer> {
        send(api, &self.bytes(), self.method == "HEAD").await
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.method.clone().into_bytes();
        bytes.push(b' ');
        bytes.extend(&self.target);
        bytes.extend(b" HTTP/1.1\r\nhost: 127.0.0.1\r\n");
        for (name, value) in &self.headers {
            bytes.extend(name.as_bytes());
            bytes.extend(b": ");
            bytes.extend(value);
            bytes.extend(b"\r\n");
        }
        bytes.extend(format!("content-length: {}\r\n\r\n", self.body.len()).into_bytes());
        bytes.extend(&self.body);
        bytes
    }
}

/// As it would be typed, its middle left out where it is long.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.bytes().escape_ascii().to_string();
        match text.len() {
            0..=3000 => f.write_str(&text),
            length => write!(f, "{}…{}", &text[..2000], &text[length - 500..]),
        }
    }
}

/// Sends `bytes` and reads one answer to them.
pub(super) async fn send(api: &str, bytes: &[u8], bodiless: bool) -> Option<Answer> {
    let address = api.strip_prefix("http://").expect("it is plain HTTP");
    let stream = TcpStream::connect(address).await.expect("it connects");
    let (mut reader, mut writer) = stream.into_split();
    let exchange = async {
        // What can't be written was answered before it was read.
        let (_, answer) = tokio::join!(writer.write_all(bytes), read(&mut reader, bodiless));
        answer
    };
    let answer = timeout(PATIENCE, exchange).await;
    answer.expect("it answers or closes in time")
}

async fn read(reader: &mut (impl AsyncReadExt + Unpin), bodiless: bool) -> Option<Answer> {
    let mut bytes = Vec::new();
    loop {
        if let Some(answer) = parse(&bytes, bodiless, false) {
            return Some(answer);
        }
        match reader.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return parse(&bytes, bodiless, true),
            Ok(_) => {}
        }
    }
}

/// The answer that `bytes` begin with; nothing if it has not come to its end.
fn parse(mut bytes: &[u8], bodiless: bool, ended: bool) -> Option<Answer> {
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let (head, rest) = (&bytes[..end], &bytes[end + 4..]);
        let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let status_line = str::from_utf8(lines.next()?).ok()?;
        let status: u16 = status_line.split(' ').nth(1)?.parse().ok()?;
        if (100..200).contains(&status) && status != 101 {
            bytes = rest;
            continue;
        }
        let headers: HeaderMap = lines.filter_map(header).collect();
        let length = headers
            .get("content-length")
            .and_then(|length| length.to_str().ok()?.parse().ok());
        let length = match (length, bodiless || matches!(status, 101 | 204 | 304)) {
            (_, true) => 0,
            (Some(length), false) => length,
            (None, false) if ended => rest.len(),
            (None, false) => return None,
        };
        let body = rest.get(..length)?;
        let body = json(body, headers.get("content-encoding"));
        return Some(Answer {
            status,
            headers,
            body,
        });
    }
}

/// What `body` says, expanded first where it is compressed; null where it is no JSON.
fn json(body: &[u8], encoding: Option<&HeaderValue>) -> Value {
    let said = match encoding.map(HeaderValue::as_bytes) {
        Some(b"gzip") => serde_json::from_reader(GzDecoder::new(body)),
        _ => serde_json::from_slice(body),
    };
    said.unwrap_or(Value::Null)
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
    Some((name, value))
}
