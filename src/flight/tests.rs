use super::*;
use std::time::Duration;

const TIME: Duration = Duration::from_secs(60);
const MINUTE: Patience = Patience { own: None, timeout: TIME, queue_timeout: TIME, is_batch: false };

impl Flights<usize> {
    /// The next flight for the driver, if there is one.
    pub fn departure(&self) -> Option<Arc<Flight<usize>>> {
        self.lock().departures.pop_first().map(|(_, flight)| flight)
    }
}

fn board(flights: &Flights<usize>, soul: &str, caller: usize) -> Boarding<usize> {
    flights.board(soul, Instant::now(), MINUTE, || false, || caller)
}

fn ticket(boarding: Boarding<usize>) -> Ticket<usize> {
    match boarding {
        Boarding::Joined(ticket) | Boarding::Began(ticket) => ticket,
        other => panic!("no seat: {other:?}"),
    }
}

fn callers(seats: Vec<Seat<usize>>) -> Vec<usize> {
    seats.into_iter().map(|seat| seat.caller).collect()
}

#[test]
fn callers_of_one_soul_share_a_flight_until_it_lands() {
    let flights = Flights::new(10);
    assert!(matches!(board(&flights, "a", 1), Boarding::Began(_)));
    assert!(matches!(board(&flights, "a", 2), Boarding::Joined(_)));
    assert!(matches!(board(&flights, "b", 3), Boarding::Began(_)));
    let flight = flights.departure().expect("a flight");
    let mut was_current = false;
    assert_eq!(callers(flights.land(&flight, || was_current = true)), [1, 2]);
    assert!(was_current);
    assert!(matches!(board(&flights, "a", 4), Boarding::Began(_)));
}

#[test]
fn a_place_is_free_as_soon_as_its_last_caller_has_left() {
    let flights = Flights::new(1);
    let first = ticket(board(&flights, "a", 1));
    assert!(matches!(board(&flights, "b", 2), Boarding::Full));
    assert!(flights.leave(&first).is_some());
    assert!(matches!(board(&flights, "b", 2), Boarding::Began(_)));
    assert_eq!(&*flights.departure().expect("a flight").soul, "b");
    assert!(flights.departure().is_none());
    assert_eq!(flights.in_the_air(), 1);
}

#[test]
fn callers_who_come_and_leave_before_the_driver_sees_their_requests_leave_nothing_behind() {
    let flights = Flights::new(1);
    for caller in 0..10_000 {
        let ticket = ticket(board(&flights, &caller.to_string(), caller));
        assert!(flights.leave(&ticket).is_some());
    }
    assert!(flights.departure().is_none());
    assert_eq!(flights.in_the_air(), 0);
    assert!(matches!(board(&flights, "a", 1), Boarding::Began(_)));
}

#[test]
fn a_batch_has_any_size_and_takes_no_place_in_the_queue_of_single_calls() {
    let flights = Flights::new(1);
    let batch = Patience { is_batch: true, ..MINUTE };
    for soul in 0..1_000 {
        let began = flights.board(&soul.to_string(), Instant::now(), batch, || false, || soul);
        assert!(matches!(began, Boarding::Began(_)));
    }
    assert!(flights.departure().is_none(), "held back");
    assert!(matches!(board(&flights, "7", 1), Boarding::Joined(_)));
    assert_eq!(&*flights.departure().expect("a single call is not held back").soul, "7");
    assert!(matches!(board(&flights, "a", 1), Boarding::Began(_)));
    assert!(matches!(board(&flights, "b", 1), Boarding::Full));
    let held = std::iter::from_fn(|| flights.take_held()).count();
    assert_eq!(held, 999);
}

#[test]
fn a_request_counts_its_callers_time_from_its_permit_and_until_then_that_of_the_queue() {
    let flights = Flights::new(10);
    let start = Instant::now();
    let second = Duration::from_secs(1);
    let patience = Patience { own: None, timeout: 2 * second, queue_timeout: 9 * second, is_batch: false };
    flights.board("a", start, patience, || false, || 1);
    flights.board("a", start, Patience { own: Some(5 * second), ..patience }, || false, || 2);
    let flight = flights.departure().expect("a flight");
    assert_eq!((flight.first_deadline(), flight.last_deadline()), (Some(start + 5 * second), Some(start + 9 * second)));
    flight.permitted(start + second, 2 * second);
    assert_eq!((flight.first_deadline(), flight.last_deadline()), (Some(start + 3 * second), Some(start + 5 * second)));
}

#[test]
fn forty_thousand_callers_of_one_soul_join_and_leave_in_no_time_of_the_others() {
    // Quadratic work would take minutes here.
    let flights = Flights::new(1);
    let start = Instant::now();
    let tickets: Vec<_> = (0..40_000)
        .map(|caller| {
            let own = Some(TIME - Duration::from_millis(caller as u64));
            ticket(flights.board("a", start, Patience { own, ..MINUTE }, || false, || caller))
        })
        .collect();
    assert!(tickets.iter().all(|ticket| flights.leave(ticket).is_some()));
    assert_eq!(flights.in_the_air(), 0);
}

#[test]
fn nobody_joins_a_flight_that_was_invalidated_and_it_is_not_current_when_it_lands() {
    let flights = Flights::new(10);
    board(&flights, "a", 1);
    let old = flights.departure().expect("a flight");
    flights.invalidate("a", || ());
    assert!(matches!(board(&flights, "a", 2), Boarding::Began(_)));
    let new = flights.departure().expect("a flight");
    assert_eq!(callers(flights.land(&old, || panic!("not current"))), [1]);
    assert!(matches!(board(&flights, "a", 3), Boarding::Joined(_)));
    let mut was_current = false;
    assert_eq!(callers(flights.land(&new, || was_current = true)), [2, 3]);
    assert!(was_current);
}

#[test]
fn the_last_caller_to_leave_takes_the_flight_out_of_reach() {
    let flights = Flights::new(10);
    let first = ticket(board(&flights, "a", 1));
    let second = ticket(board(&flights, "a", 2));
    let flight = flights.departure().expect("a flight");
    assert!(flights.leave(&first).is_some());
    assert!(flights.leave(&first).is_none(), "it has left already");
    assert!(flight.first_deadline().is_some());
    assert!(flights.leave(&second).is_some());
    assert_eq!(flight.first_deadline(), None);
    assert!(matches!(board(&flights, "a", 3), Boarding::Began(_)));
    assert!(flights.land(&flight, || panic!("not current")).is_empty());
}

#[test]
fn a_soul_that_became_known_begins_no_flight_yet_a_running_one_is_joined() {
    let flights = Flights::new(10);
    let known = flights.board("a", Instant::now(), MINUTE, || true, || 1);
    assert!(matches!(known, Boarding::Known));
    board(&flights, "a", 2);
    let joined = flights.board("a", Instant::now(), MINUTE, || true, || 3);
    assert!(matches!(joined, Boarding::Joined(_)));
}

#[test]
fn a_closed_board_seats_nobody() {
    let flights = Flights::new(10);
    board(&flights, "a", 1);
    flights.close();
    assert!(matches!(board(&flights, "a", 2), Boarding::Closed));
    assert_eq!(flights.in_the_air(), 1);
}

#[test]
fn callers_leave_one_by_one_as_their_time_ends() {
    let flights = Flights::new(10);
    let start = Instant::now();
    let second = Duration::from_secs(1);
    for (caller, own) in [(1, second), (2, 2 * second)] {
        flights.board("a", start, Patience { own: Some(own), ..MINUTE }, || false, || caller);
    }
    let flight = flights.departure().expect("a flight");
    assert_eq!(flight.first_deadline(), Some(start + second));
    assert_eq!(flight.last_deadline(), Some(start + 2 * second));
    assert_eq!(callers(flights.expire(&flight, start + second)), [1]);
    assert_eq!(callers(flights.expire(&flight, start + 2 * second)), [2]);
    assert!(matches!(board(&flights, "a", 3), Boarding::Began(_)));
}
