//! The heap of entries by expiry.

use super::Entries;

impl Entries {
    /// Whatever ends an entry comes through here.
    pub(super) fn leave_heap(&mut self, at: usize) {
        self.version += 1;
        self.heap.swap_remove(at);
        if at < self.heap.len() {
            self.slots[self.heap[at] as usize].heap_at = at as u32;
            self.sift(at);
        }
    }

    /// Moves an element of the heap up or down to its place.
    pub(super) fn sift(&mut self, mut at: usize) {
        let ends = |entries: &Self, at: usize| entries.slots[entries.heap[at] as usize].life.ends;
        while at > 0 && ends(self, at) < ends(self, (at - 1) / 2) {
            self.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
        loop {
            let children = 2 * at + 1..(2 * at + 3).min(self.heap.len());
            match children.min_by_key(|&child| ends(self, child)) {
                Some(child) if ends(self, child) < ends(self, at) => {
                    self.swap(at, child);
                    at = child;
                }
                _ => return,
            }
        }
    }

    fn swap(&mut self, one: usize, other: usize) {
        self.heap.swap(one, other);
        self.slots[self.heap[one] as usize].heap_at = one as u32;
        self.slots[self.heap[other] as usize].heap_at = other as u32;
    }
}
