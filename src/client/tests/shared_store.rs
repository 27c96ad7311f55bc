//! Two clients of one relay with a real store: each knows what the other one learned.

use super::*;
use crate::config::OptionValue;
use crate::store::shared::tests::server::Server;

/// Longer than anything here takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn config(url: &str) -> Config {
    let options = [("cache.url".to_owned(), OptionValue::Text(url.to_owned()))];
    Config::from_options(&options).expect("good options")
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "waited for: {what}");
        sleep(Duration::from_millis(2)).await;
    }
}

fn is_connected(fixture: &Fixture) -> bool {
    fixture.client.snapshot().store.is_some_and(|store| store.connected)
}

/// A client that answers at once with these, and is connected to the store.
async fn connected(url: &str, answers: impl IntoIterator<Item = Answer>) -> Fixture {
    let fixture = fixture(config(url), at_once(answers));
    until("connected", || is_connected(&fixture)).await;
    fixture
}

async fn flushed(fixture: &Fixture) -> Result<(), CallError> {
    let (done, result) = oneshot::channel();
    fixture.client.flushed(move |result| _ = done.send(result));
    result.await.expect("it settles")
}

/// Gets the soul without the memory of this process.
async fn fresh(fixture: &Fixture, soul: &str) -> Outcome {
    let options = CallOptions { fresh: true, ..CallOptions::default() };
    fixture.begin(soul, options).1.await.expect("settled")
}

/// Until a client without knowledge of its own is answered by the store: a 404 is written after its call has settled.
async fn in_store(url: &str, soul: &str) {
    let end = Instant::now() + PATIENCE;
    loop {
        let reader = connected(url, [status(400)]).await;
        if reader.get(soul).await == Outcome::Missing {
            return;
        }
        assert!(Instant::now() < end, "{soul} is in the store");
    }
}

fn server() -> Option<(Server, String)> {
    let server = Server::start(&[])?;
    let url = format!("redis://127.0.0.1:{}", server.port);
    Some((server, url))
}

#[tokio::test]
async fn a_soul_that_one_client_found_missing_is_answered_in_the_other_without_a_request() {
    let Some((_server, url)) = server() else { return };
    let first = connected(&url, [missing()]).await;
    assert_eq!(first.get("a").await, Outcome::Missing);
    in_store(&url, "a").await;
    let second = connected(&url, []).await;
    assert_eq!(second.get("a").await, Outcome::Missing);
    assert!(second.is_known("a"), "it is kept in memory");
    assert!(second.script.asked().is_empty());
    let store = second.client.snapshot().store.expect("a store");
    assert_eq!((store.kind, store.loaded, store.hits, store.errors), ("shared", 1, 2, 0));
    assert_eq!((second.stat("/hits"), second.stat("/requests/missing")), (2, 0));
}

#[tokio::test]
async fn an_invalidation_in_one_client_makes_the_other_ask_again() {
    let Some((_server, url)) = server() else { return };
    let first = connected(&url, [missing(), found()]).await;
    first.get("a").await;
    in_store(&url, "a").await;
    let second = connected(&url, [found()]).await;
    second.get("a").await;
    assert!(second.client.invalidate("a"));
    assert_eq!(flushed(&second).await, Ok(()));
    until("the message has come", || first.stat("/size") == 0).await;
    for client in [&first, &second] {
        assert!(matches!(client.get("a").await, Outcome::Found(_)));
    }
    assert_eq!(second.script.asked(), ["a"]);
}

#[tokio::test]
async fn an_answer_to_a_request_that_began_before_another_clients_invalidation_is_kept_nowhere() {
    let Some((_server, url)) = server() else { return };
    let slow = Duration::from_millis(300);
    let first = fixture(config(&url), [(slow, missing()), (Duration::ZERO, found())]);
    until("connected", || is_connected(&first)).await;
    let second = connected(&url, [found()]).await;
    let before = first.wait("a");
    until("the relay is asked", || !first.script.asked().is_empty()).await;
    second.client.invalidate("a");
    assert_eq!(flushed(&second).await, Ok(()));
    assert_eq!(before.await, Ok(Outcome::Missing));
    assert!(matches!(first.get("a").await, Outcome::Found(_)));
    assert!(matches!(second.get("a").await, Outcome::Found(_)));
}

#[tokio::test]
async fn a_fresh_call_asks_the_relay_and_its_record_corrects_the_store() {
    let Some((_server, url)) = server() else { return };
    let first = connected(&url, [missing()]).await;
    first.get("a").await;
    in_store(&url, "a").await;
    let second = connected(&url, [found(), found()]).await;
    assert!(matches!(fresh(&second, "a").await, Outcome::Found(_)));
    assert_eq!(flushed(&second).await, Ok(()));
    assert!(matches!(second.get("a").await, Outcome::Found(_)));
    until("the message has come", || first.stat("/size") == 0).await;
}

#[tokio::test]
async fn the_first_calls_of_a_process_wait_for_its_store_and_are_learned() {
    let Some((_server, url)) = server() else { return };
    let config = config(&url);
    // The connection may take longer than calls wait for it on a busy machine; the next client has better luck.
    let end = Instant::now() + PATIENCE;
    loop {
        let client = fixture(config.clone(), at_once([missing()]));
        let soul = format!("{:?}", Instant::now());
        assert_eq!(client.get(&soul).await, Outcome::Missing);
        if client.client.snapshot().store.is_some_and(|store| store.connected) && client.stat("/size") == 1 {
            in_store(&url, &soul).await;
            return;
        }
        assert!(Instant::now() < end, "a first call is learned");
    }
}

#[tokio::test]
async fn without_the_store_calls_go_on_what_came_from_it_is_distrusted_and_an_outage_has_two_lines() {
    let Some((mut server, url)) = server() else { return };
    let first = connected(&url, [missing(), missing()]).await;
    first.get("theirs").await;
    in_store(&url, "theirs").await;
    let second = connected(&url, [missing(), found(), found()]).await;
    second.get("theirs").await;
    second.get("own").await;
    assert_eq!(second.script.asked(), ["own"]);
    server.kill();
    until("off", || !is_connected(&second)).await;
    assert!(second.is_known("own"), "it was learned from the relay");
    assert!(matches!(second.get("theirs").await, Outcome::Found(_)), "the relay is asked");
    second.client.invalidate("own");
    let error = flushed(&second).await.expect_err("there is no store");
    assert_eq!(error.fault.code(), Code::CacheStore);
    assert!(error.to_string().starts_with("cache store redis://127.0.0.1"), "{error}");
    server.restart();
    until("on", || is_connected(&second)).await;
    assert_eq!(flushed(&second).await, Ok(()));
    let notices = second.notices.lock().expect("no panic here").clone();
    let [Notice::Warning(lost), Notice::Warning(back)] = &notices[..] else { panic!("{notices:?}") };
    assert!(
        lost.starts_with("⚠️  [GUN 404 Cache] the store redis://127.0.0.1:") && lost.contains(" is lost: "),
        "{lost}"
    );
    assert!(back.starts_with("✅ [GUN 404 Cache] the store ") && back.contains(" is back after "), "{back}");
}

#[tokio::test]
async fn a_store_that_never_answers_delays_a_call_by_little() {
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("redis://{}", nowhere.local_addr().expect("bound"));
    let client = fixture(config(&url), at_once([missing(), missing()]));
    assert_eq!(client.get("a").await, Outcome::Missing);
    assert!(client.is_known("a"));
    // Nothing is waited for any more, in no time that a clock could tell from the machine's own pauses.
    assert!(!client.client.shared.knowledge.shared_store().expect("one").has_to_start());
    assert_eq!(client.get("b").await, Outcome::Missing);
    let (closed, is_closed) = oneshot::channel();
    client.client.close(move || _ = closed.send(()));
    assert_eq!(is_closed.await, Ok(()));
    let error = flushed(&client).await;
    assert_eq!(error, Ok(()), "there was nothing to confirm");
}
