//! What clients do: calls and puts.

use super::*;

impl Simulation {
    pub(super) fn call_somewhere(&mut self) {
        let process = self.random.usize(..PROCESSES);
        self.call(process);
    }

    pub(super) fn call(&mut self, process: usize) {
        let soul = self.random.usize(..SOULS);
        let (now, p) = (self.now, &mut self.processes[process]);
        if p.frozen_until > now {
            return;
        }
        let waiter = Waiter { since: now, trust: p.trust(now) };
        if let Some(known) = p.known(soul, now) {
            self.counts.hits += 1;
            return self.check_use(process, soul, known, waiter, "the cache");
        }
        if let Some(request) = p.joinable(soul, now) {
            self.counts.joins += 1;
            p.requests.get_mut(&request).expect("active").waiters.push(waiter);
            return;
        }
        self.next += 1;
        let id = self.next;
        let epoch = p.machine.epoch_for(&name(soul)).cloned();
        let looks_up = epoch.is_some();
        p.requests.insert(id, Request { soul, waiters: vec![waiter], token: None, looks_up });
        p.active.insert(soul, id);
        match (epoch, p.connection) {
            (Some(epoch), Some(connection)) => {
                self.send(connection, Command::LookUp { epoch, soul, request: id });
                self.at(now + LOOK_UP_TIMEOUT, What::LookUpLate(process, id));
            }
            _ => self.ask_relay_now(process, id),
        }
    }

    pub(super) fn ask_relay(&mut self, process: usize, id: u64) {
        if let Some(request) = self.processes[process].requests.get_mut(&id)
            && std::mem::take(&mut request.looks_up)
        {
            self.ask_relay_now(process, id);
        }
    }

    /// The relay looks within a moment and takes up to 3 s to say that there is nothing.
    pub(super) fn ask_relay_now(&mut self, process: usize, id: u64) {
        let request = self.processes[process].requests.get_mut(&id).expect("it asks");
        request.looks_up = false;
        let has = self.has[request.soul];
        let wait = if has { 2 } else { self.random.u64(2..3_000) };
        self.after_ms(wait, What::Answer(process, id, has, self.now));
    }

    /// Ends a request: `known` where the soul is missing.
    pub(super) fn complete(&mut self, process: usize, id: u64, known: Option<Known>) {
        let p = &mut self.processes[process];
        let Some(request) = p.requests.remove(&id) else { return };
        let soul = request.soul;
        let is_current = p.active.get(&soul) == Some(&id);
        if is_current {
            p.active.remove(&soul);
            match known {
                Some(known) => drop(p.cache.insert(soul, known)),
                None => drop(p.cache.remove(&soul)),
            }
        }
        let Some(known) = known else { return };
        if is_current && let Some((epoch, generation)) = request.token {
            let may = p.machine.epoch_for(&name(soul)).is_some_and(|current| **current == *epoch);
            if let Some(connection) = p.connection.filter(|_| may && !known.from_store) {
                self.send(connection, Command::Remember { epoch, soul, generation, seen: known.seen });
            }
        }
        for waiter in request.waiters {
            self.check_use(process, soul, known, waiter, "a request");
        }
    }

    /// A put: the relay has the record, and the process that put it says so.
    pub(super) fn put(&mut self) {
        let process = self.random.usize(..PROCESSES);
        if self.processes[process].frozen_until > self.now {
            return;
        }
        let everything = self.random.u32(..100) == 0;
        let soul = self.random.usize(..SOULS);
        let souls = if everything { 0..SOULS } else { soul..soul + 1 };
        for soul in souls {
            self.has[soul] = true;
            self.invalidations[soul].push(Invalidation { by: process, called: self.now, reached: None });
            let gone = self.random.u64(1..2_000);
            self.after_ms(gone, What::Unput(soul));
        }
        let p = &mut self.processes[process];
        if everything {
            p.machine.invalidate_all();
            p.cache.clear();
            p.active.clear();
        } else {
            p.machine.invalidate(&name(soul));
            p.forget(soul);
        }
        self.handle(process, 0, Event::Time);
    }
}
