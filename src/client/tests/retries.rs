//! Retries.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_transient_failure_is_tried_again_and_the_last_one_is_the_answer() {
    let fixture = fixture(Config::default(), at_once([status(500), status(502), status(503), found()]));
    let error = error(fixture.get("a").await);
    assert_eq!((&error.fault, error.attempts), (&Fault::Status(503), 3));
    let pauses = fixture.script.pauses();
    assert!(pauses[0] <= Duration::from_millis(201), "{pauses:?}");
    assert!(pauses[1] <= Duration::from_millis(401), "{pauses:?}");
    assert_eq!((fixture.stat("/requests/sent"), fixture.stat("/requests/retried")), (3, 2));
    assert!(matches!(fixture.get("a").await, Outcome::Found(_)));
}

#[tokio::test(start_paused = true)]
async fn no_404_is_tried_again() {
    for answer in [missing(), status(404)] {
        let fixture = fixture(Config::default(), at_once([answer]));
        fixture.get("a").await;
        assert_eq!(fixture.script.asked().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_where_it_fits_and_fails_the_call_at_once_where_it_does_not() {
    let asks = |seconds| Answer::Failed { fault: Fault::Status(429), retry_after: Some(Duration::from_secs(seconds)) };
    let fixture = fixture(Config::default(), at_once([asks(7), asks(60)]));
    let start = Instant::now();
    let error = error(fixture.get("a").await);
    assert_eq!((error.fault.status(), error.attempts), (Some(429), 2));
    assert!(
        error
            .to_string()
            .contains("; it asks to wait 60 s (Retry-After), longer than the call has left (timeoutMs) (2 ")
    );
    // Timers of tokio are a millisecond late at most.
    assert!(start.elapsed() < Duration::from_millis(7_010), "{:?}", start.elapsed());
    assert!(fixture.script.pauses()[0] >= Duration::from_secs(7));
}
