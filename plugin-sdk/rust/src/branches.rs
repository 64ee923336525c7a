//! Several branches at once: what [`Outcome::on_all`](crate::Outcome::on_all) tells the host. What was named counts only if the same
//! call ends in a completion.

use crate::Failure;
#[cfg(target_arch = "wasm32")]
use crate::bindings::stepwell::plugin::branches as host;
pub use crate::bindings::stepwell::plugin::branches::BranchError;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::branches as host;

/// The most branches of one call.
pub const MAX_BRANCHES: usize = 100;
/// The longest name of a branch, in bytes.
pub const MAX_NAME: usize = 200;

/// Follows one more branch beside that of the completion, in the order of the calls. Twice the same counts once.
pub fn follow(branch: &str) -> Result<(), BranchError> {
    host::follow(branch)
}

impl From<BranchError> for Failure {
    fn from(error: BranchError) -> Self {
        match error {
            BranchError::Invalid(what) => Self::fatal("invalid-branch", format!("the branch is refused: {what}")),
        }
    }
}
