//! Permits and the queue.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_queued_call_has_the_clients_whole_time_from_its_permit_on() {
    let config = Config { max_in_flight: 1, ..Config::default() };
    let limit = config.timeout;
    let never = Duration::from_secs(1_000_000);
    let fixture = fixture(config, [(never, found()), (limit - WAIT, found())]);
    let (first, queued) = (fixture.wait("a"), fixture.wait("b"));
    let start = Instant::now();
    assert_eq!(error(first.await.expect("settled")).attempts, 1);
    assert_eq!(start.elapsed(), limit);
    assert!(matches!(queued.await, Ok(Outcome::Found(_))));
    assert_eq!(fixture.stat("/requests/failed/ERR_GUN_TIMEOUT"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_single_call_that_waits_too_long_for_a_permit_fails_and_says_what_to_change() {
    let config = Config { max_in_flight: 1, queue_timeout: 2 * WAIT, ..Config::default() };
    let never = Duration::from_secs(1_000_000);
    let fixture = fixture(config, [(never, found())]);
    let (_first, queued) = (fixture.wait("a"), fixture.wait("b"));
    let hasty = CallOptions { timeout: Some(WAIT), ..CallOptions::default() };
    let (_, hasty) = fixture.begin("c", hasty);
    let start = Instant::now();
    let hasty = error(hasty.await.expect("settled"));
    assert_eq!(start.elapsed(), WAIT);
    let queued = error(queued.await.expect("settled"));
    assert_eq!(start.elapsed(), 2 * WAIT);
    for error in [hasty, queued] {
        assert_eq!((&error.fault, error.attempts), (&Fault::QueueTimeout { max_in_flight: 1 }, 0));
        assert_eq!(error.fault.code(), Code::Timeout);
        let text = error.to_string();
        assert!(text.contains("in the queue") && text.contains("GUN_MAX_IN_FLIGHT"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_larger_than_wire_and_queue_together_is_answered_whole_however_long_it_takes() {
    let config = Config { max_in_flight: 4, max_queue: 0, queue_timeout: WAIT, ..Config::default() };
    let fixture = fixture(config, []);
    let batch = CallOptions { is_batch: true, ..CallOptions::default() };
    let calls: Vec<_> = (0..1_200).map(|soul| fixture.begin(&soul.to_string(), batch).1).collect();
    for call in calls {
        assert_eq!(call.await, Ok(Outcome::Missing));
    }
    assert_eq!(fixture.script.most_on_the_wire.load(Relaxed), 4);
    assert_eq!(fixture.script.asked().len(), 1_200);
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_the_wire_wait_in_order_and_beyond_the_queue_fail_at_once() {
    let config = Config { max_in_flight: 2, max_queue: 3, ..Config::default() };
    let fixture = fixture(config, []);
    let outcomes: Vec<_> = ["a", "b", "c", "d", "e"].map(|soul| fixture.wait(soul)).into();
    let Begun::Failed(error) = fixture.begin("f", CallOptions::default()).0 else {
        panic!("no room");
    };
    assert_eq!(error.fault, Fault::Overloaded { limit: 3 });
    fixture.wait("a"); // to join costs no permit
    advance(Duration::from_millis(1)).await;
    assert_eq!((fixture.stat("/requests/inFlight"), fixture.stat("/requests/queued")), (2, 3));
    for outcome in outcomes {
        assert_eq!(outcome.await, Ok(Outcome::Missing));
    }
    assert_eq!(fixture.script.asked(), ["a", "b", "c", "d", "e"]);
    assert_eq!(fixture.script.most_on_the_wire.load(Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_backs_off_leaves_its_permit_to_others() {
    let config = Config { max_in_flight: 1, ..Config::default() };
    let asks = Answer::Failed { fault: Fault::Status(503), retry_after: Some(Duration::from_secs(9)) };
    let fixture = fixture(config, at_once([asks, found(), found()]));
    let first = fixture.wait("a");
    assert!(matches!(fixture.get("b").await, Outcome::Found(_)));
    assert!(matches!(first.await, Ok(Outcome::Found(_))));
    assert_eq!(fixture.script.asked(), ["a", "b", "a"]);
}

#[tokio::test(start_paused = true)]
async fn callers_that_leave_together_leave_no_attempt_behind_for_those_that_waited_for_a_permit() {
    let config = Config { max_in_flight: 1, ..Config::default() };
    let fixture = fixture(config, []);
    let calls: Vec<_> = (0..10).map(|soul| fixture.begin(&soul.to_string(), CallOptions::default())).collect();
    sleep(WAIT / 2).await;
    for (begun, _) in &calls {
        let Begun::Waits(handle) = begun else { panic!("{begun:?}") };
        assert!(fixture.client.leave(handle));
    }
    sleep(WAIT).await;
    assert_eq!(fixture.script.asked(), ["0"]);
}
