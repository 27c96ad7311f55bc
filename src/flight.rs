//! Single-flight: one request per soul at a time, shared by all callers that come while it runs.
//!
//! A flight carries the callers of one request. It is *current* while new callers may join it; an invalidation detaches
//! it, and from then on it carries its callers home and nothing else.

mod trip;

pub use trip::{Change, Retry, Trip};

use crate::error::CallError;
use crate::record::RecordText;
use quick_cache::DefaultHashBuilder;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The deadline of a batch's caller that has no timeout of its own and whose request has no permit yet.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

/// How a call ends. Cheap to clone: callers share what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The relay has the record.
    Found(RecordText),
    /// The relay has no record of the soul.
    Missing,
    /// It is not known whether there is a record.
    Failed(Arc<CallError>),
}

impl Outcome {
    /// Bytes of the record's text, 0 where there is none.
    pub fn text_bytes(&self) -> usize {
        match self {
            Outcome::Found(record) => record.as_bytes().len(),
            Outcome::Missing | Outcome::Failed(_) => 0,
        }
    }

    /// Whether this ends a call that was counted when it began; a refused argument or a closed client begins none.
    pub fn ends_a_call(&self) -> bool {
        match self {
            Outcome::Found(_) | Outcome::Missing => true,
            Outcome::Failed(error) => error.fault.code().ends_a_call(),
        }
    }
}

/// Somebody who waits for an outcome.
pub trait Caller: Send + 'static {
    /// Takes the outcome; called once, on any thread, with no lock held.
    fn settle(self, outcome: Outcome, trip: Trip);

    /// Whether to tell of retries and of changes to the cache.
    fn is_watching(&self) -> bool {
        false
    }

    /// Hears of another attempt to come, where it is watching. The flight's seats are locked meanwhile.
    fn retrying(&self, _retry: &Retry) {}
}

/// One request and those who wait for it.
#[derive(Debug)]
pub struct Flight<C> {
    /// What is asked for.
    pub soul: Arc<str>,
    /// When the first caller came.
    pub began: Instant,
    /// Requests sent so far.
    pub attempts: AtomicU32,
    seats: Mutex<Seats<C>>,
    /// Its number in one of the queues to the driver; 0 if it is in none.
    queued_as: AtomicU64,
    /// Whether a batch began it: a batch has no limit but its own size.
    is_of_batch: bool,
    /// Told when a seat was left or one with an earlier deadline was taken.
    pub changed: Notify,
}

#[derive(Debug)]
struct Seats<C> {
    /// By number, which is the order in which they came.
    taken: BTreeMap<u32, Seat<C>>,
    /// Deadlines with the numbers of their seats: what one caller does must not cost time for each of the others.
    deadlines: BTreeSet<(Instant, u32)>,
    next_number: u32,
    /// When the request had its first permit.
    permitted: Option<Instant>,
}

impl<C> Seats<C> {
    fn remove(&mut self, number: u32) -> Option<Seat<C>> {
        let seat = self.taken.remove(&number)?;
        self.deadlines.remove(&(seat.deadline, number));
        Some(seat)
    }

    /// Removes the next one whose time is over.
    fn remove_expired(&mut self, now: Instant) -> Option<Seat<C>> {
        let (_, number) = *self.deadlines.first().filter(|(deadline, _)| *deadline <= now)?;
        self.remove(number)
    }
}

/// One caller's place in a flight.
#[derive(Debug)]
pub struct Seat<C> {
    number: u32,
    /// When the caller came.
    pub began: Instant,
    /// When the caller's time ends.
    pub deadline: Instant,
    /// When it ends by the caller's own timeout, if it has one.
    own_deadline: Option<Instant>,
    /// Who sits there.
    pub caller: C,
}

/// What a caller leaves its flight with.
#[derive(Debug)]
pub struct Ticket<C> {
    flight: Arc<Flight<C>>,
    number: u32,
}

/// What became of a caller that asked for a seat.
#[derive(Debug)]
pub enum Boarding<C> {
    /// On a flight that was there.
    Joined(Ticket<C>),
    /// On a new flight, which was sent on its way.
    Began(Ticket<C>),
    /// The soul became known as missing a moment ago.
    Known,
    /// As many flights as there may be.
    Full,
    /// The client takes no more calls.
    Closed,
}

/// How long a caller waits.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The caller's own timeout, which counts everything.
    pub own: Option<Duration>,
    /// Otherwise, the time from the request's first permit on. Who joins after that has it from then on.
    pub timeout: Duration,
    /// Longest wait of a single call for that permit.
    pub queue_timeout: Duration,
    /// Whether the caller is part of a batch, which feeds its souls to the wire as permits become free: what it holds back
    /// does not count as waiting.
    pub is_batch: bool,
}

/// All flights of a client.
#[derive(Debug)]
pub struct Flights<C> {
    board: Mutex<Board<C>>,
    /// Most flights at a time that single calls began.
    limit: usize,
    on_departure: Notify,
    on_held: Notify,
}

#[derive(Debug)]
struct Board<C> {
    current: HashMap<Arc<str>, Arc<Flight<C>>, DefaultHashBuilder>,
    /// Flights with callers, detached ones included.
    in_the_air: usize,
    /// Those of them that single calls began.
    singles: usize,
    is_closed: bool,
    last_number: u64,
    /// New flights for the driver to run. What its callers leave before is removed: nothing here waits for nobody.
    departures: BTreeMap<u64, Arc<Flight<C>>>,
    /// Souls of batches, which run as permits become free.
    held: BTreeMap<u64, Arc<Flight<C>>>,
}

impl<C> Flights<C> {
    /// None yet; `limit` bounds those that single calls begin.
    pub fn new(limit: usize) -> Self {
        let board = Board {
            current: HashMap::default(),
            in_the_air: 0,
            singles: 0,
            is_closed: false,
            last_number: 0,
            departures: BTreeMap::new(),
            held: BTreeMap::new(),
        };
        Self { board: Mutex::new(board), limit, on_departure: Notify::new(), on_held: Notify::new() }
    }

    /// Seats a caller on the soul's current flight or on a new one. `is_known` is asked before a new one begins: the
    /// last flight may have landed since the caller looked.
    pub fn board(
        &self,
        soul: &str,
        now: Instant,
        patience: Patience,
        is_known: impl FnOnce() -> bool,
        caller: impl FnOnce() -> C,
    ) -> Boarding<C> {
        let mut guard = self.lock();
        let board = &mut *guard;
        if board.is_closed {
            return Boarding::Closed;
        }
        if let Some(flight) = board.current.get(soul) {
            let flight = Arc::clone(flight);
            // Only requests that run have timers: a single call is not held back with the batch that it joins.
            let is_held = !patience.is_batch && board.held.remove(&flight.queued_as.load(Relaxed)).is_some();
            let ticket = flight.seat(now, patience, caller());
            if is_held {
                board.depart(&flight);
            }
            drop(guard);
            if is_held {
                self.on_departure.notify_one();
            }
            return Boarding::Joined(ticket);
        }
        if is_known() {
            return Boarding::Known;
        }
        if !patience.is_batch && board.singles >= self.limit {
            return Boarding::Full;
        }
        let flight = Arc::new(Flight::new(soul.into(), now, patience.is_batch));
        let ticket = flight.seat(now, patience, caller());
        board.in_the_air += 1;
        board.singles += usize::from(!patience.is_batch);
        board.current.insert(Arc::clone(&flight.soul), Arc::clone(&flight));
        let is_held = patience.is_batch && patience.own.is_none();
        if is_held {
            board.hold(&flight);
        } else {
            board.depart(&flight);
        }
        // To notify wakes a thread, which must not find the board locked.
        drop(guard);
        if is_held {
            self.on_held.notify_one()
        } else {
            self.on_departure.notify_one()
        }
        Boarding::Began(ticket)
    }

    /// The next flight to run; `None` when there will be no more.
    pub async fn next_departure(&self) -> Option<Arc<Flight<C>>> {
        loop {
            {
                let mut board = self.lock();
                if let Some((_, flight)) = board.departures.pop_first() {
                    return Some(flight);
                }
                if board.is_closed {
                    return None;
                }
            }
            self.on_departure.notified().await;
        }
    }

    /// Waits until a batch holds souls back; `false` when none will do so any more.
    pub async fn some_held(&self) -> bool {
        loop {
            {
                let board = self.lock();
                if !board.held.is_empty() {
                    return true;
                }
                if board.is_closed {
                    return false;
                }
            }
            self.on_held.notified().await;
        }
    }

    /// Takes the first flight that a batch holds back. Until then single calls may make it depart by joining it.
    pub fn take_held(&self) -> Option<Arc<Flight<C>>> {
        self.lock().held.pop_first().map(|(_, flight)| flight)
    }

    /// Gives up a caller's seat, which is returned where it was still taken. The last to leave takes the flight out of
    /// others' reach.
    pub fn leave(&self, ticket: &Ticket<C>) -> Option<Seat<C>> {
        let flight = &ticket.flight;
        let (left, is_empty) = self.vacate(flight, |seats| seats.remove(ticket.number).into_iter().collect());
        if is_empty {
            flight.changed.notify_one();
        }
        left.into_iter().next()
    }

    /// Takes the callers whose time is over.
    pub fn expire(&self, flight: &Arc<Flight<C>>, now: Instant) -> Vec<Seat<C>> {
        let all_expired = |seats: &mut Seats<C>| std::iter::from_fn(|| seats.remove_expired(now)).collect();
        self.vacate(flight, all_expired).0
    }

    /// Removes callers; also whether these were the last.
    fn vacate(
        &self,
        flight: &Arc<Flight<C>>,
        remove: impl FnOnce(&mut Seats<C>) -> Vec<Seat<C>>,
    ) -> (Vec<Seat<C>>, bool) {
        let mut board = self.lock();
        let mut seats = flight.seats();
        let left = remove(&mut seats);
        let is_last = seats.taken.is_empty() && !left.is_empty();
        if is_last {
            // Its place is free at once, for a caller who has seen this one leave.
            board.end(flight);
            board.detach(flight);
            let number = flight.queued_as.load(Relaxed);
            board.departures.remove(&number);
            board.held.remove(&number);
        }
        (left, is_last)
    }

    /// Ends a flight: takes all its callers, and runs `if_current` before anyone can see that it is over, unless the
    /// soul was invalidated since it began.
    pub fn land(&self, flight: &Arc<Flight<C>>, if_current: impl FnOnce()) -> Vec<Seat<C>> {
        let mut board = self.lock();
        if board.detach(flight) {
            if_current();
        }
        let seats = {
            let mut seats = flight.seats();
            seats.deadlines.clear();
            std::mem::take(&mut seats.taken)
        };
        if !seats.is_empty() {
            board.end(flight);
        }
        seats.into_values().collect()
    }

    /// Detaches the soul's flight and runs `forget` before a new one can begin.
    pub fn invalidate<T>(&self, soul: &str, forget: impl FnOnce() -> T) -> T {
        let mut board = self.lock();
        board.current.remove(soul);
        forget()
    }

    /// Detaches every flight and runs `forget` before a new one can begin.
    pub fn invalidate_all<T>(&self, forget: impl FnOnce() -> T) -> T {
        let mut board = self.lock();
        board.current.clear();
        forget()
    }

    /// Lets no new flight begin; those in the air land.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.on_departure.notify_one();
        self.on_held.notify_one();
    }

    /// Flights with callers.
    pub fn in_the_air(&self) -> usize {
        self.lock().in_the_air
    }

    fn lock(&self) -> MutexGuard<'_, Board<C>> {
        // Every change of the board is complete before anything that could panic.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Seat<C> {
    /// Whether the flight was under way when the caller came.
    pub fn has_joined(&self) -> bool {
        self.number > 0
    }
}

impl<C: Caller> Flight<C> {
    /// Tells the callers who watch of another attempt; `retry` is made where there is one.
    pub fn will_retry(&self, retry: impl FnOnce() -> Retry) {
        let seats = self.seats();
        let mut watching = seats.taken.values().filter(|seat| seat.caller.is_watching()).peekable();
        if watching.peek().is_some() {
            let retry = retry();
            watching.for_each(|seat| seat.caller.retrying(&retry));
        }
    }
}

impl<C> Board<C> {
    fn depart(&mut self, flight: &Arc<Flight<C>>) {
        self.last_number += 1;
        flight.queued_as.store(self.last_number, Relaxed);
        self.departures.insert(self.last_number, Arc::clone(flight));
    }

    fn hold(&mut self, flight: &Arc<Flight<C>>) {
        self.last_number += 1;
        flight.queued_as.store(self.last_number, Relaxed);
        self.held.insert(self.last_number, Arc::clone(flight));
    }

    /// A flight has no callers any more.
    fn end(&mut self, flight: &Flight<C>) {
        self.in_the_air -= 1;
        self.singles -= usize::from(!flight.is_of_batch);
    }

    /// Takes a flight out of others' reach; whether it was within.
    fn detach(&mut self, flight: &Arc<Flight<C>>) -> bool {
        let current = self.current.get(&flight.soul);
        let is_current = current.is_some_and(|current| Arc::ptr_eq(current, flight));
        if is_current {
            self.current.remove(&flight.soul);
        }
        is_current
    }
}

impl<C> Flight<C> {
    fn new(soul: Arc<str>, began: Instant, is_of_batch: bool) -> Self {
        let seats = Seats { taken: BTreeMap::new(), deadlines: BTreeSet::new(), next_number: 0, permitted: None };
        Self {
            soul,
            began,
            attempts: AtomicU32::new(0),
            seats: Mutex::new(seats),
            queued_as: AtomicU64::new(0),
            is_of_batch,
            changed: Notify::new(),
        }
    }

    fn seat(self: &Arc<Self>, now: Instant, patience: Patience, caller: C) -> Ticket<C> {
        let Patience { own, timeout, queue_timeout, is_batch } = patience;
        let own_deadline = own.map(|own| now + own);
        let mut seats = self.seats();
        let shared = match seats.permitted {
            // Who joins after the others' time, because a more patient caller keeps the request going, has all of it.
            Some(permitted) => Some(permitted + timeout).filter(|end| *end > now).unwrap_or(now + timeout),
            None if is_batch => now + FAR,
            None => now + queue_timeout,
        };
        let deadline = match own_deadline {
            Some(own) if seats.permitted.is_some() => own,
            Some(own) => own.min(shared),
            None => shared,
        };
        let number = seats.next_number;
        seats.next_number += 1;
        let is_earliest = seats.deadlines.first().is_none_or(|(first, _)| deadline < *first);
        seats.deadlines.insert((deadline, number));
        seats.taken.insert(number, Seat { number, began: now, deadline, own_deadline, caller });
        if is_earliest && number > 0 {
            self.changed.notify_one();
        }
        Ticket { flight: Arc::clone(self), number }
    }

    /// The request has its first permit: from now on its callers have `timeout`, unless they have their own.
    pub fn permitted(&self, now: Instant, timeout: Duration) {
        let mut seats = self.seats();
        let seats = &mut *seats;
        if seats.permitted.is_some() {
            return;
        }
        seats.permitted = Some(now);
        seats.deadlines.clear();
        for (number, seat) in &mut seats.taken {
            seat.deadline = seat.own_deadline.unwrap_or(now + timeout);
            seats.deadlines.insert((seat.deadline, *number));
        }
        self.changed.notify_one();
    }

    /// When the request had its first permit.
    pub fn permitted_at(&self) -> Option<Instant> {
        self.seats().permitted
    }

    /// When the first caller's time ends; `None` when every caller has left.
    pub fn first_deadline(&self) -> Option<Instant> {
        self.seats().deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// When the last caller's time ends; `None` when every caller has left.
    pub fn last_deadline(&self) -> Option<Instant> {
        self.seats().deadlines.last().map(|(deadline, _)| *deadline)
    }

    /// Requests sent so far.
    pub fn attempts(&self) -> u32 {
        self.attempts.load(Relaxed)
    }

    fn seats(&self) -> MutexGuard<'_, Seats<C>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod permutations;
#[cfg(test)]
mod tests;
