//! Writing to the terminal: answers to stdout, notices to stderr.
//!
//! Not a renderer of replies: `Reply::plain` is. A closed pipe ends quietly. Layer 4.

use std::io::Write as _;

/// An answer.
pub(crate) fn print(text: &str) {
    // Whoever closed the pipe wants no more.
    let _ = std::io::stdout().write_all(text.as_bytes());
    let _ = std::io::stdout().flush();
}

/// An answer and the end of its line.
pub(crate) fn line(text: &str) {
    print(&format!("{text}\n"));
}

/// Something beside the answer.
pub(crate) fn notice(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// How wide the terminal is that is written to; none where it is none.
pub(crate) fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}
