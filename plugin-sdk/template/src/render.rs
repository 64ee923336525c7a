//! Checking a template when it is saved, and rendering it when it is used.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::limits::{Budget, MAX_SOURCE};
use crate::problem::{Mistake, RenderError, TemplateProblem};
use crate::run::Renderer;
use crate::syntax::{Cursor, Kind, Node, chain, close, decode, opener, parse};

/// What the output is, and so what has to be escaped in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Escape {
    /// Plain text: subjects, addresses, JSON.
    None,
    /// HTML: the values of the scope are escaped.
    Html,
}

/// Checks a template before it is saved: its syntax, its tags, and that its filters exist.
pub fn check(source: &str) -> Result<(), TemplateProblem> {
    if too_long(source) {
        return Err(Mistake::new(0, RenderError::TooLong.to_string()).locate(source));
    }
    let first = match parse(source) {
        Ok(parsed) => parsed.unknown,
        Err(mistake) => Some(mistake),
    };
    first.map_or(Ok(()), |mistake| Err(mistake.locate(source)))
}

/// Renders a template, leniently: a filter that does not exist is left out, and in a template that cannot be parsed
/// only the outputs are replaced, one by one.
pub fn render(source: &str, scope: &Value, escape: Escape) -> Result<String, RenderError> {
    render_within(source, scope, escape, &Budget::new())
}

/// Renders every text within a JSON value as plain text. Keys stay, and all texts together share the limits of one
/// rendering.
pub fn render_json(value: &Value, scope: &Value) -> Result<Value, RenderError> {
    render_leaves(value, scope, &Budget::new())
}

fn render_leaves(value: &Value, scope: &Value, budget: &Budget) -> Result<Value, RenderError> {
    Ok(match value {
        Value::String(source) => render_within(source, scope, Escape::None, budget)?.into(),
        Value::Array(items) => {
            items.iter().map(|item| render_leaves(item, scope, budget)).collect::<Result<Vec<_>, _>>()?.into()
        }
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(key, value)| Ok((key.clone(), render_leaves(value, scope, budget)?)))
                .collect::<Result<_, _>>()?,
        ),
        other => other.clone(),
    })
}

fn render_within(source: &str, scope: &Value, escape: Escape, budget: &Budget) -> Result<String, RenderError> {
    if too_long(source) {
        return Err(RenderError::TooLong);
    }
    let renderer = Renderer::new(scope, escape, budget);
    match parse(source) {
        Ok(parsed) => renderer.render(&parsed.nodes),
        Err(_) => renderer.render(&outputs_only(source)),
    }
}

fn too_long(source: &str) -> bool {
    source.len() > MAX_SOURCE && source.chars().count() > MAX_SOURCE
}

/// The nodes of a template that cannot be parsed: its outputs, those without sense being empty, and all else as text.
fn outputs_only(source: &str) -> Vec<Node<'_>> {
    let (mut nodes, mut at) = (Vec::new(), 0);
    while let Some((open, kind)) = opener(source, at) {
        let Some(end) = close(source, open + 2, kind) else { break };
        if kind == Kind::Output {
            nodes.push(Node::Text(&source[at..open]));
            nodes.extend(output(&source[open + 2..end]));
        } else {
            nodes.push(Node::Text(&source[at..end + 2]));
        }
        at = end + 2;
    }
    nodes.push(Node::Text(&source[at..]));
    nodes
}

fn output(inside: &str) -> Option<Node<'_>> {
    let decoded = decode(inside);
    let mut cursor = Cursor::new(&decoded);
    let chain = chain(&mut cursor).ok()?;
    cursor.finish().ok()?;
    Some(Node::Output(chain))
}
