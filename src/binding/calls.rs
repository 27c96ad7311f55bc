//! Calls from JavaScript into the core. Known answers are returned at once; other calls wait at the dispatcher.

use super::completion::{BatchEnd, Completion, CompletionQueue};
use super::dispatcher::{Dispatcher, Pending, count_settled};
use super::events::Events;
use super::values::{self, SoulBuffer};
use super::{Client, Handle};
use gun_native::batch::{Batch, BatchText};
use gun_native::client::{Begun, CallOptions};
use gun_native::error::Fault;
use gun_native::negative_cache::Mirror;
use gun_native::single_flight::{CallInfo, Caller, Outcome, Retry, WaiterHandle};
use gun_native::soul::NotASoul;
use napi::bindgen_prelude::*;
use napi::sys;
use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;

/// A call of JavaScript that waits.
pub struct JsCaller {
    queue: Arc<CompletionQueue>,
    client: Client,
    client_id: u32,
    id: u32,
    /// The batch that it is part of, and its index.
    part_of: Option<(Arc<Batch>, usize)>,
    /// The watch number, if JavaScript wants more than the outcome.
    watch: Option<u32>,
    /// Whether it reads the record in chunks.
    as_body: bool,
}

impl Caller for JsCaller {
    fn settle(self, outcome: Outcome, info: CallInfo) {
        let Self { queue, client, client_id, id, part_of, watch, as_body } = self;
        match part_of {
            None => {
                let is_watched = watch.is_some();
                queue.put([Completion::Call { id, outcome, info, is_watched, as_body, client_id, client }]);
            }
            Some((batch, index)) => {
                if let Some(answer) = batch.settle(index, outcome, info.is_hit) {
                    queue.put(in_parts(id, answer, client_id, &client));
                }
            }
        }
    }

    fn is_watching(&self) -> bool {
        self.watch.is_some()
    }

    fn retrying(&self, retry: &Retry) {
        if let Some(watch) = self.watch {
            self.queue.put([Completion::Retry { id: self.id, watch, retry: retry.clone() }]);
        }
    }
}

/// A batch's answer as completions, each of which fits into a turn of the event loop.
fn in_parts(id: u32, answer: BatchText, client_id: u32, client: &Client) -> impl Iterator<Item = Completion> {
    let BatchText { parts, calls, hits } = answer;
    let mut end = Some(BatchEnd { calls, hits, client_id, client: client.clone() });
    let last = parts.len() - 1;
    let completion = move |(at, part)| Completion::Batch { id, part, end: end.take_if(|_| at == last) };
    parts.into_iter().enumerate().map(completion)
}

/// Why a call begins.
enum Purpose<'b> {
    /// An outcome of its own; see [`JsCaller`].
    Alone { watch: Option<u32>, as_body: bool },
    /// A place in a batch.
    Part { batch: &'b Arc<Batch>, index: usize },
}

/// One client in one JavaScript environment.
pub struct Calls {
    pub dispatcher: Rc<Dispatcher>,
    pub client: Client,
    /// Names the client in log lines.
    pub id: u32,
    /// The mirror of this environment, once JavaScript has asked for it.
    pub mirror: OnceCell<Arc<Mirror>>,
}

impl Drop for Calls {
    fn drop(&mut self) {
        if let Some(mirror) = self.mirror.get() {
            self.client.remove_mirror(mirror);
        }
    }
}

impl Calls {
    /// Begins a call. Returns `None` for a soul known to be missing, an id if the call waits, otherwise the events that settle it.
    pub fn get(
        &self,
        env: sys::napi_env,
        soul: sys::napi_value,
        options: CallOptions,
        watch: Option<u32>,
        as_body: bool,
    ) -> Result<Option<Handle>> {
        let mut buffer = SoulBuffer::new();
        let soul = match buffer.read(env, soul) {
            Ok(soul) => soul,
            Err(error) => return self.at_once(env, &self.refused(error), as_body),
        };
        // Read first: if anything changes from here on, the offer below is void.
        let mirror = self.mirror.get().map(|mirror| (mirror, mirror.generation.load(Acquire)));
        let waits = self.dispatcher.wait(|id| match self.begin(soul, options, id, Purpose::Alone { watch, as_body }) {
            Ok(handle) => Ok(Pending::Call { client: self.client.clone(), handle }),
            Err(outcome) => Err(outcome),
        });
        match waits {
            Ok(id) => values::number(env, id).map(|id| Some(Handle(id))),
            Err(outcome) => {
                if let Some((mirror, began_in)) = mirror.filter(|_| outcome == Outcome::Missing) {
                    mirror.offer(|| self.client.to_mirror(soul), began_in);
                }
                self.at_once(env, &outcome, as_body)
            }
        }
    }

    /// Begins a batch. Returns an id if it waits, otherwise the events that settle it.
    pub fn get_many(&self, env: sys::napi_env, souls: &[Handle], options: CallOptions) -> Result<Handle> {
        let mut events = Events::new(env);
        if self.client.is_closed() {
            events.outcome(0, &Outcome::Failed(Arc::new(self.client.refusal(Fault::Closed))), false)?;
            return events.into_array().map(Handle);
        }
        let batch = Arc::new(Batch::new(souls.len()));
        let mut buffer = SoulBuffer::new();
        let waits = self.dispatcher.wait(|id| {
            let mut handles = Vec::with_capacity(souls.len());
            let (mut calls, mut hits) = (0, 0);
            for (index, soul) in souls.iter().enumerate() {
                let begun = match buffer.read(env, soul.0) {
                    Ok(soul) => self.begin(soul, options, id, Purpose::Part { batch: &batch, index }),
                    Err(error) => Err(self.refused(error)),
                };
                match begun {
                    Ok(handle) => {
                        calls += 1;
                        handles.push(handle);
                    }
                    Err(outcome) => {
                        calls += usize::from(outcome.ends_a_call());
                        hits += usize::from(outcome == Outcome::Missing);
                        batch.settle(index, outcome, false);
                    }
                }
            }
            match batch.seal(hits) {
                Some(answer) if answer.parts.len() == 1 => Err(answer),
                Some(answer) => {
                    // Too much for one turn of the event loop.
                    let (client, handles) = (self.client.clone(), Vec::new());
                    self.dispatcher.queue.put(in_parts(id, answer, self.id, &client));
                    Ok(Pending::Batch { client, handles, calls, hits })
                }
                None => Ok(Pending::Batch { client: self.client.clone(), handles, calls, hits }),
            }
        });
        match waits {
            Ok(id) => values::number(env, id).map(Handle),
            Err(answer) => {
                count_settled(&self.client, answer.calls, answer.hits, self.id, &mut events)?;
                for part in &answer.parts {
                    events.part(0, part, true)?;
                }
                events.into_array().map(Handle)
            }
        }
    }

    /// Begins a call. The error is the outcome of a call that does not wait; it is missing only if the cache knew.
    fn begin(
        &self,
        soul: &str,
        options: CallOptions,
        id: u32,
        purpose: Purpose,
    ) -> std::result::Result<WaiterHandle<JsCaller>, Outcome> {
        let caller = || {
            let (part_of, watch, as_body) = match purpose {
                Purpose::Alone { watch, as_body } => (None, watch, as_body),
                Purpose::Part { batch, index } => (Some((Arc::clone(batch), index)), None, false),
            };
            let (queue, client) = (Arc::clone(&self.dispatcher.queue), self.client.clone());
            JsCaller { queue, client, client_id: self.id, id, part_of, watch, as_body }
        };
        match self.client.get(soul, options, caller) {
            Begun::Waits(handle) => Ok(handle),
            Begun::Missing => Err(Outcome::Missing),
            Begun::Found(record) => Err(Outcome::Found(record)),
            Begun::Failed(error) => Err(Outcome::Failed(Arc::new(error))),
        }
    }

    /// The outcome of a call with an invalid soul.
    fn refused(&self, error: NotASoul) -> Outcome {
        let fault = Fault::InvalidArgument(error.to_string());
        Outcome::Failed(Arc::new(self.client.refusal(fault)))
    }

    /// The events of a call that did not wait; none if the soul is known to be missing and no stats line is due.
    fn at_once(&self, env: sys::napi_env, outcome: &Outcome, as_body: bool) -> Result<Option<Handle>> {
        let mut events = Events::new(env);
        if *outcome == Outcome::Missing {
            let line = self.client.count_hit(self.mirror.get().map(|mirror| &**mirror));
            line.map_or(Ok(()), |line| events.line(self.id, &line.to_string()))?;
        } else if outcome.ends_a_call() {
            count_settled(&self.client, 1, 0, self.id, &mut events)?;
        }
        if events.is_empty() && *outcome == Outcome::Missing {
            return Ok(None);
        }
        events.outcome(0, outcome, as_body)?;
        events.into_array().map(|events| Some(Handle(events)))
    }
}
