//! Choices read off a list of bytes: quick to make, and a failing case shrinks with its bytes,
//! because zero is always the plainest choice.

use proptest::prelude::*;

/// As many bytes as a mesh of some size reads; a larger one ends in the plainest choices.
const BYTES: usize = 512;

/// The bytes that a case is made from.
pub fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), BYTES)
}

pub struct Draw<'a> {
    bytes: &'a [u8],
}

impl<'a> Draw<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Below `end`; zero when the bytes are used up.
    pub fn below(&mut self, end: usize) -> usize {
        match self.bytes.split_first() {
            Some((first, rest)) => {
                self.bytes = rest;
                usize::from(*first) * end / 256
            }
            None => 0,
        }
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// True for `parts` of 16.
    pub fn chance(&mut self, parts: usize) -> bool {
        self.below(16) >= 16 - parts
    }

    /// Between `least` and `most` of what `make` makes.
    pub fn several<T>(
        &mut self,
        least: usize,
        most: usize,
        mut make: impl FnMut(&mut Self) -> T,
    ) -> Vec<T> {
        let count = least + self.below(most - least + 1);
        (0..count).map(|_| make(self)).collect()
    }
}
