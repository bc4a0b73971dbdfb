//! `?sort=`: by several fields, one after the other, each up or down.

use super::detail;
use crate::error::Detail;
use crate::input::Invalid;

/// What such a parameter does, for the reference.
pub(crate) const SORTED: &str = "By which fields, one after the other: `-` before one turns its order around. Behind \
                                 `created_at`, by which no two are equal, any that are known decide nothing.";

/// In which order a list is wanted: by each of these fields in turn, and whether it goes down by it. By none it is the
/// order for which nobody has to ask.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sort(Vec<(&'static str, bool)>);

/// An order in which a list can be served: the fields that it goes by in turn, and what serves it. No two are equal by all
/// of them.
pub(crate) type Order<I> = (&'static [&'static str], I);

impl Sort {
    /// Reads fields with commas between them, each with `-` before it if it goes down.
    ///
    /// # Errors
    /// If one is not known, or is there twice; it tells those that are known.
    pub(crate) fn read(text: &str, known: &[&'static str]) -> Result<Self, Invalid> {
        let mut fields: Vec<(&'static str, bool)> = Vec::new();
        for field in text.split(',') {
            let (name, down) = match field.strip_prefix('-') {
                Some(name) => (name, true),
                None => (field, false),
            };
            let is_new =
                |known: &&&str| **known == name && fields.iter().all(|(name, _)| name != *known);
            let Some(name) = known.iter().find(is_new) else {
                let known = known.join(", ");
                let message = format!(
                    "Must be some of these, each once, with commas between them and - before those that go down: {known}"
                );
                return Err(Invalid(message));
            };
            fields.push((name, down));
        }
        Ok(Self(fields))
    }

    /// What serves it, and whether from the end to the beginning: the first of these orders that begins as it does, or that
    /// does so with every sign turned round. A field that is `fixed`, by which all are equal, decides nothing, and neither
    /// does what stands behind the whole of an order.
    ///
    /// # Errors
    /// If there is none; it tells those that there are.
    pub(crate) fn served_by<I: Copy>(
        &self,
        orders: &[Order<I>],
        fixed: impl Fn(&str) -> bool,
    ) -> Result<(I, bool), Vec<Detail>> {
        let asked: Vec<_> = self.0.iter().filter(|(field, _)| !fixed(field)).collect();
        let is_down = asked.first().is_some_and(|(_, down)| *down);
        let is_it = |(fields, _): &&Order<I>| {
            let mut both = asked.iter().zip(*fields);
            both.all(|((asked, down), field)| asked == field && *down == is_down)
        };
        if let Some((_, index)) = orders.iter().find(is_it) {
            return Ok((*index, is_down));
        }
        let orders: Vec<_> = orders.iter().map(|(fields, _)| fields.join(",")).collect();
        let message = format!(
            "With these filters it must be one of these, the beginning of one, or either with every sign turned round: {}",
            orders.join("; ")
        );
        Err(vec![detail("sort", message)])
    }
}

/// What such a text looks like, as a regular expression.
pub(crate) fn pattern(known: &[&str]) -> String {
    let one = format!("-?({})", known.join("|"));
    format!("^{one}(,{one}){{0,{}}}$", known.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KNOWN: [&str; 4] = ["created_at", "name", "rank", "size"];

    const ORDERS: [Order<u8>; 3] = [
        (&["created_at"], 1),
        (&["rank", "created_at"], 2),
        (&["size", "rank", "created_at"], 3),
    ];

    fn served(text: &str, fixed: &str) -> Option<(u8, bool)> {
        let sort = Sort::read(text, &KNOWN).ok()?;
        sort.served_by(&ORDERS, |field| field == fixed).ok()
    }

    #[test]
    fn a_sort_is_the_beginning_of_an_order_or_of_that_turned_round() {
        for (text, fixed, expected) in [
            ("created_at", "", Some((1, false))),
            ("-created_at,name,-size", "", Some((1, true))),
            ("rank", "", Some((2, false))),
            ("-rank,-created_at,name", "", Some((2, true))),
            ("-rank,created_at", "", None),
            ("size,rank", "", Some((3, false))),
            ("size,created_at", "", None),
            ("size,-rank,created_at", "rank", None),
            ("-rank,created_at", "rank", Some((1, false))),
            ("rank", "rank", Some((1, false))),
            ("name", "", None),
            ("name,created_at", "", None),
        ] {
            assert_eq!(served(text, fixed), expected, "{text}, {fixed}");
        }
        let none = Sort::default().served_by(&ORDERS, |_| false);
        assert_eq!(none, Ok((1, false)));
    }

    #[test]
    fn what_is_refused_is_told_what_there_is() {
        let unknown = Sort::read("rank,colour", &KNOWN).expect_err("it is unknown");
        assert!(unknown.0.ends_with(": created_at, name, rank, size"));
        let sort = Sort::read("name", &KNOWN).expect("it is known");
        let refused = sort.served_by(&ORDERS, |_| false);
        let [refused] = &refused.expect_err("it is not served")[..] else {
            panic!("it is one parameter")
        };
        assert_eq!(refused.field, "sort");
        let orders = ": created_at; rank,created_at; size,rank,created_at";
        assert!(refused.message.ends_with(orders), "{}", refused.message);
    }

    #[test]
    fn a_pattern_is_of_one_field_or_more() {
        let wanted = "^-?(id|name)(,-?(id|name)){0,1}$";
        assert_eq!(pattern(&["id", "name"]), wanted);
    }

    proptest! {
        #[test]
        fn what_is_read_is_known_and_there_once(
            text in prop_oneof![any::<String>(), "(-{0,2}(created_at|name|rank|size|x|),?){0,6}"],
        ) {
            let names: Vec<_> = text.split(',').map(|field| field.strip_prefix('-').unwrap_or(field)).collect();
            let is_known = |(at, name): (usize, &&str)| KNOWN.contains(name) && !names[..at].contains(name);
            let read = Sort::read(&text, &KNOWN);
            prop_assert_eq!(read.is_ok(), names.iter().enumerate().all(is_known));
            if let Ok(sort) = read {
                let signed = sort.0.iter().map(|(name, down)| format!("{}{name}", if *down { "-" } else { "" }));
                prop_assert_eq!(signed.collect::<Vec<_>>().join(","), text, "it has one spelling");
            }
        }
    }
}
