//! Souls: non-empty, well-formed strings of bounded length.

use std::fmt;

/// The longest soul, in bytes of UTF-8.
pub const MAX_BYTES: usize = 4_096;

/// Why a value is not a soul.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotASoul {
    /// Not a string but this, as `typeof` names it.
    NotAString(&'static str),
    /// It is empty.
    Empty,
    /// It has more than [`MAX_BYTES`].
    TooLong,
    /// It contains a lone surrogate, which UTF-8 cannot represent.
    LoneSurrogate,
}

impl fmt::Display for NotASoul {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("soul must be a non-empty, well-formed string of at most 4096 bytes, got ")?;
        match self {
            NotASoul::NotAString(kind) => write!(f, "a value of type {kind}"),
            NotASoul::Empty => f.write_str("an empty string"),
            NotASoul::TooLong => f.write_str("a longer one"),
            NotASoul::LoneSurrogate => f.write_str("one with a lone surrogate"),
        }
    }
}

/// Checks the text of a soul. A `str` is always well-formed.
pub fn check(text: &str) -> Result<&str, NotASoul> {
    match text.len() {
        0 => Err(NotASoul::Empty),
        1..=MAX_BYTES => Ok(text),
        _ => Err(NotASoul::TooLong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_counted_in_bytes() {
        assert_eq!(check(""), Err(NotASoul::Empty));
        assert!(check(&"a".repeat(MAX_BYTES)).is_ok());
        assert!(check(&"é".repeat(MAX_BYTES / 2)).is_ok());
        assert_eq!(check(&"é".repeat(MAX_BYTES / 2 + 1)), Err(NotASoul::TooLong));
        assert!(NotASoul::TooLong.to_string().contains(&MAX_BYTES.to_string()));
    }
}
