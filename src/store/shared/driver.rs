//! The driver: a task on the network thread that carries out the state machine's actions.

use super::connection::{Connection, Task};
use super::keys::{Keys, slot};
use super::machine::{Action, Event};
use super::scripts::Script;
use super::{Asked, Inner, LookUp, Remember, Token};
use redis::{Pipeline, Value};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep_until, timeout};

/// Maximum look-ups or entries per round trip, so that the store can answer other clients in between.
const CHUNK: usize = 256;
/// An answer later than this is discarded.
const LATE: Duration = super::machine::ANSWER_TIMEOUT;

/// Result of a command.
enum Done {
    Opened(Connection, Task),
    Hello(Arc<str>, u64),
    Beat(Option<u64>),
    Invalidated(bool),
    /// Look-ups and entries, which handle their results themselves.
    Nothing,
    Failed(String),
}

/// The live connection and its commands in flight.
#[derive(Default)]
struct Session {
    number: u64,
    connection: Option<Connection>,
    task: Option<Task>,
    commands: JoinSet<Done>,
}

/// Runs until the store is closed.
pub async fn drive(inner: Arc<Inner>) {
    let mut session = Session::default();
    loop {
        inner.handle(0, Event::Time);
        let Due { io, wait_until, closes_at, is_flushed } = due(&inner);
        if closes_at.is_some_and(|at| is_flushed || at <= Instant::now()) {
            break;
        }
        for action in io {
            session.act(&inner, action);
        }
        session.ask(&inner);
        let wait_until = wait_until.into_iter().chain(closes_at).min();
        let wait_until = wait_until.unwrap_or_else(|| Instant::now() + Duration::from_secs(1));
        tokio::select! {
            () = inner.wake.notified() => yield_now().await, // gathers what others add in this turn
            () = sleep_until(wait_until) => {}
            Some(done) = session.commands.join_next() => session.done(&inner, done.unwrap_or(Done::Nothing)),
        }
    }
    drop(session);
    {
        let mut core = inner.core();
        core.machine.close();
        core.is_closed = true;
        core.look_ups.clear();
        core.remembers.clear();
    }
    inner.lease.store(0, Relaxed);
    inner.progress.send_replace(());
}

/// Due actions, and until when to wait for more.
struct Due {
    io: Vec<Action>,
    wait_until: Option<Instant>,
    closes_at: Option<Instant>,
    is_flushed: bool,
}

fn due(inner: &Inner) -> Due {
    let mut core = inner.core();
    Due {
        io: std::mem::take(&mut core.io),
        wait_until: core.machine.deadline().map(|deadline| inner.base + deadline),
        closes_at: core.closes_at,
        is_flushed: core.machine.is_flushed(),
    }
}

/// Ends the session.
pub fn failed(inner: &Inner, session: u64, why: String) {
    inner.count_error();
    inner.handle(session, Event::Failed(why));
    inner.wake.notify_one();
}

impl Session {
    fn act(&mut self, inner: &Arc<Inner>, action: Action) {
        match action {
            Action::Open(number) => {
                *self = Session { number, ..Session::default() };
                let inner = Arc::clone(inner);
                self.commands.spawn(async move {
                    match Connection::open(&inner, number).await {
                        Ok((connection, task)) => Done::Opened(connection, task),
                        Err(why) => Done::Failed(why),
                    }
                });
            }
            Action::Close => *self = Session { number: self.number, ..Session::default() },
            Action::Hello { nonce } => self.run(inner, |keys, connection| {
                let mut command = connection.script(Script::Hello, 1);
                command.arg(&keys.generations).arg(nonce);
                (command, |reply| match reply {
                    Value::Array(parts) => match &*parts {
                        [Value::BulkString(epoch), Value::Int(n)] => {
                            Some(Done::Hello(std::str::from_utf8(epoch).ok()?.into(), u64::try_from(*n).ok()?))
                        }
                        _ => None,
                    },
                    _ => None,
                })
            }),
            Action::Beat { epoch } => self.run(inner, |keys, connection| {
                let mut command = connection.script(Script::Beat, 1);
                command.arg(&keys.generations).arg(&*epoch);
                (command, |reply| match reply {
                    Value::Int(n) => Some(Done::Beat(Some(u64::try_from(n).ok()?))),
                    Value::Nil => Some(Done::Beat(None)),
                    _ => None,
                })
            }),
            Action::InvalidateAll { nonce } => {
                let origin = Arc::clone(&inner.origin);
                self.run(inner, |keys, connection| {
                    let mut command = connection.script(Script::InvalidateAll, 1);
                    command.arg(&keys.generations).arg(nonce).arg(&keys.channel).arg(&*origin);
                    (command, |_| Some(Done::Invalidated(true)))
                });
            }
            Action::Invalidate { epoch, souls } => self.invalidate(inner, &epoch, &souls),
            Action::Forget(_) | Action::ForgetAll(_) | Action::Trust(_) | Action::Lost(_) | Action::Back(_) => {}
        }
    }

    /// Runs a script of the protocol; an unexpected answer ends the session.
    fn run<R>(&mut self, inner: &Inner, command: impl FnOnce(&Keys, &Connection) -> (redis::Cmd, R))
    where
        R: FnOnce(Value) -> Option<Done> + Send + 'static,
    {
        let Some(mut connection) = self.connection.clone() else { return };
        let (command, read) = command(&inner.keys, &connection);
        self.commands.spawn(async move {
            match connection.run_one(&command).await {
                Ok(reply) => read(reply).unwrap_or_else(|| Done::Failed("it gave an unexpected answer".to_owned())),
                Err(why) => Done::Failed(why),
            }
        });
    }

    fn invalidate(&mut self, inner: &Inner, epoch: &str, souls: &[Arc<str>]) {
        let Some(mut connection) = self.connection.clone() else { return };
        let keys = &inner.keys;
        let mut commands = Pipeline::with_capacity(souls.len());
        for soul in souls {
            let mut command = connection.script(Script::Invalidate, 2);
            command.arg(&keys.generations).arg(keys.entry(epoch, soul)).arg(epoch).arg(slot(soul));
            command.arg(&keys.channel).arg(&**soul).arg(&*inner.origin);
            commands.add_command(command);
        }
        self.commands.spawn(async move {
            match connection.run(&commands).await {
                Ok(replies) => Done::Invalidated(replies.iter().all(|reply| matches!(reply, Value::Int(_)))),
                Err(why) => Done::Failed(why),
            }
        });
    }

    /// Sends queued look-ups and entries; without a session, drops them.
    fn ask(&mut self, inner: &Arc<Inner>) {
        let mut core = inner.core();
        let look_ups = std::mem::take(&mut core.look_ups);
        let remembers = std::mem::take(&mut core.remembers);
        let epoch = core.machine.epoch().cloned();
        drop(core);
        let (Some(connection), Some(epoch)) = (&self.connection, epoch) else { return };
        let mut look_ups = look_ups.into_iter().filter(|asked| !asked.answer.is_closed()).peekable();
        while look_ups.peek().is_some() {
            let chunk: Vec<_> = look_ups.by_ref().take(CHUNK).collect();
            let looks_up = look_up(Arc::clone(inner), connection.clone(), Arc::clone(&epoch), chunk);
            self.commands.spawn(looks_up);
        }
        let mut remembers = remembers.into_iter().peekable();
        while remembers.peek().is_some() {
            let chunk: Vec<_> = remembers.by_ref().take(CHUNK).collect();
            self.commands.spawn(remember(Arc::clone(inner), connection.clone(), chunk));
        }
    }

    fn done(&mut self, inner: &Inner, done: Done) {
        let event = match done {
            Done::Nothing => return,
            Done::Failed(why) => return failed(inner, self.number, why),
            Done::Opened(connection, task) => {
                self.connection = Some(connection);
                self.task = Some(task);
                Event::Opened
            }
            Done::Hello(epoch, n) => Event::Hello { epoch, n },
            Done::Beat(n) => Event::Beat(n),
            Done::Invalidated(is_done) => Event::Invalidated(is_done),
        };
        let has_confirmed = matches!(event, Event::Invalidated(true));
        inner.is_silent.store(false, Relaxed);
        inner.handle(self.number, event);
        if has_confirmed {
            inner.progress.send_replace(());
        }
    }
}

/// Asks about souls in one round trip.
async fn look_up(inner: Arc<Inner>, mut connection: Connection, epoch: Arc<str>, asked: Vec<Asked>) -> Done {
    let mut commands = Pipeline::with_capacity(1 + asked.len());
    let slots: Vec<u16> = asked.iter().map(|asked| slot(&asked.soul)).collect();
    commands.cmd("HMGET").arg(&inner.keys.generations).arg("e").arg(&slots);
    for Asked { soul, .. } in &asked {
        commands.cmd("PTTL").arg(inner.keys.entry(&epoch, soul));
    }
    let Ok(Ok(replies)) = timeout(LATE, connection.run(&commands)).await else {
        inner.count_error();
        return Done::Nothing;
    };
    inner.is_silent.store(false, Relaxed);
    let Some((generations, lives)) = read_look_up(&replies, &epoch, asked.len()) else { return Done::Nothing };
    for (index, Asked { answer, .. }) in asked.into_iter().enumerate() {
        let token = Token { epoch: Arc::clone(&epoch), slot: slots[index], generation: generations[index] };
        let answer_is = match u64::try_from(lives[index]) {
            Ok(life @ 1..) => LookUp::Missing { life: Duration::from_millis(life), token },
            _ => LookUp::Token(token),
        };
        let is_hit = matches!(answer_is, LookUp::Missing { .. });
        if answer.send(answer_is).is_ok() && is_hit {
            inner.hits.fetch_add(1, Relaxed);
        }
    }
    Done::Nothing
}

/// The generations and remaining TTLs; `None` if the epoch has changed or the answer has an unexpected form.
fn read_look_up(replies: &[Value], epoch: &str, count: usize) -> Option<(Vec<i64>, Vec<i64>)> {
    let (first, lives) = replies.split_first()?;
    let Value::Array(fields) = first else { return None };
    let (e, generations) = fields.split_first()?;
    let is_ours = matches!(e, Value::BulkString(e) if e == epoch.as_bytes());
    if !is_ours || generations.len() != count || lives.len() != count {
        return None;
    }
    let generations = generations.iter().map(|generation| match generation {
        Value::Nil => Some(0),
        Value::BulkString(text) => std::str::from_utf8(text).ok()?.parse().ok(),
        _ => None,
    });
    let lives = lives.iter().map(|life| if let Value::Int(life) = life { Some(*life) } else { None });
    Some((generations.collect::<Option<_>>()?, lives.collect::<Option<_>>()?))
}

/// Sends entries in one round trip.
async fn remember(inner: Arc<Inner>, mut connection: Connection, entries: Vec<Remember>) -> Done {
    let keys = &inner.keys;
    let mut commands = Pipeline::with_capacity(entries.len());
    for Remember { soul, token, life } in &entries {
        let mut command = connection.script(Script::Remember, 2);
        command.arg(&keys.generations).arg(keys.entry(&token.epoch, soul)).arg(&*token.epoch).arg(token.slot);
        command.arg(token.generation).arg(u64::try_from(life.as_millis()).unwrap_or(u64::MAX >> 12));
        commands.add_command(command);
    }
    if !matches!(timeout(LATE, connection.run(&commands)).await, Ok(Ok(_))) {
        inner.count_error();
    }
    Done::Nothing
}
