//! A client against a scripted relay.

use super::*;

pub(super) type Sender = oneshot::Sender<Outcome>;

impl Caller for Sender {
    fn settle(self, outcome: Outcome, _info: CallInfo) {
        let _ = self.send(outcome);
    }
}

pub(super) const WAIT: Duration = Duration::from_secs(3);

/// Answers in order, each after a delay; after the last one, missing after [`WAIT`].
#[derive(Default)]
pub(super) struct Script {
    pub(super) answers: Mutex<VecDeque<(Duration, Option<Answer>)>>,
    pub(super) asked: Mutex<Vec<(String, Instant)>>,
    pub(super) on_the_wire: AtomicUsize,
    pub(super) most_on_the_wire: AtomicUsize,
}

impl Ask for Arc<Script> {
    async fn ask(&self, soul: &str) -> Answer {
        struct OnTheWire<'s>(&'s Script);
        impl Drop for OnTheWire<'_> {
            fn drop(&mut self) {
                self.0.on_the_wire.fetch_sub(1, Relaxed);
            }
        }
        self.asked.lock().expect("no panic here").push((soul.to_owned(), Instant::now()));
        let on_the_wire = self.on_the_wire.fetch_add(1, Relaxed) + 1;
        self.most_on_the_wire.fetch_max(on_the_wire, Relaxed);
        let _on_the_wire = OnTheWire(self);
        let next = self.answers.lock().expect("no panic here").pop_front();
        let (time, answer) = next.unwrap_or((WAIT, Some(missing())));
        sleep(time).await;
        answer.expect("the script says to panic")
    }
}

impl Script {
    pub(super) fn new(answers: impl IntoIterator<Item = (Duration, Answer)>) -> Arc<Self> {
        let script = Script::default();
        let answers = answers.into_iter().map(|(time, answer)| (time, Some(answer)));
        script.answers.lock().expect("no panic here").extend(answers);
        Arc::new(script)
    }

    pub(super) fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("no panic here");
        asked.iter().map(|(soul, _)| soul.clone()).collect()
    }

    /// Times between one attempt and the next.
    pub(super) fn pauses(&self) -> Vec<Duration> {
        let asked = self.asked.lock().expect("no panic here");
        asked.windows(2).map(|pair| pair[1].1 - pair[0].1).collect()
    }
}

pub(super) fn missing() -> Answer {
    Answer::Missing { remember: true }
}

pub(super) fn found() -> Answer {
    let body = br#"{"success":true,"data":{"a":1}}"#;
    Answer::Found(read_answer(&bytes::Bytes::from_static(body)).expect("usable").expect("a record"))
}

pub(super) fn status(status: u16) -> Answer {
    Fault::Status(status).into()
}

pub(super) struct Fixture {
    pub(super) client: Client<Sender>,
    pub(super) script: Arc<Script>,
    pub(super) notices: Arc<Mutex<Vec<Notice>>>,
    pub(super) ended: oneshot::Receiver<()>,
}

/// A client with a script of answers.
pub(super) fn fixture(config: Config, answers: impl IntoIterator<Item = (Duration, Answer)>) -> Fixture {
    fixture_with_fallbacks(config, answers, Vec::new())
}

pub(super) fn fixture_with_fallbacks(
    config: Config,
    answers: impl IntoIterator<Item = (Duration, Answer)>,
    fallbacks: Vec<Arc<Script>>,
) -> Fixture {
    let script = Script::new(answers);
    let notices = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&notices);
    let (alive, ended) = oneshot::channel();
    let on_notice = move |notice| log.lock().expect("no panic here").push(notice);
    let fallback = |(index, relay): (usize, Arc<Script>)| FallbackRelay {
        relay,
        shown: format!("http://fallback-{index}").into(),
        breaker: Breaker::new(config.breaker, Instant::now()),
    };
    let fallbacks = fallbacks.into_iter().enumerate().map(fallback).collect();
    let relays = Relays { first: Arc::clone(&script), fallbacks };
    let client = Client::open(&config, relays, &Handle::current(), alive, on_notice);
    Fixture { client, script, notices, ended }
}

pub(super) fn at_once(answers: impl IntoIterator<Item = Answer>) -> impl Iterator<Item = (Duration, Answer)> {
    answers.into_iter().map(|answer| (Duration::ZERO, answer))
}

impl Fixture {
    pub(super) fn begin(&self, soul: &str, options: CallOptions) -> (Begun<Sender>, oneshot::Receiver<Outcome>) {
        let (waiter, outcome) = oneshot::channel();
        (self.client.get(soul, options, || waiter), outcome)
    }

    /// Begins a call that has to wait.
    pub(super) fn wait(&self, soul: &str) -> oneshot::Receiver<Outcome> {
        let (begun, outcome) = self.begin(soul, CallOptions::default());
        assert!(matches!(begun, Begun::Waits(_)), "{begun:?}");
        outcome
    }

    pub(super) async fn get(&self, soul: &str) -> Outcome {
        self.wait(soul).await.expect("every call settles")
    }

    pub(super) fn is_known(&self, soul: &str) -> bool {
        matches!(self.begin(soul, CallOptions::default()).0, Begun::Missing)
    }

    pub(super) fn stat(&self, pointer: &str) -> u64 {
        let stats = serde_json::to_value(self.client.snapshot()).expect("JSON");
        stats.pointer(pointer).and_then(serde_json::Value::as_u64).unwrap_or_default()
    }
}

pub(super) fn error(outcome: Outcome) -> Arc<CallError> {
    match outcome {
        Outcome::Failed(error) => error,
        other => panic!("no failure: {other:?}"),
    }
}
