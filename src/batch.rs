//! Many calls that settle as one: outcomes gathered in the order of the souls, told when the last has come.

use crate::error::CallError;
use crate::flight::Outcome;
use std::sync::{Arc, Mutex, PoisonError};

/// Text handed over at a time. V8's strings end at 512 MB, and a batch has no bound but its souls.
const MAX_PART_BYTES: usize = 64 * 1024 * 1024;

/// Outcomes of a batch as they come in.
#[derive(Debug)]
pub struct Batch {
    slots: Mutex<Slots>,
}

#[derive(Debug)]
struct Slots {
    outcomes: Vec<Option<Outcome>>,
    /// Souls not settled, and one for the seal.
    awaited: usize,
}

impl Batch {
    /// A batch of so many souls, none of which is settled.
    pub fn new(souls: usize) -> Self {
        let slots = Slots { outcomes: vec![None; souls], awaited: souls + 1 };
        Self { slots: Mutex::new(slots) }
    }

    /// Settles one soul, each once. All outcomes, when nothing more is awaited.
    pub fn settle(&self, index: usize, outcome: Outcome) -> Option<Vec<Outcome>> {
        self.arrived(|outcomes| outcomes[index] = Some(outcome))
    }

    /// Says, once, that every soul's call has begun: until then the batch does not end. All outcomes, when nothing more
    /// is awaited.
    pub fn seal(&self) -> Option<Vec<Outcome>> {
        self.arrived(|_| ())
    }

    fn arrived(&self, note: impl FnOnce(&mut Vec<Option<Outcome>>)) -> Option<Vec<Outcome>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        note(&mut slots.outcomes);
        slots.awaited -= 1;
        let is_complete = slots.awaited == 0;
        is_complete.then(|| std::mem::take(&mut slots.outcomes).into_iter().flatten().collect())
    }
}

/// A batch's outcomes as JSON.
#[derive(Debug, Default)]
pub struct BatchText {
    /// Arrays that make up the answer one after the other: a record, or `null` for missing and for failed.
    pub parts: Vec<String>,
    /// The failed ones by their index in the whole.
    pub failures: Vec<(usize, Arc<CallError>)>,
}

impl BatchText {
    /// Writes all outcomes of a batch down.
    pub fn new(outcomes: Vec<Outcome>) -> Self {
        Self::in_parts_of(MAX_PART_BYTES, outcomes)
    }

    fn in_parts_of(max_bytes: usize, outcomes: Vec<Outcome>) -> Self {
        let mut text = Self::default();
        let mut part = String::from("[");
        for (index, outcome) in outcomes.into_iter().enumerate() {
            let record = match &outcome {
                Outcome::Found(record) => record.as_str(),
                Outcome::Missing | Outcome::Failed(_) => "null",
            };
            if part.len() > 1 && part.len() + record.len() > max_bytes {
                part.push(']');
                text.parts.push(std::mem::replace(&mut part, String::from("[")));
            }
            if part.len() > 1 {
                part.push(',');
            }
            part.push_str(record);
            if let Outcome::Failed(error) = outcome {
                text.failures.push((index, error));
            }
        }
        part.push(']');
        text.parts.push(part);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;
    use crate::record::read_answer;
    use std::time::Duration;

    fn found(data: &str) -> Outcome {
        let body = format!(r#"{{"success":true,"data":{data}}}"#);
        Outcome::Found(read_answer(&body.into()).expect("usable").expect("a record"))
    }

    fn failed() -> Outcome {
        Outcome::Failed(Arc::new(CallError {
            fault: Fault::Timeout,
            relay: "http://a".into(),
            soul: "s".into(),
            attempts: 1,
            elapsed: Duration::ZERO,
        }))
    }

    #[test]
    fn outcomes_come_in_the_order_of_the_souls_once_the_last_is_in() {
        let batch = Batch::new(3);
        assert_eq!(batch.settle(2, Outcome::Missing), None);
        assert_eq!(batch.seal(), None);
        assert_eq!(batch.settle(0, found(r#"{"a":1}"#)), None);
        let all = batch.settle(1, failed()).expect("the last one");
        assert_eq!(all, [found(r#"{"a":1}"#), failed(), Outcome::Missing]);
    }

    #[test]
    fn a_batch_does_not_end_before_it_is_sealed() {
        let batch = Batch::new(1);
        assert_eq!(batch.settle(0, Outcome::Missing), None);
        assert_eq!(batch.seal(), Some(vec![Outcome::Missing]));
        assert_eq!(Batch::new(0).seal(), Some(vec![]));
    }

    #[test]
    fn text_holds_records_and_null_and_failures_beside() {
        let text = BatchText::new(vec![found(r#"{"a":1}"#), failed(), Outcome::Missing]);
        assert_eq!(text.parts, [r#"[{"a":1},null,null]"#]);
        let indices: Vec<usize> = text.failures.iter().map(|(index, _)| *index).collect();
        assert_eq!(indices, [1]);
        assert_eq!(BatchText::new(vec![]).parts, ["[]"]);
    }

    #[test]
    fn text_too_long_for_one_string_comes_in_parts() {
        let outcomes = vec![found(r#"{"a":1}"#), found(r#"{"b":2}"#), Outcome::Missing];
        let text = BatchText::in_parts_of(12, outcomes);
        assert_eq!(text.parts, [r#"[{"a":1}]"#, r#"[{"b":2},null]"#]);
        let whole = vec![found(r#"{"a":123456789012345}"#)];
        assert_eq!(BatchText::in_parts_of(12, whole).parts, [r#"[{"a":123456789012345}]"#]);
    }
}
