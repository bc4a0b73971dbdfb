use reqwest::header::HeaderMap;
use serde_json::Value;

/// What the API answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; null if it is empty or no JSON.
    pub body: Value,
}

impl Answer {
    /// Reads a response to its end.
    pub async fn of(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes = response.bytes().await.expect("the body arrives");
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Self {
            status,
            headers,
            body,
        }
    }

    /// The body, if the status is the one that was expected.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "the answer was {}", self.body);
        self.body
    }

    /// That it is a refusal in the common shape; returns `error.code` and `error.message`.
    #[track_caller]
    pub fn refused(self, status: u16) -> (String, String) {
        let request_id = self.header("x-request-id").unwrap_or_default().to_owned();
        let body = self.expect(status);
        let error = &body["error"];
        assert!(error["details"].is_array(), "details are a list in {body}");
        assert_eq!(error["request_id"], request_id, "{body}");
        let text = |name: &str| error[name].as_str().expect("it is a text").to_owned();
        (text("code"), text("message"))
    }

    /// The bad fields of a 422, in their order.
    #[track_caller]
    pub fn bad_fields(self) -> Vec<String> {
        let body = self.expect(422);
        body["error"]["details"]
            .as_array()
            .expect("details are a list")
            .iter()
            .map(|detail| detail["field"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The tag of the resource that it shows.
    #[track_caller]
    pub fn etag(&self) -> String {
        let tag = self.header("etag");
        tag.expect("the answer carries an ETag").to_owned()
    }

    /// The number of the event that the request caused.
    #[track_caller]
    pub fn event_seq(&self) -> u64 {
        self.header("x-event-seq")
            .and_then(|seq| seq.parse().ok())
            .expect("the answer carries X-Event-Seq")
    }
}
