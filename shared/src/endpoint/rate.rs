//! What calls count as, where it is limited how many somebody may make.

use serde_json::Value;

use crate::model::window::Kind;

/// What the calls of an endpoint count as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// Calls, and no more.
    Plain,
    /// Searches as well.
    Search,
    /// Calls for files as well, which are stored or made.
    File,
    /// The same, where the input has this member.
    FileIn(&'static str),
}

impl Rate {
    /// What a call counts as, by its input; by none, if that can't be read.
    pub(crate) fn kind(self, input: Option<&Value>) -> Kind {
        match self {
            Self::Plain => Kind::Plain,
            Self::Search => Kind::Search,
            Self::File => Kind::File,
            Self::FileIn(member) => match input.and_then(|input| input.get(member)) {
                None | Some(Value::Null) => Kind::Plain,
                Some(_) => Kind::File,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_call_is_for_a_file_where_its_input_has_one() {
        let kind = |input: Value| Rate::FileIn("file").kind(Some(&input));
        assert_eq!(kind(json!({ "file": { "bytes": "" } })), Kind::File);
        assert_eq!(kind(json!({ "file": "" })), Kind::File);
        for none in [
            json!({}),
            json!({ "file": null }),
            json!(["file"]),
            json!("file"),
        ] {
            assert_eq!(kind(none), Kind::Plain);
        }
        assert_eq!(Rate::FileIn("file").kind(None), Kind::Plain);
        assert_eq!(Rate::File.kind(None), Kind::File);
    }
}
