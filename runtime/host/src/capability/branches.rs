//! `stepwell:plugin/branches`: names more branches to follow than the one of the completion. It touches nothing and needs no grant.

use crate::bindings::stepwell::plugin::branches::{BranchError, Host};
use crate::limits::Stop;
use crate::state::{Purpose, Run};

/// The interface, without its version.
pub(crate) const NAME: &str = "stepwell:plugin/branches";

/// The most branches of one run, and the longest name in bytes.
const MAX_BRANCHES: usize = 100;
const MAX_NAME: usize = 200;

impl Host for Run {
    async fn follow(&mut self, branch: String) -> wasmtime::Result<Result<(), BranchError>> {
        if self.facts.purpose == Purpose::Ask {
            return Err(Stop::Denied { import: NAME }.into());
        }
        Ok(follow(&mut self.branches, branch).map_err(BranchError::Invalid))
    }
}

fn follow(branches: &mut Vec<String>, branch: String) -> Result<(), String> {
    if branch.is_empty() || branch.len() > MAX_NAME {
        return Err(format!("branch: must have from 1 to {MAX_NAME} bytes"));
    }
    if branches.contains(&branch) {
        return Ok(());
    }
    if branches.len() >= MAX_BRANCHES {
        return Err(format!("branch: a run may follow {MAX_BRANCHES} branches at most"));
    }
    branches.push(branch);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Setup;

    #[tokio::test]
    async fn branches_are_kept_in_order_and_each_once() {
        let mut run = Setup::default().state().run;
        for branch in ["b", "a", "b"] {
            run.follow(branch.into()).await.expect("no trap").expect("followed");
        }
        assert_eq!(run.branches, ["b", "a"]);
    }

    #[tokio::test]
    async fn a_branch_without_a_name_a_long_one_and_too_many_are_refused() {
        let mut run = Setup::default().state().run;
        for branch in [String::new(), "x".repeat(MAX_NAME + 1)] {
            assert!(matches!(run.follow(branch).await.expect("no trap"), Err(BranchError::Invalid(_))));
        }
        for number in 0..MAX_BRANCHES {
            assert!(run.follow(number.to_string()).await.expect("no trap").is_ok());
        }
        assert!(matches!(run.follow("one more".into()).await.expect("no trap"), Err(BranchError::Invalid(_))));
        assert!(run.follow("0".into()).await.expect("no trap").is_ok(), "one that is followed already");
        assert_eq!(run.branches.len(), MAX_BRANCHES);
    }

    #[tokio::test]
    async fn a_component_that_is_only_asked_something_follows_nothing() {
        let mut run = Setup { purpose: Purpose::Ask, ..Setup::default() }.state().run;
        let error = run.follow("a".into()).await.expect_err("a stop");
        assert!(matches!(error.downcast_ref::<Stop>(), Some(Stop::Denied { import: NAME })));
    }
}
