//! Events for JavaScript, as a flat list of triples: `tag, id, body, tag, id, body, ...`.

use super::body::NativeBody;
use super::values;
use gun_native::batch::Part;
use gun_native::error::{CallError, Fault, OtherRelay};
use gun_native::notice::Notice;
use gun_native::single_flight::{CallInfo, Change, Outcome, Retry};
use napi::Result;
use napi::bindgen_prelude::ToNapiValue;
use napi::sys;
use napi_derive::napi;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// What an event is about. JavaScript gets it as an object of numbers.
#[napi]
pub enum Tag {
    Found,
    Missing,
    Failed,
    Batch,
    Part,
    Line,
    Notice,
    Info,
    Retry,
    Closed,
}

/// What became of a soul's entry. JavaScript gets it as an object of numbers.
#[napi]
pub enum EntryChange {
    Nothing,
    Inserted,
    Invalidated,
}

/// Events to be handed to JavaScript in one call.
pub struct Events {
    env: sys::napi_env,
    values: Vec<sys::napi_value>,
}

impl Events {
    pub fn new(env: sys::napi_env) -> Self {
        Self { env, values: Vec::new() }
    }

    /// A call has ended; its id is 0 if it never had to wait.
    pub fn outcome(&mut self, id: u32, outcome: &Outcome, as_body: bool) -> Result<()> {
        match outcome {
            Outcome::Found(record) if as_body => {
                // SAFETY: `env` is the environment of the running callback.
                let body = unsafe { NativeBody::to_napi_value(self.env, NativeBody::new(record.clone()))? };
                self.push(Tag::Found, id, body)
            }
            Outcome::Found(record) => match values::string(self.env, record.as_bytes(), record.is_ascii) {
                Ok(text) => self.push(Tag::Found, id, text),
                Err(_) => self.failure(id, &too_long()),
            },
            Outcome::Missing => self.push(Tag::Missing, id, values::null(self.env)?),
            Outcome::Failed(error) => self.failure(id, error),
        }
    }

    /// A call has failed.
    pub fn failure(&mut self, id: u32, error: &CallError) -> Result<()> {
        let text = self.text(&call_json(error).to_string())?;
        self.push(Tag::Failed, id, text)
    }

    /// A part of a batch's answer: the body is the failures' JSON, or null, and the records' JSON. With the last part the
    /// batch has ended.
    pub fn part(&mut self, id: u32, part: &Part, is_last: bool) -> Result<()> {
        let failures: Vec<_> = part.failures.iter().map(|(index, error)| json!([index, call_json(error)])).collect();
        let failures = match failures.is_empty() {
            true => values::null(self.env)?,
            false => self.text(&serde_json::Value::from(failures).to_string())?,
        };
        let Ok(records) = values::string(self.env, part.text.as_bytes(), part.is_ascii) else {
            return self.failure(id, &too_long());
        };
        let body = values::array(self.env, &[failures, records])?;
        self.push(if is_last { Tag::Batch } else { Tag::Part }, id, body)
    }

    /// A call has ended, but there was no memory to say how.
    pub fn lost(&mut self, id: u32) -> Result<()> {
        self.push(Tag::Failed, id, values::null(self.env)?)
    }

    /// A line for the log of a client.
    pub fn line(&mut self, client_id: u32, line: &str) -> Result<()> {
        let text = self.text(line)?;
        self.push(Tag::Line, client_id, text)
    }

    /// How a watched call came to the outcome that follows: attempts, status or 0, whether it joined a request, and the
    /// [`EntryChange`].
    pub fn info(&mut self, id: u32, info: CallInfo) -> Result<()> {
        let change = match info.change {
            None => EntryChange::Nothing,
            Some(Change::Inserted) => EntryChange::Inserted,
            Some(Change::Invalidated) => EntryChange::Invalidated,
        };
        let members = [info.attempts, info.status.unwrap_or(0).into(), info.joined.into(), change as u32];
        let body = self.numbers(&members)?;
        self.push(Tag::Info, id, body)
    }

    /// A watched call will be tried again.
    pub fn retry(&mut self, id: u32, watch: u32, retry: &Retry) -> Result<()> {
        let delay_ms = retry.delay.as_secs_f64() * 1_000.0;
        let text =
            self.text(&json!({ "watch": watch, "delayMs": delay_ms, "error": call_json(&retry.error) }).to_string())?;
        self.push(Tag::Retry, id, text)
    }

    /// Something for a client's log and channels, as JSON.
    pub fn notice(&mut self, client_id: u32, notice: &Notice) -> Result<()> {
        let members = match notice {
            Notice::Swept(line) => json!({ "level": "log", "line": line.to_string(), "sweep": {
                "removed": line.removed,
                "remain": line.remain,
            } }),
            Notice::Warning(line) => json!({ "level": "warn", "line": line }),
            Notice::Circuit(circuit) => json!({ "level": "warn", "line": circuit.line(), "breaker": {
                "relay": *circuit.relay,
                "state": if circuit.is_open { "open" } else { "closed" },
                "durationMs": circuit.lasted.as_secs_f64() * 1_000.0,
                "failedCalls": circuit.failed_calls,
                "lastError": Some(&circuit.last_error).filter(|sentence| !sentence.is_empty()),
            } }),
        };
        let text = self.text(&members.to_string())?;
        self.push(Tag::Notice, client_id, text)
    }

    /// A client has closed.
    pub fn closed(&mut self, id: u32) -> Result<()> {
        self.push(Tag::Closed, id, values::null(self.env)?)
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The triples, one after another.
    pub fn values(&self) -> &[sys::napi_value] {
        &self.values
    }

    /// The array of triples.
    pub fn into_array(self) -> Result<sys::napi_value> {
        values::array(self.env, &self.values)
    }

    fn push(&mut self, tag: Tag, id: u32, body: sys::napi_value) -> Result<()> {
        let (tag, id) = (values::number(self.env, tag as u32)?, values::number(self.env, id)?);
        self.values.extend([tag, id, body]);
        Ok(())
    }

    fn numbers(&self, numbers: &[u32]) -> Result<sys::napi_value> {
        let numbers: Vec<_> = numbers.iter().map(|number| values::number(self.env, *number)).collect::<Result<_>>()?;
        values::array(self.env, &numbers)
    }

    fn text(&self, text: &str) -> Result<sys::napi_value> {
        values::string(self.env, text.as_bytes(), text.is_ascii())
    }
}

/// The members of a `GunError` that ended a call.
fn call_json(error: &CallError) -> serde_json::Value {
    let mut json = error_json(&error.fault, &error.to_string());
    json["attempts"] = error.attempts.into();
    if !error.soul.is_empty() {
        json["soul"] = (*error.soul).into();
    }
    let own = json.get("cause").cloned();
    if let Some(cause) = with_others(own, &error.others) {
        json["cause"] = cause;
    }
    json
}

/// The members of a `GunError` that no attempt preceded.
pub fn error_json(fault: &Fault, message: &str) -> serde_json::Value {
    let mut json = json!({
        "code": fault.code().as_str(),
        "message": message,
        "attempts": 0,
        "retryable": fault.is_transient(),
    });
    if let Some(status) = fault.refused_status() {
        json["status"] = status.into();
    }
    if let Some(cause) = fault.cause() {
        json["cause"] = json!({ "message": cause.message, "code": cause.code });
    }
    json
}

/// The chain of causes that ends with the fallback relays' answers, each the cause of the one before.
fn with_others(cause: Option<serde_json::Value>, others: &[OtherRelay]) -> Option<serde_json::Value> {
    let other = |other: &OtherRelay| match &other.fault {
        Some(fault) => error_json(fault, &other.to_string()),
        None => json!({ "message": other.to_string() }),
    };
    let mut links: Vec<_> = cause.into_iter().chain(others.iter().map(other)).collect();
    let mut chain = links.pop()?;
    while let Some(mut link) = links.pop() {
        // The message of a fallback contains its own cause.
        link["cause"] = chain;
        chain = link;
    }
    Some(chain)
}

/// An option bounds every body well below V8's longest string, so this tells of a V8 with shorter ones.
fn too_long() -> CallError {
    let reason = "it is longer than a string of this Node can be";
    CallError {
        fault: Fault::BadResponse { reason, truncated: false },
        relay: Arc::from(""),
        soul: Arc::from(""),
        attempts: 1,
        elapsed: Duration::ZERO,
        others: Vec::new(),
    }
}
