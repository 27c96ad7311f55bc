use super::*;
use std::time::Duration;

const MINUTE: Deadline = Deadline::WithFlight(Duration::from_secs(60));

fn board(flights: &Flights<u32>, soul: &str, caller: u32) -> Boarding<u32> {
    flights.board(soul, Instant::now(), MINUTE, || false, || caller)
}

fn ticket(boarding: Boarding<u32>) -> Ticket<u32> {
    match boarding {
        Boarding::Joined(ticket) | Boarding::Began(ticket) => ticket,
        other => panic!("no seat: {other:?}"),
    }
}

fn callers(seats: Vec<Seat<u32>>) -> Vec<u32> {
    seats.into_iter().map(|seat| seat.caller).collect()
}

#[test]
fn callers_of_one_soul_share_a_flight_until_it_lands() {
    let (flights, mut departures) = Flights::new(10);
    assert!(matches!(board(&flights, "a", 1), Boarding::Began(_)));
    assert!(matches!(board(&flights, "a", 2), Boarding::Joined(_)));
    assert!(matches!(board(&flights, "b", 3), Boarding::Began(_)));
    let flight = departures.try_recv().expect("a flight");
    let mut was_current = false;
    assert_eq!(callers(flights.land(&flight, || was_current = true)), [1, 2]);
    assert!(was_current);
    assert!(matches!(board(&flights, "a", 4), Boarding::Began(_)));
}

#[test]
fn a_place_is_free_as_soon_as_its_last_caller_has_left() {
    let (flights, mut departures) = Flights::new(1);
    let first = ticket(board(&flights, "a", 1));
    assert!(matches!(board(&flights, "b", 2), Boarding::Full));
    assert!(flights.leave(&first).is_some());
    assert!(matches!(board(&flights, "b", 2), Boarding::Began(_)));
    let left = departures.try_recv().expect("a flight");
    assert!(flights.land(&left, || ()).is_empty());
    assert_eq!(flights.in_the_air(), 1);
}

#[test]
fn callers_who_come_and_leave_before_their_flights_are_taken_note_of_meet_a_bound() {
    let (flights, mut departures) = Flights::new(1);
    let began = (0..).take_while(|&caller| match board(&flights, &caller.to_string(), caller) {
        Boarding::Began(ticket) => flights.leave(&ticket).is_some(),
        Boarding::Full => false,
        other => panic!("{other:?}"),
    });
    assert_eq!(began.count(), 2 + LEFT_ON_THE_WAY);
    departures.try_recv().expect("a flight");
    assert!(matches!(board(&flights, "a", 1), Boarding::Began(_)));
}

#[test]
fn nobody_joins_a_flight_that_was_invalidated_and_it_is_not_current_when_it_lands() {
    let (flights, mut departures) = Flights::new(10);
    board(&flights, "a", 1);
    let old = departures.try_recv().expect("a flight");
    flights.invalidate("a", || ());
    assert!(matches!(board(&flights, "a", 2), Boarding::Began(_)));
    let new = departures.try_recv().expect("a flight");
    assert_eq!(callers(flights.land(&old, || panic!("not current"))), [1]);
    assert!(matches!(board(&flights, "a", 3), Boarding::Joined(_)));
    let mut was_current = false;
    assert_eq!(callers(flights.land(&new, || was_current = true)), [2, 3]);
    assert!(was_current);
}

#[test]
fn the_last_caller_to_leave_takes_the_flight_out_of_reach() {
    let (flights, mut departures) = Flights::new(10);
    let first = ticket(board(&flights, "a", 1));
    let second = ticket(board(&flights, "a", 2));
    let flight = departures.try_recv().expect("a flight");
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
    let (flights, _departures) = Flights::new(10);
    let known = flights.board("a", Instant::now(), MINUTE, || true, || 1);
    assert!(matches!(known, Boarding::Known));
    board(&flights, "a", 2);
    let joined = flights.board("a", Instant::now(), MINUTE, || true, || 3);
    assert!(matches!(joined, Boarding::Joined(_)));
}

#[test]
fn a_closed_board_seats_nobody() {
    let (flights, _departures) = Flights::new(10);
    board(&flights, "a", 1);
    flights.close();
    assert!(matches!(board(&flights, "a", 2), Boarding::Closed));
    assert_eq!(flights.in_the_air(), 1);
}

#[test]
fn callers_leave_one_by_one_as_their_time_ends() {
    let (flights, mut departures) = Flights::new(10);
    let start = Instant::now();
    let second = Duration::from_secs(1);
    for (caller, deadline) in [(1, start + second), (2, start + 2 * second)] {
        flights.board("a", start, Deadline::At(deadline), || false, || caller);
    }
    let flight = departures.try_recv().expect("a flight");
    assert_eq!(flight.first_deadline(), Some(start + second));
    assert_eq!(flight.last_deadline(), Some(start + 2 * second));
    assert_eq!(callers(flights.expire(&flight, start + second)), [1]);
    assert_eq!(callers(flights.expire(&flight, start + 2 * second)), [2]);
    assert!(matches!(board(&flights, "a", 3), Boarding::Began(_)));
}
