//! When a schedule fires: `rate(…)` and `cron(…)` in EventBridge's syntax, in UTC.

use std::time::Duration;

use chrono::{DateTime, Utc};
use croner::{Cron, parser::CronParser};
use shared::sdk::clock::{Millis, millis};

use super::day_of_week;

const MINUTE: Duration = Duration::from_mins(1);

/// Why a schedule expression is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("schedule expression {expression:?}: {problem}")]
pub struct ExpressionError {
    expression: String,
    problem: String,
}

/// A parsed schedule expression.
#[derive(Debug, Clone)]
pub(super) enum Expression {
    /// At a fixed distance from the last time.
    Rate(Duration),
    /// At the minutes that match.
    Cron(Box<Cron>),
}

impl Expression {
    pub(super) fn parse(expression: &str) -> Result<Self, ExpressionError> {
        let inner = |kind: &str| expression.strip_prefix(kind)?.strip_suffix(')');
        let parsed = match (inner("rate("), inner("cron(")) {
            (Some(rate), _) => parse_rate(rate).map(Self::Rate),
            (_, Some(cron)) => parse_cron(cron).map(Box::new).map(Self::Cron),
            _ => Err("it is neither rate(…) nor cron(…)".to_owned()),
        };
        parsed.map_err(|problem| ExpressionError {
            expression: expression.to_owned(),
            problem,
        })
    }

    /// The first time after `last` to fire at; `None` if there is none any more.
    pub(super) fn after(&self, last: Millis) -> Option<Millis> {
        match self {
            Self::Rate(period) => last.checked_add(millis(*period)),
            Self::Cron(cron) => {
                let last = DateTime::<Utc>::from_timestamp_millis(last)?;
                let next = cron.find_next_occurrence(&last, false).ok()?;
                Some(next.timestamp_millis())
            }
        }
    }
}

fn parse_rate(rate: &str) -> Result<Duration, String> {
    let (value, unit) = rate
        .trim()
        .split_once(' ')
        .ok_or("a rate is a value and a unit")?;
    let value: u32 = value
        .parse()
        .ok()
        .filter(|value| *value > 0)
        .ok_or("the value of a rate is a positive whole number")?;
    let unit = match (unit.trim(), value) {
        ("minute", 1) | ("minutes", 2..) => MINUTE,
        ("hour", 1) | ("hours", 2..) => MINUTE * 60,
        ("day", 1) | ("days", 2..) => MINUTE * 60 * 24,
        ("minute" | "minutes" | "hour" | "hours" | "day" | "days", _) => {
            return Err("a unit is singular for 1 and plural above".to_owned());
        }
        _ => return Err("a unit is minutes, hours or days".to_owned()),
    };
    unit.checked_mul(value)
        .ok_or_else(|| "the rate is too large".to_owned())
}

/// Reads minutes, hours, day of month, month, day of week and year.
fn parse_cron(fields: &str) -> Result<Cron, String> {
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let [minutes, hours, day_of_month, month, weekday, year] = fields[..] else {
        return Err(format!(
            "a cron expression has 6 fields, not {}",
            fields.len()
        ));
    };
    if (day_of_month == "?") == (weekday == "?") {
        return Err("one of day of month and day of week is ?, the other is not".to_owned());
    }
    let day_of_month = if day_of_month == "?" {
        "*"
    } else {
        day_of_month
    };
    let weekday = match weekday {
        "?" => "*".to_owned(),
        weekday => day_of_week::from_aws(weekday)?,
    };
    CronParser::builder()
        .sloppy_ranges(true) // for `5/10`: every tenth, beginning with the fifth
        .build()
        .parse(&format!(
            "0 {minutes} {hours} {day_of_month} {month} {weekday} {year}"
        ))
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Millis {
        DateTime::parse_from_rfc3339(&format!("{text}:00Z"))
            .expect("a time")
            .timestamp_millis()
    }

    fn next(expression: &str, last: &str) -> Option<String> {
        let next = Expression::parse(expression)
            .expect("an expression")
            .after(time(last))?;
        let next = DateTime::<Utc>::from_timestamp_millis(next)?;
        Some(next.format("%Y-%m-%dT%H:%M").to_string())
    }

    #[test]
    fn a_rate_counts_from_the_last_time() {
        for (expression, expected) in [
            ("rate(1 minute)", "2026-11-21T10:08"),
            ("rate(5 minutes)", "2026-11-21T10:12"),
            ("rate(1 hour)", "2026-11-21T11:07"),
            ("rate(12 hours)", "2026-11-21T22:07"),
            ("rate(7 days)", "2026-11-28T10:07"),
        ] {
            assert_eq!(
                next(expression, "2026-11-21T10:07").as_deref(),
                Some(expected),
                "{expression}"
            );
        }
    }

    #[test]
    fn a_cron_expression_fires_at_the_next_minute_that_matches() {
        // 21 November 2026 is a Saturday.
        for (expression, expected) in [
            ("cron(* * * * ? *)", "2026-11-21T10:08"),
            ("cron(0/15 * * * ? *)", "2026-11-21T10:15"),
            ("cron(5/10 * * * ? *)", "2026-11-21T10:15"),
            ("cron(0 10 * * ? *)", "2026-11-22T10:00"),
            ("cron(15 12 * * ? *)", "2026-11-21T12:15"),
            ("cron(0 18 ? * MON-FRI *)", "2026-11-23T18:00"),
            ("cron(0 18 ? * 2-6 *)", "2026-11-23T18:00"),
            ("cron(0 8 ? * 1 *)", "2026-11-22T08:00"),
            ("cron(0 8 ? * SUN *)", "2026-11-22T08:00"),
            ("cron(0 8 ? * 7 *)", "2026-11-28T08:00"),
            ("cron(0 8 ? * L *)", "2026-11-28T08:00"),
            ("cron(0 8 ? * FRI-MON *)", "2026-11-22T08:00"),
            ("cron(0 9 ? * 2#1 *)", "2026-12-07T09:00"),
            ("cron(0 9 ? * 6L *)", "2026-11-27T09:00"),
            ("cron(0 9 ? * TUEL *)", "2026-11-24T09:00"),
            ("cron(0 0 L * ? *)", "2026-11-30T00:00"),
            ("cron(0 0 LW * ? *)", "2026-11-30T00:00"),
            ("cron(0 0 5W 12 ? *)", "2026-12-04T00:00"),
            ("cron(0 8 1 * ? *)", "2026-12-01T08:00"),
            ("cron(0 0 29 2 ? *)", "2028-02-29T00:00"),
            ("cron(30 6 1 JAN,JUL ? 2027-2028)", "2027-01-01T06:30"),
        ] {
            assert_eq!(
                next(expression, "2026-11-21T10:07").as_deref(),
                Some(expected),
                "{expression}"
            );
        }
    }

    #[test]
    fn a_cron_expression_whose_years_are_over_never_fires_again() {
        assert_eq!(next("cron(0 0 1 1 ? 2020)", "2026-11-21T10:07"), None);
    }

    #[test]
    fn an_expression_that_aws_refuses_is_refused() {
        for expression in [
            "5 minutes",
            "rate(0 minutes)",
            "rate(1 minutes)",
            "rate(5 minute)",
            "rate(5 seconds)",
            "rate(5)",
            "cron(0 0 * * *)",
            "cron(0 0 * * * *)",
            "cron(0 0 ? * ? *)",
            "cron(0 0 1 * MON *)",
            "cron(60 0 1 * ? *)",
            "cron(0 0 ? * 0 *)",
            "cron(0 0 ? * 8 *)",
            "cron(0 0 ? * MOO *)",
        ] {
            assert!(Expression::parse(expression).is_err(), "{expression}");
        }
    }
}
