//! The connections between processes and server.

use super::*;

impl Simulation {
    pub(super) fn open(&mut self, process: usize, session: u64) {
        let id = self.connections.len();
        self.connections.push(Connection {
            process,
            session,
            is_open: self.is_up,
            to_server: self.now,
            to_process: self.now,
        });
        self.processes[process].connection = Some(id);
        self.counts.sessions += 1;
        let is_up = self.is_up;
        self.reply(id, if is_up { Packet::Opened } else { Packet::Refused });
    }

    pub(super) fn latency(&mut self, process: usize) -> Moment {
        let latency = if self.random.u32(..50) == 0 { self.micros(1..150_000) } else { self.micros(50..2_000) };
        (self.now + latency).max(self.processes[process].cut_until)
    }

    pub(super) fn send(&mut self, id: usize, command: Command) {
        let arrives = self.latency(self.connections[id].process).max(self.connections[id].to_server);
        self.connections[id].to_server = arrives;
        self.at(arrives, What::ToServer(id, command));
    }

    pub(super) fn reply(&mut self, id: usize, packet: Packet) {
        let arrives = self.latency(self.connections[id].process).max(self.connections[id].to_process);
        self.connections[id].to_process = arrives;
        // A message is handled when it arrives, anything else by a task that runs a little later.
        let is_message = matches!(packet, Packet::Message { .. } | Packet::All { .. } | Packet::Closed);
        let later = if is_message { Duration::ZERO } else { self.micros(0..2_000) };
        self.at(arrives + later, What::ToProcess(id, packet));
    }

    pub(super) fn publish(&mut self, message: impl Fn() -> Packet) {
        for id in 0..self.connections.len() {
            // Some are lost.
            if self.connections[id].is_open && self.random.u32(..60) != 0 {
                self.reply(id, message());
            }
        }
    }

    pub(super) fn receive(&mut self, id: usize, packet: Packet) {
        let Connection { process, session, .. } = self.connections[id];
        let event = match packet {
            Packet::Opened => Event::Opened,
            Packet::Refused => Event::Failed("refused".to_owned()),
            Packet::Closed => Event::Failed("closed".to_owned()),
            Packet::Hello(epoch, n) => Event::Hello { epoch: epoch.into(), n },
            Packet::Beat(n) => Event::Beat(n),
            Packet::Invalidated(is_done) => Event::Invalidated(is_done),
            Packet::Message { n, origin, soul } => {
                return self.handle(process, session, Event::Message { n, origin: &origin, soul: &name(soul) });
            }
            Packet::All { origin, epoch } => {
                return self.handle(process, session, Event::All { origin: &origin, epoch: &epoch });
            }
            Packet::LookUp(request, epoch, found) => return self.looked_up(process, request, epoch, found),
        };
        self.handle(process, session, event);
    }

    pub(super) fn looked_up(&mut self, process: usize, id: u64, epoch: String, found: Found) {
        let Some(request) = self.processes[process].requests.get_mut(&id).filter(|one| one.looks_up) else { return };
        match found {
            Found::Missing(Entry { seen, expires }) => {
                let known = Known { seen, from_store: true, expires };
                return self.complete(process, id, Some(known));
            }
            Found::Generation(generation) => request.token = Some((epoch, generation)),
            Found::OtherEpoch => {}
        }
        self.ask_relay_now(process, id);
    }
}
