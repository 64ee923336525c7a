//! The flows surface.

mod templates;
