//! Calls from JavaScript into the core: what settles at once is told at once, the rest waits at the port.

use super::outbox::{Item, Outbox};
use super::port::{Pending, Port, count_settled};
use super::report::Report;
use super::values::{self, SoulBuffer};
use super::{Client, Handle};
use crate::batch::Batch;
use crate::client::{Begun, CallOptions};
use crate::error::Fault;
use crate::single_flight::{CallInfo, Caller, Outcome, Retry, WaiterHandle};
use crate::soul::NotASoul;
use napi::bindgen_prelude::*;
use napi::sys;
use std::rc::Rc;
use std::sync::Arc;

/// A call of JavaScript that waits.
pub struct JsCaller {
    outbox: Arc<Outbox>,
    client: Client,
    client_id: u32,
    id: u32,
    /// The batch that it is a part of, and its place in there.
    part_of: Option<(Arc<Batch>, usize)>,
    /// What JavaScript knows the call by when it wants to hear of more than the outcome.
    watch: Option<u32>,
}

impl Caller for JsCaller {
    fn settle(self, outcome: Outcome, info: CallInfo) {
        let Self { outbox, client, client_id, id, part_of, watch } = self;
        let item = match part_of {
            None => Item::Call { id, outcome, info, is_watched: watch.is_some(), client_id, client },
            Some((batch, index)) => {
                let Some(answer) = batch.settle(index, outcome, info.is_hit) else {
                    return;
                };
                Item::Batch { id, answer, client_id, client }
            }
        };
        outbox.put(item);
    }

    fn is_watching(&self) -> bool {
        self.watch.is_some()
    }

    fn retrying(&self, retry: &Retry) {
        if let Some(watch) = self.watch {
            self.outbox.put(Item::Retry { id: self.id, watch, retry: retry.clone() });
        }
    }
}

/// What a call is begun for.
enum Purpose<'b> {
    /// An outcome of its own; see [`JsCaller::watch`].
    Alone { watch: Option<u32> },
    /// A place in a batch.
    Part { batch: &'b Arc<Batch>, index: usize },
}

/// One client as one JavaScript environment calls it.
pub struct Calls {
    pub port: Rc<Port>,
    pub client: Client,
    /// Names the client in log lines.
    pub id: u32,
}

impl Calls {
    /// Begins a call: nothing for a soul known to be missing, the call's id when it waits, else triples that settle it.
    pub fn get(
        &self,
        env: sys::napi_env,
        soul: sys::napi_value,
        options: CallOptions,
        watch: Option<u32>,
    ) -> Result<Option<Handle>> {
        let mut buffer = SoulBuffer::new();
        let soul = match buffer.read(env, soul) {
            Ok(soul) => soul,
            Err(error) => return self.at_once(env, &self.refused(error)),
        };
        let waits = self.port.wait(|id| match self.begin(soul, options, id, Purpose::Alone { watch }) {
            Ok(handle) => Ok(Pending::Call { client: self.client.clone(), handle }),
            Err(outcome) => Err(outcome),
        });
        match waits {
            Ok(id) => values::number(env, id).map(|id| Some(Handle(id))),
            Err(outcome) => self.at_once(env, &outcome),
        }
    }

    /// Begins a batch: its id when it waits, else triples that settle it.
    pub fn get_many(&self, env: sys::napi_env, souls: &[Handle], options: CallOptions) -> Result<Handle> {
        let mut report = Report::new(env);
        if self.client.is_closed() {
            report.outcome(0, &Outcome::Failed(Arc::new(self.client.refusal(Fault::Closed))))?;
            return report.into_array().map(Handle);
        }
        let batch = Arc::new(Batch::new(souls.len()));
        let mut buffer = SoulBuffer::new();
        let waits = self.port.wait(|id| {
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
                Some(answer) => Err(answer),
                None => Ok(Pending::Batch { client: self.client.clone(), handles, calls, hits }),
            }
        });
        match waits {
            Ok(id) => values::number(env, id).map(Handle),
            Err(answer) => {
                count_settled(&self.client, answer.calls, answer.hits, self.id, &mut report)?;
                report.batch(0, &answer)?;
                report.into_array().map(Handle)
            }
        }
    }

    /// Begins a call; its outcome where it does not have to wait, which is missing only where the cache knew.
    fn begin(
        &self,
        soul: &str,
        options: CallOptions,
        id: u32,
        purpose: Purpose,
    ) -> std::result::Result<WaiterHandle<JsCaller>, Outcome> {
        let caller = || {
            let (part_of, watch) = match purpose {
                Purpose::Alone { watch } => (None, watch),
                Purpose::Part { batch, index } => (Some((Arc::clone(batch), index)), None),
            };
            let (outbox, client) = (Arc::clone(&self.port.outbox), self.client.clone());
            JsCaller { outbox, client, client_id: self.id, id, part_of, watch }
        };
        match self.client.get(soul, options, caller) {
            Begun::Waits(handle) => Ok(handle),
            Begun::Missing => Err(Outcome::Missing),
            Begun::Found(record) => Err(Outcome::Found(record)),
            Begun::Failed(error) => Err(Outcome::Failed(Arc::new(error))),
        }
    }

    /// The outcome of a call with something that is no soul.
    fn refused(&self, error: NotASoul) -> Outcome {
        let fault = Fault::InvalidArgument(error.to_string());
        Outcome::Failed(Arc::new(self.client.refusal(fault)))
    }

    /// Tells of a call that ended as it began: nothing when the soul is known to be missing and no line is due.
    fn at_once(&self, env: sys::napi_env, outcome: &Outcome) -> Result<Option<Handle>> {
        let mut report = Report::new(env);
        if outcome.ends_a_call() {
            let hits = usize::from(*outcome == Outcome::Missing);
            count_settled(&self.client, 1, hits, self.id, &mut report)?;
        }
        if report.is_empty() && *outcome == Outcome::Missing {
            return Ok(None);
        }
        report.outcome(0, outcome)?;
        report.into_array().map(|report| Some(Handle(report)))
    }
}
