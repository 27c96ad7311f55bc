//! Three processes, one store, every fault, in virtual time. What each process uses is compared with what was put.

mod process;
mod store;

use super::super::machine::{Action, Event, LEASE, Machine, Rule};
use crate::store::shared::Trust;
use process::{Known, Process, Request, Waiter};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::{Data, Entry, Found, Store};

type Moment = Duration;
type Soul = usize;

const PROCESSES: usize = 3;
const SOULS: usize = 12;
const LENGTH: Duration = Duration::from_secs(40);
/// A fault begins this often, as a mean.
const FAULTS_EVERY_MS: u64 = 3_000;
const LIFE: Duration = Duration::from_secs(20);
const LOOK_UP_TIMEOUT: Duration = Duration::from_millis(100);

/// A part of the protocol that is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Removed {
    /// HELLO does not compare the server's identity.
    RunId,
    /// Generations can be evicted apart from the epoch.
    OneHash,
    FlushOnConnect,
    DetachOnConnect,
    Of(Rule),
}

const PARTS: [Removed; 7] = [
    Removed::RunId,
    Removed::OneHash,
    Removed::Of(Rule::Pending),
    Removed::FlushOnConnect,
    Removed::Of(Rule::Sequence),
    Removed::Of(Rule::Lease),
    Removed::DetachOnConnect,
];

/// A command on its way to the server.
enum Command {
    Hello(String),
    Beat(Arc<str>),
    LookUp { epoch: Arc<str>, soul: Soul, request: u64 },
    Remember { epoch: String, soul: Soul, generation: i64, seen: Moment },
    Invalidate { epoch: Arc<str>, souls: Vec<Soul>, sent: Moment },
    InvalidateAll { nonce: String, sent: Moment },
}

/// An answer or a message on its way to a process.
enum Packet {
    Opened,
    Refused,
    Hello(String, u64),
    Beat(Option<u64>),
    Invalidated(bool),
    LookUp(u64, String, Found),
    Message { n: u64, origin: Arc<str>, soul: Soul },
    All { origin: Arc<str>, epoch: String },
    Closed,
}

enum What {
    ToServer(usize, Command),
    ToProcess(usize, Packet),
    Wake(usize),
    LookUpLate(usize, u64),
    /// The relay's answer: what it saw, and when.
    Answer(usize, u64, bool, Moment),
    Call,
    Put,
    Thaw(usize),
    Unput(Soul),
    Fault,
    /// The server is short of memory until then.
    Evict(Moment),
    ServerStarts,
}

struct Connection {
    process: usize,
    session: u64,
    is_open: bool,
    /// TCP keeps the order: the latest arrival so far in each direction.
    to_server: Moment,
    to_process: Moment,
}

struct Invalidation {
    by: usize,
    called: Moment,
    reached: Option<Moment>,
}

struct World {
    random: fastrand::Rng,
    now: Moment,
    events: BTreeMap<(Moment, u64), What>,
    next: u64,
    store: Store,
    is_up: bool,
    paused_until: Moment,
    snapshot: Data,
    connections: Vec<Connection>,
    processes: Vec<Process>,
    /// What the relay has.
    has: [bool; SOULS],
    invalidations: Vec<Vec<Invalidation>>,
    violation: Option<String>,
    counts: Counts,
}

/// A run in which nothing happens proves nothing.
#[derive(Debug, Default)]
struct Counts {
    hits: u64,
    joins: u64,
    from_store: u64,
    remembered: u64,
    refused: u64,
    reached: u64,
    sessions: u64,
}

impl World {
    fn new(seed: u64, removed: Option<Removed>) -> World {
        let mut random = fastrand::Rng::with_seed(seed);
        let rule = if let Some(Removed::Of(rule)) = removed { Some(rule) } else { None };
        let processes = (0..PROCESSES).map(|_| Process {
            machine: Machine::new(Moment::ZERO, random.u64(..)).without(rule),
            connection: None,
            lease: None,
            cache: Default::default(),
            requests: Default::default(),
            active: Default::default(),
            frozen_until: Moment::ZERO,
            cut_until: Moment::ZERO,
            wake_at: None,
            removed,
        });
        let mut world = World {
            processes: processes.collect(),
            random,
            now: Moment::ZERO,
            events: BTreeMap::new(),
            next: 0,
            store: Store { server: 1, data: Data::default(), removed },
            is_up: true,
            paused_until: Moment::ZERO,
            snapshot: Data::default(),
            connections: Vec::new(),
            has: [false; SOULS],
            invalidations: (0..SOULS).map(|_| Vec::new()).collect(),
            violation: None,
            counts: Counts::default(),
        };
        for what in [What::Call, What::Put, What::Fault] {
            world.after_ms(1, what);
        }
        for process in 0..PROCESSES {
            world.after_ms(0, What::Wake(process));
        }
        world
    }

    fn run(mut self) -> (Option<String>, Counts) {
        while self.now < LENGTH && self.violation.is_none() {
            let Some(((at, _), what)) = self.events.pop_first() else { break };
            self.now = self.now.max(at);
            self.step(what);
        }
        (self.violation, self.counts)
    }

    fn at(&mut self, at: Moment, what: What) {
        self.next += 1;
        self.events.insert((at, self.next), what);
    }

    fn after_ms(&mut self, ms: u64, what: What) {
        self.at(self.now + Duration::from_millis(ms), what);
    }

    fn micros(&mut self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_micros(self.random.u64(range))
    }

    fn step(&mut self, what: What) {
        // A frozen process takes nothing; its client's threads may run before its network's thread once it goes on.
        let process = match &what {
            What::ToProcess(connection, _) => Some(self.connections[*connection].process),
            What::Wake(p) | What::LookUpLate(p, _) | What::Answer(p, ..) => Some(*p),
            _ => None,
        };
        if let Some(process) = process {
            let until = self.processes[process].frozen_until;
            if until > self.now {
                return self.at(until + Duration::from_millis(20), what);
            }
        }
        match what {
            What::ToServer(connection, command) => self.serve(connection, command),
            What::ToProcess(connection, packet) => self.receive(connection, packet),
            What::Wake(process) => {
                self.processes[process].wake_at = None;
                self.handle(process, 0, Event::Time);
            }
            What::LookUpLate(process, request) => self.ask_relay(process, request),
            What::Answer(process, request, has, seen) => {
                let known = Known { seen, from_store: false, expires: self.now + LIFE };
                self.complete(process, request, (!has).then_some(known));
            }
            What::Call => {
                self.call_somewhere();
                let wait = self.random.u64(1..8);
                self.after_ms(wait, What::Call);
            }
            What::Put => {
                self.put();
                let wait = self.random.u64(20..150);
                self.after_ms(wait, What::Put);
            }
            What::Unput(soul) => self.has[soul] = false,
            What::Thaw(process) => (0..10).for_each(|_| self.call(process)),
            What::Fault => {
                self.fault();
                let wait = self.random.u64(1..2 * FAULTS_EVERY_MS);
                self.after_ms(wait, What::Fault);
            }
            What::Evict(until) => {
                let index = self.random.usize(..SOULS);
                self.store.evict(index);
                let wait = self.random.u64(1..200);
                if self.now < until {
                    self.after_ms(wait, What::Evict(until));
                }
            }
            What::ServerStarts => self.is_up = true,
        }
    }

    // --- the client's calls

    fn call_somewhere(&mut self) {
        let process = self.random.usize(..PROCESSES);
        self.call(process);
    }

    fn call(&mut self, process: usize) {
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

    fn ask_relay(&mut self, process: usize, id: u64) {
        if let Some(request) = self.processes[process].requests.get_mut(&id)
            && std::mem::take(&mut request.looks_up)
        {
            self.ask_relay_now(process, id);
        }
    }

    /// The relay looks within a moment and takes up to 3 s to say that there is nothing.
    fn ask_relay_now(&mut self, process: usize, id: u64) {
        let request = self.processes[process].requests.get_mut(&id).expect("it asks");
        request.looks_up = false;
        let has = self.has[request.soul];
        let wait = if has { 2 } else { self.random.u64(2..3_000) };
        self.after_ms(wait, What::Answer(process, id, has, self.now));
    }

    /// Ends a request: `known` where the soul is missing.
    fn complete(&mut self, process: usize, id: u64, known: Option<Known>) {
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
    fn put(&mut self) {
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

    // --- what is promised

    fn check_use(&mut self, process: usize, soul: Soul, known: Known, waiter: Waiter, what: &str) {
        self.counts.from_store += u64::from(known.from_store);
        let old = self.invalidations[soul].iter().find(|one| {
            let is_over = match one.reached {
                // P3: at the message, otherwise within the lease.
                Some(reached) => waiter.trust == Trust::Everything && reached + LEASE < waiter.since,
                None => false,
            };
            // Its own hold at once.
            known.seen < one.called && ((one.by == process && one.called < waiter.since) || is_over)
        });
        if let Some(old) = old {
            self.violation = Some(format!(
                "process {process} at {:?} ({:?}) used knowledge from {:?} of soul {soul} out of {what}, which {} \
                 invalidated at {:?}, in the store at {:?}",
                waiter.since, waiter.trust, known.seen, old.by, old.called, old.reached
            ));
        }
    }

    /// P1: after an invalidation has reached the store, the store never has what was seen before.
    fn check_entry(&mut self, soul: Soul, seen: Moment, what: &str) {
        let old = self.invalidations[soul].iter().find(|one| seen < one.called && one.reached.is_some());
        if let Some(old) = old {
            let (now, called, reached) = (self.now, old.called, old.reached);
            self.violation = Some(format!(
                "the store {what} knowledge from {seen:?} of soul {soul} at {now:?}, invalidated at {called:?}, in the \
                 store at {reached:?}"
            ));
        }
    }

    // --- the machine

    fn handle(&mut self, process: usize, session: u64, event: Event<'_>) {
        let (now, p) = (self.now, &mut self.processes[process]);
        let actions = p.machine.handle(now, session, event);
        for action in actions {
            self.act(process, action);
        }
        let deadline = self.processes[process].machine.deadline();
        if deadline != self.processes[process].wake_at {
            self.processes[process].wake_at = deadline;
            if let Some(deadline) = deadline {
                self.at(deadline.max(now), What::Wake(process));
            }
        }
    }

    fn act(&mut self, process: usize, action: Action) {
        let now = self.now;
        let p = &mut self.processes[process];
        let command = match action {
            Action::Open(session) => return self.open(process, session),
            Action::Close => return p.connection = None,
            Action::Forget(soul) => return p.forget(soul.parse().expect("a number")),
            Action::ForgetAll(cause) => return p.forget_all(cause),
            Action::Trust(until) => return p.lease = until,
            Action::Lost(_) | Action::Back(_) => return,
            Action::Hello { nonce } => Command::Hello(nonce),
            Action::Beat { epoch } => Command::Beat(epoch),
            Action::Invalidate { epoch, souls } => {
                let souls = souls.iter().map(|soul| soul.parse().expect("a number")).collect();
                Command::Invalidate { epoch, souls, sent: now }
            }
            Action::InvalidateAll { nonce } => Command::InvalidateAll { nonce, sent: now },
        };
        if let Some(connection) = p.connection {
            self.send(connection, command);
        }
    }

    // --- the network

    fn open(&mut self, process: usize, session: u64) {
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

    fn latency(&mut self, process: usize) -> Moment {
        let latency = if self.random.u32(..50) == 0 { self.micros(1..150_000) } else { self.micros(50..2_000) };
        (self.now + latency).max(self.processes[process].cut_until)
    }

    fn send(&mut self, id: usize, command: Command) {
        let arrives = self.latency(self.connections[id].process).max(self.connections[id].to_server);
        self.connections[id].to_server = arrives;
        self.at(arrives, What::ToServer(id, command));
    }

    fn reply(&mut self, id: usize, packet: Packet) {
        let arrives = self.latency(self.connections[id].process).max(self.connections[id].to_process);
        self.connections[id].to_process = arrives;
        // A message is dealt with where it arrives, anything else by a task that runs a little later.
        let is_message = matches!(packet, Packet::Message { .. } | Packet::All { .. } | Packet::Closed);
        let later = if is_message { Duration::ZERO } else { self.micros(0..2_000) };
        self.at(arrives + later, What::ToProcess(id, packet));
    }

    fn publish(&mut self, message: impl Fn() -> Packet) {
        for id in 0..self.connections.len() {
            // Some are lost.
            if self.connections[id].is_open && self.random.u32(..60) != 0 {
                self.reply(id, message());
            }
        }
    }

    fn receive(&mut self, id: usize, packet: Packet) {
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

    fn looked_up(&mut self, process: usize, id: u64, epoch: String, found: Found) {
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

    // --- the server

    fn serve(&mut self, id: usize, command: Command) {
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

    fn reach(&mut self, process: usize, soul: Soul, sent: Moment) {
        for one in &mut self.invalidations[soul] {
            if one.by == process && one.called <= sent && one.reached.is_none() {
                one.reached = Some(self.now);
                self.counts.reached += 1;
            }
        }
    }

    fn fault(&mut self) {
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

    fn kill(&mut self, data: Data) {
        (0..self.connections.len()).for_each(|id| self.close(id));
        self.store.server += 1;
        self.store.data = data;
        self.is_up = false;
        let down = self.random.u64(1..3_000);
        self.after_ms(down, What::ServerStarts);
    }

    fn close(&mut self, id: usize) {
        if std::mem::take(&mut self.connections[id].is_open) {
            self.reply(id, Packet::Closed);
        }
    }
}

fn name(soul: Soul) -> String {
    soul.to_string()
}

fn run(seed: u64, removed: Option<Removed>) -> (Option<String>, Counts) {
    World::new(seed, removed).run()
}

/// The protocol breaks no promise in any of these runs.
fn whole(seeds: u64) {
    let mut all = Counts::default();
    for seed in 0..seeds {
        let (violation, counts) = run(seed, None);
        assert_eq!(violation, None, "seed {seed}");
        all.hits += counts.hits;
        all.joins += counts.joins;
        all.from_store += counts.from_store;
        all.remembered += counts.remembered;
        all.refused += counts.refused;
        all.reached += counts.reached;
        all.sessions += counts.sessions;
    }
    println!("{seeds} seeds without a violation: {all:?}");
    for count in [all.hits, all.joins, all.from_store, all.remembered, all.refused, all.reached, all.sessions] {
        assert!(count >= seeds, "{all:?}");
    }
}

/// How many seeds are tried; `npm run chaos:shared` tries 1,500.
fn seeds() -> Option<u64> {
    std::env::var("GUN_MODEL_SEEDS").ok()?.parse().ok()
}

#[test]
fn no_promise_is_broken_whatever_happens_to_server_network_and_processes() {
    whole(seeds().unwrap_or(25));
}

#[test]
fn each_part_of_the_protocol_is_needed() {
    for part in PARTS {
        let mut broken = (0..100).filter(|seed| run(*seed, Some(part)).0.is_some());
        if seeds().is_none() {
            assert!(broken.next().is_some(), "{part:?} is not missed");
            continue;
        }
        let broken = broken.count();
        println!("without {part:?}: a promise is broken in {broken} of 100 seeds");
        assert!(broken > 0, "{part:?} is not missed");
    }
}
