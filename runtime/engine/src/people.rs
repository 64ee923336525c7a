//! What people see of an execution, read for the engine.

use stepwell_core::flow::People;
use stepwell_core::{Execution, Graph};
use stepwell_store::{Conn, StoreError};

/// What people see of an execution; none where its graph has no tasks.
pub(crate) async fn people(_: &mut Conn, _: &Execution, _: &Graph) -> Result<Option<People>, StoreError> {
    Ok(None)
}
