//! Standard output. Whoever reads it may be gone (`stepwell key list | head`); that is no reason to fail.

use std::fmt::Arguments;
use std::io::Write as _;

/// Prints a line, coloured only on a terminal.
pub(crate) fn line(text: Arguments<'_>) {
    let mut out = anstream::stdout();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints a line as `println!` would.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::print::line(format_args!($($text)*))
    };
}
pub(crate) use say;
