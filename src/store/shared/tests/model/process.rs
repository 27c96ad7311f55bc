//! A process: the state machine under test, and a client that follows the rules of the module's documentation.

use super::{Moment, Removed, Soul};
use crate::store::shared::Trust;
use crate::store::shared::machine::{Flush, Machine};
use std::collections::HashMap;

/// What is known to be missing.
#[derive(Clone, Copy)]
pub struct Known {
    /// When the relay was asked.
    pub seen: Moment,
    pub from_store: bool,
    pub expires: Moment,
}

/// Somebody who waits for a request.
#[derive(Clone, Copy)]
pub struct Waiter {
    pub since: Moment,
    pub trust: Trust,
}

pub struct Request {
    pub soul: Soul,
    pub waiters: Vec<Waiter>,
    /// Epoch and generation.
    pub token: Option<(String, i64)>,
    pub looks_up: bool,
}

pub struct Process {
    pub machine: Machine,
    /// Opened by the state machine's session of this number.
    pub connection: Option<usize>,
    pub lease: Option<Moment>,
    pub cache: HashMap<Soul, Known>,
    pub requests: HashMap<u64, Request>,
    /// Those that may be joined.
    pub active: HashMap<Soul, u64>,
    pub frozen_until: Moment,
    pub cut_until: Moment,
    pub wake_at: Option<Moment>,
    pub removed: Option<Removed>,
}

impl Process {
    pub fn trust(&self, now: Moment) -> Trust {
        match self.lease {
            None => Trust::Own,
            Some(until) if now < until => Trust::Everything,
            Some(_) => Trust::Nothing,
        }
    }

    /// What a call may be answered with at once.
    pub fn known(&self, soul: Soul, now: Moment) -> Option<Known> {
        let known = *self.cache.get(&soul).filter(|known| known.expires > now)?;
        match self.trust(now) {
            Trust::Everything => Some(known),
            Trust::Own => (!known.from_store).then_some(known),
            Trust::Nothing => None,
        }
    }

    /// The request that a call may join.
    pub fn joinable(&self, soul: Soul, now: Moment) -> Option<u64> {
        self.active.get(&soul).copied().filter(|_| self.trust(now) != Trust::Nothing)
    }

    pub fn forget(&mut self, soul: Soul) {
        self.cache.remove(&soul);
        self.active.remove(&soul);
    }

    pub fn forget_all(&mut self, cause: Flush) {
        let is_connect = cause == Flush::Connected;
        if !(is_connect && self.removed == Some(Removed::FlushOnConnect)) {
            self.cache.clear();
        }
        if !(is_connect && self.removed == Some(Removed::DetachOnConnect)) {
            self.active.clear();
        }
    }
}
