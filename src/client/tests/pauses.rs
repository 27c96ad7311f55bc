//! Paused processes, and relays that are silent for a moment: they must not look like an outage.

use super::*;
use std::thread;

/// Lets real time pass in which the network thread does nothing, as if the process had been stopped.
fn pause(time: Duration) {
    thread::sleep(time);
}

#[tokio::test]
async fn after_a_pause_calls_whose_answers_have_arrived_get_them_and_the_circuit_stays_closed() {
    let ms = Duration::from_millis;
    let config = Config { timeout: ms(150), ..Config::default() };
    let fixture = fixture(config, (0..50).map(|_| (ms(100), found())));
    let calls: Vec<_> = (0..50).map(|soul| fixture.wait(&soul.to_string())).collect();
    sleep(ms(20)).await;
    pause(ms(1_200));
    for call in calls {
        assert!(matches!(call.await, Ok(Outcome::Found(_))));
    }
    assert_eq!(fixture.stat("/requests/failed/ERR_GUN_TIMEOUT"), 0);
    assert!(matches!(fixture.get("after").await, Outcome::Missing | Outcome::Failed(_)));
    assert_eq!(fixture.stat("/requests/failed/ERR_GUN_CIRCUIT_OPEN"), 0);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_falls_silent_under_many_requests_at_once_does_not_open_the_circuit() {
    let silent = || (Config::default().attempt_timeout, Answer::from(Fault::Timeout));
    let fixture = fixture(Config::default(), (0..64).map(|_| silent()).chain(at_once((0..64).map(|_| found()))));
    let calls: Vec<_> = (0..64).map(|soul| fixture.wait(&soul.to_string())).collect();
    for call in calls {
        assert!(matches!(call.await, Ok(Outcome::Found(_))), "its promised retry was made");
    }
    assert_eq!((fixture.stat("/requests/retried"), fixture.stat("/requests/failed/ERR_GUN_CIRCUIT_OPEN")), (64, 0));
}

#[tokio::test(start_paused = true)]
async fn the_snapshot_shows_the_circuit_and_the_log_has_a_line_for_each_change() {
    let breaker = crate::breaker::BreakerPolicy { failures: 3, after: Duration::ZERO, probe_every: WAIT };
    let retry = RetryPolicy { retries: 0, ..Config::default().retry };
    let config = Config { breaker: Some(breaker), retry, ..Config::default() };
    let fixture =
        fixture(config, at_once([missing()]).chain(at_once([status(503), status(503), status(503), found()])));
    let breaker = || serde_json::to_value(fixture.client.snapshot()).expect("JSON")["breaker"].clone();
    fixture.get("a").await;
    assert_eq!(breaker()["state"], "closed");
    assert_eq!(breaker()["lastError"], serde_json::Value::Null);
    for soul in ["b", "c", "d", "barred"] {
        fixture.get(soul).await;
    }
    advance(WAIT).await;
    assert_eq!(breaker()["state"], "open");
    assert_eq!(breaker()["sinceMs"], WAIT.as_millis() as u64);
    assert_eq!(breaker()["lastError"], "it answered 503");
    fixture.get("e").await;
    assert_eq!(breaker()["state"], "closed");
    let notices = fixture.notices.lock().expect("no panic here");
    let [Notice::Circuit(open), Notice::Circuit(closed)] = &notices[..] else { panic!("{notices:?}") };
    assert_eq!((open.is_open, &*open.last_error), (true, "it answered 503"));
    assert_eq!((closed.is_open, closed.lasted, closed.failed_calls), (false, WAIT, 4));
}
