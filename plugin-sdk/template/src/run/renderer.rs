//! The walk over the tree.

use serde_json::Value;

use crate::filters::escape;
use crate::limits::{Budget, STEP};
use crate::problem::RenderError;
use crate::render::Escape;
use crate::syntax::Node;

use super::names::{Held, Names};
use super::values::text;

/// What a node does to the loop around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    On,
    Break,
    Continue,
}

/// The state of one rendering.
pub(crate) struct Renderer<'a> {
    pub(super) scope: &'a Value,
    pub(super) escape: Escape,
    pub(super) budget: &'a Budget,
    pub(super) names: Names,
    out: String,
    /// How many captures are being filled: what they catch is work, not yet output.
    captures: usize,
}

impl<'a> Renderer<'a> {
    pub(crate) fn new(scope: &'a Value, escape: Escape, budget: &'a Budget) -> Self {
        Self { scope, escape, budget, names: Names::default(), out: String::new(), captures: 0 }
    }

    /// Renders the nodes to a text.
    pub(crate) fn render(mut self, nodes: &[Node<'_>]) -> Result<String, RenderError> {
        self.nodes(nodes)?;
        Ok(self.out)
    }

    pub(super) fn nodes(&mut self, nodes: &[Node<'_>]) -> Result<Flow, RenderError> {
        for node in nodes {
            self.budget.charge(STEP)?;
            let flow = self.node(node)?;
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn node(&mut self, node: &Node<'_>) -> Result<Flow, RenderError> {
        match node {
            Node::Text(text) => self.print(text)?,
            Node::Output(chain) => {
                let printed = self.shown(&self.chain(chain)?)?;
                self.print(&printed)?;
            }
            Node::If { negated, branches, otherwise } => return self.conditional(*negated, branches, otherwise),
            Node::Case(case) => return self.case(case),
            Node::For(repeat) => return self.repeat(repeat),
            Node::Assign { name, chain } => self.assign(name, chain)?,
            Node::Capture { name, body } => return self.capture(name, body),
            Node::Cycle { group, values } => self.cycle(group, values)?,
            Node::Count { name, down } => {
                self.budget.charge(name.len())?;
                let count = self.names.count(name, *down);
                self.print(&count.to_string())?;
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    pub(super) fn print(&mut self, text: &str) -> Result<(), RenderError> {
        if self.captures == 0 {
            self.budget.print(text.len())?
        } else {
            self.budget.charge(text.len())?
        }
        self.out.push_str(text);
        Ok(())
    }

    /// What a value looks like: an array as lines of `<li>`, everything else as its text.
    pub(super) fn shown(&self, held: &Held<'_>) -> Result<String, RenderError> {
        self.budget.charge_for([held.value.as_ref()])?;
        let plain = self.escape == Escape::None || held.safe;
        let shown = |value: &Value| if plain { text(value).into_owned() } else { escape(&text(value)) };
        Ok(match held.value.as_ref() {
            Value::Array(items) => {
                let lines: Vec<_> = items.iter().map(|item| format!("<li>{}</li>", shown(item))).collect();
                lines.join("\n")
            }
            value => shown(value),
        })
    }

    /// Renders the nodes aside, and answers with what they gave.
    pub(super) fn aside(&mut self, nodes: &[Node<'_>]) -> Result<(String, Flow), RenderError> {
        let out = std::mem::take(&mut self.out);
        self.captures += 1;
        let flow = self.nodes(nodes);
        self.captures -= 1;
        let caught = std::mem::replace(&mut self.out, out);
        Ok((caught, flow?))
    }
}
