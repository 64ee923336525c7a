//! Rendering a syntax tree.

mod blocks;
mod chains;
mod conditions;
mod names;
mod renderer;
pub(crate) mod values;

pub(crate) use renderer::Renderer;
