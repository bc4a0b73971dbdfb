//! Who may call an operation, and how often, in a client's words.

use shared::endpoint::{Endpoint, Rate, uses};

/// Whom a handler lets in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policy {
    who: Who,
    /// Whether they have to call by a log-in, and not by an API key.
    in_person: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Anyone,
    /// Anyone who is known; whom an identity provider vouches for is made known, if they are `welcome`.
    Known {
        welcome: bool,
    },
    /// A member of the tenant, in this role or one above it.
    Member(&'static str),
}

impl Policy {
    /// By the caller type that the handler asks for.
    pub(super) fn of(caller: &str) -> Self {
        let inner = caller.strip_prefix("InPerson<");
        let in_person = inner.is_some() || caller == "Person";
        let who = match inner.unwrap_or(caller).trim_end_matches('>') {
            "Anyone" => Who::Anyone,
            "Known" | "Person" => Who::Known { welcome: false },
            "Welcome" => Who::Known { welcome: true },
            "Viewer" => Who::Member("viewer"),
            "Editor" => Who::Member("editor"),
            "Admin" => Who::Member("admin"),
            other => panic!("say in tests/it/reference/access.rs who {other} is"),
        };
        Self { who, in_person }
    }

    pub(super) fn is_in_a_tenant(self) -> bool {
        matches!(self.who, Who::Member(_))
    }

    pub(super) fn is_in_person(self) -> bool {
        self.in_person
    }

    pub(super) fn welcomes(self) -> bool {
        self.who == (Who::Known { welcome: true })
    }

    /// Whether a role in the tenant can be too low for it.
    pub(super) fn is_above_the_lowest_role(self) -> bool {
        self.is_in_a_tenant() && self.who != Who::Member("viewer")
    }

    /// In a word.
    pub(super) fn word(self) -> String {
        let who = match self.who {
            Who::Anyone => "anyone",
            Who::Known { .. } => "authenticated",
            Who::Member(role) => role,
        };
        let how = if self.in_person { ", in person" } else { "" };
        format!("{who}{how}")
    }

    /// In a sentence or two.
    pub(super) fn sentence(self, in_a_project: bool) -> String {
        let who = match self.who {
            Who::Anyone => "Anyone may call it.".to_owned(),
            Who::Known { .. } if self.in_person => "Needs a log-in, in whatever role.".to_owned(),
            Who::Known { .. } => "Needs a token or an API key, in whatever role.".to_owned(),
            Who::Member(role) if in_a_project => {
                format!("Needs the role {role} in the tenant, and in the project if it is private.")
            }
            Who::Member(role) => format!("Needs the role {role} in the tenant."),
        };
        let how = if self.in_person {
            " It takes no API key, and nobody who has come by an invitation's link: they log in first."
        } else {
            ""
        };
        format!("{who}{how}")
    }
}

/// What the calls of an operation count as.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    rate: Rate,
    /// Whether whoever calls is known, and so has calls that are counted.
    as_a_call: bool,
    /// Whether it is counted how often something is tried.
    as_an_attempt: bool,
}

impl Counted {
    pub(super) fn of(endpoint: &Endpoint) -> Self {
        let attempts = [uses::THROTTLE, uses::COUNT];
        Self {
            rate: endpoint.rate,
            as_a_call: endpoint.authenticates(),
            as_an_attempt: attempts.iter().any(|used| endpoint.is_granted(used)),
        }
    }

    pub(super) fn as_a_call(self) -> bool {
        self.as_a_call
    }

    pub(super) fn as_an_attempt(self) -> bool {
        self.as_an_attempt
    }

    /// Whether an answer tells how many are left.
    pub(super) fn at_all(self) -> bool {
        self.as_a_call || self.as_an_attempt
    }

    /// In a few words.
    pub(super) fn words(self) -> String {
        let calls = match (self.as_a_call, self.rate) {
            (false, _) if self.as_an_attempt => return "attempts by address".to_owned(),
            (false, _) => return "not counted".to_owned(),
            (true, Rate::Plain) => "calls".to_owned(),
            (true, Rate::Search) => "calls, and searches".to_owned(),
            (true, Rate::File) => "calls, and files".to_owned(),
            (true, Rate::FileIn(member)) => format!("calls, and files with {member}"),
        };
        if self.as_an_attempt {
            format!("{calls}, and attempts")
        } else {
            calls
        }
    }

    /// In a sentence.
    pub(super) fn sentence(self) -> String {
        let calls = match (self.as_a_call, self.rate) {
            (false, _) if self.as_an_attempt => {
                return "It counts as an attempt from the caller's address.".to_owned();
            }
            (false, _) => {
                return "It is not counted: the gateway's limit for all callers together holds alone."
                    .to_owned();
            }
            (true, Rate::Plain) => "It counts as a call".to_owned(),
            (true, Rate::Search) => "It counts as a call, and as a search".to_owned(),
            (true, Rate::File) => "It counts as a call, and as one for a file".to_owned(),
            (true, Rate::FileIn(member)) => {
                format!("It counts as a call, and with `{member}` as one for a file")
            }
        };
        if self.as_an_attempt {
            format!("{calls}, and as an attempt, of which there may be fewer.")
        } else {
            format!("{calls}.")
        }
    }
}
