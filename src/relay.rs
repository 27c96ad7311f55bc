//! The HTTP exchange with the relay, and what its answer means. [`classify`] is pure; [`Relay::ask`] does the I/O.

mod fault;
mod transport;

use crate::config::Config;
use crate::error::Fault;
use crate::record::{self, RecordText, Unusable};
use bytes::Bytes;
use http::header::{HeaderMap, RETRY_AFTER};
use reqwest::Response;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, timeout_at};
use transport::Transport;

/// How long an idle connection is kept: the relay closes it at 5 s, and one that is being closed loses a request.
const POOL_IDLE: Duration = Duration::from_secs(4);
/// The relay's own 404 is some 20 bytes; more is somebody's page, which is not read to its end.
const MAX_404_BYTES: usize = 65_536;
/// How long the body of a failure is read, so that its connection can be used again. What it says does not matter.
const DRAIN_TIME: Duration = Duration::from_millis(200);

/// What an answer of the relay means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The record.
    Found(RecordText),
    /// The relay has no such record. `remember` when it looked for the soul and said so.
    Missing {
        /// Whether the soul may be remembered as missing.
        remember: bool,
    },
    /// It is not known whether there is a record.
    Failed {
        /// What went wrong.
        fault: Fault,
        /// How long the relay asks to be left alone.
        retry_after: Option<Duration>,
    },
}

impl Answer {
    /// The HTTP status behind it, where one was read.
    pub fn status(&self) -> Option<u16> {
        match self {
            Answer::Found(_) | Answer::Missing { remember: false } => Some(200),
            Answer::Missing { remember: true } => Some(404),
            Answer::Failed { fault, .. } => fault.status(),
        }
    }
}

impl From<Fault> for Answer {
    fn from(fault: Fault) -> Self {
        Answer::Failed { fault, retry_after: None }
    }
}

impl From<Unusable> for Answer {
    fn from(Unusable { reason, truncated }: Unusable) -> Self {
        Fault::BadResponse { reason, truncated }.into()
    }
}

/// The table of the contract. `now` is what a `Retry-After` date is counted from.
pub fn classify(status: u16, headers: &HeaderMap, body: &Bytes, now: SystemTime) -> Answer {
    match status {
        200 => match record::read_answer(body) {
            Ok(Some(text)) => Answer::Found(text),
            Ok(None) => Answer::Missing { remember: false },
            Err(unusable) => unusable.into(),
        },
        404 if record::says_missing(body) => Answer::Missing { remember: true },
        _ => Answer::Failed { fault: Fault::Status(status), retry_after: retry_after(headers, now) },
    }
}

/// RFC 9110, section 10.2.3: seconds or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than a u64 holds are as good as never.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// One relay, and the bounds of an exchange with it.
#[derive(Debug)]
pub struct Relay {
    transport: Transport,
    attempt_timeout: Duration,
    max_body_bytes: usize,
}

impl Relay {
    /// Opens nothing yet: connections are made as requests need them.
    pub fn new(config: &Config) -> Self {
        Self {
            transport: Transport::new(config),
            attempt_timeout: config.attempt_timeout,
            max_body_bytes: config.max_body_bytes,
        }
    }

    /// One attempt: asks for the soul and says what the answer means, within the attempt's time.
    pub async fn ask(&self, soul: &str) -> Answer {
        let deadline = Instant::now() + self.attempt_timeout;
        let mut response = match timeout_at(deadline, self.transport.get(soul)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return fault::of_request(&error).into(),
            Err(_) => return Fault::Timeout.into(),
        };
        let status = response.status().as_u16();
        let body = match status {
            200 => match timeout_at(deadline, read(&mut response, self.max_body_bytes)).await {
                Ok(Ok(body)) => body,
                Ok(Err(Unread::TooLarge)) => {
                    let limit = self.max_body_bytes;
                    return Fault::BodyTooLarge { limit }.into();
                }
                Ok(Err(Unread::Broken(error))) => return fault::of_body(&error).into(),
                Err(_) => return Fault::Timeout.into(),
            },
            // From here on the status decides alone, so a body that cannot be read counts as none.
            404 => timeout_at(deadline, read(&mut response, MAX_404_BYTES))
                .await
                .map_or(Bytes::new(), Result::unwrap_or_default),
            _ => {
                let deadline = deadline.min(Instant::now() + DRAIN_TIME);
                let _ = timeout_at(deadline, read(&mut response, MAX_404_BYTES)).await;
                Bytes::new()
            }
        };
        classify(status, response.headers(), &body, SystemTime::now())
    }
}

enum Unread {
    TooLarge,
    Broken(reqwest::Error),
}

/// The body, never more than `limit` bytes of it.
async fn read(response: &mut Response, limit: usize) -> Result<Bytes, Unread> {
    let announced = response.content_length();
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(Unread::TooLarge);
    }
    let mut body = Bytes::new();
    let mut gathered = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Unread::Broken)? {
        if body.len() + gathered.len() + chunk.len() > limit {
            return Err(Unread::TooLarge);
        }
        if body.is_empty() && gathered.is_empty() {
            // Most bodies come in one chunk and are used where they lie.
            body = chunk;
            continue;
        }
        if gathered.is_empty() {
            // `limit` bounds what a peer can make us reserve by announcing it.
            gathered.reserve(announced.map_or(body.len() + chunk.len(), |length| length as usize));
            gathered.extend_from_slice(&std::mem::take(&mut body));
        }
        gathered.extend_from_slice(&chunk);
    }
    if !gathered.is_empty() {
        // It grew by doubling, and may wait for its turn on the main thread.
        gathered.shrink_to_fit();
        body = gathered.into();
    }
    Ok(body)
}

#[cfg(test)]
mod tests;
