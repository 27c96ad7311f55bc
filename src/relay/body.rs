//! Bodies of answers, read up to a limit.

use super::buffer_budget::Room;
use crate::deadline::timeout_at;
use bytes::Bytes;
use http::header::TRANSFER_ENCODING;
use reqwest::{Error, Response};
use std::pin::pin;
use tokio::time::Instant;

/// A body that was read.
#[derive(Debug, Default)]
pub struct Body {
    /// All of it.
    pub bytes: Bytes,
    /// The connection broke, with this error. TLS connections often end without close_notify, so a body without a length may be
    /// complete all the same, which its JSON shows.
    pub broken: Option<Error>,
}

/// Why a body could not be read.
#[derive(Debug)]
pub enum Unread {
    /// It is longer than the limit.
    TooLarge,
    /// Its connection broke, or its encoding is invalid.
    Broken(Error),
    /// It took too long.
    Late,
}

/// Reads the body, at most `limit` bytes, until `deadline`. Waiting for room in the budget does not count.
pub async fn read(
    response: &mut Response,
    limit: usize,
    mut deadline: Instant,
    mut room: Option<&mut Room>,
) -> Result<Body, Unread> {
    let announced = response.content_length();
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(Unread::TooLarge);
    }
    let ends_with_its_connection = announced.is_none() && !response.headers().contains_key(TRANSFER_ENCODING);
    let mut bytes = Bytes::new();
    let mut gathered = Vec::new();
    let mut broken = None;
    loop {
        let chunk = match timeout_at(deadline, pin!(response.chunk())).await.map_err(|_| Unread::Late)? {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(error) if ends_with_its_connection => {
                broken = Some(error);
                break;
            }
            Err(error) => return Err(Unread::Broken(error)),
        };
        if bytes.len() + gathered.len() + chunk.len() > limit {
            return Err(Unread::TooLarge);
        }
        if let Some(room) = room.as_deref_mut()
            && !room.try_take(chunk.len())
        {
            let began = Instant::now();
            room.take(chunk.len()).await;
            deadline += began.elapsed();
        }
        if bytes.is_empty() && gathered.is_empty() {
            // Most bodies arrive in one chunk and need no copy.
            bytes = chunk;
            continue;
        }
        if gathered.is_empty() {
            // `limit` bounds what is reserved for an announced length.
            gathered.reserve(announced.map_or(bytes.len() + chunk.len(), |length| length as usize));
            gathered.extend_from_slice(&std::mem::take(&mut bytes));
        }
        gathered.extend_from_slice(&chunk);
    }
    if !gathered.is_empty() {
        // It grew by doubling, and may wait long for its turn on the main thread.
        gathered.shrink_to_fit();
        bytes = gathered.into();
    }
    Ok(Body { bytes, broken })
}
