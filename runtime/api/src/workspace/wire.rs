//! A workspace as on the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use stepwell_store::workspace::Workspace;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::wire::Time;

/// A tenant: the project of the workflows surface.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Workspace)]
pub(crate) struct WorkspaceBody {
    id: Uuid,
    name: String,
    /// It can be read and not changed.
    disabled: bool,
    /// Receivers check webhooks with it, as the Standard Webhooks specification says.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    webhook_signing_secret: String,
    created_at: Time,
    updated_at: Time,
}

impl WorkspaceBody {
    pub(super) fn new(workspace: Workspace, secret: &[u8]) -> Self {
        Self {
            id: workspace.id.0,
            name: workspace.name,
            disabled: workspace.disabled,
            webhook_signing_secret: shown(secret),
            created_at: Time(workspace.created_at),
            updated_at: Time(workspace.updated_at),
        }
    }
}

/// A signing secret as the Standard Webhooks specification writes it.
pub(super) fn shown(secret: &[u8]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}
