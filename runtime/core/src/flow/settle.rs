//! What follows from where the tasks stand.

use crate::decision::Decision;

/// Works out what follows from where the tasks stand.
pub(crate) fn all(_: &mut Decision<'_>) {}
