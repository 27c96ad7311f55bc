//! One request, from its permit to its completion: attempts, backoff, fallback relays, updates of the caches.

use crate::admission::Permit;
use crate::breaker::{Breaker, Health};
use crate::client::{Ask, Ended, Relays, Shared};
use crate::deadline::{given_back, let_arrive, timeout_at};
use crate::error::{Code, Fault, OtherRelay};
use crate::relay::Answer;
use crate::single_flight::{CallInfo, Caller, Outcome, Request, Retry, Waiter};
use crate::stats::{GaugeGuard, Stats};
use crate::store::shared::{LookUp, Trust};
use std::future::{Future, poll_fn};
use std::mem::replace;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// Runs a request until it is completed; with a permit, if it has one already.
pub(crate) async fn run<C: Caller>(
    shared: Arc<Shared<C>>,
    relays: Arc<Relays<impl Ask>>,
    request: Arc<Request<C>>,
    permit: Option<Permit>,
) {
    let mut completion = Completion { shared: &shared, request: &request, ended: None };
    let run = Run { shared: &shared, relays: &relays, request: &request, time_is_up: AtomicBool::new(false) };
    let (mut watch, mut ask) = (pin!(run.watch()), pin!(run.ask(permit)));
    // The first time, to ask comes first: deadlines change with the first permit, which is usually free, so no timer is set in
    // vain. Later, callers come first: no attempt begins for callers who have left.
    let mut is_watched = request.first_deadline().is_none();
    let both = poll_fn(|cx| {
        if is_watched && watch.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(ended) = ask.as_mut().poll(cx) {
            return Poll::Ready(Some(ended));
        }
        if !replace(&mut is_watched, true) && watch.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        Poll::Pending
    });
    completion.ended = both.await;
}

/// A request under way.
struct Run<'r, C, A> {
    shared: &'r Shared<C>,
    relays: &'r Relays<A>,
    request: &'r Arc<Request<C>>,
    /// Whether the last caller timed out by the client's own timeout, not by a shorter one of its own.
    time_is_up: AtomicBool,
}

impl<C: Caller, A: Ask> Run<'_, C, A> {
    /// Asks the first relay and, if it fails, the fallbacks.
    async fn ask(&self, permit: Option<Permit>) -> Ended {
        let looked_up = self.look_up().await;
        if looked_up.is_known {
            return Ended { looked_up: looked_up.answer, is_known: true, ..Answer::Missing { remember: false }.into() };
        }
        let ended = self.ask_relays(permit).await;
        Ended { looked_up: looked_up.answer, ..ended }
    }

    async fn ask_relays(&self, permit: Option<Permit>) -> Ended {
        let answer = self.ask_first(permit).await;
        match &answer {
            Answer::Failed { fault, .. } if fault.is_transient() && !self.request.is_refresh() => {
                let is_refused = matches!(fault, Fault::CircuitOpen { .. });
                let (found, others) = self.ask_fallbacks().await;
                if found.is_none() && !is_refused {
                    Stats::count(&self.shared.stats.exhausted);
                }
                Ended { others, ..found.unwrap_or(answer).into() }
            }
            _ => answer.into(),
        }
    }

    /// Asks the stores about the soul, if they may know more than the caller.
    async fn look_up(&self) -> LookedUp {
        let Self { shared, request, .. } = self;
        let knowledge = &shared.knowledge;
        let is_wanted = !request.is_fresh;
        if let Some(store) = knowledge.shared_store() {
            if store.has_to_start() {
                store.started().await;
                // The new connection detached all requests, because they may have missed invalidations. This one has not asked yet.
                shared.single_flight.reattach(request);
            }
            let answer = store.look_up(&request.soul).await;
            return LookedUp { is_known: is_wanted && matches!(answer, LookUp::Missing { .. }), answer };
        }
        if !knowledge.has_file() {
            return LookedUp { is_known: false, answer: LookUp::Nothing };
        }
        // The file may have been loaded since the caller looked.
        knowledge.loaded().await;
        let is_known = is_wanted && knowledge.is_missing(&request.soul, Trust::Everything, Instant::now());
        LookedUp { is_known, answer: LookUp::Nothing }
    }

    /// Makes attempts at the first relay until it has answered or the policy gives up.
    async fn ask_first(&self, mut first_permit: Option<Permit>) -> Answer {
        let Self { shared, relays, request, .. } = self;
        let admission = &shared.admission;
        let mut last: Option<Answer> = None;
        let mut reserve = Duration::ZERO;
        loop {
            let permit = match first_permit.take() {
                Some(permit) => admission.pass(permit),
                None => admission.permit().await,
            };
            let permit = match permit {
                Ok(permit) => permit,
                // Prefer this request's own error to "circuit open".
                Err(open) => return last.unwrap_or(open.into()),
            };
            let now = Instant::now();
            request.permitted(now, shared.timeout);
            if last.is_none() && !relays.fallbacks.is_empty() {
                reserve = shared.attempt_timeout.min(request.remaining(now) / 2);
            }
            let attempt = self.begin(&admission.breaker, permit);
            attempt.count_first_or_retry();
            let asked = pin!(relays.first.ask(&request.soul));
            let answer = match request.last_deadline().filter(|_| !reserve.is_zero()) {
                Some(deadline) => timeout_at(deadline - reserve, asked).await.unwrap_or(Fault::Timeout.into()),
                None => asked.await,
            };
            let (answer, is_open) = attempt.finish(answer, &shared.relay);
            let Answer::Failed { fault, retry_after } = &answer else { return answer };
            let has_no_caller = request.is_refresh() && request.last_deadline().is_none();
            if !fault.is_transient() || is_open || has_no_caller {
                return answer;
            }
            let now = Instant::now();
            let remaining = request.remaining(now).saturating_sub(reserve);
            let delay = shared.retry.next_delay(fault, request.attempts(), *retry_after, remaining, fastrand::f64());
            let Some(delay) = delay.filter(|_| admission.budget().take(now)) else {
                return match retry_after.filter(|asked| *asked >= remaining) {
                    Some(asked) => fault.clone().without_waiting(asked).into(),
                    None => answer,
                };
            };
            let failure = || Arc::new(shared.failure(fault.clone(), request, request.began));
            request.will_retry(|| Retry { error: failure(), delay });
            let _waiting = shared.stats.backing_off.enter();
            tokio::select! {
                biased;
                () = admission.breaker.opened() => return answer,
                () = sleep(delay) => last = Some(answer),
            }
        }
    }

    /// Asks the fallback relays in turn, once each, until one has the record.
    async fn ask_fallbacks(&self) -> (Option<Answer>, Vec<OtherRelay>) {
        let mut others = Vec::new();
        for fallback in &self.relays.fallbacks {
            let permit = self.shared.admission.permit_in_turn().await;
            self.request.permitted(Instant::now(), self.shared.timeout);
            let fault = match fallback.breaker.pass(true, Instant::now()) {
                Err(open) => Some(open),
                Ok(()) => {
                    let attempt = self.begin(&fallback.breaker, permit);
                    let answer = fallback.relay.ask(&self.request.soul).await;
                    match attempt.finish(answer, &fallback.shown).0 {
                        found @ Answer::Found(_) => return (Some(found), others),
                        // Another relay's "missing" does not mean that the first one has no record.
                        Answer::Missing { .. } => None,
                        Answer::Failed { fault, .. } => Some(fault),
                    }
                }
            };
            others.push(OtherRelay { relay: Arc::clone(&fallback.shown), fault });
        }
        (None, others)
    }

    fn begin<'a>(&'a self, breaker: &'a Breaker, permit: Permit) -> Attempt<'a, C> {
        let Self { shared, request, time_is_up, .. } = self;
        let in_flight = shared.stats.in_flight.enter();
        Stats::count(&shared.stats.sent);
        if request.is_refresh() {
            Stats::count(&shared.stats.refreshed);
        }
        let began = Instant::now();
        Attempt {
            shared,
            request,
            breaker,
            time_is_up,
            began,
            is_answered: false,
            _permit: permit,
            _in_flight: in_flight,
        }
    }

    /// Times out callers at their deadlines; returns when none remain.
    async fn watch(&self) {
        let Self { shared, request, .. } = self;
        loop {
            let Some(deadline) = request.first_deadline() else {
                if request.is_refresh() && !shared.single_flight.is_closed() {
                    // It needs no caller, but one with a deadline may join.
                    request.changed.notified().await;
                    continue;
                }
                return;
            };
            tokio::select! {
                () = sleep_until(deadline) => {}
                () = request.changed.notified() => continue,
            }
            let owed = given_back(deadline);
            if !owed.is_zero() {
                request.postpone(owed);
            }
            // An answer that has arrived wins: the task polls for it before it polls this function.
            let_arrive().await;
            let now = Instant::now();
            let expired = shared.single_flight.expire(request, now);
            if !expired.is_empty() {
                self.time_out(expired, now);
            }
        }
    }

    fn time_out(&self, expired: Vec<Waiter<C>>, now: Instant) {
        let Self { shared, request, .. } = self;
        let permitted = request.permitted_at();
        // If the last callers left at the same moment, this is not a timeout.
        if request.first_deadline().is_none() {
            let client_time = permitted.map(|permitted| permitted + shared.timeout);
            let is_relays = client_time.is_some_and(|time| expired.iter().any(|waiter| waiter.deadline >= time));
            self.time_is_up.store(is_relays, Relaxed);
            shared.stats.count_failed(Code::Timeout);
            Stats::count(&shared.stats.exhausted);
        }
        let stale = shared.stale(&request.soul, expired.len());
        for waiter in expired {
            let outcome = match &stale {
                Some(record) => Outcome::Found(record.clone()),
                None => {
                    let fault = match permitted {
                        Some(_) => Fault::Timeout,
                        None => Fault::QueueTimeout { max_in_flight: shared.max_in_flight },
                    };
                    Outcome::Failed(Arc::new(shared.failure(fault, request, waiter.began)))
                }
            };
            let joined = waiter.has_joined();
            let info = CallInfo { attempts: request.attempts(), status: None, joined, change: None, is_hit: false };
            shared.settle(waiter, outcome, info, now);
        }
    }
}

/// Result of asking the stores.
struct LookedUp {
    /// Whether that is the answer.
    is_known: bool,
    answer: LookUp,
}

/// One attempt, from its permit to its answer. If it is cancelled by the client's timeout, it counts as a failure of the
/// relay, which was silent until then; if it is cancelled because its callers left, it does not.
struct Attempt<'a, C> {
    shared: &'a Shared<C>,
    request: &'a Request<C>,
    breaker: &'a Breaker,
    time_is_up: &'a AtomicBool,
    began: Instant,
    is_answered: bool,
    _permit: Permit,
    _in_flight: GaugeGuard<'a>,
}

impl<C> Attempt<'_, C> {
    /// Set for attempts at the first relay: they deposit into or take from the retry budget.
    fn count_first_or_retry(&self) {
        if self.request.attempts.fetch_add(1, Relaxed) == 0 {
            self.shared.admission.budget().pay_in();
        } else {
            Stats::count(&self.shared.stats.retried);
        }
    }

    /// The relay has answered or failed. Also returns whether its circuit is open now.
    fn finish(mut self, answer: Answer, relay: &Arc<str>) -> (Answer, bool) {
        self.is_answered = true;
        let now = Instant::now();
        let shared = self.shared;
        shared.attempts.ended(&answer, now - self.began);
        let is_open = match &answer {
            Answer::Failed { fault, .. } if fault.is_transient() => match self.breaker.failed(fault, self.began, now) {
                Health::Closed => false,
                Health::Open => true,
                Health::Opened { lasted } => {
                    shared.circuit_changed(relay, true, lasted, fault.to_string());
                    true
                }
            },
            _ => {
                if let Some(lasted) = self.breaker.answered(now) {
                    shared.circuit_changed(relay, false, lasted, String::new());
                }
                shared.answered();
                false
            }
        };
        (answer, is_open)
    }
}

impl<C> Drop for Attempt<'_, C> {
    fn drop(&mut self) {
        if self.is_answered {
            return;
        }
        let now = Instant::now();
        self.shared.attempts.cancelled(now - self.began);
        if self.time_is_up.load(Relaxed) {
            let health = self.breaker.failed(&Fault::Timeout, self.began, now);
            if let Health::Opened { lasted } = health {
                self.shared.circuit_changed(&self.shared.relay, true, lasted, Fault::Timeout.to_string());
            }
        }
    }
}

/// Completes the request when dropped, however its task ends, so that no caller waits forever.
struct Completion<'f, C: Caller> {
    shared: &'f Shared<C>,
    request: &'f Arc<Request<C>>,
    ended: Option<Ended>,
}

impl<C: Caller> Drop for Completion<'_, C> {
    fn drop(&mut self) {
        self.shared.complete(self.request, self.ended.take());
    }
}
