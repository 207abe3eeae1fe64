//! The nearest known name, for hints that ask "did you mean".

/// The least likeness, from 0 to 1, at which a name is worth suggesting.
const LIKE_ENOUGH: f64 = 0.6;

/// Returns the name most like `text`, if any is like enough to be meant.
///
/// Upper and lower case are alike. Of names equally like, the first is taken.
pub fn nearest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text = text.to_lowercase();
    let mut best = None;
    let mut highest = 0.0;
    for name in names {
        let likeness = strsim::normalized_damerau_levenshtein(&text, &name.to_lowercase());
        if likeness >= LIKE_ENOUGH && likeness > highest {
            (best, highest) = (Some(name), likeness);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_finds_its_name() {
        assert_eq!(nearest("limt", ["schedule", "limit"]), Some("limit"));
        assert_eq!(nearest("LIMIT", ["schedule", "limit"]), Some("limit"));
    }

    #[test]
    fn a_word_like_nothing_finds_nothing() {
        assert_eq!(nearest("colour", ["schedule", "limit"]), None);
        assert_eq!(nearest("", ["schedule", "limit"]), None);
    }
}
