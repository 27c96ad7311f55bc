use super::*;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use tokio::net::{TcpListener, TcpSocket};

const TIMEOUT: Duration = Duration::from_secs(5);

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

async fn resolved(resolver: &Resolver) -> Result<Vec<SocketAddr>, String> {
    let name = "relay.example".parse().expect("a name");
    resolver.resolve(name).await.map(Iterator::collect).map_err(|error| error.to_string())
}

#[test]
fn families_take_turns_and_the_system_says_which_is_first() {
    let given = ["[::1]:0", "[::2]:0", "127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"].map(address).to_vec();
    let expected = ["[::1]:9", "127.0.0.1:9", "[::2]:9", "127.0.0.2:9", "127.0.0.3:9"].map(address);
    assert_eq!(with_port(given, 9), expected);
    assert_eq!(with_port(vec![address("127.0.0.1:0"); 100], 9).len(), MAX_ADDRESSES);
}

/// A port that nobody listens on, while the socket lives.
fn refuses() -> (SocketAddr, TcpSocket) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(address("127.0.0.1:0")).expect("a port");
    (socket.local_addr().expect("bound"), socket)
}

/// A port whose connections are neither accepted nor refused, since its backlog is full.
#[cfg(target_os = "linux")]
async fn silent() -> (SocketAddr, TcpListener, Vec<TcpStream>) {
    let (address, socket) = refuses();
    let listener = socket.listen(1).expect("a listener");
    let mut backlog = Vec::new();
    while let Ok(connected) = timeout(Duration::from_millis(100), TcpStream::connect(address)).await {
        backlog.push(connected.expect("a connection"));
    }
    (address, listener, backlog)
}

#[tokio::test]
async fn an_address_that_refuses_costs_no_time() {
    let (refuses, _socket) = refuses();
    let live = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = live.local_addr().expect("bound");
    let start = Instant::now();
    assert_eq!(reachable(vec![refuses, address], TIMEOUT).await, [address]);
    assert!(start.elapsed() < NEXT_ADDRESS_AFTER);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn silent_addresses_do_not_delay_a_live_one_by_more_than_their_turns() {
    let [(first, ..), (second, ..), (third, ..)] = &[silent().await, silent().await, silent().await];
    let live = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = live.local_addr().expect("bound");
    let start = Instant::now();
    assert_eq!(reachable(vec![*first, *second, *third, address], TIMEOUT).await, [address]);
    assert!(start.elapsed() >= 3 * NEXT_ADDRESS_AFTER, "they are silent");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn if_no_address_answers_all_of_them_are_left_to_say_why() {
    let (refuses, _socket) = refuses();
    assert_eq!(reachable(vec![refuses; 2], TIMEOUT).await, [refuses; 2]);
}

#[tokio::test]
async fn requests_share_a_lookup_that_is_stuck_and_others_are_not_delayed() {
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    static RELEASED: OnceLock<()> = OnceLock::new();
    fn stuck(_: &str) -> Answer {
        STARTED.fetch_add(1, Relaxed);
        RELEASED.wait();
        Ok(vec![address("127.0.0.1:0")])
    }
    let slow: Vec<Arc<Resolver>> =
        (0..8).map(|_| Arc::new(Resolver { look_up: stuck, ..Resolver::new(9, TIMEOUT) })).collect();
    let calls: Vec<_> = slow
        .iter()
        .flat_map(|resolver| (0..50).map(|_| Arc::clone(resolver)))
        .map(|resolver| tokio::spawn(async move { resolved(&resolver).await }))
        .collect();
    let quick = Resolver { look_up: |_| Ok(vec![address("127.0.0.2:0")]), ..Resolver::new(9, TIMEOUT) };
    assert_eq!(resolved(&quick).await, Ok(vec![address("127.0.0.2:9")]));
    RELEASED.set(()).expect("stuck until now");
    for call in calls {
        assert_eq!(call.await.expect("ran"), Ok(vec![address("127.0.0.1:9")]));
    }
    assert_eq!(STARTED.load(Relaxed), 8, "one lookup for each client");
}

#[tokio::test]
async fn an_answer_is_not_kept_so_that_the_next_connection_sees_a_new_address() {
    static LOOKUPS: AtomicUsize = AtomicUsize::new(0);
    fn moves(_: &str) -> Answer {
        Ok(vec![SocketAddr::from(([127, 0, 0, LOOKUPS.fetch_add(1, Relaxed) as u8], 0))])
    }
    let resolver = Resolver { look_up: moves, ..Resolver::new(9, TIMEOUT) };
    assert_eq!(resolved(&resolver).await, Ok(vec![address("127.0.0.0:9")]));
    assert_eq!(resolved(&resolver).await, Ok(vec![address("127.0.0.1:9")]));
}

#[tokio::test]
async fn a_lookup_that_fails_or_panics_is_an_error() {
    let fails =
        Resolver { look_up: |_| Err(Unresolved { code: "X", message: "no".to_owned() }), ..Resolver::new(9, TIMEOUT) };
    assert_eq!(resolved(&fails).await, Err("no".to_owned()));
    let panics = Resolver { look_up: |_| panic!("a fault of the system's library"), ..Resolver::new(9, TIMEOUT) };
    assert_eq!(resolved(&panics).await, Err("the lookup of relay.example broke off".to_owned()));
}

#[test]
fn a_name_that_no_host_has_is_enotfound_or_eai_again_without_a_network() {
    let error = of_the_system("no-such-host.invalid").expect_err("RFC 6761 reserves .invalid");
    assert!(["ENOTFOUND", "EAI_AGAIN"].contains(&error.code), "{error:?}");
    assert!(error.message.starts_with("host no-such-host.invalid could not be looked up: "), "{error}");
    assert!(of_the_system("localhost").is_ok_and(|found| !found.is_empty()));
}
