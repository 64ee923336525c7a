//! dues
