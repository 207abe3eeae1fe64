//! A text as it is written, and as it reads with its escapes taken off.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use super::escapes;

/// How many layers of escapes are taken off a text: enough for JSON that is a
/// string in other JSON, in the query of a URL.
const LAYERS: u8 = 3;

/// How much is read below the surface of a text: this many times its length, and something for the shortest.
/// Escapes of all kinds beside each other come to less.
const MOST_READ: usize = 64;
const MOST_READ_OF_ANY: usize = 64 << 10;

/// Whether one of the readings of a text is one that `is_found` looks for: it is given one after the other until then.
pub(super) fn any_reading(text: &str, is_found: &mut dyn FnMut(&str) -> bool) -> bool {
    let left = text.len().saturating_mul(MOST_READ).saturating_add(MOST_READ_OF_ANY);
    Reading { seen: HashSet::new(), left, by: RandomState::new() }.within(text, LAYERS, is_found)
}

/// What was read of one text, so that escapes in any order are read once.
struct Reading {
    seen: HashSet<u64>,
    /// Bytes that may still be read.
    left: usize,
    by: RandomState,
}

impl Reading {
    fn within(&mut self, text: &str, layers: u8, is_found: &mut dyn FnMut(&str) -> bool) -> bool {
        if is_found(text) {
            return true;
        }
        if layers == 0 {
            return false;
        }
        escapes::ALL.iter().any(|unescape| {
            let Some(plain) = unescape(text) else { return false };
            self.is_new(&plain) && self.within(&plain, layers - 1, is_found)
        })
    }

    fn is_new(&mut self, plain: &str) -> bool {
        if plain.len() > self.left || !self.seen.insert(self.by.hash_one(plain)) {
            return false;
        }
        self.left -= plain.len();
        true
    }
}
