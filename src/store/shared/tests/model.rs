//! A simulation in virtual time: three processes, one store, every fault. What processes use is compared with what was put.

mod calls;
mod network;
mod process;
mod promises;
mod server;
mod store;

use super::super::machine::{Action, Event, LEASE, Machine, Rule};
use crate::store::shared::Trust;
use process::{Known, Process, Request, Waiter};
use promises::Invalidation;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::{Data, Entry, Found, Store};

type Moment = Duration;
type Soul = usize;

const PROCESSES: usize = 3;
const SOULS: usize = 12;
const LENGTH: Duration = Duration::from_secs(40);
/// Mean time between faults.
const FAULTS_EVERY_MS: u64 = 3_000;
const LIFE: Duration = Duration::from_secs(20);
const LOOK_UP_TIMEOUT: Duration = Duration::from_millis(100);

/// A part of the protocol that is removed.
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

struct Simulation {
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

impl Simulation {
    fn new(seed: u64, removed: Option<Removed>) -> Simulation {
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
        let mut simulation = Simulation {
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
            simulation.after_ms(1, what);
        }
        for process in 0..PROCESSES {
            simulation.after_ms(0, What::Wake(process));
        }
        simulation
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
        // A frozen process receives nothing. When it continues, threads that call its client may run before its network thread.
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
}

fn name(soul: Soul) -> String {
    soul.to_string()
}

fn run(seed: u64, removed: Option<Removed>) -> (Option<String>, Counts) {
    Simulation::new(seed, removed).run()
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
