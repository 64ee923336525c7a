//! Suppressed addresses as on the wire.

use serde::Serialize;
use stepwell_store::management::Suppressed;
use utoipa::ToSchema;

use crate::wire::Time;

/// An address that gets no marketing messages.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Suppression)]
pub(crate) struct SuppressionBody {
    /// Lower-cased.
    email: String,
    /// Why: `bounce`, `manual`, or what was given.
    reason: String,
    created_at: Time,
}

impl From<Suppressed> for SuppressionBody {
    fn from(found: Suppressed) -> Self {
        Self { email: found.email, reason: found.reason, created_at: Time(found.created_at) }
    }
}
