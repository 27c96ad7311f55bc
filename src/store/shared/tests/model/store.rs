//! The server: the scripts, as `scripts.rs` has them in Lua, and what may happen to its data.

use super::{Moment, Removed, Soul};
use crate::store::shared::keys::SLOTS;
use std::collections::HashMap;

/// What the server has; a snapshot is a clone.
#[derive(Clone, Default)]
pub struct Data {
    pub generations: Option<Generations>,
    pub entries: HashMap<(String, Soul), Entry>,
}

/// The hash `g`.
#[derive(Clone)]
pub struct Generations {
    epoch: String,
    server: u64,
    n: u64,
    slots: HashMap<u64, i64>,
}

/// An entry knows what a real one does not: when its relay was asked.
#[derive(Clone, Copy)]
pub struct Entry {
    pub seen: Moment,
    pub expires: Moment,
}

/// What a look-up gives.
#[derive(Clone)]
pub enum Found {
    Missing(Entry),
    Generation(i64),
    OtherEpoch,
}

/// Fewer groups than in reality, so that souls meet in one.
pub fn slot(soul: Soul) -> u64 {
    soul as u64 % SLOTS.min(8)
}

pub struct Store {
    /// Changes with each start.
    pub server: u64,
    pub data: Data,
    pub removed: Option<Removed>,
}

impl Store {
    pub fn hello(&mut self, nonce: String) -> (String, u64) {
        let checks = self.removed != Some(Removed::RunId);
        if let Some(g) = &self.data.generations
            && (g.server == self.server || !checks)
        {
            return (g.epoch.clone(), g.n);
        }
        self.begin_epoch(nonce.clone());
        (nonce, 0)
    }

    pub fn beat(&self, epoch: &str) -> Option<u64> {
        self.current(epoch).map(|g| g.n)
    }

    pub fn look_up(&self, epoch: &str, soul: Soul, now: Moment) -> Found {
        let Some(g) = self.current(epoch) else { return Found::OtherEpoch };
        match self.data.entries.get(&(epoch.to_owned(), soul)) {
            Some(entry) if entry.expires > now => Found::Missing(*entry),
            _ => Found::Generation(g.slots.get(&slot(soul)).copied().unwrap_or(0)),
        }
    }

    /// Whether the entry was made.
    pub fn remember(&mut self, epoch: &str, soul: Soul, generation: i64, entry: Entry) -> bool {
        let Some(g) = self.current(epoch) else { return false };
        if g.slots.get(&slot(soul)).copied().unwrap_or(0) != generation {
            return false;
        }
        self.data.entries.insert((epoch.to_owned(), soul), entry);
        true
    }

    /// The message's number.
    pub fn invalidate(&mut self, epoch: &str, soul: Soul) -> Option<u64> {
        self.current(epoch)?;
        self.data.entries.remove(&(epoch.to_owned(), soul));
        let g = self.data.generations.as_mut()?;
        g.n += 1;
        *g.slots.entry(slot(soul)).or_default() += 1;
        Some(g.n)
    }

    pub fn begin_epoch(&mut self, nonce: String) {
        let generations = Generations { epoch: nonce, server: self.server, n: 0, slots: HashMap::new() };
        self.data.generations = Some(generations);
    }

    /// Evicts a key; `g` where `index` has no entry.
    pub fn evict(&mut self, index: usize) {
        let key = self.data.entries.keys().min_by_key(|(_, soul)| soul.abs_diff(index)).cloned();
        match key.filter(|_| index > 2) {
            Some(key) => drop(self.data.entries.remove(&key)),
            None if self.removed == Some(Removed::OneHash) => {
                if let Some(g) = &mut self.data.generations {
                    g.slots.clear();
                }
            }
            None => self.data.generations = None,
        }
    }

    fn current(&self, epoch: &str) -> Option<&Generations> {
        self.data.generations.as_ref().filter(|g| g.epoch == epoch)
    }
}
