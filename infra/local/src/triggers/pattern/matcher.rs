//! The single comparisons that an event pattern is made of.

use serde_json::Value;

/// One value, or one comparison, of a pattern's list.
#[derive(Debug, Clone)]
pub(super) enum Matcher {
    Equals(Value),
    EqualsIgnoringCase(String),
    Prefix(String),
    PrefixIgnoringCase(String),
    Suffix(String),
    SuffixIgnoringCase(String),
    Wildcard(String),
    /// Numbers only: DynamoDB writes its numbers as strings, and as on AWS those never match.
    Numeric(Vec<(Comparison, f64)>),
    Exists(bool),
    AnythingBut(Vec<Matcher>),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Comparison {
    Equal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Matcher {
    /// Reads one element of a pattern's list; the error says what is wrong with it.
    pub(super) fn parse(test: &Value) -> Result<Self, &'static str> {
        let Value::Object(fields) = test else {
            return match test {
                Value::Array(_) => Err("a list within a list"),
                scalar => Ok(Self::Equals(scalar.clone())),
            };
        };
        let mut fields = fields.iter();
        let (Some((operator, operand)), None) = (fields.next(), fields.next()) else {
            return Err("a comparison has exactly one operator");
        };
        match operator.as_str() {
            "prefix" => text_or_ignoring_case(operand, Self::Prefix, Self::PrefixIgnoringCase),
            "suffix" => text_or_ignoring_case(operand, Self::Suffix, Self::SuffixIgnoringCase),
            "equals-ignore-case" => {
                text(operand).map(|text| Self::EqualsIgnoringCase(lower(&text)))
            }
            "wildcard" => text(operand).map(Self::Wildcard),
            "numeric" => numeric(operand).map(Self::Numeric),
            "exists" => operand
                .as_bool()
                .map(Self::Exists)
                .ok_or("exists takes true or false"),
            "anything-but" => anything_but(operand).map(Self::AnythingBut),
            _ => Err("an operator that is not known"),
        }
    }

    /// Whether the event's `value` passes; `None` if the event has no such field. Of a list, one
    /// element must pass.
    pub(super) fn matches(&self, value: Option<&Value>) -> bool {
        match (self, value) {
            // Only leaves exist: an object on the way to one does not count.
            (Self::Exists(wanted), value) => value.is_some_and(|v| !v.is_object()) == *wanted,
            (_, None | Some(Value::Object(_))) => false,
            (_, Some(Value::Array(elements))) => {
                elements.iter().any(|element| self.matches(Some(element)))
            }
            (_, Some(leaf)) => self.matches_leaf(leaf),
        }
    }

    fn matches_leaf(&self, leaf: &Value) -> bool {
        let is_text = |test: &dyn Fn(&str) -> bool| leaf.as_str().is_some_and(test);
        match self {
            Self::Equals(wanted) => leaf == wanted,
            Self::EqualsIgnoringCase(wanted) => is_text(&|text| lower(text) == *wanted),
            Self::Prefix(prefix) => is_text(&|text| text.starts_with(prefix)),
            Self::PrefixIgnoringCase(prefix) => is_text(&|text| lower(text).starts_with(prefix)),
            Self::Suffix(suffix) => is_text(&|text| text.ends_with(suffix)),
            Self::SuffixIgnoringCase(suffix) => is_text(&|text| lower(text).ends_with(suffix)),
            Self::Wildcard(pattern) => is_text(&|text| matches_wildcard(pattern, text)),
            Self::Numeric(bounds) => leaf.as_f64().is_some_and(|number| {
                bounds
                    .iter()
                    .all(|(comparison, bound)| comparison.holds(number, *bound))
            }),
            Self::AnythingBut(tests) => !tests.iter().any(|test| test.matches_leaf(leaf)),
            Self::Exists(wanted) => *wanted,
        }
    }
}

impl Comparison {
    fn parse(sign: &Value) -> Option<Self> {
        Some(match sign.as_str()? {
            "=" => Self::Equal,
            "<" => Self::Less,
            "<=" => Self::AtMost,
            ">" => Self::Greater,
            ">=" => Self::AtLeast,
            _ => return None,
        })
    }

    #[expect(
        clippy::float_cmp,
        reason = "an exact number is what the pattern asks for"
    )]
    fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Self::Equal => number == bound,
            Self::Less => number < bound,
            Self::AtMost => number <= bound,
            Self::Greater => number > bound,
            Self::AtLeast => number >= bound,
        }
    }
}

fn lower(text: &str) -> String {
    text.to_lowercase()
}

fn text(operand: &Value) -> Result<String, &'static str> {
    operand
        .as_str()
        .map(str::to_owned)
        .ok_or("the operator takes a string")
}

fn text_or_ignoring_case(
    operand: &Value,
    exact: fn(String) -> Matcher,
    ignoring_case: fn(String) -> Matcher,
) -> Result<Matcher, &'static str> {
    match operand.get("equals-ignore-case") {
        Some(operand) => text(operand).map(|text| ignoring_case(lower(&text))),
        None => text(operand).map(exact),
    }
}

fn numeric(operand: &Value) -> Result<Vec<(Comparison, f64)>, &'static str> {
    let problem = "numeric takes one or two pairs of a sign and a number";
    let parts = operand.as_array().ok_or(problem)?;
    if !matches!(parts.len(), 2 | 4) {
        return Err(problem);
    }
    let pairs = parts
        .chunks_exact(2)
        .map(|pair| Some((Comparison::parse(&pair[0])?, pair[1].as_f64()?)));
    pairs.collect::<Option<_>>().ok_or(problem)
}

/// One scalar, a list of them, or one comparison of strings with one operand or a list of them.
fn anything_but(operand: &Value) -> Result<Vec<Matcher>, &'static str> {
    match operand {
        Value::Array(scalars) => scalars.iter().map(Matcher::parse).collect(),
        Value::Object(fields) => {
            let comparisons = fields.iter().flat_map(|(operator, operand)| {
                let operands = match operand {
                    Value::Array(operands) => operands.clone(),
                    operand => vec![operand.clone()],
                };
                operands
                    .into_iter()
                    .map(|operand| serde_json::json!({ operator.as_str(): operand }))
            });
            comparisons
                .map(|comparison| Matcher::parse(&comparison))
                .collect()
        }
        scalar => Ok(vec![Matcher::Equals(scalar.clone())]),
    }
}

/// `*` stands for any characters; there is no other sign.
fn matches_wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else {
            return false;
        };
        rest = behind;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn matches(test: &Value, value: &Value) -> bool {
        Matcher::parse(test).expect("a test").matches(Some(value))
    }

    #[test]
    fn each_operator_matches_what_it_should_and_not_its_neighbour() {
        for (test, yes, no) in [
            (json!("x"), json!("x"), json!("X")),
            (json!(null), json!(null), json!("")),
            (json!(5), json!(5), json!("5")),
            (json!(true), json!(true), json!(false)),
            (json!({"prefix": "ab"}), json!("abc"), json!("cab")),
            (json!({"suffix": "ab"}), json!("cab"), json!("abc")),
            (
                json!({"prefix": {"equals-ignore-case": "AB"}}),
                json!("aBc"),
                json!("c"),
            ),
            (
                json!({"suffix": {"equals-ignore-case": "AB"}}),
                json!("caB"),
                json!("c"),
            ),
            (json!({"wildcard": "a*b*c"}), json!("axxbc"), json!("axxcb")),
            (json!({"wildcard": "a*a"}), json!("aa"), json!("a")),
            (json!({"numeric": ["=", 5]}), json!(5.0), json!("5")),
            (json!({"numeric": [">=", 1, "<", 2]}), json!(1), json!(2)),
            (json!({"anything-but": "x"}), json!("y"), json!("x")),
            (json!({"anything-but": ["x", 5]}), json!(6), json!(5)),
            (
                json!({"anything-but": {"prefix": "x"}}),
                json!("yx"),
                json!("xy"),
            ),
            (
                json!({"anything-but": {"suffix": ["x", "y"]}}),
                json!("z"),
                json!("zy"),
            ),
        ] {
            assert!(matches(&test, &yes), "{test} and {yes}");
            assert!(!matches(&test, &no), "{test} and {no}");
        }
    }

    #[test]
    fn case_is_ignored_on_both_sides() {
        assert!(matches(
            &json!({"equals-ignore-case": "AbC"}),
            &json!("aBc")
        ));
    }

    #[test]
    fn of_a_list_one_element_is_enough() {
        assert!(matches(&json!("b"), &json!(["a", "b"])));
        assert!(!matches(&json!("c"), &json!(["a", "b"])));
    }

    #[test]
    fn only_leaves_exist() {
        let exists = Matcher::parse(&json!({"exists": true})).expect("a test");
        assert!(exists.matches(Some(&json!(null))));
        assert!(!exists.matches(Some(&json!({"S": "x"}))));
        assert!(!exists.matches(None));
        let but = Matcher::parse(&json!({"anything-but": "x"})).expect("a test");
        assert!(
            !but.matches(None),
            "a field that is missing is not anything"
        );
    }
}
