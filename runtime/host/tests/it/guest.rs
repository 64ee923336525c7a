//! Guests written by hand: a core module in text, made into a component of the contract's world. For what no SDK would let a
//! plugin do, and for tests that need no SDK.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// What a hand-written guest does. Bodies are instructions that leave the address of an outcome.
pub struct Guest<'a> {
    /// Pages of memory at the start.
    pub pages: u32,
    /// Imports, functions and globals of its own.
    pub more: &'a str,
    /// The body of `run`; the arguments lie at the address in local 0.
    pub run: &'a str,
    /// The body of `describe`, which leaves the address of a list.
    pub describe: &'a str,
    /// The body of `validate`, likewise.
    pub validate: &'a str,
}

/// Leaves the address of `completed` with the output `{"fine":true}`.
pub const FINE: &str = "(i32.const 512)";

impl Default for Guest<'_> {
    fn default() -> Self {
        Self { pages: 2, more: "", run: FINE, describe: "(i32.const 1024)", validate: "(i32.const 1016)" }
    }
}

impl Guest<'_> {
    /// The component, offering the step type `hand-made`.
    pub fn build(&self) -> Vec<u8> {
        self.build_with("")
    }

    /// The component, of a world with more imports than the contract's.
    pub fn build_with(&self, imports: &str) -> Vec<u8> {
        let mut core = wat::parse_str(self.text()).expect("valid text");
        let mut resolve = Resolve::default();
        resolve.push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit")).expect("the contract");
        let world = format!("world guest {{ include stepwell:plugin/step-plugin@0.1.0; {imports} }}");
        let others = "interface face { touch: func(); }";
        let package =
            resolve.push_str("guest.wit", &format!("package test:guest; {others} {world}")).expect("the world");
        let world = resolve.select_world(&[package], Some("guest")).expect("the world");
        embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8).expect("metadata");
        let mut encoder = ComponentEncoder::default();
        encoder.validate(true).module(&core).expect("a module of the world");
        encoder.encode().expect("a component")
    }

    /// Memory: at 64 texts, at 512 an outcome, at 1024 the list of step types. What the host hands in is put behind 64 KiB.
    fn text(&self) -> String {
        let Self { pages, more, run, describe, validate } = self;
        format!(
            r#"(module
                {more}
                (memory (export "memory") {pages})
                (global $free (mut i32) (i32.const 65536))
                (func (export "cabi_realloc") (param $old i32) (param $was i32) (param $align i32) (param $size i32) (result i32)
                    (local $at i32)
                    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
                    (global.set $free (i32.add (local.get $at) (local.get $size)))
                    (block $fits
                        (br_if $fits (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
                        (drop (memory.grow (i32.add (i32.div_u (local.get $size) (i32.const 65536)) (i32.const 1)))))
                    (local.get $at))
                (func (export "stepwell:plugin/step@0.1.0#describe") (result i32) {describe})
                (func (export "stepwell:plugin/step@0.1.0#validate") (param i32 i32 i32 i32) (result i32) {validate})
                (func (export "stepwell:plugin/step@0.1.0#run") (param i32) (result i32) {run})
                (func (export "stepwell:plugin/step@0.1.0#resume") (param i32) (result i32) (i32.const 512))
                (data (i32.const 64) "hand-made")
                (data (i32.const 80) "1.0.0")
                (data (i32.const 88) "true")
                (data (i32.const 96) "null")
                (data (i32.const 112) "{{\"fine\":true}}")
                (data (i32.const 512) "\00\00\00\00\00\00\00\00\70\00\00\00\0d\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\60\00\00\00\04\00\00\00")
                (data (i32.const 1024) "\00\08\00\00\01\00\00\00")
                (data (i32.const 2048) "\40\00\00\00\09\00\00\00\50\00\00\00\05\00\00\00\40\00\00\00\09\00\00\00\40\00\00\00\00\00\00\00\40\00\00\00\00\00\00\00\58\00\00\00\04\00\00\00\58\00\00\00\04\00\00\00\00\00\00\00\00\00\00\00\60\00\00\00\04\00\00\00"))"#
        )
    }
}
