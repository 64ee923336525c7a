//! The contract in `wit/` as Rust: the only place that generates bindings.
//!
//! Everything here is machinery of [`export!`](crate::export) and of the kind faces. A plugin author never needs it.
#![allow(missing_docs, unsafe_code, unreachable_pub, clippy::all)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "step-plugin",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "stepwell_plugin::bindings",
});
