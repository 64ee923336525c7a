//! How large an expression may be, and how much work it may make.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr, IdedEntryExpr};
use serde_json::Value;

use super::NAMES;

/// How deep an expression may be nested. Evaluation recurses, and a guest's stack is small.
pub(super) const MAX_DEPTH: u16 = 32;

/// The longest expression, in bytes.
const MAX_LENGTH: usize = 1_000;

/// The most `? :`: the parser recurses at each.
const MAX_CHOICES: usize = 16;

/// How deep `all`, `exists`, `map`, `filter` may stand in one another.
const MAX_LOOPS: u32 = 2;

/// How many parts may be evaluated, loops counted in: less than a second's work.
const MAX_WORK: u64 = 5_000_000;

/// What can be called.
const FUNCTIONS: [&str; 32] = [
    "_?_:_",
    "_&&_",
    "_||_",
    "!_",
    "_-_",
    "_+_",
    "_*_",
    "_/_",
    "_%_",
    "_==_",
    "_!=_",
    "_>=_",
    "_<=_",
    "_>_",
    "_<_",
    "-_",
    "_[_]",
    "@in",
    "@not_strictly_false",
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "string",
    "int",
    "uint",
    "double",
    "bool",
    "bytes",
    "dyn",
    "type",
    "millis",
];

/// Refuses a text that is too long to be parsed safely.
pub(super) fn check_text(text: &str) -> Result<(), String> {
    if text.trim().is_empty() || text.len() > MAX_LENGTH {
        return Err(format!("must have 1 to {MAX_LENGTH} characters"));
    }
    if text.matches('?').count() > MAX_CHOICES {
        return Err(format!("may have {MAX_CHOICES} question marks at most"));
    }
    Ok(())
}

/// What an expression is made of.
#[derive(Debug, Default)]
pub(super) struct Size {
    parts: u64,
    loops: u32,
    names: BTreeSet<String>,
}

impl Size {
    /// Whether the expression speaks of a document.
    pub(super) fn uses(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Refuses an expression whose loops over these documents would take too long.
    pub(super) fn check_work<'a>(&self, documents: impl Iterator<Item = &'a Value>) -> Result<(), String> {
        let longest = documents.map(longest).max().unwrap_or_default().max(self.parts);
        let work = longest.checked_pow(self.loops).and_then(|rounds| rounds.checked_mul(self.parts));
        match work {
            Some(work) if work <= MAX_WORK => Ok(()),
            _ => Err(format!("the lists are too long for so many loops (one has {longest} items)")),
        }
    }
}

/// The length of the longest list or object in a document. Depth is bounded by the JSON parser.
fn longest(value: &Value) -> u64 {
    match value {
        Value::Array(items) => items.iter().map(longest).fold(length(items.len()), u64::max),
        Value::Object(members) => members.values().map(longest).fold(length(members.len()), u64::max),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// One part of an expression that is still to be looked at.
struct Place<'a> {
    part: &'a IdedExpr,
    depth: u16,
    loops: u32,
}

/// Measures an expression and refuses one that is too deep or speaks of unknown things. It does not recurse.
pub(super) fn measure(tree: &IdedExpr) -> Result<Size, String> {
    let (mut size, mut bound) = (Size::default(), BTreeSet::new());
    let mut open = vec![Place { part: tree, depth: 1, loops: 0 }];
    while let Some(place) = open.pop() {
        check_place(&place)?;
        size.parts += 1;
        size.loops = size.loops.max(place.loops + u32::from(place.loops > 0 && is_long(&place.part.expr)));
        match &place.part.expr {
            Expr::Ident(name) => drop(size.names.insert(name.clone())),
            Expr::Comprehension(comprehension) => {
                bound.extend([comprehension.iter_var.as_str(), comprehension.accu_var.as_str()]);
                bound.extend(comprehension.iter_var2.as_deref());
            }
            _ => {}
        }
        open.extend(below(&place));
    }
    match size.names.iter().find(|name| !NAMES.contains(&name.as_str()) && !bound.contains(name.as_str())) {
        Some(unknown) => Err(format!("speaks of `{unknown}`, but there are only {}", NAMES.join(", "))),
        None => Ok(size),
    }
}

/// Whether a part may look at all items of a list: within a loop it is a loop of its own.
fn is_long(part: &Expr) -> bool {
    let Expr::Call(call) = part else { return false };
    let compares = matches!(call.func_name.as_str(), "_==_" | "_!=_");
    let literal = call.args.iter().any(|part| matches!(part.expr, Expr::Literal(_)));
    call.func_name == "@in" || compares && !literal
}

fn check_place(place: &Place<'_>) -> Result<(), String> {
    if place.depth > MAX_DEPTH {
        return Err(format!("is nested more than {MAX_DEPTH} levels deep"));
    }
    if place.loops > MAX_LOOPS {
        return Err(format!("has more than {MAX_LOOPS} loops in one another"));
    }
    match &place.part.expr {
        Expr::Call(call) if !FUNCTIONS.contains(&call.func_name.as_str()) => {
            Err(format!("calls `{}`, which does not exist", call.func_name))
        }
        Expr::Struct(_) | Expr::Unspecified => Err("has a form that is not possible here".to_owned()),
        _ => Ok(()),
    }
}

/// The parts directly below a part.
fn below<'a>(place: &Place<'a>) -> Vec<Place<'a>> {
    let at = |loops: u32| move |part: &'a IdedExpr| Place { part, depth: place.depth + 1, loops };
    match &place.part.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).map(at(place.loops)).collect(),
        Expr::Select(select) => vec![at(place.loops)(&select.operand)],
        Expr::List(list) => list.elements.iter().map(at(place.loops)).collect(),
        Expr::Map(map) => map.entries.iter().flat_map(entry).map(at(place.loops)).collect(),
        Expr::Comprehension(it) => {
            let outside = [&it.iter_range, &it.accu_init, &it.result].map(at(place.loops));
            let inside = [&it.loop_cond, &it.loop_step].map(at(place.loops + 1));
            outside.into_iter().chain(inside).collect()
        }
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) => Vec::new(),
    }
}

fn entry(entry: &IdedEntryExpr) -> Vec<&IdedExpr> {
    match &entry.expr {
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
        EntryExpr::StructField(field) => vec![&field.value],
    }
}
