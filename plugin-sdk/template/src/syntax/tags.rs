//! The tags, one function each.

use crate::problem::Mistake;

use super::condition::condition;
use super::cursor::Cursor;
use super::expression::{Chain, Expression, value};
use super::parser::{Parser, Tag, whole_chain};
use super::tree::{Case, For, Node};

/// Parses the tag, with everything up to its end when it is a block.
pub(crate) fn node<'s>(parser: &mut Parser<'s>, tag: &Tag<'s>) -> Result<Node<'s>, Mistake> {
    match tag.name.as_str() {
        "if" => conditional(parser, tag, false),
        "unless" => conditional(parser, tag, true),
        "case" => case(parser, tag),
        "for" => repeat(parser, tag),
        "capture" => capture(parser, tag),
        "assign" => parser.arguments(tag, assignment).map(|(name, chain)| Node::Assign { name, chain }),
        "echo" => parser.arguments(tag, whole_chain).map(Node::Output),
        "cycle" => parser.arguments(tag, cycle),
        "increment" => parser.arguments(tag, target).map(|name| Node::Count { name, down: false }),
        "decrement" => parser.arguments(tag, target).map(|name| Node::Count { name, down: true }),
        "break" => parser.arguments(tag, nothing).map(|()| Node::Break),
        "continue" => parser.arguments(tag, nothing).map(|()| Node::Continue),
        _ => Err(Mistake::new(tag.inside.at, refusal(&tag.name))),
    }
}

fn refusal(name: &str) -> String {
    match name {
        "include" | "render" | "layout" | "block" => format!("the tag `{name}` is not allowed here"),
        "else" | "elsif" | "when" => format!("`{name}` is outside of a block that has it"),
        _ if name.starts_with("end") => format!("`{name}` closes nothing"),
        _ => format!("unknown tag `{name}`"),
    }
}

fn conditional<'s>(parser: &mut Parser<'s>, opening: &Tag<'s>, negated: bool) -> Result<Node<'s>, Mistake> {
    let end = if negated { "endunless" } else { "endif" };
    let (mut branches, mut otherwise) = (Vec::new(), Vec::new());
    let mut holds = parser.arguments(opening, condition)?;
    loop {
        let (body, next) = parser.block(opening, &["elsif", "else", end])?;
        branches.push((holds, body));
        match next.name.as_str() {
            "elsif" => holds = parser.arguments(&next, condition)?,
            "else" => {
                otherwise = last(parser, opening, &next, end)?;
                break;
            }
            _ => break,
        }
    }
    Ok(Node::If { negated, branches, otherwise })
}

/// Parses the part behind an `else`, up to the end of its block.
fn last<'s>(
    parser: &mut Parser<'s>,
    opening: &Tag<'s>,
    otherwise: &Tag<'s>,
    end: &str,
) -> Result<Vec<Node<'s>>, Mistake> {
    parser.arguments(otherwise, nothing)?;
    Ok(parser.block(opening, &[end])?.0)
}

fn case<'s>(parser: &mut Parser<'s>, opening: &Tag<'s>) -> Result<Node<'s>, Mistake> {
    let value = parser.arguments(opening, whole_value)?;
    let (mut branches, mut otherwise) = (Vec::new(), Vec::new());
    // What stands before the first `when` belongs to no branch.
    let (_, mut next) = parser.block(opening, &["when", "else", "endcase"])?;
    while next.name == "when" {
        let values = parser.arguments(&next, alternatives)?;
        let (body, end) = parser.block(opening, &["when", "else", "endcase"])?;
        branches.push((values, body));
        next = end;
    }
    if next.name == "else" {
        otherwise = last(parser, opening, &next, "endcase")?;
    }
    Ok(Node::Case(Box::new(Case { value, branches, otherwise })))
}

fn repeat<'s>(parser: &mut Parser<'s>, opening: &Tag<'s>) -> Result<Node<'s>, Mistake> {
    let mut repeat = parser.arguments(opening, loop_head)?;
    let (body, next) = parser.block(opening, &["else", "endfor"])?;
    repeat.body = body;
    if next.name == "else" {
        repeat.otherwise = last(parser, opening, &next, "endfor")?;
    }
    Ok(Node::For(Box::new(repeat)))
}

fn loop_head<'s>(cursor: &mut Cursor<'_>) -> Result<For<'s>, Mistake> {
    let name = cursor.word().map(str::to_owned).ok_or_else(|| cursor.mistake("expected a name for the items"))?;
    if !cursor.eat_word("in") {
        return Err(cursor.mistake("expected `in`"));
    }
    let items = value(cursor, &["limit", "offset", "reversed"])?;
    let (body, otherwise) = (Vec::new(), Vec::new());
    let mut head = For { name, items, offset: None, limit: None, reversed: false, body, otherwise };
    loop {
        cursor.eat(",");
        if cursor.eat_word("reversed") {
            head.reversed = true;
        } else if cursor.eat_word("limit") {
            head.limit = Some(option(cursor)?);
        } else if cursor.eat_word("offset") {
            head.offset = Some(option(cursor)?);
        } else {
            cursor.finish()?;
            return Ok(head);
        }
    }
}

fn option(cursor: &mut Cursor<'_>) -> Result<Expression, Mistake> {
    if cursor.eat(":") { value(cursor, &["limit", "offset", "reversed"]) } else { Err(cursor.mistake("expected `:`")) }
}

fn capture<'s>(parser: &mut Parser<'s>, opening: &Tag<'s>) -> Result<Node<'s>, Mistake> {
    let name = parser.arguments(opening, target)?;
    let (body, _) = parser.block(opening, &["endcapture"])?;
    Ok(Node::Capture { name, body })
}

fn assignment(cursor: &mut Cursor<'_>) -> Result<(String, Chain), Mistake> {
    let name = cursor.word().map(str::to_owned).ok_or_else(|| cursor.mistake("expected a name"))?;
    if cursor.eat("=") { Ok((name, whole_chain(cursor)?)) } else { Err(cursor.mistake("expected `=`")) }
}

/// Reads the name, with or without quotes, that a tag gives a value.
fn target(cursor: &mut Cursor<'_>) -> Result<String, Mistake> {
    let name = cursor.quoted().or_else(|| cursor.word().map(str::to_owned));
    cursor.finish()?;
    name.ok_or_else(|| cursor.mistake("expected a name"))
}

fn cycle<'s>(cursor: &mut Cursor<'_>) -> Result<Node<'s>, Mistake> {
    cursor.peek();
    let source = cursor.rest().trim().to_owned();
    let first = value(cursor, &[])?;
    let named = cursor.eat(":");
    let group = if named { source.split(':').next().unwrap_or_default().trim().to_owned() } else { source };
    let mut values = if named { vec![value(cursor, &[])?] } else { vec![first] };
    while cursor.eat(",") {
        values.push(value(cursor, &[])?);
    }
    cursor.finish()?;
    Ok(Node::Cycle { group, values })
}

fn nothing(cursor: &mut Cursor<'_>) -> Result<(), Mistake> {
    cursor.finish()
}

fn whole_value(cursor: &mut Cursor<'_>) -> Result<Expression, Mistake> {
    let value = value(cursor, &[])?;
    cursor.finish()?;
    Ok(value)
}

/// Reads the values of a `when`, which are divided by commas or `or`.
fn alternatives(cursor: &mut Cursor<'_>) -> Result<Vec<Expression>, Mistake> {
    let mut values = vec![value(cursor, &["or"])?];
    while cursor.eat(",") || cursor.eat_word("or") {
        values.push(value(cursor, &["or"])?);
    }
    cursor.finish()?;
    Ok(values)
}
