//! Step types as this surface names them: `SEND_EMAIL` here is `send-email` everywhere else.

/// The type that ends an execution; no transition leaves it.
pub(super) const EXIT: &str = "exit";
/// The type whose transitions are all labelled with a branch.
pub(super) const CONDITION: &str = "condition";
/// The type whose transitions are labelled with what ended the wait.
pub(super) const WAIT_FOR_EVENT: &str = "wait-for-event";

/// The name in definitions, of a name on the wire.
pub(super) fn to_core(wire: &str) -> String {
    wire.to_ascii_lowercase().replace('_', "-")
}

/// The name on the wire, of a name in definitions.
pub(super) fn to_wire(core: &str) -> String {
    core.to_ascii_uppercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_step_type_has_a_name_on_the_wire_and_back() {
        for (core, wire) in [("send-email", "SEND_EMAIL"), ("my-own-step-2", "MY_OWN_STEP_2"), ("exit", "EXIT")] {
            assert_eq!((to_wire(core).as_str(), to_core(wire).as_str()), (wire, core));
        }
    }
}
