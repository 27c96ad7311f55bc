//! Calls in virtual time, against a scripted relay.

use super::*;
use crate::breaker::Breaker;
use crate::negative_cache::LEASE;
use crate::record::read_answer;
use crate::relay::Answer;
use crate::single_flight::{CallInfo, Outcome};
use crate::stats::SweepLine;
use fixture::*;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::sync::oneshot;
use tokio::time::{advance, sleep, sleep_until, timeout};

#[tokio::test(start_paused = true)]
async fn a_missing_soul_is_asked_for_once_and_then_known_until_its_life_ends() {
    let fixture = fixture(Config::default(), []);
    assert_eq!(fixture.get("a").await, Outcome::Missing);
    assert!(fixture.is_known("a"));
    assert_eq!((fixture.stat("/hits"), fixture.stat("/total")), (1, 2));
    advance(Config::default().ttl).await;
    assert_eq!(fixture.get("a").await, Outcome::Missing);
    assert_eq!(fixture.script.asked(), ["a", "a"]);
}

#[tokio::test(start_paused = true)]
async fn a_mirror_forgets_when_its_lease_ends_and_when_the_client_closes() {
    let fixture = fixture(Config::default(), []);
    let mirror = fixture.client.add_mirror().expect("no shared store");
    let generation = || mirror.generation.load(Relaxed);
    fixture.get("a").await;
    for _ in 0..2 {
        let offered_in = generation();
        assert!(fixture.client.to_mirror("a").is_some());
        sleep(LEASE - Duration::from_millis(10)).await;
        assert!(fixture.client.to_mirror("a").is_some(), "the lease is not a new one");
        assert_eq!(generation(), offered_in);
        sleep(Duration::from_millis(20)).await;
        assert_ne!(generation(), offered_in);
        let idle = generation();
        sleep(3 * LEASE).await;
        assert_eq!(generation(), idle, "nothing was offered");
    }
    let before = generation();
    fixture.client.close(|| {});
    assert_ne!(generation(), before);
}

#[tokio::test(start_paused = true)]
async fn callers_that_come_while_a_request_runs_share_its_answer() {
    let fixture = fixture(Config::default(), [(WAIT, found())]);
    let outcomes: Vec<_> = (0..10).map(|_| fixture.wait("a")).collect();
    for outcome in outcomes {
        assert!(matches!(outcome.await, Ok(Outcome::Found(_))));
    }
    assert_eq!(fixture.script.asked(), ["a"]);
    assert_eq!(fixture.stat("/requests/coalesced"), 9);
    assert_eq!(fixture.stat("/requests/found"), 1);
}

#[tokio::test(start_paused = true)]
async fn callers_share_the_error_too() {
    let fixture = fixture(Config::default(), [(WAIT, status(400))]);
    let (first, second) = (fixture.wait("a"), fixture.wait("a"));
    let (first, second) = (error(first.await.expect("settled")), error(second.await.expect("settled")));
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(fixture.script.asked().len(), 1);
    assert_eq!(fixture.stat("/requests/failed/ERR_GUN_STATUS"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_whose_time_ends_leaves_alone() {
    let fixture = fixture(Config::default(), [(WAIT, found())]);
    let patient = fixture.wait("a");
    let hasty = CallOptions { timeout: Some(WAIT / 3), fresh: false, is_batch: false };
    let (_, hasty) = fixture.begin("a", hasty);
    let start = Instant::now();
    let error = error(hasty.await.expect("settled"));
    assert_eq!(start.elapsed(), WAIT / 3);
    assert_eq!((&error.fault, error.attempts), (&Fault::Timeout, 1));
    assert!(matches!(patient.await, Ok(Outcome::Found(_))));
    assert_eq!(fixture.stat("/requests/failed/ERR_GUN_TIMEOUT"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_caller_may_have_more_time_than_the_client_gives() {
    let config = Config { timeout: WAIT / 3, ..Config::default() };
    let fixture = fixture(config, [(WAIT, found())]);
    let usual = fixture.wait("a");
    let patient = CallOptions { timeout: Some(2 * WAIT), fresh: false, is_batch: false };
    let (_, patient) = fixture.begin("a", patient);
    assert_eq!(error(usual.await.expect("settled")).fault, Fault::Timeout);
    assert!(matches!(patient.await, Ok(Outcome::Found(_))));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_joins_a_request_older_than_its_own_time_has_that_time_all_the_same() {
    let config = Config { timeout: WAIT / 4, ..Config::default() };
    let fixture = fixture(config, [(WAIT, found())]);
    let patient = CallOptions { timeout: Some(2 * WAIT), fresh: false, is_batch: false };
    let (_, patient) = fixture.begin("a", patient);
    sleep(WAIT / 2).await;
    let start = Instant::now();
    assert_eq!(error(fixture.get("a").await).fault, Fault::Timeout);
    assert_eq!(start.elapsed(), WAIT / 4);
    sleep(WAIT / 8).await;
    let joins = fixture.wait("a");
    assert!(matches!(joins.await, Ok(Outcome::Found(_))));
    assert!(matches!(patient.await, Ok(Outcome::Found(_))));
    assert_eq!(fixture.script.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_request_is_cancelled_with_its_last_caller_and_not_before() {
    let fixture = fixture(Config::default(), []);
    let (first, first_outcome) = fixture.begin("a", CallOptions::default());
    let (second, _second_outcome) = fixture.begin("a", CallOptions::default());
    let (Begun::Waits(first), Begun::Waits(second)) = (first, second) else {
        panic!("both wait");
    };
    advance(WAIT / 3).await;
    assert!(fixture.client.leave(&first));
    advance(WAIT / 3).await;
    assert_eq!(fixture.script.on_the_wire.load(Relaxed), 1);
    assert!(fixture.client.leave(&second));
    advance(Duration::from_millis(1)).await;
    assert_eq!(fixture.script.on_the_wire.load(Relaxed), 0);
    assert!(first_outcome.await.is_err(), "who left gets nothing");
    advance(WAIT).await;
    assert!(!fixture.is_known("a"));
}

#[tokio::test(start_paused = true)]
async fn a_404_that_began_before_invalidate_is_not_remembered_and_given_to_nobody_who_came_after() {
    let fixture = fixture(Config::default(), [(WAIT, missing()), (Duration::ZERO, found())]);
    let before = fixture.wait("a");
    advance(WAIT / 2).await;
    assert!(!fixture.client.invalidate("a"));
    assert!(matches!(fixture.get("a").await, Outcome::Found(_)));
    assert_eq!(before.await, Ok(Outcome::Missing));
    assert!(!fixture.is_known("a"));
}

#[tokio::test(start_paused = true)]
async fn invalidate_all_holds_for_every_soul() {
    let fixture = fixture(Config::default(), []);
    fixture.get("known").await;
    let before = fixture.wait("a");
    advance(WAIT / 2).await;
    assert_eq!(fixture.client.invalidate_all(), 1);
    assert_eq!(before.await, Ok(Outcome::Missing));
    assert!(!fixture.is_known("a") && !fixture.is_known("known"));
}

#[tokio::test(start_paused = true)]
async fn a_record_found_drops_what_was_remembered() {
    let fixture = fixture(Config::default(), at_once([missing(), found()]));
    fixture.get("a").await;
    let fresh = CallOptions { timeout: None, fresh: true, is_batch: false };
    let (begun, outcome) = fixture.begin("a", fresh);
    assert!(matches!(begun, Begun::Waits(_)));
    assert!(matches!(outcome.await, Ok(Outcome::Found(_))));
    assert!(!fixture.is_known("a"));
    assert_eq!(fixture.stat("/invalidations"), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_remembered_that_the_relay_did_not_say() {
    let unsaid = [Answer::Missing { remember: false }, status(404), status(503), Fault::Timeout.into()];
    for answer in unsaid {
        let config = Config { retry: RetryPolicy { retries: 0, ..Config::default().retry }, ..Config::default() };
        let fixture = fixture(config, at_once([answer]));
        fixture.get("a").await;
        assert_eq!(fixture.stat("/size"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn callers_that_leave_at_their_deadline_are_no_timeout() {
    let never = Duration::from_secs(1_000_000);
    let fixture = fixture(Config::default(), (0..64).map(|_| (never, found())));
    let end = Instant::now() + Config::default().timeout;
    let calls: Vec<_> = (0..64).map(|soul| fixture.begin(&soul.to_string(), CallOptions::default())).collect();
    // This task is first when the moment has come.
    sleep_until(end).await;
    for (begun, _outcome) in &calls {
        let Begun::Waits(handle) = begun else { panic!("it waits") };
        assert!(fixture.client.leave(handle), "its time has ended already");
    }
    sleep(WAIT).await;
    assert_eq!((fixture.stat("/requests/failed/ERR_GUN_TIMEOUT"), fixture.stat("/requests/queued")), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever_when_the_driver_dies() {
    let fixture = fixture(Config::default(), []);
    fixture.script.answers.lock().expect("no panic here").push_back((WAIT, None));
    let (first, second) = (fixture.wait("a"), fixture.wait("a"));
    for outcome in [first, second] {
        let error = error(outcome.await.expect("settled"));
        assert_eq!(error.fault.code(), Code::Connect);
    }
    assert_eq!(fixture.get("a").await, Outcome::Missing);
    assert_eq!((fixture.stat("/requests/inFlight"), fixture.stat("/requests/queued")), (0, 0));
}

#[test]
fn a_client_whose_driver_is_gone_can_be_closed() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let fixture = runtime.block_on(async { fixture(Config::default(), []) });
    drop(runtime);
    let (closed, mut is_closed) = oneshot::channel();
    fixture.client.close(move || _ = closed.send(()));
    assert_eq!(is_closed.try_recv(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_closed_client_takes_no_call_and_lets_those_in_flight_settle() {
    let fixture = fixture(Config::default(), []);
    fixture.get("known").await;
    let waits = fixture.wait("a");
    advance(WAIT / 2).await;
    let (closed, mut is_closed) = oneshot::channel();
    fixture.client.close(move || {
        let _ = closed.send(());
    });
    for soul in ["a", "b", "known"] {
        let Begun::Failed(error) = fixture.begin(soul, CallOptions::default()).0 else {
            panic!("the client is closed");
        };
        assert_eq!(error.fault, Fault::Closed);
    }
    assert!(is_closed.try_recv().is_err());
    assert_eq!(waits.await, Ok(Outcome::Missing));
    assert_eq!(is_closed.await, Ok(()));
    assert!(fixture.ended.await.is_err(), "what kept the thread alive is let go");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_nobody_owns_ends_by_itself() {
    let Fixture { client, ended, .. } = fixture(Config::default(), []);
    drop(client);
    let ended = timeout(Duration::from_secs(1), ended).await;
    assert!(ended.expect("in time").is_err());
}

#[tokio::test(start_paused = true)]
async fn a_sweep_is_reported_when_it_removed_something() {
    let config = Config { ttl: Duration::from_secs(1_800), ..Config::default() };
    let sweep_every = config.sweep_every;
    let fixture = fixture(config, []);
    fixture.get("a").await;
    advance(sweep_every / 2 + WAIT).await;
    fixture.get("b").await;
    sleep(sweep_every / 2).await;
    let line = SweepLine { removed: 1, remain: 1 };
    assert_eq!(*fixture.notices.lock().expect("no panic here"), [Notice::Swept(line)]);
    sleep(sweep_every).await;
    sleep(sweep_every).await;
    let line = SweepLine { removed: 1, remain: 0 };
    assert_eq!(fixture.notices.lock().expect("no panic here")[1..], [Notice::Swept(line)]);
}

#[tokio::test(start_paused = true)]
async fn counts_of_entries_add_up_to_the_size() {
    let config = Config { capacity: 5, ..Config::default() };
    let fixture = fixture(config, []);
    for soul in 0..9 {
        fixture.get(&soul.to_string()).await;
    }
    fixture.client.invalidate("8");
    let gone = ["/evictions", "/expirations", "/invalidations"].map(|name| fixture.stat(name));
    assert_eq!(fixture.stat("/inserts") - gone.iter().sum::<u64>(), fixture.stat("/size"));
    assert_eq!((fixture.stat("/size"), fixture.stat("/capacity")), (4, 5));
}

mod fallbacks;
mod fixture;
mod knowledge;
mod metrics;
mod outages;
mod pauses;
mod queue;
mod retries;
mod shared_store;
