//! Stored credentials as on the wire.

use serde::Serialize;
use stepwell_store::connection::ConnectionInfo;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::wire::Time;

/// A stored credential, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Connection)]
pub(crate) struct ConnectionBody {
    id: Uuid,
    /// The name that steps use.
    name: String,
    /// The hosts that the secret may be sent to.
    hosts: Vec<String>,
    created_at: Time,
    updated_at: Time,
}

impl From<ConnectionInfo> for ConnectionBody {
    fn from(info: ConnectionInfo) -> Self {
        Self {
            id: info.id.0,
            name: info.name,
            hosts: info.hosts,
            created_at: Time(info.created_at),
            updated_at: Time(info.updated_at),
        }
    }
}
