//! Loops as they are shown: how often each may repeat, and how often it has.

use std::collections::HashMap;

use stepwell_core::StepId;
use stepwell_core::flow::{LoopSpec, Task, TaskKind};

use super::show::View;
use crate::flows::wire::schedule::LoopConfig;

/// The loops of an execution, by the steps that they repeat.
pub(super) struct Loops<'a> {
    /// Of several around a step, the innermost; of a decision that repeats, its own.
    around: HashMap<StepId, (&'a LoopSpec, u32)>,
}

impl<'a> Loops<'a> {
    /// The loops, with how often each has repeated.
    pub(super) fn of(of: &View<'a>) -> Self {
        let specs = of.graph.drawn.iter().flat_map(|drawn| &drawn.compiled.loops);
        let specs: Vec<_> = specs.map(|spec| (spec, rounds(of, spec))).collect();
        let mut around: HashMap<_, _> = specs.iter().map(|of| (of.0.decision, *of)).collect();
        // Inner ones come first.
        for of in &specs {
            for step in &of.0.body {
                around.entry(*step).or_insert(*of);
            }
        }
        Self { around }
    }

    /// The loop that a task is in; of its decision also the branches. Another decision shows none: in the contract a decision's loop
    /// has the branches, and is its own.
    pub(super) fn task(&self, step: StepId, kind: TaskKind) -> Option<LoopConfig> {
        let (spec, rounds) = self.around.get(&step)?;
        if kind == TaskKind::Decision && spec.decision != step {
            return None;
        }
        let branch = |branch: &String| (spec.decision == step).then(|| branch.clone());
        Some(LoopConfig {
            loop_branch_id: branch(&spec.again),
            exit_branch_id: branch(&spec.leave),
            max_iterations: spec.max,
            crt_iterations: Some(*rounds),
        })
    }

    /// The loop that all of a phase's tasks are in.
    pub(super) fn phase<'t>(&self, mut tasks: impl Iterator<Item = &'t Task>) -> Option<LoopConfig> {
        let (spec, rounds) = self.around.get(&tasks.next()?.step_id)?;
        let same = |task: &Task| self.around.get(&task.step_id).is_some_and(|(of, _)| of.back == spec.back);
        tasks.all(same).then_some(LoopConfig {
            loop_branch_id: None,
            exit_branch_id: None,
            max_iterations: spec.max,
            crt_iterations: Some(*rounds),
        })
    }
}

/// How often a loop has repeated: one more than it was passed while its branch is under way.
fn rounds(of: &View<'_>, spec: &LoopSpec) -> u32 {
    let passed = of.execution.marking.passed(spec.back);
    let decision = of.people.tasks.iter().find(|task| task.step_id == spec.decision);
    let again = decision.is_some_and(|task| task.status.is_done() && task.data.chosen.contains(&spec.again));
    passed.saturating_add(u32::from(again)).min(spec.max)
}
