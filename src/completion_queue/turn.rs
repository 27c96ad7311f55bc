//! How much is delivered in one turn of an event loop.

/// Maximum text per turn of the event loop, about 150 records of the usual size. Parsing blocks the loop, and what is parsed
/// stays alive until the turn ends, so a burst of large records must not be one turn.
pub const MAX_TURN_BYTES: usize = 256 * 1024;

/// Maximum outcomes per turn. A failure costs about 50 µs in JavaScript, most of it for its stack trace.
pub const MAX_TURN_ITEMS: usize = 256;

/// What a queue entry uses up of a turn.
pub trait Weigh {
    /// Bytes of text that JavaScript will parse.
    fn text_bytes(&self) -> usize;

    /// Number of outcomes; each costs time in JavaScript.
    fn items(&self) -> usize {
        1
    }
}

/// What was delivered in one turn of the event loop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turn {
    bytes: usize,
    items: usize,
}

impl Turn {
    /// Counts an entry if there is room for it; returns whether there was. The first one always fits, since an entry may be
    /// larger than a turn.
    pub(super) fn admit(&mut self, entry: &impl Weigh) -> bool {
        let bytes = self.bytes + entry.text_bytes();
        let items = self.items + entry.items();
        let fits = self.items == 0 || bytes <= MAX_TURN_BYTES && items <= MAX_TURN_ITEMS;
        if fits {
            *self = Self { bytes, items };
        }
        fits
    }
}
