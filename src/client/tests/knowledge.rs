//! What answers without the relay: refreshed entries, cached records, and a file.

use super::*;
use std::path::Path;

const TTL: Duration = Duration::from_secs(600);

fn caching(ttl: Duration) -> Config {
    Config { ttl: TTL, record_ttl: ttl, ..Config::default() }
}

#[tokio::test(start_paused = true)]
async fn an_entry_read_in_the_last_tenth_of_its_ttl_is_fetched_again_once_and_nobody_waits() {
    let fixture = fixture(Config { ttl: TTL, ..Config::default() }, []);
    fixture.get("a").await;
    for _ in 0..5 {
        advance(TTL * 95 / 100).await;
        for _ in 0..3 {
            assert!(fixture.is_known("a"));
            sleep(2 * WAIT).await;
        }
    }
    assert_eq!((fixture.script.asked().len(), fixture.stat("/requests/refreshed")), (6, 5));
    assert_eq!(fixture.stat("/inserts"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_finds_the_record_forgets_the_entry_and_one_that_fails_leaves_it() {
    let fixture =
        fixture(Config { ttl: TTL, ..Config::default() }, at_once([missing(), missing(), found(), status(503)]));
    fixture.get("found").await;
    fixture.get("down").await;
    advance(TTL * 95 / 100).await;
    assert!(fixture.is_known("found") && fixture.is_known("down"));
    sleep(WAIT).await;
    assert!(!fixture.is_known("found"));
    assert!(fixture.is_known("down"));
    assert_eq!((fixture.stat("/requests/refreshed"), fixture.stat("/requests/retried")), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn refreshes_use_an_eighth_of_the_permits_and_none_while_callers_wait() {
    let config = Config { ttl: TTL, max_in_flight: 16, ..Config::default() };
    let fixture = fixture(config, []);
    let souls: Vec<String> = (0..16).map(|soul| soul.to_string()).collect();
    for soul in souls.iter().map(|soul| fixture.wait(soul)).collect::<Vec<_>>() {
        soul.await.expect("settled");
    }
    advance(TTL * 95 / 100).await;
    fixture.script.most_on_the_wire.store(0, Relaxed);
    assert!(souls.iter().all(|soul| fixture.is_known(soul)));
    sleep(WAIT / 2).await;
    assert_eq!(fixture.script.on_the_wire.load(Relaxed), 2);
    // Twenty callers come: no further refresh starts before they have their permits.
    let callers: Vec<_> = (100..120).map(|soul| fixture.wait(&soul.to_string())).collect();
    sleep(WAIT).await;
    let asked = fixture.script.asked();
    assert_eq!(asked[16..18].iter().filter(|soul| souls.contains(soul)).count(), 2);
    assert!(asked[18..32].iter().all(|soul| !souls.contains(soul)), "{asked:?}");
    for caller in callers {
        caller.await.expect("settled");
    }
    sleep(10 * WAIT).await;
    assert_eq!(fixture.stat("/requests/refreshed"), 16);
}

#[tokio::test(start_paused = true)]
async fn a_caller_joins_a_refresh_and_a_closing_client_does_not_wait_for_one() {
    let never = Duration::from_secs(1_000_000);
    let fixture =
        fixture(Config { ttl: TTL, ..Config::default() }, [(WAIT, missing()), (WAIT, found()), (never, found())]);
    fixture.get("a").await;
    advance(TTL * 95 / 100).await;
    assert!(fixture.is_known("a"));
    sleep(Duration::from_millis(1)).await;
    let (_, joins) = fixture.begin("a", CallOptions { fresh: true, ..CallOptions::default() });
    assert!(matches!(joins.await, Ok(Outcome::Found(_))));
    assert_eq!(fixture.stat("/requests/coalesced"), 1);

    fixture.script.answers.lock().expect("no panic here").push_front((WAIT, Some(missing())));
    fixture.get("b").await;
    advance(TTL * 95 / 100).await;
    assert!(fixture.is_known("b"));
    sleep(Duration::from_millis(1)).await;
    let start = Instant::now();
    let (closed, is_closed) = oneshot::channel();
    fixture.client.close(move || _ = closed.send(()));
    assert_eq!(is_closed.await, Ok(()));
    assert!(start.elapsed() < WAIT, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_hundred_reads_of_a_record_within_its_ttl_are_one_request() {
    let fixture = fixture(caching(TTL), at_once([found(), found()]));
    fixture.get("a").await;
    for _ in 0..99 {
        assert!(matches!(fixture.begin("a", CallOptions::default()).0, Begun::Found(_)));
    }
    assert_eq!((fixture.stat("/requests/sent"), fixture.stat("/records/hits"), fixture.stat("/hits")), (1, 99, 0));
    advance(TTL).await;
    fixture.get("a").await;
    assert_eq!(fixture.stat("/requests/sent"), 2);
}

#[tokio::test(start_paused = true)]
async fn invalidate_and_newer_answers_replace_a_cached_record() {
    let fixture = fixture(caching(TTL), at_once([found(), found(), missing()]));
    fixture.get("a").await;
    fixture.client.invalidate("a");
    fixture.get("a").await;
    assert_eq!(fixture.stat("/requests/sent"), 2);
    let fresh = CallOptions { fresh: true, ..CallOptions::default() };
    assert_eq!(fixture.begin("a", fresh).1.await, Ok(Outcome::Missing));
    assert!(fixture.is_known("a"));
    assert_eq!(fixture.stat("/records/size"), 0);
    fixture.client.invalidate_all();
    assert!(!fixture.is_known("a"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_request_that_began_before_invalidate_is_not_cached() {
    let fixture = fixture(caching(TTL), [(WAIT, found())]);
    let before = fixture.wait("a");
    advance(WAIT / 2).await;
    fixture.client.invalidate("a");
    assert!(matches!(before.await, Ok(Outcome::Found(_))));
    assert_eq!(fixture.stat("/records/size"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_hidden_by_a_stale_record_only_if_that_is_asked_for_and_never_by_null() {
    let retry = RetryPolicy { retries: 0, ..Config::default().retry };
    for (stale_if_error, is_hidden) in [(Duration::ZERO, false), (TTL, true)] {
        let config = Config { stale_if_error, retry: retry.clone(), ..caching(TTL) };
        let fixture = fixture(config, at_once([found(), status(503), status(503)]));
        fixture.get("a").await;
        advance(TTL).await;
        assert_eq!(matches!(fixture.get("a").await, Outcome::Found(_)), is_hidden);
        assert_eq!(fixture.stat("/records/stale"), u64::from(is_hidden));
        assert_eq!(error(fixture.get("b").await).fault, Fault::Status(503));
        assert_eq!(fixture.stat("/requests/failed/ERR_GUN_STATUS"), 2);
        assert_eq!(fixture.stat("/hits"), 0);
    }
}

fn with_file(path: &Path) -> Config {
    Config { ttl: TTL, cache_file: Some(path.into()), ..Config::default() }
}

async fn close(client: &Client<Sender>) {
    let (closed, is_closed) = oneshot::channel();
    client.close(move || _ = closed.send(()));
    is_closed.await.expect("closed");
}

#[tokio::test]
async fn what_one_client_learned_the_next_one_on_its_file_knows_but_for_what_was_invalidated() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("missing");
    let first = fixture(with_file(&path), at_once([missing(), missing()]));
    first.get("a").await;
    first.get("b").await;
    first.client.invalidate("b");
    close(&first.client).await;

    let second = fixture(with_file(&path), at_once([found()]));
    // The call may come before the file is loaded, and waits for that.
    let (begun, outcome) = second.begin("a", CallOptions::default());
    assert!(matches!(begun, Begun::Missing) || outcome.await == Ok(Outcome::Missing));
    assert!(second.is_known("a"));
    assert!(matches!(second.get("b").await, Outcome::Found(_)));
    assert_eq!(second.script.asked(), ["b"]);
    assert_eq!((second.stat("/store/loaded"), second.stat("/store/errors")), (1, 0));
    close(&second.client).await;
}

#[tokio::test]
async fn a_soul_that_was_queued_before_the_file_was_loaded_is_answered_from_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("missing");
    let first = fixture(with_file(&path), at_once([missing()]));
    first.get("a").await;
    close(&first.client).await;

    let second = fixture(Config { max_in_flight: 1, ..with_file(&path) }, at_once([found()]));
    let batch = CallOptions { is_batch: true, ..CallOptions::default() };
    // The second one's turn comes when the first is answered, so after the load.
    let [b, a] = ["b", "a"].map(|soul| second.begin(soul, batch).1);
    assert!(matches!(b.await, Ok(Outcome::Found(_))));
    assert_eq!(a.await, Ok(Outcome::Missing));
    assert_eq!(second.script.asked(), ["b"]);
    close(&second.client).await;
}

#[tokio::test]
async fn a_second_client_on_the_same_file_says_so_and_goes_on_without_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("missing");
    let first = fixture(with_file(&path), []);
    let second = fixture(with_file(&path), at_once([found()]));
    sleep(Duration::ZERO).await;
    let notices = second.notices.lock().expect("no panic here").clone();
    assert!(matches!(&notices[..], [Notice::Warning(line)] if line.contains("in use")), "{notices:?}");
    assert!(matches!(second.get("a").await, Outcome::Found(_)));
    close(&second.client).await;
    close(&first.client).await;
}

#[tokio::test]
async fn a_client_that_nobody_closed_leaves_its_file_to_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("missing");
    let first = fixture(with_file(&path), at_once([missing()]));
    first.get("a").await;
    let Fixture { client, ended, .. } = first;
    drop(client);
    assert!(ended.await.is_err(), "its driver has ended");
    // The thread that loaded the file may be the client's last owner.
    let next = loop {
        let next = fixture(with_file(&path), []);
        sleep(Duration::from_millis(1)).await;
        if next.notices.lock().expect("no panic here").is_empty() {
            break next;
        }
    };
    let (begun, outcome) = next.begin("a", CallOptions::default());
    assert!(matches!(begun, Begun::Missing) || outcome.await == Ok(Outcome::Missing));
    assert_eq!(next.script.asked().len(), 0);
    close(&next.client).await;
}
