//! The server, and what happens to it.

use super::*;

impl Simulation {
    pub(super) fn serve(&mut self, id: usize, command: Command) {
        if !self.is_up || !self.connections[id].is_open {
            return;
        }
        if self.paused_until > self.now {
            return self.at(self.paused_until, What::ToServer(id, command));
        }
        let process = self.connections[id].process;
        let origin = Arc::clone(self.processes[process].machine.origin());
        let reply = match command {
            Command::Hello(nonce) => {
                let (epoch, n) = self.store.hello(nonce);
                Packet::Hello(epoch, n)
            }
            Command::Beat(epoch) => Packet::Beat(self.store.beat(&epoch)),
            Command::LookUp { epoch, soul, request } => {
                let found = self.store.look_up(&epoch, soul, self.now);
                if let Found::Missing(entry) = found {
                    self.check_entry(soul, entry.seen, "gave");
                }
                Packet::LookUp(request, epoch.to_string(), found)
            }
            Command::Remember { epoch, soul, generation, seen } => {
                let entry = Entry { seen, expires: self.now + LIFE };
                if self.store.remember(&epoch, soul, generation, entry) {
                    self.counts.remembered += 1;
                    self.check_entry(soul, seen, "took");
                } else {
                    self.counts.refused += 1;
                }
                return;
            }
            Command::Invalidate { epoch, souls, sent } => {
                let mut is_done = true;
                for soul in souls {
                    let Some(n) = self.store.invalidate(&epoch, soul) else {
                        is_done = false;
                        continue;
                    };
                    self.reach(process, soul, sent);
                    self.publish(|| Packet::Message { n, origin: Arc::clone(&origin), soul });
                }
                Packet::Invalidated(is_done)
            }
            Command::InvalidateAll { nonce, sent } => {
                self.store.begin_epoch(nonce.clone());
                (0..SOULS).for_each(|soul| self.reach(process, soul, sent));
                self.publish(|| Packet::All { origin: Arc::clone(&origin), epoch: nonce.clone() });
                Packet::Invalidated(true)
            }
        };
        self.reply(id, reply);
    }

    pub(super) fn reach(&mut self, process: usize, soul: Soul, sent: Moment) {
        for one in &mut self.invalidations[soul] {
            if one.by == process && one.called <= sent && one.reached.is_none() {
                one.reached = Some(self.now);
                self.counts.reached += 1;
            }
        }
    }

    pub(super) fn fault(&mut self) {
        let process = self.random.usize(..PROCESSES);
        let length = Duration::from_millis(self.random.u64(20..6_000));
        match self.random.u32(..9) {
            0 => self.kill(Data::default()),
            1 => self.kill(self.snapshot.clone()),
            2 => self.snapshot = self.store.data.clone(),
            3 => self.paused_until = self.now + length,
            4 => self.processes[process].cut_until = self.now + length,
            5 => self.at(self.now, What::Evict(self.now + length)),
            6 => self.store.data = Data::default(),
            7 => {
                self.processes[process].frozen_until = self.now + length;
                self.at(self.now + length, What::Thaw(process));
            }
            _ => {
                if let Some(id) = self.processes[process].connection {
                    self.close(id);
                }
            }
        }
    }

    pub(super) fn kill(&mut self, data: Data) {
        (0..self.connections.len()).for_each(|id| self.close(id));
        self.store.server += 1;
        self.store.data = data;
        self.is_up = false;
        let down = self.random.u64(1..3_000);
        self.after_ms(down, What::ServerStarts);
    }

    pub(super) fn close(&mut self, id: usize) {
        if std::mem::take(&mut self.connections[id].is_open) {
            self.reply(id, Packet::Closed);
        }
    }
}
