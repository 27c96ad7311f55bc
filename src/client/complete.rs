//! Completion of a request: the answer goes into the caches and to the callers.

use super::Shared;
use crate::error::{CallError, Cause, Code, Fault, OtherRelay};
use crate::record::RecordText;
use crate::relay::Answer;
use crate::single_flight::{CallInfo, Caller, Change, Outcome, Request, Waiter};
use crate::stats::Stats;
use crate::store::shared::LookUp;
use std::sync::Arc;
use tokio::time::Instant;

impl<C> Shared<C> {
    /// The error of a request's caller.
    pub fn failure(&self, fault: Fault, request: &Request<C>, began: Instant) -> CallError {
        CallError {
            fault,
            relay: Arc::clone(&self.relay),
            soul: Arc::clone(&request.soul),
            attempts: request.attempts(),
            elapsed: began.elapsed(),
            others: Vec::new(),
        }
    }

    /// An expired record that may be returned instead of an error; counts the calls that get it.
    pub fn stale(&self, soul: &str, calls: usize) -> Option<RecordText> {
        let records = self.knowledge.records.as_ref()?;
        let record = records.stale(soul, Instant::now())?;
        records.count_stale(calls);
        Some(record)
    }
}

impl<C: Caller> Shared<C> {
    /// Completes a request: stores its answer in the caches and settles its callers. There is no answer if all callers left
    /// before.
    pub fn complete(&self, request: &Arc<Request<C>>, ended: Option<Ended>) {
        let Some(Ended { answer, others, is_known, looked_up }) = ended else {
            self.complete_without_answer(request);
            return;
        };
        let now = Instant::now();
        // Valid no matter when the request began: in the worst case, a soul is requested once more.
        let is_forgotten = matches!(answer, Answer::Found(_))
            && self.knowledge.forget_missing(request, &looked_up, &self.single_flight, now);
        let mut change = is_forgotten.then_some(Change::Invalidated);
        let waiters = self.single_flight.complete(request, || {
            if self.knowledge.learn(&request.soul, &answer, looked_up, now) {
                change = Some(Change::Inserted);
            }
        });
        let status = answer.status();
        let outcome = match answer {
            Answer::Found(text) => {
                Stats::count(&self.stats.found);
                Outcome::Found(text)
            }
            Answer::Missing { .. } if is_known => Outcome::Missing,
            Answer::Missing { .. } => {
                Stats::count(&self.stats.missing);
                Outcome::Missing
            }
            Answer::Failed { .. } if request.is_refresh() && waiters.is_empty() => return,
            Answer::Failed { fault, .. } => {
                self.stats.count_failed(fault.code());
                let stale = if fault.is_transient() { self.stale(&request.soul, waiters.len()) } else { None };
                match stale {
                    Some(record) => Outcome::Found(record),
                    None => {
                        let failure = self.failure(fault, request, request.began);
                        Outcome::Failed(Arc::new(CallError { others, ..failure }))
                    }
                }
            }
        };
        for waiter in waiters {
            let change = if waiter.caller.is_watching() { change.take() } else { None };
            let joined = waiter.has_joined();
            let info = CallInfo { attempts: request.attempts(), status, joined, change, is_hit: is_known };
            self.settle(waiter, outcome.clone(), info, now);
        }
    }

    fn complete_without_answer(&self, request: &Arc<Request<C>>) {
        let waiters = self.single_flight.complete(request, || ());
        if waiters.is_empty() {
            return;
        }
        let cause = Cause::new(None, "the request was broken off by a fault of gun-native");
        self.stats.count_failed(Code::Connect);
        let failure = self.failure(Fault::Connect(cause), request, request.began);
        let outcome = Outcome::Failed(Arc::new(failure));
        for waiter in waiters {
            let joined = waiter.has_joined();
            let info = CallInfo { attempts: request.attempts(), status: None, joined, change: None, is_hit: false };
            self.settle(waiter, outcome.clone(), info, Instant::now());
        }
    }

    /// Settles a caller.
    pub fn settle(&self, waiter: Waiter<C>, outcome: Outcome, info: CallInfo, now: Instant) {
        if info.is_hit {
            Stats::count(&self.stats.hits);
        } else {
            self.calls.ended(&outcome, now - waiter.began);
        }
        waiter.caller.settle(outcome, info);
    }
}

/// How a request ended.
pub(crate) struct Ended {
    pub answer: Answer,
    /// What the fallback relays answered, if they were asked and had no record.
    pub others: Vec<OtherRelay>,
    /// Whether a store knew the answer, so the relay was not asked.
    pub is_known: bool,
    /// What the shared store said before the relay was asked.
    pub looked_up: LookUp,
}

impl From<Answer> for Ended {
    fn from(answer: Answer) -> Self {
        Self { answer, others: Vec::new(), is_known: false, looked_up: LookUp::Nothing }
    }
}
