//! The buffer budget on real connections.

use super::*;
use crate::config::OptionValue;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

const RECORD_BYTES: usize = 600_000;
const SOULS: usize = 12;

/// A relay whose records have this size, sent in pieces.
async fn relay_of_large_records() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                while socket.read(&mut request).await.is_ok_and(|bytes| bytes > 0) {
                    let body = format!(r#"{{"success":true,"data":{{"text":"{}"}}}}"#, "x".repeat(RECORD_BYTES));
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                    let _ = socket.write_all(head.as_bytes()).await;
                    for piece in body.as_bytes().chunks(50_000) {
                        let _ = socket.write_all(piece).await;
                    }
                }
            });
        }
    });
    address
}

async fn relay(options: &[(&str, f64)]) -> Relay {
    let address = relay_of_large_records().await;
    let mut given = vec![("relayUrl".to_owned(), OptionValue::Text(format!("http://{address}")))];
    given.extend(options.iter().map(|(name, value)| ((*name).to_owned(), OptionValue::Number(*value))));
    Relay::new(&Config::from_options(&given).expect("good options"))
}

#[tokio::test]
async fn texts_that_are_not_delivered_hold_up_further_ones_which_lose_no_time_and_come() {
    let relay = Arc::new(relay(&[("maxBufferedBytes", 1_000_000.0), ("attemptTimeoutMs", 2_000.0)]).await);
    let (answers, mut delivers) = mpsc::unbounded_channel();
    let read = Arc::new(AtomicUsize::new(0));
    for soul in 0..SOULS {
        let (relay, answers, read) = (Arc::clone(&relay), answers.clone(), Arc::clone(&read));
        tokio::spawn(async move {
            let answer = relay.ask(&soul.to_string()).await;
            read.fetch_add(1, SeqCst);
            let _ = answers.send(answer);
        });
    }
    // Longer than an attempt may take: only waiting that takes none of its time lets the others succeed.
    sleep(Duration::from_millis(2_500)).await;
    let at_first = read.load(SeqCst);
    assert!((1..=2).contains(&at_first), "the budget and one body: {at_first}");
    for _ in 0..SOULS {
        let answer = timeout(Duration::from_secs(60), delivers.recv()).await.expect("no deadlock").expect("an answer");
        assert!(matches!(&answer, Answer::Found(text) if text.as_bytes().len() > RECORD_BYTES), "{answer:?}");
    }
}

#[tokio::test]
async fn a_body_larger_than_the_whole_budget_passes() {
    let relay = relay(&[("maxBufferedBytes", 1.0)]).await;
    for _ in 0..3 {
        assert!(matches!(relay.ask("a").await, Answer::Found(_)));
    }
}

#[tokio::test]
async fn texts_of_a_batch_take_no_room_while_it_waits_for_the_others() {
    let relay = relay(&[("maxBufferedBytes", 1_000_000.0)]).await;
    let mut gathered = Vec::new();
    for _ in 0..5 {
        let Answer::Found(text) = relay.ask("a").await else { panic!("no record") };
        gathered.push(text.unguarded());
    }
    assert_eq!(gathered.len(), 5);
}
