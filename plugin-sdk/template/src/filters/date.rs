//! The filter `date`.

use std::fmt::Write;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, FixedOffset, Utc};
use serde_json::Value;
use stepwell_rules::to_millis;

use super::{Call, Filter};

pub(super) const FILTERS: &[Filter] = &[Filter::new("date", |call| Ok(date(call)))];

/// The form of a date when none is asked for: `Friday, January 2, 2026 at 9:05 am +0000`.
const FORM: &str = "%A, %B %-d, %Y at %-I:%M %P %z";

/// A form longer than this is none.
const LONGEST_FORM: usize = 1000;

/// Numbers up to this are seconds, as Liquid has them; larger ones are milliseconds, as our documents do.
const LARGEST_SECONDS: f64 = 1e11;

/// Prints a date in the given form, at the given offset (`"+02:00"`) or its own.
///
/// What is no date, or no form, gives the input back.
fn date(call: &Call<'_>) -> Value {
    let form = call.argument(0).map_or(FORM.into(), |_| call.argument_text(0));
    let offset = call.argument_text(1).parse::<FixedOffset>().ok();
    let printed = moment(call).and_then(|moment| {
        let moment = offset.map_or(moment, |offset| moment.with_timezone(&offset));
        print(&moment, &translate(&form))
    });
    printed.map_or_else(|| call.input.clone(), Value::from)
}

fn moment(call: &Call<'_>) -> Option<DateTime<FixedOffset>> {
    match call.input {
        Value::String(text) if matches!(text.trim(), "now" | "today") => instant(call.now),
        Value::String(text) => DateTime::parse_from_rfc3339(text.trim()).ok().or_else(|| instant(call.input)),
        Value::Number(number) => {
            let number = number.as_f64()?;
            instant(&Value::from(if number.abs() <= LARGEST_SECONDS { number * 1000.0 } else { number }))
        }
        _ => None,
    }
}

fn instant(value: &Value) -> Option<DateTime<FixedOffset>> {
    DateTime::<Utc>::from_timestamp_millis(to_millis(value)?).map(Into::into)
}

fn print(moment: &DateTime<FixedOffset>, form: &str) -> Option<String> {
    if form.len() > LONGEST_FORM {
        return None;
    }
    let items: Vec<_> = StrftimeItems::new(form).collect();
    let mut printed = String::new();
    let valid = !items.contains(&Item::Error);
    (valid && write!(printed, "{}", moment.format_with_items(items.iter())).is_ok()).then_some(printed)
}

/// Writes Ruby's `%L` and `%N` (parts of a second) as chrono has them, and drops the flag `^`.
fn translate(form: &str) -> String {
    let mut translated = String::with_capacity(form.len());
    let mut characters = form.chars();
    while let Some(character) = characters.next() {
        translated.push(character);
        if character == '%' {
            match characters.find(|flag| *flag != '^') {
                Some('L') => translated.push_str("3f"),
                Some('N') => translated.push_str("9f"),
                Some(other) => translated.push(other),
                None => {}
            }
        }
    }
    translated
}

#[cfg(test)]
mod tests {
    use crate::filters::testing::apply;
    use serde_json::json;

    #[test]
    fn dates_are_printed_in_a_form() {
        let at = "2026-01-02T09:05:07.123Z";
        assert_eq!(apply("date", at, &[json!("%Y-%m-%d %H:%M:%S.%L %%L")]), "2026-01-02 09:05:07.123 %L");
        assert_eq!(apply("date", at, &[]), "Friday, January 2, 2026 at 9:05 am +0000");
        assert_eq!(apply("date", at, &[json!("%H:%M"), json!("+02:00")]), "11:05");
        assert_eq!(apply("date", "2026-01-02", &[json!("%-d. %b")]), "2. Jan");
    }

    #[test]
    fn numbers_are_seconds_or_milliseconds_by_their_size() {
        assert_eq!(apply("date", 1_767_312_000, &[json!("%F")]), "2026-01-02");
        assert_eq!(apply("date", 1_767_312_000_000_i64, &[json!("%F")]), "2026-01-02");
    }

    #[test]
    fn now_is_the_time_of_the_scope() {
        assert_eq!(apply("date", "now", &[json!("%Y")]), "2026");
    }

    #[test]
    fn what_is_no_date_or_no_form_stays() {
        assert_eq!(apply("date", "soon", &[json!("%Y")]), "soon");
        assert_eq!(apply("date", "2026-01-02", &[json!("%Q")]), "2026-01-02");
        assert_eq!(apply("date", json!(null), &[json!("%Y")]), json!(null));
    }
}
