//! Every order in which callers, requests, puts, timers and a close can follow each other, on the real active and the real
//! cache, against a model. Each method of [`SingleFlight`] does its work under one lock, so that an order of whole steps is
//! an order that threads can come to, and the only kind there is.

use super::*;
use crate::negative_cache::{CachePolicy, Lookup, NegativeCache};
use std::time::Duration;

const SOUL: &str = "a";
const SOON: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_secs(60);

/// Who takes steps.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Role {
    /// Looks into the cache, then joins.
    Caller,
    /// Joins whatever the cache knows.
    Fresh,
    /// A caller that gives up.
    Leaver,
    /// A caller whose time ends when the timer rings.
    Hasty,
    Timer,
    /// Writes the soul at the relay, then invalidates it.
    Put,
    /// The same by `invalidate_all`.
    PutAll,
    /// Takes the soul from the relay, then invalidates it.
    Remove,
    Closer,
    /// A request's task; one comes with each request.
    Driver,
}
use Role::*;

#[derive(Debug)]
struct Actor {
    role: Role,
    steps_taken: usize,
    is_done: bool,
    handle: Option<WaiterHandle<usize>>,
    /// States of the relay that a caller may be settled: whether it has the record.
    allowed: Vec<bool>,
    settled: usize,
    request: Option<Arc<Request<usize>>>,
    answer: Option<bool>,
    /// Whether nobody may join the request any more.
    is_detached: bool,
}

struct Fixture {
    single_flight: SingleFlight<usize>,
    cache: NegativeCache,
    start: Instant,
    has_record: bool,
    /// States since the last invalidation.
    possible: Vec<bool>,
    actors: Vec<Actor>,
    trace: Vec<(usize, Role)>,
}

impl Fixture {
    fn new(roles: &[Role], is_known: bool) -> Self {
        let start = Instant::now();
        let single_flight = SingleFlight::new(roles.len());
        let ttl = 2 * LATER;
        let cache = NegativeCache::new(CachePolicy { capacity: 10, ttl, first_ttl: ttl, refresh: false }, start);
        if is_known {
            cache.remember(SOUL, start);
        }
        let actors = roles.iter().map(|role| Actor::new(*role, None)).collect();
        let (possible, trace) = (vec![false], Vec::new());
        Self { single_flight, cache, start, has_record: false, possible, actors, trace }
    }

    fn ready(&self) -> Vec<usize> {
        (0..self.actors.len()).filter(|actor| !self.actors[*actor].is_done).collect()
    }

    fn step(&mut self, at: usize) {
        let (role, step) = (self.actors[at].role, self.actors[at].steps_taken);
        self.trace.push((at, role));
        self.actors[at].steps_taken += 1;
        match (role, step) {
            (Caller | Leaver | Hasty, 0) => self.look(at),
            (Caller | Leaver | Hasty, 1) | (Fresh, 0) => self.join(at),
            (Leaver, 2) => self.leave(at),
            (Timer, _) => self.ring(at),
            (Put | PutAll, 0) => self.change(true),
            (Remove, 0) => self.change(false),
            (Put | Remove, _) => self.invalidate(at, |fixture, forget| fixture.single_flight.invalidate(SOUL, forget)),
            (PutAll, _) => self.invalidate(at, |fixture, forget| fixture.single_flight.invalidate_all(forget)),
            (Closer, _) => {
                self.single_flight.close();
                self.actors[at].is_done = true;
            }
            (Driver, 0) => self.ask(at),
            (Driver, 1) => {
                if self.actors[at].answer == Some(true) {
                    self.cache.forget(SOUL, self.start);
                }
            }
            (Driver, _) => self.complete(at),
            other => panic!("no such step: {other:?}"),
        }
    }

    fn look(&mut self, at: usize) {
        self.actors[at].allowed = self.possible.clone();
        if self.cache.look_up(SOUL, self.start) != Lookup::Unknown {
            self.settle(at, Some(false));
        }
    }

    fn join(&mut self, at: usize) {
        let role = self.actors[at].role;
        if role == Fresh {
            self.actors[at].allowed = self.possible.clone();
        }
        let own = Some(if role == Hasty { SOON } else { LATER });
        let terms =
            Terms { own, timeout: LATER, queue_timeout: LATER, is_batch: false, is_fresh: false, may_join: true };
        let is_known = || role != Fresh && self.cache.look_up(SOUL, self.start) != Lookup::Unknown;
        let join = self.single_flight.join(SOUL, self.start, terms, is_known, || at);
        let joinable = self.actors.iter().filter(|driver| driver.is_joinable()).count();
        match join {
            Join::Began(handle) => {
                assert_eq!(joinable, 0, "a second request: {:?}", self.trace);
                self.actors[at].handle = Some(handle);
                let request = self.single_flight.next_of_queue().expect("a request that began enqueues");
                self.actors.push(Actor::new(Driver, Some(request)));
            }
            Join::Joined(handle) => {
                assert_eq!(joinable, 1, "joined what nobody may join: {:?}", self.trace);
                self.actors[at].handle = Some(handle);
            }
            Join::Known => self.settle(at, Some(false)),
            Join::Closed => self.settle(at, None),
            Join::Full => panic!("there is room for all: {:?}", self.trace),
        }
        // Who waits is settled by a driver, by the timer or by itself.
        let waits = self.actors[at].settled == 0;
        self.actors[at].is_done = !(waits && role == Leaver);
    }

    fn leave(&mut self, at: usize) {
        let handle = self.actors[at].handle.take().expect("it waits");
        if self.single_flight.leave(&handle).is_some() {
            self.settle(at, None);
        }
        self.actors[at].is_done = true;
        self.note_empty();
    }

    fn ring(&mut self, at: usize) {
        let requests: Vec<_> =
            self.actors.iter().filter(|driver| !driver.is_done).filter_map(|p| p.request.clone()).collect();
        for request in requests {
            for waiter in self.single_flight.expire(&request, self.start + SOON) {
                self.settle(waiter.caller, None);
            }
        }
        self.note_empty();
        self.actors[at].is_done = true;
    }

    fn change(&mut self, has_record: bool) {
        self.has_record = has_record;
        self.possible.push(has_record);
        self.actors.iter_mut().filter(|actor| actor.settled == 0).for_each(|actor| actor.allowed.push(has_record));
    }

    fn invalidate(&mut self, at: usize, how: impl FnOnce(&Self, &dyn Fn())) {
        how(self, &|| {
            self.cache.forget_all(self.start);
        });
        self.possible = vec![self.has_record];
        self.actors.iter_mut().for_each(|actor| actor.is_detached = true);
        self.actors[at].is_done = true;
    }

    /// The relay answers, unless all callers have left.
    fn ask(&mut self, at: usize) {
        let request = self.actors[at].request.as_ref().expect("a driver has a request");
        if request.first_deadline().is_some() {
            self.actors[at].answer = Some(self.has_record);
        }
    }

    fn complete(&mut self, at: usize) {
        let request = self.actors[at].request.clone().expect("a driver has a request");
        let answer = self.actors[at].answer;
        let waiters = self.single_flight.complete(&request, || {
            if answer == Some(false) {
                self.cache.remember(SOUL, self.start);
            }
        });
        self.actors[at].is_done = true;
        for waiter in waiters {
            assert!(answer.is_some(), "a caller was left on a request without an answer: {:?}", self.trace);
            self.settle(waiter.caller, answer);
        }
    }

    /// A caller's end: what the relay is said to hold, or nothing.
    fn settle(&mut self, caller: usize, has_record: Option<bool>) {
        let actor = &mut self.actors[caller];
        actor.settled += 1;
        actor.is_done |= actor.role != Leaver || actor.handle.is_none();
        if let Some(has_record) = has_record {
            assert!(actor.allowed.contains(&has_record), "settled what was before: {:?}", self.trace);
        }
    }

    /// SingleFlight that all have left may be joined by nobody.
    fn note_empty(&mut self) {
        for driver in &mut self.actors {
            driver.is_detached |= driver.request.as_ref().is_some_and(|request| request.first_deadline().is_none());
        }
    }

    fn check_end(&self) {
        for actor in self.actors.iter().filter(|actor| actor.role.is_caller()) {
            assert_eq!(actor.settled, 1, "every call settles once: {:?}", self.trace);
        }
        assert_eq!(self.single_flight.active_count(), 0, "{:?}", self.trace);
        assert!(self.single_flight.lock().by_soul.is_empty(), "{:?}", self.trace);
        let is_wrong = self.cache.look_up(SOUL, self.start) != Lookup::Unknown && self.has_record;
        assert!(!is_wrong, "remembered as missing and there: {:?}", self.trace);
    }
}

impl Role {
    fn is_caller(self) -> bool {
        matches!(self, Caller | Fresh | Leaver | Hasty)
    }
}

impl Actor {
    fn new(role: Role, request: Option<Arc<Request<usize>>>) -> Self {
        Self {
            role,
            steps_taken: 0,
            is_done: false,
            handle: None,
            allowed: Vec::new(),
            settled: 0,
            request,
            answer: None,
            is_detached: false,
        }
    }

    fn is_joinable(&self) -> bool {
        self.role == Driver && !self.is_done && !self.is_detached
    }
}

/// Plays every order of these roles' steps; how many there were.
fn explore(roles: &[Role], is_known: bool) -> usize {
    // The choice at each depth, and among how many.
    let mut path: Vec<(usize, usize)> = Vec::new();
    let mut orders = 0;
    loop {
        let mut fixture = Fixture::new(roles, is_known);
        let mut depth = 0;
        loop {
            let ready = fixture.ready();
            if ready.is_empty() {
                break;
            }
            if depth == path.len() {
                path.push((0, ready.len()));
            }
            fixture.step(ready[path[depth].0]);
            depth += 1;
        }
        fixture.check_end();
        orders += 1;
        while let Some((choice, of)) = path.pop() {
            if choice + 1 < of {
                path.push((choice + 1, of));
                break;
            }
        }
        if path.is_empty() {
            return orders;
        }
    }
}

#[test]
fn single_flight_keeps_its_promises_in_every_order() {
    let orders = explore(&[Caller, Caller, Caller], false) + explore(&[Caller, Fresh, Fresh], true);
    assert!(orders > 1_000, "{orders}");
}

#[test]
fn invalidation_keeps_its_promises_in_every_order() {
    let mut orders = 0;
    for writer in [Put, PutAll, Remove] {
        for is_known in [false, true] {
            orders += explore(&[Caller, Caller, writer], is_known);
            orders += explore(&[Caller, Fresh, writer], is_known);
        }
    }
    orders += explore(&[Caller, Put, Remove], false);
    assert!(orders > 10_000, "{orders}");
}

#[test]
fn cancellation_keeps_its_promises_in_every_order() {
    let mut orders = 0;
    for other in [Caller, Fresh, Leaver] {
        orders += explore(&[Leaver, other], false);
        orders += explore(&[Leaver, other, Timer], false);
    }
    orders += explore(&[Leaver, Caller, Put], false);
    orders += explore(&[Hasty, Caller, Timer], false);
    orders += explore(&[Hasty, Put, Timer], false);
    assert!(orders > 10_000, "{orders}");
}

#[test]
fn a_close_keeps_its_promises_in_every_order() {
    let orders = explore(&[Caller, Leaver, Closer], false) + explore(&[Caller, Put, Closer], true);
    assert!(orders > 1_000, "{orders}");
}
