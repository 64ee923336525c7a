//! The allocator of the whole process.

use std::ffi::c_long;

use libmimalloc_sys::{mi_option_set_default, mi_option_t};
use mimalloc::MiMalloc;

/// Many small values live and die in each step; the system's allocator takes twice as long for them.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// `mi_option_purge_delay` of mimalloc's `mimalloc.h`, which its bindings leave out.
const PURGE_DELAY: mi_option_t = 15;

/// After how many milliseconds memory that is free goes back to the system. By default it takes a second, and only while something is
/// allocated at all: what a start has freed would stay with a server that then has nothing to do.
const SOON: c_long = 100;

/// Has free memory given back soon, unless `MIMALLOC_PURGE_DELAY` says when. To be called before anything else.
pub(crate) fn settle() {
    #[allow(
        unsafe_code,
        reason = "a foreign function; it writes a number into a table of options that lives as long as the process"
    )]
    unsafe {
        mi_option_set_default(PURGE_DELAY, SOON);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_that_is_set_is_the_delay_of_purging() {
        #[allow(unsafe_code, reason = "a foreign function that reads a number")]
        let before = unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) };
        assert_eq!(before, 1000, "mimalloc's default: the place in its table has moved");
        settle();
        #[allow(unsafe_code, reason = "a foreign function that reads a number")]
        let after = unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) };
        assert_eq!(after, SOON);
    }
}
