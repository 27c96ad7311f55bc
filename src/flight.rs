//! Single-flight: one request per soul at a time, shared by all callers that come while it runs.
//!
//! A flight carries the callers of one request. It is *current* while new callers may join it; an invalidation detaches
//! it, and from then on it carries its callers home and nothing else.

mod trip;

pub use trip::{Change, Retry, Trip};

use crate::error::CallError;
use crate::record::RecordText;
use quick_cache::DefaultHashBuilder;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::time::Instant;

/// Flights left by all their callers that wait to be taken note of, beyond as many as there may be with callers: a program
/// that asks and aborts without end, in one turn of its loop, meets a bound.
const LEFT_ON_THE_WAY: usize = 64;

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
    /// Told when a seat was left or one with an earlier deadline was taken.
    pub changed: Notify,
}

#[derive(Debug)]
struct Seats<C> {
    taken: Vec<Seat<C>>,
    next_number: u32,
}

/// One caller's place in a flight.
#[derive(Debug)]
pub struct Seat<C> {
    number: u32,
    /// When the caller came.
    pub began: Instant,
    /// When the caller's time ends.
    pub deadline: Instant,
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

/// When a caller's time ends.
#[derive(Debug, Clone, Copy)]
pub enum Deadline {
    /// At this moment.
    At(Instant),
    /// So long after the flight began: such callers end together. Where that is over, and a more patient caller keeps the
    /// flight going, so long from now.
    WithFlight(std::time::Duration),
}

/// All flights of a client.
#[derive(Debug)]
pub struct Flights<C> {
    board: Mutex<Board<C>>,
    /// Most flights at a time.
    limit: usize,
}

#[derive(Debug)]
struct Board<C> {
    current: HashMap<Arc<str>, Arc<Flight<C>>, DefaultHashBuilder>,
    /// Flights with callers, detached ones included.
    in_the_air: usize,
    /// Where new flights go to be flown; `None` once closed. It holds more than `limit`, for flights whose callers have
    /// left may still be on their way.
    departures: Option<mpsc::Sender<Arc<Flight<C>>>>,
}

impl<C> Flights<C> {
    /// Also gives the end from which new flights are taken to be flown.
    pub fn new(limit: usize) -> (Self, mpsc::Receiver<Arc<Flight<C>>>) {
        let (departures, taken) = mpsc::channel(2 * limit + LEFT_ON_THE_WAY);
        let board = Board { current: HashMap::default(), in_the_air: 0, departures: Some(departures) };
        let flights = Self { board: Mutex::new(board), limit };
        (flights, taken)
    }

    /// Seats a caller on the soul's current flight or on a new one. `is_known` is asked before a new one begins: the
    /// last flight may have landed since the caller looked.
    pub fn board(
        &self,
        soul: &str,
        now: Instant,
        deadline: Deadline,
        is_known: impl FnOnce() -> bool,
        caller: impl FnOnce() -> C,
    ) -> Boarding<C> {
        let mut guard = self.lock();
        let board = &mut *guard;
        let Some(departures) = &board.departures else {
            return Boarding::Closed;
        };
        if let Some(flight) = board.current.get(soul) {
            return Boarding::Joined(flight.seat(now, deadline, caller()));
        }
        if is_known() {
            return Boarding::Known;
        }
        if board.in_the_air >= self.limit {
            return Boarding::Full;
        }
        let departure = match departures.clone().try_reserve_owned() {
            Ok(departure) => departure,
            Err(TrySendError::Full(_)) => return Boarding::Full,
            Err(TrySendError::Closed(_)) => return Boarding::Closed,
        };
        let flight = Arc::new(Flight::new(soul.into(), now));
        let ticket = flight.seat(now, deadline, caller());
        board.in_the_air += 1;
        board.current.insert(Arc::clone(&flight.soul), Arc::clone(&flight));
        // To send wakes a thread, which must not find the board locked.
        drop(guard);
        if departure.send(Arc::clone(&flight)).is_closed() {
            // Only when the far end died with its thread: nobody will fly for this client any more.
            self.land(&flight, || ());
            return Boarding::Closed;
        }
        Boarding::Began(ticket)
    }

    /// Gives up a caller's seat, which is returned where it was still taken. The last to leave takes the flight out of
    /// others' reach.
    pub fn leave(&self, ticket: &Ticket<C>) -> Option<Seat<C>> {
        let flight = &ticket.flight;
        let left = self.vacate(flight, |seat| seat.number == ticket.number).pop()?;
        flight.changed.notify_one();
        Some(left)
    }

    /// Takes the callers whose time is over.
    pub fn expire(&self, flight: &Arc<Flight<C>>, now: Instant) -> Vec<Seat<C>> {
        self.vacate(flight, |seat| seat.deadline <= now)
    }

    fn vacate(&self, flight: &Arc<Flight<C>>, leaves: impl Fn(&Seat<C>) -> bool) -> Vec<Seat<C>> {
        let mut board = self.lock();
        let mut seats = flight.seats();
        let left: Vec<_> = seats.taken.extract_if(.., |seat| leaves(seat)).collect();
        if seats.taken.is_empty() && !left.is_empty() {
            // Its place is free at once, for a caller who has seen this one leave.
            board.in_the_air -= 1;
            board.detach(flight);
        }
        left
    }

    /// Ends a flight: takes all its callers, and runs `if_current` before anyone can see that it is over, unless the
    /// soul was invalidated since it began.
    pub fn land(&self, flight: &Arc<Flight<C>>, if_current: impl FnOnce()) -> Vec<Seat<C>> {
        let mut board = self.lock();
        if board.detach(flight) {
            if_current();
        }
        let seats = std::mem::take(&mut flight.seats().taken);
        if !seats.is_empty() {
            board.in_the_air -= 1;
        }
        seats
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
        self.lock().departures = None;
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
        let mut watching = seats.taken.iter().filter(|seat| seat.caller.is_watching()).peekable();
        if watching.peek().is_some() {
            let retry = retry();
            watching.for_each(|seat| seat.caller.retrying(&retry));
        }
    }
}

impl<C> Board<C> {
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
    fn new(soul: Arc<str>, began: Instant) -> Self {
        Self {
            soul,
            began,
            attempts: AtomicU32::new(0),
            seats: Mutex::new(Seats { taken: Vec::with_capacity(1), next_number: 0 }),
            changed: Notify::new(),
        }
    }

    fn seat(self: &Arc<Self>, now: Instant, deadline: Deadline, caller: C) -> Ticket<C> {
        let deadline = match deadline {
            Deadline::At(instant) => instant,
            Deadline::WithFlight(time) => Some(self.began + time).filter(|end| *end > now).unwrap_or(now + time),
        };
        let mut seats = self.seats();
        let number = seats.next_number;
        seats.next_number += 1;
        let is_earliest = seats.taken.iter().all(|seat| deadline < seat.deadline);
        seats.taken.push(Seat { number, began: now, deadline, caller });
        if is_earliest && number > 0 {
            self.changed.notify_one();
        }
        Ticket { flight: Arc::clone(self), number }
    }

    /// When the first caller's time ends; `None` when every caller has left.
    pub fn first_deadline(&self) -> Option<Instant> {
        self.seats().taken.iter().map(|seat| seat.deadline).min()
    }

    /// When the last caller's time ends; `None` when every caller has left.
    pub fn last_deadline(&self) -> Option<Instant> {
        self.seats().taken.iter().map(|seat| seat.deadline).max()
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
