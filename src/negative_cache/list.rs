//! Doubly linked lists through the slots of a slab: moving an entry neither allocates nor searches.

/// A slot's number.
pub type Index = u32;

/// No slot.
pub const NONE: Index = Index::MAX;

/// The neighbours of a slot in one list.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    before: Index,
    after: Index,
}

impl Link {
    /// The link of a slot that is in no list.
    pub const ALONE: Self = Self { before: NONE, after: NONE };
}

/// Slots with links: link `N` of a slot belongs to the list with number `N` that the slot is in.
pub trait Links {
    /// Link `number` of a slot.
    fn link(&mut self, index: Index, number: usize) -> &mut Link;
}

/// A list of slots, front to back, linked by link `N`.
#[derive(Debug, Clone, Copy)]
pub struct List<const N: usize> {
    first: Index,
    last: Index,
    len: usize,
}

impl<const N: usize> List<N> {
    /// The empty list.
    pub const EMPTY: Self = Self { first: NONE, last: NONE, len: 0 };

    /// Slots in the list.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The slot at the back.
    pub fn last(&self) -> Option<Index> {
        (self.last != NONE).then_some(self.last)
    }

    /// Adds a slot that is in no list of this number.
    pub fn push_front(&mut self, slots: &mut impl Links, index: Index) {
        *slots.link(index, N) = Link { before: NONE, after: self.first };
        match self.first {
            NONE => self.last = index,
            first => slots.link(first, N).before = index,
        }
        self.first = index;
        self.len += 1;
    }

    /// Removes a slot that is in this list.
    pub fn remove(&mut self, slots: &mut impl Links, index: Index) {
        let Link { before, after } = std::mem::replace(slots.link(index, N), Link::ALONE);
        match before {
            NONE => self.first = after,
            before => slots.link(before, N).after = after,
        }
        match after {
            NONE => self.last = before,
            after => slots.link(after, N).before = before,
        }
        self.len -= 1;
    }

    /// Moves a slot of this list to the front.
    pub fn move_to_front(&mut self, slots: &mut impl Links, index: Index) {
        if self.first != index {
            self.remove(slots, index);
            self.push_front(slots, index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Slots([[Link; 1]; 4]);

    impl Links for Slots {
        fn link(&mut self, index: Index, number: usize) -> &mut Link {
            &mut self.0[index as usize][number]
        }
    }

    fn order(list: &List<0>, slots: &mut Slots) -> Vec<Index> {
        let mut order = Vec::new();
        let mut next = list.first;
        while next != NONE {
            order.push(next);
            next = slots.link(next, 0).after;
        }
        assert_eq!((order.len(), order.last().copied()), (list.len(), list.last()));
        order
    }

    #[test]
    fn slots_are_moved_and_removed_wherever_they_are_in_the_list() {
        let mut slots = Slots([[Link::ALONE]; 4]);
        let mut list = List::EMPTY;
        for index in 0..4 {
            list.push_front(&mut slots, index);
        }
        assert_eq!(order(&list, &mut slots), [3, 2, 1, 0]);
        list.move_to_front(&mut slots, 0);
        list.move_to_front(&mut slots, 0);
        list.move_to_front(&mut slots, 2);
        assert_eq!(order(&list, &mut slots), [2, 0, 3, 1]);
        for (index, left) in [(3, vec![2, 0, 1]), (1, vec![2, 0]), (2, vec![0]), (0, vec![])] {
            list.remove(&mut slots, index);
            assert_eq!(order(&list, &mut slots), left);
        }
    }
}
