//! Two clients of a real server: each knows what the other one learned and forgets what it invalidated.

use super::server::Server;
use crate::config::{Config, OptionValue};
use crate::store::Listener;
use crate::store::shared::{Flush, LookUp, SharedStore, StoreConfig, Trust};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

const LIFE: Duration = Duration::from_secs(60);
/// Longer than anything here takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a client was told.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Told {
    fn add(&self, what: String) {
        self.0.lock().expect("no panic").push(what);
    }

    fn has(&self, what: &str) -> bool {
        self.0.lock().expect("no panic").iter().any(|told| told.starts_with(what))
    }

    fn all(&self) -> String {
        self.0.lock().expect("no panic").join("\n")
    }
}

impl Listener for Told {
    fn forget(&self, soul: &str) {
        self.add(format!("forget {soul}"));
    }

    fn forget_all(&self, cause: Flush) {
        self.add(format!("forget all: {cause:?}"));
    }

    fn trusted_until(&self, until: Option<Instant>) {
        self.add(format!("trusted: {}", until.is_some()));
    }

    fn lost(&self, why: &str) {
        self.add(format!("lost: {why}"));
    }

    fn back(&self, down_for: Duration) {
        self.add(format!("back after {down_for:?}"));
    }
}

struct Process {
    store: SharedStore,
    told: Arc<Told>,
}

fn config(url: &str) -> StoreConfig {
    let options = [("cache.url".to_owned(), OptionValue::Text(url.to_owned()))];
    let config = Config::from_options(&options).expect("good options");
    StoreConfig { url: config.cache_url.expect("given"), namespace: "http://relay".to_owned(), tls: config.tls }
}

fn open(config: &StoreConfig) -> Process {
    let told = Arc::new(Told::default());
    let listener: Arc<dyn Listener> = Arc::clone(&told) as _;
    let store = SharedStore::open(config, &Handle::current(), Arc::downgrade(&listener));
    Process { store, told }
}

impl Process {
    async fn connected(url: &str) -> Process {
        let process = open(&config(url));
        until("connected", || process.store.may_trust()).await;
        process
    }

    /// Looks up until the store answers: a look-up may be late on a busy machine, and the store is not asked then.
    async fn look_up(&self, soul: &str) -> LookUp {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            match self.store.look_up(soul).await {
                LookUp::Nothing => sleep(Duration::from_millis(5)).await,
                answer => return answer,
            }
        }
        panic!("no answer about {soul}: {}", self.told.all());
    }

    async fn knows(&self, soul: &str) -> bool {
        matches!(self.look_up(soul).await, LookUp::Missing { .. })
    }

    /// As a request that ends with a 404.
    async fn learn(&self, soul: &str) {
        let LookUp::Token(token) = self.look_up(soul).await else { panic!("{soul} is known") };
        self.store.remember(soul, token, LIFE);
        let end = Instant::now() + PATIENCE;
        while !self.knows(soul).await {
            assert!(Instant::now() < end, "{soul} was not taken");
        }
    }
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "waited for: {what}");
        sleep(Duration::from_millis(2)).await;
    }
}

fn server(arguments: &[&str]) -> Option<(Server, String)> {
    let server = Server::start(arguments)?;
    let url = format!("redis://127.0.0.1:{}", server.port);
    Some((server, url))
}

#[tokio::test]
async fn what_one_process_learned_the_other_knows_until_either_invalidates_it() {
    let Some((_server, url)) = server(&[]) else { return };
    let (a, b) = (Process::connected(&url).await, Process::connected(&url).await);
    a.learn("missing").await;
    let LookUp::Missing { life, .. } = b.look_up("missing").await else { panic!("b does not know") };
    assert!(life <= LIFE && life > LIFE / 2, "{life:?}");
    assert!(!b.knows("another").await);
    b.store.invalidate("missing");
    assert_eq!(b.store.look_up("missing").await, LookUp::Nothing, "until it is confirmed");
    b.store.flushed().await.expect("the server runs");
    until("a is notified", || a.told.has("forget missing")).await;
    assert!(!b.told.has("forget missing"), "it knows already");
    assert!(!a.knows("missing").await && !b.knows("missing").await);
    assert_eq!(a.store.stats().hits + b.store.stats().hits, 2);
}

#[tokio::test]
async fn an_answer_to_a_request_that_began_before_an_invalidation_is_refused() {
    let Some((_server, url)) = server(&[]) else { return };
    let (a, b) = (Process::connected(&url).await, Process::connected(&url).await);
    let LookUp::Token(old) = a.look_up("soul").await else { panic!("known") };
    b.store.invalidate("soul");
    b.store.flushed().await.expect("the server runs");
    a.store.remember("soul", old.clone(), LIFE);
    a.learn("later").await;
    assert!(!a.knows("soul").await);
    // So is one from before an invalidation of everything.
    b.store.invalidate_all();
    b.store.flushed().await.expect("the server runs");
    until("a is notified", || a.told.has("forget all: Invalidated")).await;
    assert!(!a.knows("later").await);
    a.store.remember("soul", old, LIFE);
    a.learn("last").await;
    assert!(!a.knows("soul").await);
    assert!(!a.told.has("lost") && !b.told.has("lost"), "{}", a.told.all());
}

#[tokio::test]
async fn any_soul_can_be_stored_and_invalidated() {
    let Some((_server, url)) = server(&[]) else { return };
    let (a, b) = (Process::connected(&url).await, Process::connected(&url).await);
    let long = "é".repeat(2_048);
    for soul in ["*", "a b\r\nc", "{x}:g", "g", "\0", &long] {
        a.learn(soul).await;
        assert!(b.knows(soul).await);
        b.store.invalidate(soul);
        b.store.flushed().await.expect("the server runs");
        until("a is notified", || a.told.has(&format!("forget {soul}"))).await;
        assert!(!a.knows(soul).await);
    }
    assert!(!a.told.has("forget all: Gap") && !a.told.has("forget all: Invalidated"), "{}", a.told.all());
}

#[tokio::test]
async fn look_ups_of_one_turn_are_one_round_trip() {
    let Some((server, url)) = server(&[]) else { return };
    let a = Process::connected(&url).await;
    a.look_up("warm").await;
    let calls = |server: &Server| {
        let stats = server.command(&["INFO", "commandstats"]);
        let calls = stats.split("cmdstat_hmget:calls=").nth(1).and_then(|rest| rest.split(',').next()?.parse().ok());
        calls.unwrap_or(0u64)
    };
    let before = calls(&server);
    let asked: Vec<_> = (0..56)
        .map(|number| {
            let store = a.store.clone();
            tokio::spawn(async move { store.look_up(&number.to_string()).await })
        })
        .collect();
    for asked in asked {
        assert!(asked.await.expect("no panic") != LookUp::Nothing);
    }
    // Heartbeats read by HMGET too, and there is one a second.
    let made = calls(&server) - before;
    assert!((1..=4).contains(&made), "{made} calls");
}

#[tokio::test]
async fn a_server_that_comes_back_empty_gets_what_was_invalidated_meanwhile_and_nothing_old() {
    let Some((mut server, url)) = server(&[]) else { return };
    let (a, b) = (Process::connected(&url).await, Process::connected(&url).await);
    a.learn("old").await;
    server.kill();
    until("both are off", || a.store.trust(Instant::now()) == Trust::Own && !b.store.may_trust()).await;
    until("both say so", || a.told.has("lost") && b.told.has("lost")).await;
    assert_eq!(a.store.look_up("old").await, LookUp::Nothing);
    a.store.invalidate("put meanwhile");
    let error = a.store.flushed().await.expect_err("there is no server");
    assert!(error.to_string().contains("127.0.0.1") && error.to_string().contains("refused"), "{error}");
    server.restart();
    until("both are on", || a.store.may_trust() && b.store.may_trust()).await;
    a.store.flushed().await.expect("the server runs");
    assert!(a.told.has("back after") && b.told.has("back after"));
    assert!(!a.knows("old").await && !b.knows("old").await);
    b.learn("new").await;
    assert!(a.knows("new").await);
}

#[tokio::test]
async fn data_of_an_earlier_life_of_the_server_is_not_read() {
    let Some((mut server, url)) = server(&["--appendonly", "yes", "--appendfsync", "always"]) else { return };
    let a = Process::connected(&url).await;
    a.learn("old").await;
    server.kill();
    until("off", || !a.store.may_trust()).await;
    server.restart();
    until("on", || a.store.may_trust()).await;
    assert!(server.command(&["DBSIZE"]).contains(":2"), "the entry and the generations were loaded");
    assert!(!a.knows("old").await);
}

#[tokio::test]
async fn flushed_and_evicted_data_is_learnt_anew() {
    let Some((server, url)) = server(&[]) else { return };
    let a = Process::connected(&url).await;
    a.learn("old").await;
    let sessions = |told: &Told| told.all().matches("forget all: Connected").count();
    server.command(&["FLUSHALL"]);
    until("a new session", || sessions(&a.told) == 2 && a.store.may_trust()).await;
    assert!(!a.knows("old").await);
    a.learn("old").await;
    assert!(!a.told.has("lost"), "a reconnect that works at once is no outage: {}", a.told.all());
}

#[tokio::test]
async fn a_server_that_hangs_delays_one_look_up_and_no_more() {
    let Some((server, url)) = server(&[]) else { return };
    let a = Process::connected(&url).await;
    a.look_up("warm").await;
    server.signal("-STOP");
    let began = Instant::now();
    while a.store.trust(Instant::now()) == Trust::Everything {
        a.store.look_up("soul").await;
        sleep(Duration::from_millis(1)).await;
    }
    let silent_for = began.elapsed();
    let errors = a.store.stats().errors;
    // At most one wait, the rest at once; a heartbeat that was answered before the stop may let another one wait.
    assert!((1..=4).contains(&errors), "{errors} errors in {silent_for:?}");
    a.store.invalidate("soul");
    a.store.flushed().await.expect_err("the server hangs");
    server.signal("-CONT");
    until("on", || a.store.may_trust()).await;
    a.store.flushed().await.expect("the server runs");
    assert!(a.look_up("soul").await != LookUp::Nothing);
}

const RULES: &str = "user gun on >s3cret-word ~gun:* resetchannels &gun:* -@all +hello +auth +select +subscribe \
                     +script|load +evalsha +hmget +hget +hset +hincrby +del +set +pexpire +pttl +publish +info";

#[tokio::test]
async fn the_documented_permissions_are_enough_and_the_password_is_shown_nowhere() {
    let rules: Vec<&str> = RULES.split_whitespace().skip(1).collect();
    let mut arguments = vec!["--user"];
    arguments.extend(&rules);
    let Some(server) = Server::start(&arguments) else { return };
    let url = |user: &str| format!("valkey://{user}@127.0.0.1:{}/3", server.port);
    let a = Process::connected(&url("gun:s3cret-word")).await;
    let b = Process::connected(&url("gun:s3cret-word")).await;
    a.learn("soul").await;
    b.store.invalidate("soul");
    b.store.invalidate_all();
    b.store.flushed().await.expect("permitted");
    until("a is notified", || a.told.has("forget")).await;
    assert!(!a.told.has("lost") && a.store.stats().errors == 0, "{}", a.told.all());
    // Another database shares nothing, not even messages.
    let other = Process::connected(&format!("redis://gun:s3cret-word@127.0.0.1:{}", server.port)).await;
    a.learn("here").await;
    assert!(!other.knows("here").await);

    let wrong = open(&config(&url("gun:s3cret-worm")));
    until("refused", || wrong.told.has("lost: it refused the login")).await;
    wrong.store.invalidate("soul");
    let error = wrong.store.flushed().await.expect_err("not logged in").to_string();
    assert!(error.contains("refused the login"), "{error}");
    for shown in [format!("{:?} {:?}", wrong.store, config(&url("gun:s3cret-worm"))), wrong.told.all(), error] {
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

#[tokio::test]
async fn close_sends_what_is_pending_and_a_dropped_store_disconnects() {
    let Some((server, url)) = server(&[]) else { return };
    let (a, b) = (Process::connected(&url).await, Process::connected(&url).await);
    a.store.invalidate("soul");
    a.store.close().await;
    until("b is notified", || b.told.has("forget soul")).await;
    a.store.invalidate("another");
    let error = a.store.flushed().await.expect_err("closed").to_string();
    assert!(error.contains("closed"), "{error}");
    drop(b);
    let end = Instant::now() + PATIENCE;
    while !server.command(&["INFO", "clients"]).contains("connected_clients:1\r") {
        assert!(Instant::now() < end, "its connections are closed");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn close_waits_for_half_a_second_at_most() {
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = nowhere.local_addr().expect("bound").port();
    // It accepts, by the system's backlog, and never answers.
    let a = open(&config(&format!("redis://127.0.0.1:{port}")));
    a.store.invalidate("soul");
    let began = Instant::now();
    a.store.close().await;
    assert!(began.elapsed() >= Duration::from_millis(490), "it waited for the confirmation");
    assert!(a.store.flushed().await.is_err());
}
