//! The components that are part of the binary. `build.rs` writes the table.

/// One embedded component.
pub(crate) struct Component {
    /// The step type it is for.
    pub(crate) name: &'static str,
    /// The component itself.
    pub(crate) bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/builtin.rs"));
