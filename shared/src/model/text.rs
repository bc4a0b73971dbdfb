//! Texts that people write, each with its limits.
//!
//! The table of all limits is [`LIMITS`]; lengths are in Unicode characters, after trimming.

use crate::input::{Invalid, from_text};
use crate::schema::described;
use serde::{Deserialize, Serialize};

/// The limits of one kind of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Its name in messages.
    pub label: &'static str,
    /// The fewest characters.
    pub min: usize,
    /// The most characters.
    pub max: usize,
    /// Whether it may have line breaks and tabs.
    pub lines: bool,
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $label:literal, $min:literal ..= $max:literal, lines: $lines:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
            #[serde(transparent)]
            pub struct $name(String);

            impl $name {
                /// Its limits.
                pub const LIMITS: Limits = Limits { label: $label, min: $min, max: $max, lines: $lines };

                /// The text.
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }

            impl TryFrom<String> for $name {
                type Error = Invalid;

                fn try_from(text: String) -> Result<Self, Invalid> {
                    Self::LIMITS.check(&text).map(|text| Self(text.to_owned()))
                }
            }

            from_text!($name);

            described! {
                $name: { "type": "string", "minLength": Self::LIMITS.min, "maxLength": Self::LIMITS.max };
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str(&self.0)
                }
            }
        )+

        /// Every text's limits: the table that the README shows.
        pub const LIMITS: &[Limits] = &[$($name::LIMITS),+];
    };
}

texts! {
    /// A person's name.
    PersonName = "Name", 1..=200, lines: false;
    /// A tenant's name.
    TenantName = "Tenant name", 1..=220, lines: false;
    /// A project's name.
    ProjectName = "Project name", 3..=200, lines: false;
    /// What an API key is called by its maker.
    ApiKeyName = "API key name", 1..=100, lines: false;
    /// What a project is about.
    ProjectDescription = "Project description", 0..=10_000, lines: true;
    /// What is to be done.
    TaskTitle = "Task title", 1..=500, lines: false;
    /// More about what is to be done.
    TaskDescription = "Task description", 0..=10_000, lines: true;
    /// What somebody says on a task.
    CommentText = "Comment", 1..=10_000, lines: true;
    /// What a label is called.
    LabelName = "Label name", 1..=100, lines: false;
    /// A question in one's own words.
    SearchQuery = "Query", 1..=1_000, lines: true;
    /// The name of an uploaded file.
    Filename = "Filename", 1..=255, lines: false;
}

impl Limits {
    fn check<'a>(&self, text: &'a str) -> Result<&'a str, Invalid> {
        let text = text.trim();
        let Self {
            label, min, max, ..
        } = *self;
        let length = text.chars().count();
        // What can't be seen is not what anything is called.
        if text.chars().filter(|c| !is_invisible(*c)).count() < min {
            return Err(Invalid(format!(
                "{label} must be at least {min} character{}",
                if min == 1 { "" } else { "s" }
            )));
        }
        if length > max {
            return Err(Invalid(format!("{label} must be at most {max} characters")));
        }
        if text.chars().any(|c| self.forbids(c)) {
            return Err(Invalid(format!(
                "{label} must not contain control characters"
            )));
        }
        Ok(text)
    }

    fn forbids(&self, c: char) -> bool {
        let breaks_line = matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}');
        if self.lines {
            c.is_control() && !breaks_line
        } else {
            c.is_control() || breaks_line || turns_text(c)
        }
    }
}

/// Whether a character changes the direction of what follows: it can make a text read as another, and its
/// neighbours with it.
const fn turns_text(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character has no width: only beside others, as in an emoji or in Persian, is there a use for it.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> Result<ProjectName, Invalid> {
        ProjectName::try_from(text.to_owned())
    }

    #[test]
    fn a_text_is_measured_in_characters_after_trimming() {
        assert!(name("  äöü  ").is_ok());
        assert!(name("   ab   ").is_err());
        assert!(name(&"é".repeat(200)).is_ok());
        assert!(name(&"é".repeat(201)).is_err());
    }

    #[test]
    fn what_cannot_be_seen_does_not_count_towards_the_fewest_characters() {
        assert!(name("\u{200b}\u{200b}\u{200b}").is_err());
        assert!(name("a\u{feff}b").is_err());
        assert!(name("👩\u{200d}🚀 ok").is_ok());
        assert!(TaskDescription::try_from("\u{200b}".to_owned()).is_ok());
    }

    #[test]
    fn a_line_break_is_welcome_in_a_description_and_not_in_a_name() {
        assert!(name("one\ntwo").is_err());
        assert!(name("one\u{2028}two").is_err());
        assert!(name("one\u{202e}owt").is_err(), "nor what turns it around");
        assert!(TaskDescription::try_from("one\ntwo".to_owned()).is_ok());
        assert!(TaskDescription::try_from("one\0two".to_owned()).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_accepted_again_unchanged(text in ".{0,300}") {
            if let Ok(once) = name(&text) {
                prop_assert_eq!(name(once.as_str()), Ok(once));
            }
        }
    }

    proptest! {
        #[test]
        fn every_kind_of_text_is_taken_within_its_limits_and_not_beyond(
            text in prop_oneof![
                any::<String>(),
                prop::collection::vec(any::<char>(), 0..6).prop_map(String::from_iter),
                "[ \t\r\n\u{a0}\u{2003}]{0,4}[a\u{200b}\u{feff}\u{0}\u{7f}\u{85}\u{2028}\u{202d}\u{2067}\n\tä😀]{0,6}[ \t\n]{0,4}",
                (0..10_010_usize).prop_map(|length| "ä".repeat(length)),
            ],
        ) {
            for limits in LIMITS {
                let trimmed = text.trim();
                let one_line = |c: char| "\u{2028}\u{2029}".contains(c) || turns_text(c);
                let control = |c: char| {
                    c.is_control() && !(limits.lines && "\n\r\t".contains(c)) || !limits.lines && one_line(c)
                };
                let length = trimmed.chars().count();
                let seen = trimmed.replace(is_invisible, "").chars().count();
                let good = seen >= limits.min && length <= limits.max && !trimmed.contains(control);
                match limits.check(&text) {
                    Ok(taken) => {
                        prop_assert!(good, "{:?} is no {}", text, limits.label);
                        prop_assert_eq!(taken, trimmed);
                        prop_assert_eq!(limits.check(taken), Ok(taken));
                    }
                    Err(Invalid(message)) => {
                        prop_assert!(!good, "{:?} is a {}", text, limits.label);
                        prop_assert!(message.starts_with(limits.label));
                    }
                }
            }
        }
    }
}
