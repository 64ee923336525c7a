//! Values, filters and fallbacks: what stands in `{{ … }}` and behind the `=` of an `assign`.

use serde_json::Value;

use crate::filters::{self, Filter};
use crate::limits::MAX_NESTING;
use crate::problem::Mistake;

use super::cursor::Cursor;

/// A value that is written down or looked up.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Literal(Literal),
    Path(Path),
    /// The whole numbers from the first to the second.
    Range(Box<(Expression, Expression)>),
}

/// A value that is written down.
#[derive(Clone, Debug)]
pub(crate) enum Literal {
    Value(Value),
    /// Equals every empty text, array and object.
    Empty,
    /// Equals what is empty, only whitespace, false or missing.
    Blank,
}

/// A name and the way from there: `data.items[0].first name`.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) steps: Vec<Expression>,
}

/// A value and what is done to it, from left to right.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) first: Expression,
    pub(crate) links: Vec<Link>,
}

/// One thing done to a value.
#[derive(Clone, Debug)]
pub(crate) enum Link {
    Filter(FilterCall),
    /// Takes the place of a value that is missing, null, false or empty.
    Fallback(Fallback),
}

/// What is on the right of `??`: a text, except in the middle of `a ?? b ?? text`.
#[derive(Clone, Debug)]
pub(crate) enum Fallback {
    Text(String),
    Value(Expression),
}

/// A filter and its arguments. An unknown filter does nothing.
#[derive(Clone, Debug)]
pub(crate) struct FilterCall {
    pub(crate) filter: Option<&'static Filter>,
    pub(crate) arguments: Vec<Expression>,
    pub(crate) named: Vec<(String, Expression)>,
}

/// Reads a value with its filters and fallbacks.
pub(crate) fn chain(cursor: &mut Cursor<'_>) -> Result<Chain, Mistake> {
    let first = value(cursor, &[])?;
    let mut links = Vec::new();
    loop {
        if cursor.eat("??") {
            links.push(Link::Fallback(fallback(cursor)));
        } else if cursor.eat("|") {
            links.push(Link::Filter(filter_call(cursor)?));
        } else {
            return Ok(Chain { first, links });
        }
    }
}

fn fallback(cursor: &mut Cursor<'_>) -> Fallback {
    let ends = |rest: &str| rest.is_empty() || rest.starts_with('|') || rest.starts_with("??");
    let place = cursor.place();
    if let Some(text) = cursor.quoted() {
        cursor.peek();
        if ends(cursor.rest()) {
            return Fallback::Text(text);
        }
        cursor.back_to(place);
    }
    let text = cursor.until(ends).trim();
    if cursor.rest().starts_with("??") { middle(text) } else { Fallback::Text(text.to_owned()) }
}

/// The `b` of `a ?? b ?? text`, which would leave nothing to do for the last one if it were a text.
fn middle(text: &str) -> Fallback {
    let mut cursor = Cursor::new(text);
    match value(&mut cursor, &[]) {
        Ok(value) if cursor.finish().is_ok() => Fallback::Value(value),
        _ => Fallback::Text(text.to_owned()),
    }
}

fn filter_call(cursor: &mut Cursor<'_>) -> Result<FilterCall, Mistake> {
    cursor.peek();
    let place = cursor.place();
    let name = cursor.word().ok_or_else(|| cursor.mistake("expected the name of a filter after `|`"))?;
    let filter = filters::find(name);
    if filter.is_none() {
        cursor.unknown.get_or_insert_with(|| Mistake::new(place, format!("unknown filter `{name}`")));
    }
    let mut call = FilterCall { filter, arguments: Vec::new(), named: Vec::new() };
    let mut more = cursor.eat(":");
    while more {
        argument(cursor, &mut call)?;
        more = cursor.eat(",");
    }
    Ok(call)
}

fn argument(cursor: &mut Cursor<'_>, call: &mut FilterCall) -> Result<(), Mistake> {
    let place = cursor.place();
    match cursor.word() {
        Some(name) if cursor.eat(":") => call.named.push((name.to_owned(), value(cursor, &[])?)),
        _ => {
            cursor.back_to(place);
            call.arguments.push(value(cursor, &[])?);
        }
    }
    Ok(())
}

/// Reads a value. Words that follow each other are one name with spaces, up to one of `stops`.
pub(crate) fn value(cursor: &mut Cursor<'_>, stops: &[&str]) -> Result<Expression, Mistake> {
    nested(cursor, stops, 0)
}

fn nested(cursor: &mut Cursor<'_>, stops: &[&str], depth: usize) -> Result<Expression, Mistake> {
    let next = cursor.peek().ok_or_else(|| cursor.mistake("expected a value"))?;
    if depth == MAX_NESTING {
        return Err(cursor.mistake(format!("brackets are nested more than {MAX_NESTING} deep")));
    }
    match next {
        '"' | '\'' => match cursor.quoted() {
            Some(text) => Ok(literal(text)),
            None => Err(cursor.mistake(format!("the quote {next} is not closed"))),
        },
        '(' => range(cursor, depth),
        '[' => path(cursor, Vec::new(), stops, depth),
        _ => named(cursor, stops, depth),
    }
}

fn range(cursor: &mut Cursor<'_>, depth: usize) -> Result<Expression, Mistake> {
    cursor.eat("(");
    let first = nested(cursor, &[], depth + 1)?;
    expect(cursor, "..")?;
    let last = nested(cursor, &[], depth + 1)?;
    expect(cursor, ")")?;
    Ok(Expression::Range(Box::new((first, last))))
}

/// Reads a number, a word with a meaning, or a path.
fn named(cursor: &mut Cursor<'_>, stops: &[&str], depth: usize) -> Result<Expression, Mistake> {
    let name = name(cursor, stops)?;
    if let Some(number) = number(cursor, &name) {
        return Ok(Expression::Literal(Literal::Value(number)));
    }
    let path = path(cursor, vec![literal(name.clone())], stops, depth)?;
    let alone = matches!(&path, Expression::Path(path) if path.steps.len() == 1);
    let keyword = if alone { keyword(&name) } else { None };
    Ok(keyword.map_or(path, Expression::Literal))
}

fn keyword(name: &str) -> Option<Literal> {
    match name {
        "true" => Some(Literal::Value(true.into())),
        "false" => Some(Literal::Value(false.into())),
        "nil" | "null" => Some(Literal::Value(Value::Null)),
        "empty" => Some(Literal::Empty),
        "blank" => Some(Literal::Blank),
        _ => None,
    }
}

/// The number that begins with the word just read: `5`, `-5`, `5.25`.
fn number(cursor: &mut Cursor<'_>, word: &str) -> Option<Value> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(word.strip_prefix(['-', '+']).unwrap_or(word)) {
        return None;
    }
    let place = cursor.place();
    if cursor.eat(".") && cursor.rest().starts_with(|next: char| next.is_ascii_digit()) {
        let fraction = cursor.until(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()));
        return format!("{word}.{fraction}").parse::<f64>().ok().map(Value::from);
    }
    cursor.back_to(place);
    word.parse::<i64>().map(Value::from).or_else(|_| word.parse::<f64>().map(Value::from)).ok()
}

/// Reads the rest of a path: `.name` and `[value]`, any number of times.
fn path(
    cursor: &mut Cursor<'_>,
    mut steps: Vec<Expression>,
    stops: &[&str],
    depth: usize,
) -> Result<Expression, Mistake> {
    loop {
        cursor.peek();
        if cursor.rest().starts_with('.') && !cursor.rest().starts_with("..") {
            cursor.eat(".");
            steps.push(literal(name(cursor, stops)?));
        } else if cursor.eat("[") {
            steps.push(nested(cursor, &[], depth + 1)?);
            expect(cursor, "]")?;
        } else {
            return Ok(Expression::Path(Path { steps }));
        }
    }
}

/// Reads words up to a stop, or to what is no word, and joins them with single spaces.
fn name(cursor: &mut Cursor<'_>, stops: &[&str]) -> Result<String, Mistake> {
    let first = cursor.word();
    let mut name = first.ok_or_else(|| cursor.mistake("expected a name"))?.to_owned();
    loop {
        let place = cursor.place();
        match cursor.word() {
            Some(word) if !stops.contains(&word) => {
                name.push(' ');
                name.push_str(word);
            }
            _ => {
                cursor.back_to(place);
                return Ok(name);
            }
        }
    }
}

fn literal(text: String) -> Expression {
    Expression::Literal(Literal::Value(Value::String(text)))
}

fn expect(cursor: &mut Cursor<'_>, token: &str) -> Result<(), Mistake> {
    if cursor.eat(token) { Ok(()) } else { Err(cursor.mistake(format!("expected `{token}`"))) }
}
