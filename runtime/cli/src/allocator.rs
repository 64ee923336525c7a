//! The allocator of the whole process.

use std::ffi::c_long;

use libmimalloc_sys::{mi_option_set, mi_option_t};
use mimalloc::MiMalloc;

/// Many small values live and die in each step; the system's allocator takes twice as long for them.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// `mi_option_purge_delay` of mimalloc's `mimalloc.h`, which its bindings leave out.
const PURGE_DELAY: mi_option_t = 15;

/// After how many milliseconds memory that is free goes back to the system. By default it takes a second, and only while something is
/// allocated at all.
const SOON: c_long = 100;

/// At once: what a start has freed would stay with a server that then has nothing to do, and allocates nothing.
const AT_ONCE: c_long = 0;

/// The delay that whoever started the process asked for goes before ours.
const ASKED_FOR: &str = "MIMALLOC_PURGE_DELAY";

/// From here on free memory is given back at once. For the start of a server.
pub(crate) fn starts() {
    set(AT_ONCE);
}

/// From here on free memory is given back soon, while it may still be used again.
pub(crate) fn works() {
    set(SOON);
}

fn set(delay: c_long) {
    if std::env::var_os(ASKED_FOR).is_none() {
        #[allow(
            unsafe_code,
            reason = "a foreign function; it writes a number into a table that lives as long as the process"
        )]
        unsafe {
            mi_option_set(PURGE_DELAY, delay);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delay() -> c_long {
        #[allow(unsafe_code, reason = "a foreign function that reads a number")]
        unsafe {
            libmimalloc_sys::mi_option_get(PURGE_DELAY)
        }
    }

    #[test]
    fn the_option_that_is_set_is_the_delay_of_purging() {
        assert_eq!(delay(), 1000, "mimalloc's default: the place in its table has moved");
        starts();
        assert_eq!(delay(), AT_ONCE);
        works();
        assert_eq!(delay(), SOON);
    }
}
