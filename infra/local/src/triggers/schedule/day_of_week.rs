//! The one field in which EventBridge and cron differ: days are 1–7 from Sunday, not 0–6.

use std::fmt::Write;

const NAMES: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A day-of-week field in EventBridge's syntax, as a list of single days in cron's.
pub(super) fn from_aws(field: &str) -> Result<String, String> {
    let parts = field.split(',').map(from_aws_part);
    Ok(parts.collect::<Result<Vec<_>, _>>()?.join(","))
}

fn from_aws_part(part: &str) -> Result<String, String> {
    if part == "L" {
        return Ok("6".to_owned()); // the last day of the week
    }
    if let Some(name) = part.strip_suffix('L') {
        return Ok(format!("{}L", day(name)?));
    }
    if let Some((name, nth)) = part.split_once('#') {
        return Ok(format!("{}#{nth}", day(name)?));
    }
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, parse_step(step)?),
        None => (part, 1),
    };
    let (first, last) = match range.split_once('-') {
        Some((first, last)) => (day(first)?, day(last)?),
        None if range == "*" => (0, 6),
        None if part.contains('/') => (day(range)?, 6),
        None => (day(range)?, day(range)?),
    };
    // A range may pass the end of the week: FRI-MON.
    let length = (last + 7 - first) % 7;
    let mut days = String::new();
    for offset in (0..=length).step_by(step) {
        let separator = if days.is_empty() { "" } else { "," };
        write!(days, "{separator}{}", (first + offset) % 7).expect("a String takes all");
    }
    Ok(days)
}

/// 0 for Sunday to 6 for Saturday.
fn day(name: &str) -> Result<usize, String> {
    let named = NAMES.iter().position(|day| day.eq_ignore_ascii_case(name));
    let numbered = || name.parse().ok().filter(|day| (1..=7).contains(day));
    named
        .or_else(|| numbered().map(|day: usize| day - 1))
        .ok_or_else(|| format!("{name:?} is not a day of the week: 1-7 or SUN-SAT"))
}

fn parse_step(step: &str) -> Result<usize, String> {
    step.parse()
        .ok()
        .filter(|step| *step > 0)
        .ok_or_else(|| format!("{step:?} is not a step"))
}
