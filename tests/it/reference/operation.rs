//! An operation: a method of a path.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use shared::endpoint::Endpoint;
use shared::error::Detail;
use shared::lambda::Surface;

use super::access::{Counted, Policy};
use super::answers;
use super::choice;
use super::examples::{self, Example};
use super::refusals::{self, Reason};
use super::schemas::{Schemas, of_input, settle};
use super::sources::{self, Told};

/// What is known of one.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: String,
    endpoint: &'static Endpoint,
    policy: Policy,
    counted: Counted,
    told: Told,
    pub(super) id: String,
    input: Value,
    output: Value,
    /// The members of its resources that a client can choose from.
    choice: Vec<String>,
    examples: Vec<Example>,
    /// Those of all routes of its function.
    of_function: Vec<Example>,
    /// What is wrong with a body that has a field too many, and none of those that it needs.
    bad_fields: Vec<Detail>,
}

/// A field that no body has.
const UNKNOWN: &str = "no_such_field";

/// How a route refuses as its siblings do; as for what is not there, if it names something.
const OF_A_FUNCTION: [u64; 3] = [403, 409, 412];

impl Operation {
    pub(super) fn of(
        schemas: &mut Schemas,
        endpoint: &'static Endpoint,
        (method, path): (&'static str, &'static str),
        surface: &Surface,
    ) -> Self {
        let told = sources::told(endpoint.name, surface.route);
        let input = of_input(surface);
        Self {
            method,
            path: path.to_owned(),
            endpoint,
            policy: Policy::of(&surface.caller),
            counted: Counted::of(endpoint),
            id: id(endpoint.name, &told.handler),
            told,
            bad_fields: surface.refusals(bad_body(path, &input)),
            input,
            output: schemas.output(endpoint.name, surface),
            choice: match method {
                "GET" => surface.choice(),
                _ => Vec::new(),
            },
            examples: examples::of(endpoint, Some((method, path))),
            of_function: examples::of(endpoint, None),
        }
    }

    /// Whether its client can choose what it sees of a resource.
    pub(super) fn has_choice(&self) -> bool {
        !self.choice.is_empty()
    }

    /// As the document has it.
    pub(super) fn written(&self, tag: &str, shared: &Map<String, Value>) -> Value {
        let mut operation = json!({
            "operationId": self.id,
            "tags": [tag],
            "summary": self.told.summary,
            "description": self.description(),
            "security": self.security(),
            "parameters": self.parameters(),
        });
        if let Some(body) = self.body() {
            operation["requestBody"] = body;
        }
        operation["responses"] = self.responses(shared);
        operation["x-permission"] = self.policy.word().into();
        operation["x-rate-class"] = self.counted.words().into();
        operation
    }

    fn reads(&self) -> bool {
        matches!(self.method, "GET" | "HEAD")
    }

    fn is_conditional(&self) -> bool {
        !self.reads() && self.endpoint.looks_at_if_match(self.method)
    }

    fn has_its_effect_once(&self) -> bool {
        !self.reads() && self.endpoint.keeps_answers()
    }

    fn is_known(&self) -> bool {
        self.endpoint.authenticates()
    }

    fn has_tag(&self) -> bool {
        let mut headers = self.examples.iter().flat_map(|example| &example.headers);
        headers.any(|name| name == "etag")
    }

    fn description(&self) -> String {
        let does = &self.told.description;
        let permission = self.policy.sentence(self.is_in_a_project());
        let counted = self.counted.sentence();
        format!("{does}\n\n{permission} {counted}")
    }

    fn is_in_a_project(&self) -> bool {
        let of = ["/api/projects/{id}", "/api/tasks/{id}"];
        let named = self.fields().any(|(name, _)| name == "projectId");
        named || of.iter().any(|path| self.path.starts_with(path))
    }

    fn security(&self) -> Value {
        match (self.is_known(), self.policy.is_in_person()) {
            (false, _) => json!([]),
            (true, true) => json!([{ "token": [] }]),
            (true, false) => json!([{ "token": [] }, { "apiKey": [] }]),
        }
    }

    /// The names that the path has.
    fn in_path(&self) -> Vec<&str> {
        names_in(&self.path)
    }

    fn fields(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.input["properties"].as_object().into_iter().flatten()
    }

    fn requires(&self, name: &str) -> bool {
        let required = self.input["required"].as_array();
        required.is_some_and(|names| names.iter().any(|required| required == name))
    }

    fn parameters(&self) -> Value {
        let in_path = self.in_path();
        let mut parameters: Vec<Value> = in_path
            .iter()
            .map(|name| self.parameter(name, "path", &self.input["properties"][name]))
            .collect();
        if self.reads() {
            let in_query = self
                .fields()
                .filter(|(name, _)| !in_path.contains(&name.as_str()));
            parameters.extend(in_query.map(|(name, schema)| self.parameter(name, "query", schema)));
            let choice = choice::parameter(&self.choice);
            parameters.extend(choice.map(|schema| self.parameter(choice::NAME, "query", &schema)));
        }
        let headers = [
            (
                answers::TENANT,
                self.is_known() && !self.endpoint.names_its_tenant(),
            ),
            (answers::IDEMPOTENCY_KEY, self.has_its_effect_once()),
            (answers::IF_NONE_MATCH, self.reads() && self.has_tag()),
            (answers::IF_MATCH, self.is_conditional()),
            (answers::REQUEST_ID, true),
        ];
        let used = headers.iter().filter(|(_, used)| *used);
        parameters.extend(
            used.map(|(name, _)| json!({ "$ref": format!("#/components/parameters/{name}") })),
        );
        parameters.into()
    }

    fn parameter(&self, name: &str, place: &str, schema: &Value) -> Value {
        let mut schema = match schema {
            Value::Null => json!({ "type": "string", "description": "The tenant's id." }),
            schema => without_null(schema),
        };
        if place == "query" {
            tell_what_is_meant(&mut schema);
        }
        let mut parameter = json!({
            "name": name,
            "in": place,
            "required": place == "path" || self.requires(name),
            "schema": schema,
        });
        if let Some(value) = self.fullest().and_then(|example| example.named.get(name)) {
            let number = value.as_str().and_then(|text| text.parse::<i64>().ok());
            let is_number = parameter["schema"]["type"] == "integer";
            parameter["example"] = match number.filter(|_| is_number) {
                Some(number) => number.into(),
                None => value.clone(),
            };
        }
        parameter
    }

    /// The example that names the most in path and query: what it names goes together.
    fn fullest(&self) -> Option<&Example> {
        let served = self.examples.iter().filter(|example| example.status < 400);
        served.max_by_key(|example| example.named.len())
    }

    fn body(&self) -> Option<Value> {
        if self.reads() {
            return None;
        }
        let in_path = self.in_path();
        let mut schema = self.input.clone();
        let is_in_body = |name: &str| !in_path.contains(&name);
        schema["properties"]
            .as_object_mut()?
            .retain(|name, _| is_in_body(name));
        if let Some(required) = schema["required"].as_array_mut() {
            required.retain(|name| name.as_str().is_some_and(is_in_body));
        }
        if schema["properties"].as_object()?.is_empty() {
            return None;
        }
        let served = self.examples.iter().filter(|example| example.status < 400);
        let examples: Map<String, Value> = served
            .filter_map(|example| {
                let sent = example.sent.clone()?;
                Some((example.name.clone(), json!({ "value": sent })))
            })
            .collect();
        let mut media = json!({ "schema": schema });
        if !examples.is_empty() {
            media["examples"] = examples.into();
        }
        let mut content = Map::new();
        if self.method == "PATCH" {
            content.insert("application/merge-patch+json".to_owned(), media.clone());
        }
        content.insert("application/json".to_owned(), media);
        let required = schema["required"]
            .as_array()
            .is_some_and(|names| !names.is_empty());
        Some(json!({ "required": required, "content": content }))
    }

    fn responses(&self, shared: &Map<String, Value>) -> Value {
        let mut by_status: BTreeMap<u64, Vec<&Example>> = BTreeMap::new();
        for example in &self.examples {
            by_status.entry(example.status).or_default().push(example);
        }
        let mut responses = BTreeMap::new();
        for (status, examples) in &by_status {
            if *status < 400 {
                responses.insert(*status, self.success(*status, examples, shared));
            }
        }
        if self.reads() && self.has_tag() {
            // It says what the whole answer would.
            let headers = responses.get(&200).map(|whole| whole["headers"].clone());
            let unchanged = json!({ "description": answers::words(304), "headers": headers });
            responses.insert(304, unchanged);
        }
        let refused = by_status.keys().copied().filter(|status| *status >= 400);
        let refused: BTreeSet<u64> = refused.chain(self.refusals()).collect();
        for status in refused {
            let examples = by_status.get(&status).map_or(&[][..], Vec::as_slice);
            responses.insert(status, self.refusal(status, examples));
        }
        if self.told.degrades {
            let mut output = self.output.clone();
            settle(&mut output, shared);
            responses.insert(503, refusals::degraded(&output));
        }
        let responses = responses
            .into_iter()
            .map(|(status, response)| (status.to_string(), response));
        responses.collect::<Map<_, _>>().into()
    }

    fn success(&self, status: u64, examples: &[&Example], shared: &Map<String, Value>) -> Value {
        let seen = examples.iter().flat_map(|example| &example.headers);
        let once = self.has_its_effect_once().then_some(answers::ONCE);
        let headers: BTreeSet<&str> = seen
            .map(String::as_str)
            .chain(once.into_iter().flatten())
            .collect();
        let mut response = json!({
            "description": answers::words(status),
            "headers": answers::headers_of(&headers),
        });
        let Some(content_type) = examples
            .iter()
            .find_map(|example| example.content_type.clone())
        else {
            return response;
        };
        let is_json = content_type == "application/json";
        let mut schema = if is_json {
            self.output.clone()
        } else {
            json!({ "type": "string" })
        };
        let shown = examples.iter().filter(|_| is_json).map(|example| {
            let value = examples::fitting(example.body.clone(), &schema, shared);
            (example.name.clone(), json!({ "value": value }))
        });
        let shown: Map<String, Value> = shown.collect();
        settle(&mut schema, shared);
        response["content"] = json!({ content_type.clone(): { "schema": schema } });
        if !shown.is_empty() {
            response["content"][content_type]["examples"] = shown.into();
        }
        response
    }

    /// How it refuses: as its own events do, or else those of its function, or else all that refuse for that reason.
    fn refusal(&self, status: u64, own: &[&Example]) -> Value {
        let of_function = self.of_function.iter();
        let as_siblings = match status {
            404 => !self.in_path().is_empty(),
            status => OF_A_FUNCTION.contains(&status),
        };
        let of_function: Vec<_> = of_function
            .filter(|example| as_siblings && example.status == status)
            .collect();
        let counted = self.tells_what_is_left(status);
        match (status, own, of_function.as_slice()) {
            (_, [_, ..], _) => refusals::of_events(status, counted, own),
            (_, [], [_, ..]) => refusals::of_events(status, counted, &of_function),
            (413, ..) => refusals::of_size(self.endpoint, counted),
            (422, ..) => refusals::of_fields(&self.bad_fields, counted),
            _ => self.reason(status).reference(counted),
        }
    }

    /// Whether a refusal tells how many calls or attempts are left. Nobody's calls are counted before it is known who
    /// calls.
    fn tells_what_is_left(&self, status: u64) -> bool {
        self.counted.at_all() && (status != 401 || !self.is_known())
    }

    /// Why it would refuse with a status of which its function has no event.
    fn reason(&self, status: u64) -> Reason {
        match status {
            400 if self.reads() => Reason::BadQuery,
            400 => Reason::BadBody,
            401 => Reason::NobodyInParticular,
            403 if self.policy.is_in_person() => Reason::NotInPerson,
            403 if self.policy.is_above_the_lowest_role() => Reason::Role,
            403 if self.policy.welcomes() => Reason::Unverified,
            403 => Reason::Newcomer,
            404 => Reason::NoSuchTenant,
            409 if self.is_in_a_project() => Reason::ArchivedProject,
            409 if self.policy.is_in_a_tenant() => Reason::LastAdmin,
            409 => Reason::AccountTaken,
            412 => Reason::ChangedSince,
            415 => Reason::NotJson,
            429 if !self.counted.as_an_attempt() => Reason::TooManyCalls,
            429 if !self.counted.as_a_call() => Reason::TooManyAttempts,
            429 => Reason::TooManyOfEither,
            500 => Reason::Bug,
            503 => Reason::Outage,
            other => panic!("say in tests/it/reference/operation.rs why it would be {other}"),
        }
    }

    /// The statuses with which it can refuse, whether or not there is an event of it.
    fn refusals(&self) -> impl Iterator<Item = u64> {
        let named = !self.in_path().is_empty();
        let writes = !self.reads();
        [
            (400, true),
            (401, self.is_known()),
            (403, self.is_known()),
            (404, self.is_known() || named),
            (409, writes),
            (412, self.is_conditional()),
            (413, writes),
            (415, writes),
            (422, writes),
            (429, self.counted.at_all()),
            (500, true),
            (503, true),
        ]
        .into_iter()
        .filter_map(|(status, can)| can.then_some(status))
    }
}

/// What an operation is called: as its handler, or as its function, where that has no other.
fn id(function: &str, handler: &str) -> String {
    match handler {
        "handler" => camel_case(function),
        own => camel_case(own),
    }
}

/// `updateTask`, of `update-task` or `update_task`.
fn camel_case(name: &str) -> String {
    let mut id = String::new();
    for word in name.split(['-', '_']) {
        if id.is_empty() {
            id.push_str(word);
        } else {
            let (first, rest) = word.split_at(1);
            id.push_str(&first.to_uppercase());
            id.push_str(rest);
        }
    }
    id
}

/// The names that a path has: `id` in `/api/tasks/{id}`.
fn names_in(path: &str) -> Vec<&str> {
    let parts = path.split('/');
    parts
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .collect()
}

/// What the path says, and a field that there is not.
fn bad_body(path: &str, input: &Value) -> Value {
    let said = names_in(path).into_iter();
    let said = said.filter(|name| input["properties"].get(name).is_some());
    let said = said.map(|name| (name.to_owned(), examples::an_id(name).into()));
    let unknown = (UNKNOWN.to_owned(), json!(true));
    said.chain([unknown]).collect::<Map<_, _>>().into()
}

/// Says in words what is meant where a parameter is left out. As its default, or as an example of it alone, a page that
/// calls are tried from would send it, and it does not go together with all others.
fn tell_what_is_meant(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    schema.shift_remove("examples");
    let meant = schema.shift_remove("default");
    if let Some(meant) = meant.filter(|meant| !meant.is_null()) {
        let known = schema.get("description").and_then(Value::as_str);
        let words = known.map_or_else(String::new, |known| format!("{known} "));
        let words = format!("{words}Without it: `{meant}`.");
        schema.insert("description".to_owned(), words.into());
    }
}

/// What stands in a query is there or is not; it is never null.
fn without_null(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(kinds) = schema.get("type").and_then(Value::as_array).cloned() {
        let mut kinds = kinds.into_iter().filter(|kind| *kind != "null");
        schema["type"] = kinds.next().unwrap_or_default();
    }
    if let Some(choices) = schema.get("anyOf").and_then(Value::as_array).cloned() {
        let only = choices.into_iter().find(|choice| choice["type"] != "null");
        let mut only = only.unwrap_or_default();
        for (name, value) in schema.as_object().into_iter().flatten() {
            if name != "anyOf" {
                only[name] = value.clone();
            }
        }
        return only;
    }
    schema
}
