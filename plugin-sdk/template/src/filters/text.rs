//! Filters on texts.

use serde_json::Value;

use crate::run::values::{is_vacant, to_count};

use super::{Answer, Call, Filter};

pub(super) const FILTERS: &[Filter] = &[
    Filter::new("append", |call| Ok(format!("{}{}", call.text(), call.argument_text(0)).into())),
    Filter::new("prepend", |call| Ok(format!("{}{}", call.argument_text(0), call.text()).into())),
    Filter::new("capitalize", |call| Ok(capitalize(&call.text()).into())),
    Filter::new("downcase", |call| Ok(call.text().to_lowercase().into())),
    Filter::new("upcase", |call| Ok(call.text().to_uppercase().into())),
    Filter::new("strip", |call| Ok(call.text().trim().into())),
    Filter::new("lstrip", |call| Ok(call.text().trim_start().into())),
    Filter::new("rstrip", |call| Ok(call.text().trim_end().into())),
    Filter::new("strip_newlines", |call| Ok(call.text().replace(['\r', '\n'], "").into())),
    Filter::new("replace", |call| replace(call, &call.argument_text(1), usize::MAX)),
    Filter::new("replace_first", |call| replace(call, &call.argument_text(1), 1)),
    Filter::new("replace_last", |call| replace_last(call, &call.argument_text(1))),
    Filter::new("remove", |call| replace(call, "", usize::MAX)),
    Filter::new("remove_first", |call| replace(call, "", 1)),
    Filter::new("remove_last", |call| replace_last(call, "")),
    Filter::new("truncate", truncate),
    Filter::new("truncatewords", truncate_words),
    Filter::new("split", split),
    Filter::new("default", default),
];

fn capitalize(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters.flat_map(char::to_lowercase)).collect(),
        None => String::new(),
    }
}

fn replace(call: &Call<'_>, with: &str, times: usize) -> Answer {
    let (text, pattern) = (call.text(), call.argument_text(0));
    if pattern.is_empty() {
        return Ok(text.into());
    }
    let count = text.matches(&*pattern).take(times).count();
    call.charge(count.saturating_mul(with.len()))?;
    Ok(text.replacen(&*pattern, with, times).into())
}

fn replace_last(call: &Call<'_>, with: &str) -> Answer {
    let (text, pattern) = (call.text(), call.argument_text(0));
    match text.rfind(&*pattern).filter(|_| !pattern.is_empty()) {
        Some(at) => Ok([&text[..at], with, &text[at + pattern.len()..]].concat().into()),
        None => Ok(text.into()),
    }
}

/// Shortens to 50 or the given number of characters, the ending (`...`) among them.
fn truncate(call: &Call<'_>) -> Answer {
    let text = call.text();
    let length = to_count(call.argument_integer(0).unwrap_or(50));
    if text.chars().count() <= length {
        return Ok(text.into());
    }
    let ending = ending(call);
    let kept = length.saturating_sub(ending.chars().count());
    Ok(text.chars().take(kept).chain(ending.chars()).collect::<String>().into())
}

/// Shortens to 15 or the given number of words, at least one, and adds the ending (`...`).
fn truncate_words(call: &Call<'_>) -> Answer {
    let text = call.text();
    let length = to_count(call.argument_integer(0).unwrap_or(15)).max(1);
    if text.split_whitespace().nth(length).is_none() {
        return Ok(text.into());
    }
    let words: Vec<_> = text.split_whitespace().take(length).collect();
    Ok((words.join(" ") + &ending(call)).into())
}

fn ending(call: &Call<'_>) -> String {
    if call.argument(1).is_some() { call.argument_text(1).into_owned() } else { "...".to_owned() }
}

/// Splits at the argument, or into characters; empty texts at the end are dropped.
fn split(call: &Call<'_>) -> Answer {
    let (text, separator) = (call.text(), call.argument_text(0));
    let count = if separator.is_empty() { text.len() } else { text.matches(&*separator).count() + 1 };
    call.charge(count.saturating_mul(32))?;
    let mut parts: Vec<String> = match &*separator {
        "" => text.chars().map(String::from).collect(),
        separator => text.split(separator).map(str::to_owned).collect(),
    };
    while parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    Ok(parts.into())
}

/// The argument in place of a missing, false or empty input; `allow_false: true` keeps false.
fn default(call: &Call<'_>) -> Answer {
    let allows_false = call.named("allow_false").is_some_and(|value| *value == true);
    let keeps = !is_vacant(call.input) || (allows_false && *call.input == false);
    let value = if keeps { call.input } else { call.argument(0).unwrap_or(&Value::Null) };
    Ok(value.clone())
}

#[cfg(test)]
mod tests {
    use crate::filters::testing::apply;
    use serde_json::json;

    #[test]
    fn texts_are_changed() {
        assert_eq!(apply("capitalize", "éCOLE du SOIR", &[]), "École du soir");
        assert_eq!(apply("append", 5, &[json!("%")]), "5%");
        assert_eq!(apply("replace", "a-b-c", &[json!("-"), json!("+")]), "a+b+c");
        assert_eq!(apply("replace_first", "a-b-c", &[json!("-"), json!("+")]), "a+b-c");
        assert_eq!(apply("replace_last", "a-b-c", &[json!("-"), json!("+")]), "a-b+c");
        assert_eq!(apply("remove", "a-b-c", &[json!("-")]), "abc");
        assert_eq!(apply("replace", "abc", &[json!(""), json!("+")]), "abc");
        assert_eq!(apply("strip", "  a \n", &[]), "a");
    }

    #[test]
    fn texts_are_shortened_by_characters_and_words() {
        assert_eq!(apply("truncate", "größenwahn", &[json!(6)]), "grö...");
        assert_eq!(apply("truncate", "größe", &[json!(6)]), "größe");
        assert_eq!(apply("truncate", "größe", &[json!(2), json!("")]), "gr");
        assert_eq!(apply("truncate", "größe", &[json!(-2)]), "...");
        assert_eq!(apply("truncatewords", "one two  three", &[json!(2)]), "one two...");
        assert_eq!(apply("truncatewords", "one two", &[json!(2)]), "one two");
    }

    #[test]
    fn texts_are_split() {
        assert_eq!(apply("split", "a, b,, ", &[json!(", ")]), json!(["a", "b,"]));
        assert_eq!(apply("split", "aé", &[json!("")]), json!(["a", "é"]));
        assert_eq!(apply("split", "", &[json!(",")]), json!([]));
    }

    #[test]
    fn a_default_stands_in_for_what_is_vacant() {
        for vacant in [json!(null), json!(false), json!(""), json!([]), json!({})] {
            assert_eq!(apply("default", vacant, &[json!("x")]), "x");
        }
        assert_eq!(apply("default", 0, &[json!("x")]), 0);
    }
}
