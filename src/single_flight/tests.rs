use super::*;
use std::time::Duration;

const TIME: Duration = Duration::from_secs(60);
const MINUTE: Terms =
    Terms { own: None, timeout: TIME, queue_timeout: TIME, is_batch: false, is_fresh: false, may_join: true };

impl SingleFlight<usize> {
    /// The next request for the driver, if there is one.
    pub fn next_of_queue(&self) -> Option<Arc<Request<usize>>> {
        self.lock().queue.pop()
    }
}

fn join(single_flight: &SingleFlight<usize>, soul: &str, caller: usize) -> Join<usize> {
    single_flight.join(soul, Instant::now(), MINUTE, || false, || caller)
}

fn handle(joined: Join<usize>) -> WaiterHandle<usize> {
    match joined {
        Join::Joined(handle) | Join::Began(handle) => handle,
        other => panic!("no waiter: {other:?}"),
    }
}

fn callers(waiters: Vec<Waiter<usize>>) -> Vec<usize> {
    waiters.into_iter().map(|waiter| waiter.caller).collect()
}

#[test]
fn callers_of_one_soul_share_a_request_until_it_completes() {
    let single_flight = SingleFlight::new(10);
    assert!(matches!(join(&single_flight, "a", 1), Join::Began(_)));
    assert!(matches!(join(&single_flight, "a", 2), Join::Joined(_)));
    assert!(matches!(join(&single_flight, "b", 3), Join::Began(_)));
    let request = single_flight.next_of_queue().expect("a request");
    let mut was_current = false;
    assert_eq!(callers(single_flight.complete(&request, || was_current = true)), [1, 2]);
    assert!(was_current);
    assert!(matches!(join(&single_flight, "a", 4), Join::Began(_)));
}

#[test]
fn a_detached_request_that_has_asked_nobody_yet_can_be_joined_again_unless_it_has_a_successor_or_no_caller() {
    let single_flight = SingleFlight::new(10);
    let was_current = |request: &Arc<Request<usize>>| {
        let mut was_current = false;
        single_flight.complete(request, || was_current = true);
        was_current
    };
    join(&single_flight, "a", 1);
    let first = single_flight.next_of_queue().expect("a request");
    single_flight.invalidate_all(|| ());
    single_flight.reattach(&first);
    assert!(matches!(join(&single_flight, "a", 2), Join::Joined(_)));
    assert!(was_current(&first));

    join(&single_flight, "a", 3);
    let second = single_flight.next_of_queue().expect("a request");
    single_flight.invalidate_all(|| ());
    join(&single_flight, "a", 4);
    let third = single_flight.next_of_queue().expect("a request");
    single_flight.reattach(&second);
    assert!(!was_current(&second) && was_current(&third));

    let last = handle(join(&single_flight, "a", 5));
    let left = single_flight.next_of_queue().expect("a request");
    single_flight.leave(&last);
    single_flight.reattach(&left);
    assert!(matches!(join(&single_flight, "a", 6), Join::Began(_)));
}

#[test]
fn an_answer_that_contradicts_what_is_known_detaches_a_later_request_but_not_its_own() {
    let single_flight = SingleFlight::new(10);
    join(&single_flight, "a", 1);
    let request = single_flight.next_of_queue().expect("a request");
    assert!(single_flight.forget_for(&request, || true));
    assert!(matches!(join(&single_flight, "a", 2), Join::Joined(_)));
    single_flight.invalidate("a", || ());
    join(&single_flight, "a", 3);
    single_flight.forget_for(&request, || ());
    assert!(matches!(join(&single_flight, "a", 4), Join::Began(_)));
}

#[test]
fn a_slot_is_free_as_soon_as_its_last_caller_has_left() {
    let single_flight = SingleFlight::new(1);
    let first = handle(join(&single_flight, "a", 1));
    assert!(matches!(join(&single_flight, "b", 2), Join::Full));
    assert!(single_flight.leave(&first).is_some());
    assert!(matches!(join(&single_flight, "b", 2), Join::Began(_)));
    assert_eq!(&*single_flight.next_of_queue().expect("a request").soul, "b");
    assert!(single_flight.next_of_queue().is_none());
    assert_eq!(single_flight.active_count(), 1);
}

#[test]
fn callers_who_come_and_leave_before_the_driver_sees_their_requests_leave_nothing_behind() {
    let single_flight = SingleFlight::new(1);
    for caller in 0..10_000 {
        let handle = handle(join(&single_flight, &caller.to_string(), caller));
        assert!(single_flight.leave(&handle).is_some());
    }
    assert!(single_flight.next_of_queue().is_none());
    assert_eq!(single_flight.active_count(), 0);
    assert!(matches!(join(&single_flight, "a", 1), Join::Began(_)));
}

#[test]
fn a_batch_has_any_size_and_takes_no_slot_in_the_queue_of_single_calls() {
    let single_flight = SingleFlight::new(1);
    let batch = Terms { is_batch: true, ..MINUTE };
    for soul in 0..1_000 {
        let began = single_flight.join(&soul.to_string(), Instant::now(), batch, || false, || soul);
        assert!(matches!(began, Join::Began(_)));
    }
    assert!(single_flight.next_of_queue().is_none(), "held back");
    assert!(matches!(join(&single_flight, "7", 1), Join::Joined(_)));
    assert_eq!(&*single_flight.next_of_queue().expect("a single call is not held back").soul, "7");
    assert!(matches!(join(&single_flight, "a", 1), Join::Began(_)));
    assert!(matches!(join(&single_flight, "b", 1), Join::Full));
    let hasty = Terms { own: Some(Duration::from_millis(1)), ..batch };
    handle(single_flight.join("8", Instant::now(), hasty, || false, || 1_001));
    let queued = [(); 2].map(|()| single_flight.next_of_queue().expect("queued").soul.to_string());
    assert_eq!(queued, ["a", "8"], "its time counts");
    let held = std::iter::from_fn(|| single_flight.take_held()).count();
    assert_eq!(held, 998);
}

#[test]
fn a_request_counts_its_callers_time_from_its_permit_and_until_then_that_of_the_queue() {
    let single_flight = SingleFlight::new(10);
    let start = Instant::now();
    let second = Duration::from_secs(1);
    let terms = Terms {
        own: None,
        timeout: 2 * second,
        queue_timeout: 9 * second,
        is_batch: false,
        is_fresh: false,
        may_join: true,
    };
    single_flight.join("a", start, terms, || false, || 1);
    single_flight.join("a", start, Terms { own: Some(5 * second), ..terms }, || false, || 2);
    let request = single_flight.next_of_queue().expect("a request");
    assert_eq!(
        (request.first_deadline(), request.last_deadline()),
        (Some(start + 5 * second), Some(start + 9 * second))
    );
    request.permitted(start + second, 2 * second);
    assert_eq!(
        (request.first_deadline(), request.last_deadline()),
        (Some(start + 3 * second), Some(start + 5 * second))
    );
}

#[test]
fn nobody_joins_a_request_that_was_invalidated_and_its_answer_is_not_cached() {
    let single_flight = SingleFlight::new(10);
    join(&single_flight, "a", 1);
    let old = single_flight.next_of_queue().expect("a request");
    single_flight.invalidate("a", || ());
    assert!(matches!(join(&single_flight, "a", 2), Join::Began(_)));
    let new = single_flight.next_of_queue().expect("a request");
    assert_eq!(callers(single_flight.complete(&old, || panic!("not current"))), [1]);
    assert!(matches!(join(&single_flight, "a", 3), Join::Joined(_)));
    let mut was_current = false;
    assert_eq!(callers(single_flight.complete(&new, || was_current = true)), [2, 3]);
    assert!(was_current);
}

#[test]
fn the_last_caller_to_leave_ends_the_request() {
    let single_flight = SingleFlight::new(10);
    let first = handle(join(&single_flight, "a", 1));
    let second = handle(join(&single_flight, "a", 2));
    let request = single_flight.next_of_queue().expect("a request");
    assert!(single_flight.leave(&first).is_some());
    assert!(single_flight.leave(&first).is_none(), "it has left already");
    assert!(request.first_deadline().is_some());
    assert!(single_flight.leave(&second).is_some());
    assert_eq!(request.first_deadline(), None);
    assert!(matches!(join(&single_flight, "a", 3), Join::Began(_)));
    assert!(single_flight.complete(&request, || panic!("not current")).is_empty());
}

#[test]
fn a_soul_that_became_known_begins_no_request_yet_an_active_one_is_joined() {
    let single_flight = SingleFlight::new(10);
    let known = single_flight.join("a", Instant::now(), MINUTE, || true, || 1);
    assert!(matches!(known, Join::Known));
    join(&single_flight, "a", 2);
    let joined = single_flight.join("a", Instant::now(), MINUTE, || true, || 3);
    assert!(matches!(joined, Join::Joined(_)));
}

#[test]
fn nobody_joins_once_it_is_closed() {
    let single_flight = SingleFlight::new(10);
    join(&single_flight, "a", 1);
    single_flight.close();
    assert!(matches!(join(&single_flight, "a", 2), Join::Closed));
    assert_eq!(single_flight.active_count(), 1);
}

#[test]
fn callers_leave_one_by_one_as_their_time_ends() {
    let single_flight = SingleFlight::new(10);
    let start = Instant::now();
    let second = Duration::from_secs(1);
    for (caller, own) in [(1, second), (2, 2 * second)] {
        single_flight.join("a", start, Terms { own: Some(own), ..MINUTE }, || false, || caller);
    }
    let request = single_flight.next_of_queue().expect("a request");
    assert_eq!(request.first_deadline(), Some(start + second));
    assert_eq!(request.last_deadline(), Some(start + 2 * second));
    assert_eq!(callers(single_flight.expire(&request, start + second)), [1]);
    assert_eq!(callers(single_flight.expire(&request, start + 2 * second)), [2]);
    assert!(matches!(join(&single_flight, "a", 3), Join::Began(_)));
}
