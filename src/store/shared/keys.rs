//! Names of keys and of the channel, and the format of messages.

use xxhash_rust::xxh3::xxh3_64;

/// Part of every key, so that processes with another format use other keys.
const PROTOCOL: &str = "gun-native 1";
/// Number of slots; each has one generation.
pub const SLOTS: u64 = 4_096;

/// The names of one namespace in one database.
#[derive(Debug, Clone)]
pub struct Keys {
    prefix: String,
    /// The hash of epoch, server, count and generations.
    pub generations: String,
    /// The channel for invalidations. All databases of a server share its channels, so the name contains the number.
    pub channel: String,
}

impl Keys {
    /// `namespace` distinguishes relays.
    pub fn new(namespace: &str, db: u32) -> Self {
        let hash = xxh3_64(format!("{PROTOCOL}\n{namespace}").as_bytes());
        // The braces make it a hash tag: in a cluster, all keys are on one node.
        let prefix = format!("gun:{{{hash:016x}}}");
        Self { generations: format!("{prefix}:g"), channel: format!("{prefix}:{db}"), prefix }
    }

    /// The key of a soul's entry.
    pub fn entry(&self, epoch: &str, soul: &str) -> String {
        format!("{}:{epoch}:{soul}", self.prefix)
    }
}

/// The soul's slot, the same in all processes and versions.
pub fn slot(soul: &str) -> u16 {
    (xxh3_64(soul.as_bytes()) % SLOTS) as u16
}

/// A message of the channel.
#[derive(Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// `<n> <generation> <origin> <soul>`
    Soul {
        /// Its number.
        n: u64,
        /// Who sent it.
        origin: &'a str,
        /// What was invalidated.
        soul: &'a str,
    },
    /// `* <origin> <epoch>`
    All {
        /// Who sent it.
        origin: &'a str,
        /// The new epoch.
        epoch: &'a str,
    },
}

impl<'a> Message<'a> {
    /// Parses a message; `None` if it is invalid.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        if let Some(all) = text.strip_prefix("* ") {
            let (origin, epoch) = all.split_once(' ')?;
            return Some(Message::All { origin, epoch });
        }
        let mut parts = text.splitn(4, ' ');
        let n = parts.next()?.parse().ok()?;
        let _generation: i64 = parts.next()?.parse().ok()?;
        Some(Message::Soul { n, origin: parts.next()?, soul: parts.next()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_same_in_all_processes_and_versions() {
        assert_eq!([slot("a"), slot("oip:registry")], [3_615, 1_012]);
        let keys = Keys::new("http://gun-relay:8765", 3);
        assert_eq!(keys.generations, "gun:{f06745942dc3fd55}:g");
        assert_eq!(keys.channel, "gun:{f06745942dc3fd55}:3");
        assert_eq!(keys.entry("e", "a:b"), "gun:{f06745942dc3fd55}:e:a:b");
    }

    #[test]
    fn a_soul_in_a_message_may_be_any_text() {
        for soul in ["a", "*", "* a b", " two  spaces ", "1 2 3 4", "\n", "é"] {
            let text = format!("7 2 origin {soul}");
            assert_eq!(Message::parse(text.as_bytes()), Some(Message::Soul { n: 7, origin: "origin", soul }));
        }
        assert_eq!(Message::parse(b"* o e"), Some(Message::All { origin: "o", epoch: "e" }));
        for text in ["", "1", "1 2", "1 2 o", "x 2 o s", "-1 2 o s", "* o"] {
            assert_eq!(Message::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Message::parse(b"1 2 o \xff"), None);
    }
}
