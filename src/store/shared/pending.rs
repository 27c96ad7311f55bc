//! Invalidations that the store has not confirmed. They are kept across sessions and bounded.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Maximum souls. Beyond it, or beyond [`MAX_BYTES`], they become one invalidation of every soul.
pub const MAX_SOULS: usize = 100_000;
/// Maximum text of the souls.
const MAX_BYTES: usize = 16 << 20;
/// Maximum souls per batch, about 50 KB.
const BATCH: usize = 512;

/// The number of an invalidation, in the order of calls.
pub type Number = u64;

/// The unconfirmed invalidations.
#[derive(Debug)]
pub struct Pending {
    souls: HashMap<Arc<str>, Entry>,
    bytes: usize,
    /// Souls to be sent, each once.
    queue: VecDeque<Arc<str>>,
    all: Option<Entry>,
    next: Number,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The latest call included in this entry.
    last: Number,
    /// The first call included in this entry that was not yet in a batch.
    first: Number,
    /// Whether it is queued; otherwise it is in the batch in flight.
    is_queued: bool,
}

/// Invalidations that are sent together and confirmed as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Batch {
    /// Every soul.
    All(Number),
    /// Each of these.
    Souls(Vec<(Arc<str>, Number)>),
}

impl Default for Pending {
    fn default() -> Self {
        Self { souls: HashMap::new(), bytes: 0, queue: VecDeque::new(), all: None, next: 1 }
    }
}

impl Pending {
    /// Adds a soul.
    pub fn add(&mut self, soul: &str) {
        let number = self.number();
        if let Some(all) = self.all.as_mut().filter(|all| all.is_queued) {
            all.last = number;
            return;
        }
        if let Some(entry) = self.souls.get_mut(soul) {
            entry.last = number;
            if !entry.is_queued {
                entry.is_queued = true;
                self.queue.push_back(soul.into());
            }
            return;
        }
        let soul: Arc<str> = soul.into();
        self.bytes += soul.len();
        self.queue.push_back(Arc::clone(&soul));
        self.souls.insert(soul, Entry { last: number, first: number, is_queued: true });
        if self.souls.len() > MAX_SOULS || self.bytes > MAX_BYTES {
            self.add_all();
        }
    }

    /// Adds every soul, which replaces all earlier entries.
    pub fn add_all(&mut self) {
        let last = self.number();
        let first = self.oldest().unwrap_or(last);
        self.all = Some(Entry { last, first, is_queued: true });
        self.souls = HashMap::new();
        self.queue = VecDeque::new();
        self.bytes = 0;
    }

    /// Whether an invalidation of the soul is unconfirmed.
    pub fn holds(&self, soul: &str) -> bool {
        self.all.is_some() || self.souls.contains_key(soul)
    }

    /// Whether everything is confirmed.
    pub fn is_empty(&self) -> bool {
        self.all.is_none() && self.souls.is_empty()
    }

    /// The next batch. The previous one must have been confirmed or requeued.
    pub fn take(&mut self) -> Option<Batch> {
        if let Some(all) = self.all.as_mut().filter(|all| all.is_queued) {
            all.is_queued = false;
            return Some(Batch::All(all.last));
        }
        let count = self.queue.len().min(BATCH);
        let mut batch = Vec::with_capacity(count);
        for soul in self.queue.drain(..count) {
            if let Some(entry) = self.souls.get_mut(&soul) {
                entry.is_queued = false;
                batch.push((soul, entry.last));
            }
        }
        (!batch.is_empty()).then_some(Batch::Souls(batch))
    }

    /// The store has carried out the batch.
    pub fn confirm(&mut self, batch: &Batch) {
        match batch {
            Batch::All(sent) => match &mut self.all {
                Some(all) if all.last == *sent => self.all = None,
                Some(all) => all.first = sent + 1,
                None => {}
            },
            Batch::Souls(souls) => {
                for (soul, sent) in souls {
                    let Some(entry) = self.souls.get_mut(soul) else { continue };
                    if entry.last == *sent {
                        self.souls.remove(soul);
                        self.bytes -= soul.len();
                    } else {
                        // It was invalidated again meanwhile: there may have been a put after the first invalidation was carried out.
                        entry.first = sent + 1;
                    }
                }
            }
        }
    }

    /// The batch in flight was not confirmed: it will be sent again.
    pub fn requeue(&mut self) {
        if let Some(all) = &mut self.all {
            all.is_queued = true;
        }
        for (soul, entry) in &mut self.souls {
            if !entry.is_queued {
                entry.is_queued = true;
                self.queue.push_back(Arc::clone(soul));
            }
        }
    }

    /// A number above those of everything added so far.
    pub fn mark(&self) -> Number {
        self.next
    }

    /// Whether everything added before `mark` is confirmed.
    pub fn is_confirmed(&self, mark: Number) -> bool {
        self.oldest().is_none_or(|oldest| oldest >= mark)
    }

    fn oldest(&self) -> Option<Number> {
        self.souls.values().chain(&self.all).map(|entry| entry.first).min()
    }

    fn number(&mut self) -> Number {
        self.next += 1;
        self.next - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn souls(batch: Option<Batch>) -> Vec<String> {
        match batch {
            Some(Batch::Souls(souls)) => souls.iter().map(|(soul, _)| soul.to_string()).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_invalidation_is_pending_until_it_is_confirmed_and_survives_a_lost_session() {
        let mut pending = Pending::default();
        pending.add("a");
        let mark = pending.mark();
        let batch = pending.take().expect("one");
        assert!(pending.take().is_none() && pending.holds("a") && !pending.holds("b"));
        pending.requeue();
        assert!(!pending.is_confirmed(mark));
        assert_eq!(pending.take().as_ref(), Some(&batch));
        pending.confirm(&batch);
        assert!(pending.is_empty() && pending.is_confirmed(mark));
    }

    #[test]
    fn a_soul_invalidated_again_while_its_batch_is_on_the_way_is_sent_again() {
        let mut pending = Pending::default();
        pending.add("a");
        let first = pending.mark();
        let batch = pending.take().expect("one");
        pending.add("a");
        pending.add("a");
        let second = pending.mark();
        pending.confirm(&batch);
        assert!(pending.is_confirmed(first), "what the batch carried");
        assert!(!pending.is_confirmed(second) && pending.holds("a"));
        assert_eq!(souls(pending.take()), ["a"]);
    }

    #[test]
    fn too_many_souls_or_too_long_ones_become_one_invalidation_of_all() {
        for (count, length) in [(MAX_SOULS + 1, 6), (MAX_BYTES / 4_096 + 1, 4_096)] {
            let mut pending = Pending::default();
            for number in 0..count {
                pending.add(&format!("{number:0length$}"));
            }
            let mark = pending.mark();
            assert!(pending.holds("any other soul"));
            assert!(!pending.is_confirmed(2), "it stands for the first of them too");
            pending.add("more");
            let batch = pending.take().expect("all");
            assert!(matches!(batch, Batch::All(_)) && pending.take().is_none());
            pending.confirm(&batch);
            assert!(pending.is_empty() && pending.is_confirmed(mark));
        }
    }

    #[test]
    fn what_is_added_while_all_is_on_its_way_is_sent_after_it() {
        let mut pending = Pending::default();
        pending.add_all();
        let all = pending.take().expect("all");
        pending.add("a");
        assert_eq!(souls(pending.take()), ["a"]);
        pending.confirm(&all);
        assert!(pending.holds("a") && !pending.holds("b"));
        pending.add_all();
        let again = pending.take().expect("all");
        pending.add_all();
        pending.confirm(&again);
        assert!(pending.holds("b") && pending.take().is_some());
    }

    #[test]
    fn batches_are_bounded() {
        let mut pending = Pending::default();
        for number in 0..BATCH + 1 {
            pending.add(&number.to_string());
        }
        assert_eq!(souls(pending.take()).len(), BATCH);
        assert_eq!(souls(pending.take()).len(), 1);
    }
}
