//! The fake of `stepwell:plugin/branches`.

use super::state::with;
use crate::bindings::stepwell::plugin::branches::BranchError;
use crate::branches::{MAX_BRANCHES, MAX_NAME};

pub(crate) fn follow(branch: &str) -> Result<(), BranchError> {
    if branch.is_empty() || branch.len() > MAX_NAME {
        return Err(BranchError::Invalid(format!("branch: must have from 1 to {MAX_NAME} bytes")));
    }
    with(|state| {
        if state.branches.iter().any(|known| known == branch) {
            return Ok(());
        }
        if state.branches.len() >= MAX_BRANCHES {
            return Err(BranchError::Invalid(format!("branch: a run may follow {MAX_BRANCHES} branches at most")));
        }
        state.branches.push(branch.to_owned());
        Ok(())
    })
}
