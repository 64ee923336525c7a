//! Flows under simulation: drawn graphs that people work on, on the same nodes and the same store as every other execution.
//!
//! `draw` makes the graphs, `people` what people do and `component` what components answer; `act` is the node's part and `store` the
//! store's; `check` judges what is stored, by `chart`, which reads the drawn graph once more and in another way than core does, and by
//! `trail`, which remembers what is not stored.

mod act;
mod chart;
pub(crate) mod check;
mod component;
mod draw;
mod people;
mod plan;
mod store;
mod tally;
mod trail;

pub(crate) use act::Acting;
pub(crate) use chart::Chart;
pub(crate) use component::answer;
pub(crate) use draw::workflow;
pub(crate) use people::Told;
pub(crate) use store::entities;
pub(crate) use trail::Trail;
