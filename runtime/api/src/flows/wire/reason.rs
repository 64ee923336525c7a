//! Closing reasons: the catalogue of a workspace, and those of a definition.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::template::ReasonRef;
use crate::wire::Time;

/// A closing reason of the catalogue.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CatalogueReason)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogueReason {
    /// Which one.
    pub(crate) id: String,
    /// In words.
    pub(crate) title: String,
    /// Whether it can be chosen.
    pub(crate) status: ClosingReasonsStatus,
    /// When it last changed.
    pub(crate) last_update_time: Time,
    /// When it was created.
    pub(crate) creation_time: Time,
}

/// A closing reason to write. What is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct WriteReason {
    /// Its id, if it is new; made by the server where it is left out.
    #[schema(min_length = 1, max_length = 100)]
    pub(crate) id: Option<String>,
    /// In words; required for a new one.
    #[schema(max_length = 1000, pattern = r"\S")]
    pub(crate) title: Option<String>,
    /// Whether it can be chosen; a new one can where it is left out.
    pub(crate) status: Option<ClosingReasonsStatus>,
}

/// Whether a closing reason can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ClosingReasonsStatus {
    /// It can.
    Active,
    /// It cannot any more.
    Inactive,
}

/// Closing reasons.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClosingReasons {
    /// The reasons.
    pub(crate) reasons: Vec<CatalogueReason>,
}

/// Closing reasons by their ids.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ClosingReasonsIds {
    /// The ids.
    pub(crate) reasons: Vec<ReasonRef>,
}

/// Whether a closing reason can be chosen from now on.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ChangeReasonStatusReq {
    /// Whether it can.
    pub(crate) status: ClosingReasonsStatus,
}

/// Which closing reasons.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListReasons {
    /// Also those that cannot be chosen any more.
    #[serde(default)]
    pub(crate) include_inactive: bool,
}
