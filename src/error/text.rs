//! How durations and foreign text are written in messages.

use std::fmt;
use std::time::Duration;

/// A duration as an operator reads it: `12 ms`, `1.2 s`.
pub struct Elapsed(pub Duration);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < Duration::from_secs(1) {
            write!(f, "{} ms", self.0.as_millis())
        } else {
            write!(f, "{:.1} s", self.0.as_secs_f64())
        }
    }
}

/// Untrusted text in a message: quoted, at most [`Quoted::MAX_CHARS`] characters, with everything escaped that could break
/// the line, move the cursor or change the reading direction.
pub struct Quoted<'a>(pub &'a str);

impl Quoted<'_> {
    const MAX_CHARS: usize = 120;
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for (count, c) in self.0.chars().enumerate() {
            if count == Self::MAX_CHARS {
                return f.write_str("…\"");
            }
            match c {
                '"' | '\\' | '\n' | '\r' | '\t' => write!(f, "{}", c.escape_default())?,
                c if c.is_control() || reorders(c) => write!(f, "{}", c.escape_unicode())?,
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}

/// Invisible characters that change how their neighbours are displayed (Unicode TR 36, TR 9).
fn reorders(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
