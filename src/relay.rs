//! The HTTP exchange with the relay, and the classification of its answer. [`classify`] is pure; [`Relay::ask`] does the I/O.

mod body;
mod buffer_budget;
mod fault;
mod os_error;
mod resolver;
mod tls_fault;
mod transport;

use crate::config::Config;
use crate::deadline::timeout_at;
use crate::error::{Fault, Quoted};
use crate::record::{self, RecordText, Unusable};
use body::{Body, Unread};
use buffer_budget::{BufferBudget, Room};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, LOCATION, PROXY_AUTHENTICATE, RETRY_AFTER};
use reqwest::Response;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;
use transport::Transport;

/// How long an idle connection is kept. The relay closes it after 5 s, and a request sent on a closing connection fails.
const POOL_IDLE: Duration = Duration::from_secs(4);
/// A relay's "Not found" has about 20 bytes. Longer bodies are pages of other servers and are not read to the end.
const MAX_WORD_BYTES: usize = 65_536;
/// Time limit for asking a proxy why it refused a tunnel.
const TUNNEL_TIME: Duration = Duration::from_secs(2);
/// Time limit for reading the body of a failure, which is only read so that the connection can be reused.
const DRAIN_TIME: Duration = Duration::from_millis(200);

/// The reason for an answer that is a web page.
const PAGE: &str = "it is a page, not JSON: a stock GUN relay or another web server? \
    gun-native needs a relay that answers GET /get?soul=";

/// What an answer of the relay means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The record.
    Found(RecordText),
    /// The relay has no such record.
    Missing {
        /// Whether the soul may be cached as missing: the relay looked for it.
        remember: bool,
    },
    /// It is not known whether there is a record.
    Failed {
        /// What went wrong.
        fault: Fault,
        /// The relay's `Retry-After`.
        retry_after: Option<Duration>,
    },
}

impl Answer {
    /// The HTTP status, if one was read.
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

/// Classifies an answer. A `Retry-After` date is relative to `now`.
pub fn classify(status: u16, headers: &HeaderMap, body: &Bytes, now: SystemTime) -> Answer {
    match status {
        200 => match record::read_answer(body) {
            Ok(Some(text)) => Answer::Found(text),
            Ok(None) => Answer::Missing { remember: false },
            Err(unusable) => unusable.into(),
        },
        404 if record::says_missing(body) && !is_of_a_gateway(headers) => Answer::Missing { remember: true },
        500 if record::says_missing_at_a_peer(body) && !is_of_a_gateway(headers) => Answer::Missing { remember: true },
        _ => Answer::Failed { fault: Fault::Status(status), retry_after: retry_after(headers, now) },
    }
}

/// Whether a proxy marks the answer as its own: RFC 9209 (`Proxy-Status` with an error), the header of a 407, or Squid's
/// header. Such an answer says nothing about a soul.
fn is_of_a_gateway(headers: &HeaderMap) -> bool {
    let failed = |value: &http::HeaderValue| value.to_str().is_ok_and(|status| status.contains("error="));
    headers.get_all("proxy-status").iter().any(failed)
        || headers.contains_key(PROXY_AUTHENTICATE)
        || headers.contains_key("x-squid-error")
}

/// RFC 9110, section 10.2.3: seconds or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than a u64 holds: never.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// One relay, with the limits of an exchange.
#[derive(Debug)]
pub struct Relay {
    transport: Transport,
    attempt_timeout: Duration,
    max_body_bytes: usize,
    buffers: Arc<BufferBudget>,
}

impl Relay {
    /// Opens no connection yet.
    pub fn new(config: &Config) -> Self {
        Self {
            transport: Transport::new(config),
            attempt_timeout: config.attempt_timeout,
            max_body_bytes: config.max_body_bytes,
            buffers: BufferBudget::new(config.max_buffered_bytes),
        }
    }

    /// Another relay of the same client, whose answers share this one's buffer budget.
    pub fn beside(&self, config: &Config) -> Self {
        Self { buffers: Arc::clone(&self.buffers), ..Self::new(config) }
    }

    /// One attempt: asks for the soul and classifies the answer, within the attempt's time.
    pub async fn ask(&self, soul: &str) -> Answer {
        let deadline = Instant::now() + self.attempt_timeout;
        let mut response = match timeout_at(deadline, pin!(self.transport.get(soul))).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return self.failed(&error, deadline).await.into(),
            Err(_) => return self.too_late(),
        };
        let status = response.status().as_u16();
        if status == 200 {
            let room = self.buffers.room();
            return self.read_answer(response, deadline, room).await;
        }
        // Only the status counts, so a body that cannot be read is treated as empty.
        let deadline = match status {
            404 | 500 => deadline,
            _ => deadline.min(Instant::now() + DRAIN_TIME),
        };
        let body = body::read(&mut response, MAX_WORD_BYTES, deadline, None).await.unwrap_or_default();
        let answer = classify(status, response.headers(), &body.bytes, SystemTime::now());
        self.with_what_is_known(answer, &response, body)
    }

    /// A 200. Its room of the buffer budget is released when the text is dropped.
    async fn read_answer(&self, mut response: Response, deadline: Instant, mut room: Room) -> Answer {
        let body = match body::read(&mut response, self.max_body_bytes, deadline, Some(&mut room)).await {
            Ok(body) => body,
            Err(Unread::TooLarge) => return Fault::BodyTooLarge { limit: self.max_body_bytes }.into(),
            Err(Unread::Broken(error)) => return fault::of_body(&error).into(),
            Err(Unread::Late) => return self.too_late(),
        };
        match classify(200, response.headers(), &body.bytes, SystemTime::now()) {
            Answer::Found(text) => Answer::Found(text.guarded(room.completed())),
            other => self.with_what_is_known(other, &response, body),
        }
    }

    fn too_late(&self) -> Answer {
        Fault::AttemptTimeout { limit: self.attempt_timeout }.into()
    }

    /// An exchange that ended without a status.
    async fn failed(&self, error: &reqwest::Error, deadline: Instant) -> Fault {
        let route = &self.transport.route;
        if !fault::is_refused_tunnel(error, route) {
            return fault::of_request(error, route);
        }
        let deadline = deadline.min(Instant::now() + TUNNEL_TIME);
        let status = timeout_at(deadline, pin!(self.transport.refused_with())).await.ok().flatten();
        fault::of_tunnel(route, status)
    }

    /// Adds to the answer what an operator needs to know beyond the status.
    fn with_what_is_known(&self, answer: Answer, response: &Response, body: Body) -> Answer {
        match answer {
            Answer::Failed { fault: Fault::Status(status), retry_after } => {
                let note = self.note(status, response, &body.bytes);
                let fault = match note {
                    Some(note) => Fault::StatusWith { status, note: note.into() },
                    None => Fault::Status(status),
                };
                Answer::Failed { fault, retry_after }
            }
            // The connection broke: the body may be the beginning of JSON.
            Answer::Failed { fault: Fault::BadResponse { .. }, .. } if let Some(error) = &body.broken => {
                fault::of_body(error).into()
            }
            Answer::Failed { fault: Fault::BadResponse { truncated: false, .. }, retry_after }
                if is_a_page(response, &body.bytes) =>
            {
                Answer::Failed { fault: Fault::BadResponse { reason: PAGE, truncated: false }, retry_after }
            }
            answer => answer,
        }
    }

    /// Who sent a status, or where it points, as the end of a sentence.
    fn note(&self, status: u16, response: &Response, body: &Bytes) -> Option<String> {
        if let Some(note) = redirect_note(status, response) {
            return Some(note);
        }
        // Through a tunnel every answer is the relay's.
        let proxy = self.transport.route.proxy.as_deref().filter(|_| !self.transport.route.is_https);
        match (status, proxy) {
            (407, Some(proxy)) => Some(format!("proxy {proxy} asks for user and password, see option proxy")),
            (404, Some(proxy)) => Some(format!("wrong path, or an answer of proxy {proxy}?")),
            (_, Some(proxy)) => Some(format!("asked through proxy {proxy}, whose own answer it may be")),
            (400, None) if !self.transport.route.is_https && body.windows(5).any(|bytes| bytes == b"HTTPS") => {
                Some("if the relay uses TLS, its URL begins with https://".to_owned())
            }
            _ => None,
        }
    }
}

/// The target of a redirect that was not followed, without parts that may be secret.
fn redirect_note(status: u16, response: &Response) -> Option<String> {
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let Ok(mut target) = response.url().join(location) else {
        return Some("it points to no URL".to_owned());
    };
    let is_within = target.origin() == response.url().origin();
    // Fails only for URLs that cannot have a user.
    let _ = target.set_username("");
    let _ = target.set_password(None);
    target.set_query(None);
    target.set_fragment(None);
    let target = Quoted(target.as_str());
    Some(if is_within {
        format!("too many redirects, the last one to {target}")
    } else {
        format!("it points to {target}, another origin, where no request is sent")
    })
}

/// A web server's page, or an answer of a stock GUN relay: its index page or the word `undefined` for any path.
fn is_a_page(response: &Response, body: &Bytes) -> bool {
    let is_html = |value: &http::HeaderValue| value.as_bytes().starts_with(b"text/html");
    let opens_a_tag = body.trim_ascii_start().starts_with(b"<");
    let is_json = body.trim_ascii_start().starts_with(b"{");
    !is_json
        && (opens_a_tag || body.as_ref() == b"undefined" || response.headers().get(CONTENT_TYPE).is_some_and(is_html))
}

#[cfg(test)]
mod tests;
