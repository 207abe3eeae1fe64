//! The canonical form in which values and texts are compared.

use unicode_normalization::char::{canonical_combining_class, decompose_compatible};

/// Returns the canonical form of `text`, in which values and texts are compared.
///
/// Compatibility forms are decomposed, accents and invisible characters
/// dropped, letters lowered, `ß`, `ø`, `ł`, `æ`, `đ` and their like spelt in
/// plain Latin, typographic quotes and dashes made plain, and white space folded
/// to single spaces with none at either end. A second fold changes nothing.
pub fn fold(text: &str) -> String {
    let text = text.trim();
    if text.is_ascii() && !has_untidy_space(text.as_bytes()) {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() {
            push_plain(&mut folded, character.to_ascii_lowercase());
            continue;
        }
        decompose_compatible(character, |part| {
            if canonical_combining_class(part) == 0 && !is_invisible(part) {
                // Up and down again: `ς` and `ı` have the capitals of `σ` and `i`.
                let lower = part.to_uppercase().flat_map(char::to_lowercase);
                lower.for_each(|letter| push_plain(&mut folded, letter));
            }
        });
    }
    folded.truncate(folded.trim_end_matches(' ').len());
    folded
}

/// Whether ASCII `text` has white space other than single spaces.
fn has_untidy_space(text: &[u8]) -> bool {
    // Never stops early and adds up bytes, which the compiler can make SIMD.
    let control = |byte: &u8| u8::from(matches!(byte, 9..=13));
    let double = |(a, b): (&u8, &u8)| u8::from(a | b == b' ');
    let pairs = text.iter().zip(text.get(1..).unwrap_or_default());
    let controls = text.iter().map(control).fold(0, |all, one| all | one);
    let doubles = pairs.map(double).fold(0, |all, one| all | one);
    controls | doubles != 0
}

fn push_plain(folded: &mut String, lower: char) {
    match lower {
        space if space.is_whitespace() => {
            if !folded.is_empty() && !folded.ends_with(' ') {
                folded.push(' ');
            }
        }
        plain if plain.is_ascii() => folded.push(plain),
        'ß' => folded.push_str("ss"),
        'æ' => folded.push_str("ae"),
        'œ' => folded.push_str("oe"),
        'þ' => folded.push_str("th"),
        'ø' => folded.push('o'),
        'ł' => folded.push('l'),
        'đ' | 'ð' => folded.push('d'),
        'ħ' => folded.push('h'),
        'ŧ' => folded.push('t'),
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2bc}' | '\u{2032}' => folded.push('\''),
        '\u{201c}'..='\u{201f}' => folded.push('"'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => folded.push('-'),
        '\u{2044}' => folded.push('/'),
        other => folded.push(other),
    }
}

/// Soft hyphen, zero-width and direction marks, variation selectors, tags:
/// copied along with a value from a page or an address book, and never seen.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization as _;

    use super::*;

    #[test]
    fn a_second_fold_changes_nothing() {
        for c in '\0'..='\u{2ffff}' {
            let folded = fold(&format!("a{c}b"));
            assert_eq!(fold(&folded), folded, "{c:?}");
        }
    }

    #[test]
    fn every_normal_form_and_case_of_a_character_folds_alike() {
        // Ancient Greek writes `ᾳ` as `ΑΙ` in capitals, and as `α` without accents.
        let is_spelt_anew = |c: &char| c.nfd().any(|part| part == '\u{345}');
        for c in ('\0'..='\u{2ffff}').filter(|c| !is_spelt_anew(c)) {
            let (text, folded) = (format!("a{c}b"), fold(&format!("a{c}b")));
            assert_eq!(fold(&text.nfc().collect::<String>()), folded, "{c:?}");
            assert_eq!(fold(&text.nfd().collect::<String>()), folded, "{c:?}");
            assert_eq!(fold(&text.nfkc().collect::<String>()), folded, "{c:?}");
            assert_eq!(fold(&text.nfkd().collect::<String>()), folded, "{c:?}");
            assert_eq!(fold(&text.to_lowercase()), folded, "{c:?}");
            assert_eq!(fold(&text.to_uppercase()), folded, "{c:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_fast_fold_and_a_slow_fold_agree(text in "[ -~\t\n]{0,40}") {
            // The invisible character is dropped, but takes the slow path.
            let slow = fold(&format!("\u{2060}{text}\u{2060}"));
            prop_assert_eq!(fold(&text), slow);
        }
    }
}
