//! Migrations are embedded; a new file among them means building again.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
