//! How often a contact may enter: the policy by name, and the older boolean.

use stepwell_core::Reentry;

use super::map::allows_reentry;
use super::wire::ReentryPolicy;
use crate::error::ApiError;

/// The policy that a request asks for; `current` where it asks for nothing, and where the boolean says the same.
pub(super) fn wanted(
    current: Reentry,
    policy: Option<ReentryPolicy>,
    allow: Option<bool>,
) -> Result<Reentry, ApiError> {
    let policy = policy.map(Reentry::from);
    match (policy, allow) {
        (None, None) => Ok(current),
        (None, Some(allow)) if allow == allows_reentry(current) => Ok(current),
        (None, Some(true)) => Ok(Reentry::Always),
        (None, Some(false)) => Ok(Reentry::Once),
        (Some(policy), allow) if allow.is_none_or(|allow| allow == allows_reentry(policy)) => Ok(policy),
        (Some(_), _) => Err(ApiError::field("allowReentry", "invalid", "contradicts reentry; give one of the two")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boolean_means_once_or_always() {
        assert_eq!(wanted(Reentry::Once, None, Some(true)).expect("policy"), Reentry::Always);
        assert_eq!(wanted(Reentry::Always, None, Some(false)).expect("policy"), Reentry::Once);
    }

    #[test]
    fn a_boolean_that_agrees_leaves_the_policy() {
        assert_eq!(wanted(Reentry::OneActive, None, Some(true)).expect("policy"), Reentry::OneActive);
        assert_eq!(wanted(Reentry::OnceUnlessFailed, None, Some(false)).expect("policy"), Reentry::OnceUnlessFailed);
    }

    #[test]
    fn a_policy_counts_and_must_not_be_contradicted() {
        let one_active = Some(ReentryPolicy::OneActive);
        assert_eq!(wanted(Reentry::Once, one_active, None).expect("policy"), Reentry::OneActive);
        assert_eq!(wanted(Reentry::Once, one_active, Some(true)).expect("policy"), Reentry::OneActive);
        assert!(wanted(Reentry::Once, one_active, Some(false)).is_err());
    }
}
