//! Names with commas between them, as some parameters of a query have them: `?fields=`, `?expand=`.

use super::Invalid;

/// How many one parameter can have.
pub(crate) const MOST: usize = 50;

/// The names in a text, each of them one that is known.
///
/// # Errors
/// If one is not, with all that are; or if there are more than [`MOST`].
pub(crate) fn of<'a>(text: &'a str, known: &[impl AsRef<str>]) -> Result<Vec<&'a str>, Invalid> {
    let names: Vec<&str> = text.split(',').collect();
    if names.len() > MOST {
        return Err(Invalid(format!("Must have at most {MOST} names")));
    }
    let is_known = |name: &&str| known.iter().any(|known| known.as_ref() == *name);
    if names.iter().all(is_known) {
        return Ok(names);
    }
    let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
    let known = known.join(", ");
    let message = format!("Must be some of these, with commas between them: {known}");
    Err(Invalid(message))
}

/// What such a text looks like, as a regular expression.
pub fn pattern(known: &[impl AsRef<str>]) -> String {
    let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
    let one = format!("({})", known.join("|"));
    format!("^{one}(,{one}){{0,{}}}$", MOST - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KNOWN: [&str; 3] = ["id", "name", "a_b"];

    #[test]
    fn a_pattern_is_of_one_name_or_more() {
        let wanted = "^(id|name|a_b)(,(id|name|a_b)){0,49}$";
        assert_eq!(pattern(&KNOWN), wanted);
    }

    #[test]
    fn names_are_taken_up_to_a_number() {
        let several = |count| of(&["id"; 60][..count].join(","), &KNOWN).map(|names| names.len());
        assert_eq!(several(1), Ok(1));
        assert_eq!(several(MOST), Ok(MOST));
        assert_eq!(
            several(MOST + 1),
            Err(Invalid("Must have at most 50 names".to_owned()))
        );
    }

    proptest! {
        #[test]
        fn what_is_taken_is_known(text in prop_oneof![".{0,40}", "(id|name|a_b|x|,){0,6}"]) {
            let known = text.split(',').all(|name| KNOWN.contains(&name));
            prop_assert_eq!(of(&text, &KNOWN).is_ok(), known);
        }
    }
}
