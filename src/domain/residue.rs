//! The residue check: whether a former identifying value can still be read in
//! a text that a client's rows hold after they were anonymized.
//!
//! Pure. Values and texts are compared in one canonical form, [`fold`]; a text
//! that carries another in escapes is read once more for each
//! layer of them. Nothing here quotes a value, not even `Debug`.

mod canonical;
mod entities;
mod escapes;
mod lexemes;
mod markup;
mod readings;
mod several;

pub use canonical::fold;
pub use several::Several;

use std::fmt;

use memchr::memmem::Finder;

use self::lexemes::Lexemes;
use self::readings::any_reading;

/// Fewer digits than this are too common to be looked for across punctuation.
const FEWEST_DIGITS: usize = 6;

/// The former identifying values of one client, ready to be looked for.
///
/// `Debug` shows how many values there are, never which.
#[derive(Clone, Default)]
pub struct Former {
    min_length: usize,
    /// Folded values that are looked for as they read, at word boundaries.
    words: Vec<Finder<'static>>,
    /// The digits of values that are written like a telephone number.
    numbers: Vec<String>,
}

impl Former {
    /// Starts with no values.
    ///
    /// `min_length` counts the characters of the folded form; shorter values
    /// are ignored by [`add`](Self::add). With 0 or 1 every value that has a
    /// letter or digit counts.
    pub fn new(min_length: usize) -> Self {
        Self { min_length, ..Self::default() }
    }

    /// Looks for `value` from now on.
    ///
    /// Ignored are values shorter than the minimum, without any letter or
    /// digit, or of a folded form already there. A value of at least six digits
    /// and otherwise only ` +-./()` is looked for by its digits, and without a
    /// leading `00` as well.
    pub fn add(&mut self, value: &str) {
        let folded = fold(value);
        if folded.chars().count() < self.min_length || !folded.contains(char::is_alphanumeric) {
            return;
        }
        let Some(digits) = phone_digits(&folded) else {
            let same = |word: &Finder| word.needle() == folded.as_bytes();
            if !self.words.iter().any(same) {
                self.words.push(Finder::new(&folded).into_owned());
            }
            return;
        };
        let bare = digits.strip_prefix("00").and_then(phone_digits);
        for number in bare.into_iter().chain([digits]) {
            if !self.numbers.contains(&number) {
                self.numbers.push(number);
            }
        }
    }

    /// Returns whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.numbers.is_empty()
    }

    /// Returns whether any of the values can be read in `text`.
    ///
    /// A value counts only between word boundaries: `Ann` is not in `Hannover`.
    /// Scripts written without spaces have none, so there every place counts. A
    /// number counts where it begins and ends with a group of digits. Up to
    /// three layers of escapes are read: of JSON, YAML, URLs, HTML and mails,
    /// and base64. Time and room are bounded by the text's length.
    pub fn found_in(&self, text: &str) -> bool {
        !self.is_empty() && any_reading(text, &mut |plain| self.found_as_written(&fold(plain)))
    }

    /// Returns whether any of the values can be read in the text of a `tsvector`,
    /// which keeps words without their order, small ones and endings.
    pub fn found_in_lexemes(&self, written: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        let lexemes = Lexemes::read(written);
        let is_there = |word: &Finder| str::from_utf8(word.needle()).is_ok_and(|own| lexemes.has_all_of(own));
        self.found_in(&lexemes.text) || self.words.iter().any(is_there)
    }

    fn found_as_written(&self, folded: &str) -> bool {
        self.words.iter().any(|word| contains_word(folded, word)) || self.found_number(folded)
    }

    fn found_number(&self, folded: &str) -> bool {
        let folded = folded.as_bytes();
        let digits = || folded.iter().filter(|byte| byte.is_ascii_digit());
        if self.numbers.is_empty() || digits().count() < FEWEST_DIGITS {
            return false;
        }
        let is_number = |text| (self.numbers.iter()).any(|number| starts_with_number(text, number));
        let is_digit = |at: usize| folded[at].is_ascii_digit();
        (0..folded.len())
            .filter(|&at| is_digit(at) && (at == 0 || !is_digit(at - 1)))
            .any(|at| is_number(&folded[at..]))
    }
}

impl fmt::Debug for Former {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.words.len() + self.numbers.len();
        write!(f, "Former({values} values)")
    }
}

/// A text with the escapes of JSON, and with those of HTML, replaced once; `None` where it has none.
pub fn unescaped(text: &str) -> [Option<String>; 2] {
    [escapes::json(text), escapes::html(text)]
}

fn contains_word(folded: &str, word: &Finder<'_>) -> bool {
    let mut from = 0;
    // Matches may overlap: the first `a-a` in `xa-a-a` is none, the second is.
    while let Some(at) = word.find(&folded.as_bytes()[from..]) {
        let (start, end) = (from + at, from + at + word.needle().len());
        if !splits_word(folded, start) && !splits_word(folded, end) {
            return true;
        }
        from = start + 1;
    }
    false
}

/// Whether the characters on both sides of byte `at` belong to one word.
fn splits_word(folded: &str, at: usize) -> bool {
    let (left, right) = folded.split_at(at);
    let (Some(left), Some(right)) = (left.chars().next_back(), right.chars().next()) else {
        return false;
    };
    let is_spaced = |c: char| c.is_alphanumeric() && !is_unspaced(c);
    // A vowel or final jamo completes the Korean syllable before it.
    matches!((left, right), ('\u{1100}'..='\u{11ff}', '\u{1160}'..='\u{11ff}')) || (is_spaced(left) && is_spaced(right))
}

/// Letters of scripts that put no space between words, or none before a title
/// or particle: Thai to Myanmar, Korean, Khmer, Japanese, Chinese.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{2e80}'..='\u{a4cf}' | '\u{20000}'..='\u{3ffff}')
}

fn is_phone_punctuation(byte: u8) -> bool {
    matches!(byte, b' ' | b'+' | b'-' | b'.' | b'/' | b'(' | b')')
}

/// Returns the digits of a value that is written like a telephone number.
fn phone_digits(folded: &str) -> Option<String> {
    let is_allowed = |byte: u8| byte.is_ascii_digit() || is_phone_punctuation(byte);
    let digits: String = folded.chars().filter(char::is_ascii_digit).collect();
    (digits.len() >= FEWEST_DIGITS && folded.bytes().all(is_allowed)).then_some(digits)
}

/// Whether `folded` starts with the digits of `number`, punctuation aside, and
/// no digit follows at once.
fn starts_with_number(folded: &[u8], number: &str) -> bool {
    let mut rest = number.as_bytes();
    for &byte in folded {
        match rest {
            [] => return !byte.is_ascii_digit(),
            [digit, after @ ..] if *digit == byte => rest = after,
            _ if is_phone_punctuation(byte) => {}
            _ => return false,
        }
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization as _;
    use unicode_normalization::char::canonical_combining_class;

    use super::*;

    fn former(values: &[&str]) -> Former {
        let mut former = Former::new(3);
        for value in values {
            former.add(value);
        }
        former
    }

    #[track_caller]
    fn assert_found(value: &str, texts: &[&str]) {
        for text in texts {
            assert!(former(&[value]).found_in(text), "`{value}` in `{text}`");
        }
    }

    #[track_caller]
    fn assert_absent(value: &str, texts: &[&str]) {
        for text in texts {
            assert!(!former(&[value]).found_in(text), "`{value}` in `{text}`");
        }
    }

    #[test]
    fn nothing_is_found_without_values() {
        assert!(Former::new(0).is_empty());
        assert!(!Former::new(0).found_in(""));
        assert!(!Former::new(0).found_in("José"));
        assert_absent("José", &["", " ", "\\", "%", "\\u", "%4", "%zz", "\\u00e", "\\ud83d"]);
    }

    #[test]
    fn case_and_accents_do_not_hide_a_name() {
        assert_found("José", &["JOSÉ", "jose", "Jose\u{301}", "to Jose.", "ＪＯＳＥ"]);
        assert_found("Jose", &["José", "(JOSÉ)"]);
        assert_found("Müller", &["Muller", "MÜLLER", "Mu\u{308}ller"]);
        assert_found("Weiß", &["WEISS", "weiß", "Weiss", "WEIẞ"]);
        assert_found("Søren Łæđ", &["soren laed", "SØREN ŁÆĐ"]);
        assert_found("Işık", &["ISIK", "ışık", "IŞIK"]);
        assert_found("Ιωάννης", &["ΙΩΑΝΝΗΣ", "ιωαννης"]);
        assert_found("O'Neil", &["O’Neil", "O\\'Neil", "OʼNEIL"]);
        assert_found("Jean-Luc", &["Jean‑Luc", "jean–luc"]);
    }

    #[test]
    fn white_space_and_invisible_characters_do_not_hide_a_name() {
        assert_found("Jean  Dupont", &["Jean Dupont", "jean\r\n\tdupont", "Jean\u{a0}Dupont"]);
        assert_found(" Dupont\n", &["Dupont", "Du\u{ad}pont", "\u{feff}Dupont\u{200b}"]);
    }

    #[test]
    fn a_name_is_not_found_inside_another_word() {
        assert_absent("Ann", &["Hannover", "Anna", "Jo-Hann", "Änne", "Ann2", "\\u00e9Ann"]);
        assert_found("Ann", &["Ann", "Hannover, Ann", "annann ann", "ann_lee", "x=Ann;", "ann\u{2026}"]);
        assert_found("a-a", &["xa-a-a"]);
    }

    #[test]
    fn a_script_without_spaces_needs_no_word_boundary() {
        assert_found("山田太郎", &["担当は山田太郎様です"]);
        assert_found("김철수", &["김철수님께", "\u{1100}\u{1175}\u{11b7}철수"]);
        assert_absent("김이지", &["김이진"]);
    }

    #[test]
    fn an_e_mail_address_is_found_whole() {
        assert_found("x@y.z", &["mailto:x@y.z?subject", "<X@Y.Z>", "x%40y.z", "to=x%2540y.z"]);
        assert_absent("x@y.z", &["x@y.zz", "ax@y.z", "x@y-z"]);
        assert_found("José+1@x.org", &["jos%C3%A9%2B1%40x.org", "jos%c3%a9+1@x.org", "jos%u00E9+1%40x.org"]);
    }

    #[test]
    fn escapes_do_not_hide_a_value() {
        assert_found("José", &[r#"{"n":"Jos\u00e9"}"#, r#""{\"n\":\"Jos\\u00E9\"}""#, r"\nJosé\n"]);
        assert_found("a/b", &[r"a\/b", "a%2Fb", "a%2fb"]);
        assert_found(r#"O"Neil"#, &[r#"O\"Neil"#, r#"O\\\"Neil"#]);
        assert_found("Ann 😀", &[r"Ann \ud83d\ude00", r"Ann \ud83d\ude00!", "Ann%20😀"]);
        assert_found("Jean Dupont", &["?name=Jean+Dupont", "Jean%20Dupont", r"Jean\nDupont"]);
        assert_found(r"C:\name", &[r"C:\name", r"C:\\name", r#""C:\\name\n""#]);
    }

    #[test]
    fn html_does_not_hide_a_value() {
        let texts = [
            "<p>Rappeler Th&eacute;r&egrave;se O&#39;Brien lundi</p>",
            "<p>Thérèse O&#039;Brien</p>",
            "Thérèse&nbsp;O&apos;Brien",
            "Th&#xE9;r&#232se&#160;O&rsquo;Brien",
            "Th&amp;eacute;r&amp;egrave;se O&amp;#39;Brien",
            "&lt;b&gt;Thérèse O&#146;Brien&lt;/b&gt;",
            "Th&eacuter&egravese&nbspO&#39Brien",
            "<p>Thérèse <b>O'Brien</b></p>",
            "<td>Thérèse</td><td class=\"x\">O&#39;Brien</td>",
        ];
        assert_found("Thérèse O'Brien", &texts);
        assert_found(
            "t7.obrien@example.org",
            &["mailto:t7.obrien&#64;example.org", "t7&period;obrien&commat;example.org"],
        );
        assert_found("Smith & Sons", &["<n>Smith &amp; Sons</n>"]);
        assert_absent("Anna Archer", &["Anna < Archer > Anna", "Anna <Archer", "<Anna Brown Archer>", "Anna<>Archer"]);
        assert_absent(
            "Ann",
            &["&#;", "&#x;", "&#99999999;", "&", "&;", "&#x41;nna", "&#65;nn&#x65;", "A&#110;&ntilde;a"],
        );
    }

    #[test]
    fn the_ways_of_mails_do_not_hide_a_value() {
        let texts = [
            "Th=C3=A9r=C3=A8se O'Brien a =C3=A9crit",
            "Th=E9r=e8se O=27Brien",
            "Th=C3=A9r=C3=A8se=20O'Br=\r\nien",
            "Th=C3=A9r=C3=A8se=20O'Br= \t\r\nien",
            "Subject: =?UTF-8?Q?Th=C3=A9r=C3=A8se_O=27Brien?=",
            "=?iso-8859-1?q?Th=E9r=E8se_O'Brien?=",
            "=?UTF-8?B?VGjDqXLDqHNlIE8nQnJpZW4=?= <t7@example.org>",
            "=?UTF-8?B?VGjDqXLD?=\r\n =?UTF-8?B?qHNlIE8nQnJpZW4=?=",
            "=?utf-8*fr?Q?Th=C3=A9r=C3=A8se?=\n\t=?utf-8?Q?_O'Brien?=",
        ];
        assert_found("Thérèse O'Brien", &texts);
        let whole = ["=?", "=?UTF-8", "=?UTF-8?X?Anna_e?=", "=?UTF-8?Q?Anna", "=?UTF-8?B?*?=", "=", "=4", "=41nne"];
        assert_absent("Ann", &whole);
    }

    #[test]
    fn yaml_does_not_hide_a_value() {
        let texts = [
            r#"name: "Th\xC3\xA9r\xC3\xA8se O'Brien""#,
            r#"name: "Th\xE9r\xe8se\_O'Brien""#,
            r#"name: "Th\u00e9r\U000000e8se O'Brien""#,
            "name: \"Thérèse \\\n  O'Brien\"",
            r"Th\303\251r\303\250se O\'Brien",
            r"Th\u{e9}r\u{E8}se O\x27Brien",
            r#""Th\\xC3\\xA9r\\xC3\\xA8se O'Brien""#,
            "name: 'Thérèse O''Brien'",
            r#"{"yaml":"'Th\u00e9r\u00e8se O''Brien'"}"#,
        ];
        assert_found("Thérèse O'Brien", &texts);
        assert_found("Ann 😀", &[r"Ann\x20\ud83d\ude00", r"Ann\e\U0001f600", r"\x41nn\u{20}😀"]);
        assert_absent("Ann", &[r"\x4", r"\xzz", r"\u{", r"\u{41", r"\U0000", r"\400Annn", r"\x"]);
    }

    #[test]
    fn base64_does_not_hide_a_value() {
        let texts = [
            "VGjDqXLDqHNlIE8nQnJpZW4=",
            "token VGjDqXLDqHNlIE8nQnJpZW4.",
            "data:text/plain;base64,VGjDqXLDqHNlIE8nQnJpZW4=",
            r#"{"to":"VGjDqXLDqHNlIE8nQnJpZW4="}"#,
            "https://x.example/u/VGjDqXLDqHNlIE8nQnJpZW4",
            "VGjpcuhzZSBPJ0JyaWVu",
            "VGjDqXLDqHNlIE8nQnJpZW4%3D",
            "TGUgcGxhaWduYW50IHMnYXBwZWxsZSBtb25zaWV1ciBldCBtYWRhbWUgVGjDqXLD\r\nqHNlIE8nQnJpZW4sIGRlIEJydXhlbGxlcy4=\r\n",
        ];
        assert_found("Thérèse O'Brien", &texts);
        // The same in the alphabet for URLs: `???>>>~~` needs both of its own signs.
        assert_found("Ann", &["Pz8_IEFubiA-Pj4", "Pz8/IEFubiA+Pj4="]);
        // A piece of a large one begins and ends anywhere.
        let large = "VGjDqXLDqHNlIE8nQnJpZW4g".repeat(4_000);
        assert_found("Thérèse O'Brien", &[&large[1..], &large[2..70_003], &large[3..70_005], &large[4..70_009]]);
        assert_absent("Ann", &["QW5uYQ", "aaaaaaaaa", "========", "QUFBbm4gQUFB", "Hannover"]);
    }

    #[test]
    fn a_search_index_does_not_hide_a_value() {
        let found = |value: &str, text: &str| former(&[value]).found_in_lexemes(text);
        assert!(found("Anna Archer", "'anna':2 'archer':3 'call':1"));
        assert!(found("Anna Archer", "'anna' 'archer' 'call'"));
        assert!(found("Anna Archer", "'anna':1,7B 'archer':9A"));
        assert!(found("Thérèse O'Brien", "'brien':4 'o':3 'thérès':2"));
        assert!(found("Thérèse O'Brien", "'o''brien':2 'thérèse':1"));
        assert!(found("Mary Jones", "'jone':2 'mari':1"));
        assert!(found("Anna van der Berg", "'anna':1 'berg':4"));
        assert!(found("anna@x.example", "'anna@x.example':3"));
        assert!(found("+33 6 12 34 56 78", "'33':1 '6':2 '12':3 '34':4 '56':5 '78':6"));
        assert!(!found("Anna Archer", "'anna':1 'berg':4"));
        assert!(!found("Anna Archer", ""));
        assert!(!found("Ann", "'anniversary':1"));
        assert!(!found("Maria", "'marian':1"));
    }

    #[test]
    fn a_text_full_of_escapes_is_read_in_time() {
        let hostile = r"%41\x41&#65;=41+&amp;%25\\=?UTF-8?Q?=41?= QUFBQUFB QkJCQkJC";
        let begun = std::time::Instant::now();
        assert_absent("Thérèse", &[&hostile.repeat((1 << 18) / hostile.len())]);
        for part in ["=?", "&", "\\", "=", "%", "A", "=?UTF-8?B?", "QUFB\n", "&#", "\\u{", "AAAA/", "'"] {
            assert_absent("Thérèse", &[&part.repeat((1 << 18) / part.len())]);
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_phone_number_is_found_by_its_digits() {
        let spellings = [
            "33612345678",
            "+33612345678",
            "33 6 12 34 56 78",
            "(33) 612-345-678",
            "tel:+33\u{a0}6\u{a0}12\u{a0}34\u{a0}56\u{a0}78.",
            "\u{202a}+33 6 12‑34‑56‑78\u{202c}",
            "３３６１２３４５６７８",
            "order 12, 33.612.345.678",
            "2024-01-15 33612345678 17",
            r"\u002b33\u0020612345678",
            "%2B33%20612345678",
        ];
        assert_found("+33 6 12-34.56.78", &spellings);
        assert_found("0033 6 12 34 56 78", &spellings);
        assert_found("0033 6 12 34 56 78", &["0033612345678", "00 33 612345678"]);
        assert_absent("+33 6 12-34.56.78", &["3361234567", "33612345679", "0033612345678", "33 6 12, 34 56 78"]);
    }

    #[test]
    fn a_number_is_not_found_inside_an_unbroken_one() {
        assert_absent("612345", &["99612345777", "99612345", "612345777", "61234", "61 23 456"]);
        assert_found("612345", &["99 612345 777", "99-612345", "61-23-45/777", "no612345"]);
    }

    #[test]
    fn few_digits_are_a_word_and_not_a_number() {
        assert_found("12-34", &["flat 12-34"]);
        assert_absent("12-34", &["1234", "12 34", "112-34"]);
        assert_absent("12345a", &["12 345a"]);
    }

    #[test]
    fn a_short_or_empty_value_is_ignored() {
        assert!(former(&["", "  ", "Al", "---", "\u{301}\u{301}\u{301}", "É\u{301}é"]).is_empty());
    }

    #[test]
    fn one_value_in_two_forms_is_kept_once_and_never_shown() {
        let former = former(&["José", "JOSE", "+33612345678", "33 612 345 678"]);
        assert_eq!(format!("{former:?}"), "Former(2 values)");
    }

    /// All the forms in which `value` counts as found.
    fn forms(value: &str) -> Vec<String> {
        let widen = |c: char| match c {
            '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).expect("full width"),
            other => other,
        };
        let json = |text: &str| serde_json::to_string(text).expect("a string");
        let units = value.encode_utf16().fold(String::new(), |mut all, unit| {
            write!(all, "\\u{unit:04x}").expect("a string");
            all
        });
        let percent = value.bytes().fold(String::new(), |mut all, byte| {
            write!(all, "%{byte:02X}").expect("a string");
            all
        });
        let mut forms = vec![
            value.to_owned(),
            value.to_uppercase(),
            value.to_lowercase(),
            value.nfc().collect(),
            value.nfd().collect(),
            value.nfkc().collect(),
            value.nfd().filter(|c| canonical_combining_class(*c) == 0).collect(),
            value.chars().map(widen).collect(),
            value.replace(' ', " \n\u{a0}"),
            json(value),
            json(&json(value)),
            json(&value.nfd().collect::<String>()),
            json(&percent),
            value.replace('\\', "\\\\").replace('/', "\\/"),
            units,
            percent,
            fold(value),
        ];
        if let Some(digits) = phone_digits(&fold(value)) {
            forms.push(digits);
        }
        forms
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_value_in_any_form_is_found_in_any_text(
            value in "[a-zA-ZÀ-ÿĀ-ſ0-9 '\"@._/\\\\%+(),:’–-]{1,24}|[0-9 +./()-]{6,20}|\\PC{1,12}",
            before in "\\PC{0,20}|[ -~\n]{0,20}",
            after in "\\PC{0,20}|[ -~\n]{0,20}",
        ) {
            let mut former = Former::new(0);
            former.add(&value);
            if former.is_empty() || value.nfd().any(|part| part == '\u{345}') {
                return Ok(());
            }
            for form in forms(&value) {
                let text = format!("{before} {form} {after}");
                prop_assert!(former.found_in(&text), "`{value}` in `{text}`");
            }
        }
    }
}
