//! Event patterns: which records an event source's `FilterCriteria` lets through.

use serde_json::{Map, Value};

mod matcher;

use self::matcher::Matcher;

/// Why an event pattern is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event pattern, at {path}: {problem}")]
pub struct PatternError {
    path: String,
    problem: &'static str,
}

/// The patterns of one event source: an event passes if one of them matches, or if there are none.
#[derive(Debug, Clone, Default)]
pub(super) struct Filters(Vec<Object>);

impl Filters {
    pub(super) fn parse(patterns: &[Value]) -> Result<Self, PatternError> {
        let patterns = patterns.iter().map(|pattern| object(pattern, "$"));
        patterns.collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn pass(&self, event: &Value) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| pattern.matches(Some(event)))
    }
}

/// Fields that must all match, and sets of alternatives of which one must.
#[derive(Debug, Clone)]
struct Object {
    fields: Vec<(String, Node)>,
    alternatives: Option<Vec<Object>>,
}

#[derive(Debug, Clone)]
enum Node {
    Nested(Object),
    AnyOf(Vec<Matcher>),
}

impl Object {
    fn matches(&self, event: Option<&Value>) -> bool {
        let field = |name: &str| event.and_then(|event| event.get(name));
        self.fields.iter().all(|(name, node)| match node {
            Node::Nested(nested) => nested.matches(field(name)),
            Node::AnyOf(tests) => tests.iter().any(|test| test.matches(field(name))),
        }) && self
            .alternatives
            .as_ref()
            .is_none_or(|alternatives| alternatives.iter().any(|object| object.matches(event)))
    }
}

fn object(pattern: &Value, path: &str) -> Result<Object, PatternError> {
    let Value::Object(fields) = pattern else {
        return refuse(path, "a pattern is an object");
    };
    if fields.is_empty() {
        return refuse(path, "an empty pattern matches nothing on AWS");
    }
    Ok(Object {
        alternatives: alternatives(fields, path)?,
        fields: fields
            .iter()
            .filter(|(name, _)| *name != "$or")
            .map(|(name, value)| Ok((name.clone(), node(value, &format!("{path}.{name}"))?)))
            .collect::<Result<_, _>>()?,
    })
}

fn alternatives(
    fields: &Map<String, Value>,
    path: &str,
) -> Result<Option<Vec<Object>>, PatternError> {
    let Some(alternatives) = fields.get("$or") else {
        return Ok(None);
    };
    let path = format!("{path}.$or");
    match alternatives.as_array() {
        Some(patterns) if patterns.len() > 1 => {
            let patterns = patterns.iter().map(|pattern| object(pattern, &path));
            patterns.collect::<Result<_, _>>().map(Some)
        }
        _ => refuse(&path, "$or takes a list of at least two patterns"),
    }
}

fn node(value: &Value, path: &str) -> Result<Node, PatternError> {
    match value {
        Value::Object(_) => object(value, path).map(Node::Nested),
        Value::Array(tests) if tests.is_empty() => refuse(path, "an empty list matches nothing"),
        Value::Array(tests) => tests
            .iter()
            .map(|test| Matcher::parse(test).or_else(|problem| refuse(path, problem)))
            .collect::<Result<_, _>>()
            .map(Node::AnyOf),
        _ => refuse(path, "values to match stand in a list"),
    }
}

fn refuse<T>(path: &str, problem: &'static str) -> Result<T, PatternError> {
    Err(PatternError {
        path: path.to_owned(),
        problem,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn passes(pattern: Value, event: &Value) -> bool {
        Filters::parse(&[pattern]).expect("a pattern").pass(event)
    }

    fn record(name: &str, sk: &str) -> Value {
        json!({"eventName": name, "dynamodb": {"Keys": {"sk": {"S": sk}}, "NewImage": {"n": {"N": "5"}}}})
    }

    #[test]
    fn inserted_event_rows_pass_and_nothing_else() {
        let relay = json!({"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "EVENT#"}]}}}});
        assert!(passes(relay.clone(), &record("INSERT", "EVENT#1")));
        assert!(!passes(relay.clone(), &record("MODIFY", "EVENT#1")));
        assert!(!passes(relay.clone(), &record("INSERT", "TASK#1")));
        assert!(!passes(relay, &json!({"eventName": "INSERT"})));
    }

    #[test]
    fn without_patterns_everything_passes_and_of_several_one_is_enough() {
        assert!(Filters::default().pass(&json!({})));
        let filters = Filters::parse(&[json!({"a": [1]}), json!({"a": [2]})]).expect("patterns");
        assert!(filters.pass(&json!({"a": 2})));
        assert!(!filters.pass(&json!({"a": 3})));
    }

    #[test]
    fn fields_are_joined_by_and_values_and_alternatives_by_or() {
        let pattern = json!({"a": ["x", "y"], "b": [1]});
        assert!(passes(pattern.clone(), &json!({"a": "y", "b": 1})));
        assert!(!passes(pattern, &json!({"a": "y", "b": 2})));
        let pattern = json!({"a": [1], "$or": [{"b": [1]}, {"c": {"d": [1]}}]});
        assert!(passes(pattern.clone(), &json!({"a": 1, "c": {"d": 1}})));
        assert!(!passes(pattern, &json!({"a": 1, "c": {"d": 2}})));
    }

    #[test]
    fn a_field_that_must_not_exist_may_lie_under_one_that_does_not() {
        let pattern = json!({"a": {"b": [{"exists": false}]}});
        assert!(passes(pattern.clone(), &json!({})));
        assert!(passes(pattern.clone(), &json!({"a": {"c": 1}})));
        assert!(!passes(pattern, &json!({"a": {"b": null}})));
    }

    #[test]
    fn a_pattern_that_aws_refuses_is_refused_with_its_place() {
        for (pattern, place) in [
            (json!([]), "$"),
            (json!({}), "$"),
            (json!({"a": "x"}), "$.a"),
            (json!({"a": []}), "$.a"),
            (json!({"a": {"b": [{"suffixes": "x"}]}}), "$.a.b"),
            (json!({"a": [{"numeric": ["<"]}]}), "$.a"),
            (json!({"$or": [{"a": [1]}]}), "$.$or"),
        ] {
            let error = Filters::parse(std::slice::from_ref(&pattern)).expect_err("refused");
            assert_eq!(error.path, place, "{pattern}");
        }
    }

    #[test]
    fn anything_but_is_the_opposite_of_equality() {
        let texts = ["", "a", "b", "ab", "ba"];
        for (one, other) in texts.iter().flat_map(|one| texts.map(|other| (one, other))) {
            let event = json!({"a": other});
            let but = passes(json!({"a": [{"anything-but": [one]}]}), &event);
            assert_eq!(
                but,
                !passes(json!({"a": [one]}), &event),
                "{one} and {other}"
            );
        }
    }

    #[test]
    fn a_numeric_range_matches_what_lies_in_it() {
        for (low, value) in (-3..3).flat_map(|low| (-6..12).map(move |value| (low, value))) {
            let pattern = json!({"a": [{"numeric": [">", low, "<=", low + 4]}]});
            let inside = value > low && value <= low + 4;
            assert_eq!(
                passes(pattern, &json!({"a": value})),
                inside,
                "{low} and {value}"
            );
        }
    }
}
