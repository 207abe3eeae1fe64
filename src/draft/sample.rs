//! What a few sampled values look like.

use super::words::Words;

/// What most values of a column look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// E-mail addresses.
    Email,
    /// Bank accounts (IBAN, with a checksum that holds).
    Iban,
    /// Telephone numbers as people write them.
    Phone,
    Uuid,
    /// JSON objects or lists.
    Json,
    /// Dates or moments, in whatever order.
    Date,
    Number,
    /// 0 and 1, yes and no, true and false.
    Flag,
    /// Web addresses.
    Web,
    /// IP addresses.
    Ip,
    Street,
    /// Two or three capitalized words.
    PersonName,
    /// Sentences.
    FreeText,
    /// One short word or code.
    Code,
    /// A few words.
    Words,
}

/// What at least half of the values look like; `None` without values.
pub(super) fn look(values: &[String]) -> Option<Look> {
    let looks: Vec<Look> = values.iter().map(|value| look_of(value.trim())).collect();
    let share = |wanted: Look| looks.iter().filter(|look| **look == wanted).count();
    let most = looks.iter().copied().max_by_key(|look| share(*look))?;
    if share(most) * 2 >= looks.len() {
        return Some(most);
    }
    // Long texts among short ones are free text all the same.
    Some(if looks.contains(&Look::FreeText) { Look::FreeText } else { Look::Words })
}

/// Whether a single value holds an e-mail address or a bank account.
pub(super) fn betrays_someone(values: &[String]) -> bool {
    let parts =
        |value: &str| value.split(|mark: char| mark.is_whitespace() || "<>()[]{},;:\"'".contains(mark)).any(is_email);
    values.iter().any(|value| parts(value) || is_iban(value))
}

/// Whether a value has at least two words, which no number of a document has.
pub(super) fn is_prose(value: &str) -> bool {
    let is_word = |word: &&str| word.chars().count() > 1 && word.chars().all(char::is_alphabetic);
    value.split_whitespace().filter(is_word).count() > 1
}

/// Whether every value begins as an ISO date does; true without values.
pub(super) fn all_iso_dates(values: &[String]) -> bool {
    values.iter().all(|value| is_iso_date(value.trim()))
}

/// The distinct values, if all of them are short words that name no one, as
/// status columns hold them: safe to show. None at all otherwise.
pub(super) fn codes(values: &[String]) -> Vec<&str> {
    let mut codes: Vec<&str> = values.iter().map(|value| value.trim()).collect();
    if !codes.iter().all(|value| is_code(value)) {
        return Vec::new();
    }
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Whether a value is a short word or two, of letters and at most one digit.
pub(super) fn is_code(value: &str) -> bool {
    (1..=24).contains(&value.chars().count())
        && value.split_whitespace().count() <= 3
        && value.chars().all(|mark| mark.is_alphanumeric() || " _-".contains(mark))
        && value.chars().filter(char::is_ascii_digit).count() <= 1
        && !matches!(look_of(value), Look::PersonName | Look::Street)
}

fn look_of(value: &str) -> Look {
    let words = value.split_whitespace().count();
    let number = value.parse::<f64>().is_ok() && !value.starts_with('+');
    if ["0", "1", "y", "n", "yes", "no", "true", "false"].contains(&value.to_lowercase().as_str()) {
        Look::Flag
    } else if is_email(value) {
        Look::Email
    } else if is_iban(value) {
        Look::Iban
    } else if is_iso_date(value) || is_local_date(value) {
        Look::Date
    } else if value.parse::<std::net::IpAddr>().is_ok() {
        Look::Ip
    } else if number {
        Look::Number
    } else if is_uuid(value) {
        Look::Uuid
    } else if is_json(value) {
        Look::Json
    } else if ["http://", "https://", "www."].iter().any(|start| value.starts_with(start)) {
        Look::Web
    } else if is_phone(value) {
        Look::Phone
    } else if words >= 7 || (words > 3 && value.chars().count() > 60) {
        Look::FreeText
    } else if is_street(value) {
        Look::Street
    } else if is_person_name(value) {
        Look::PersonName
    } else if words == 1 && value.chars().count() <= 24 {
        Look::Code
    } else {
        Look::Words
    }
}

fn is_email(value: &str) -> bool {
    value.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !value.contains(char::is_whitespace)
            && domain.split_once('.').is_some_and(|(name, end)| !name.is_empty() && end.len() >= 2)
            && !domain.contains('@')
    })
}

/// Source: ISO 13616; the number read with letters as 10 to 35 leaves 1 when divided by 97.
fn is_iban(value: &str) -> bool {
    let plain: Vec<char> = value.chars().filter(|mark| !mark.is_whitespace()).collect();
    let shape = (15..=34).contains(&plain.len())
        && plain[..2].iter().all(char::is_ascii_uppercase)
        && plain[2..4].iter().all(char::is_ascii_digit)
        && plain.iter().all(char::is_ascii_alphanumeric);
    shape
        && plain[4..].iter().chain(&plain[..4]).try_fold(0u32, |rest, mark| {
            let digit = mark.to_digit(36)?;
            Some((rest * if digit > 9 { 100 } else { 10 } + digit) % 97)
        }) == Some(1)
}

fn is_iso_date(value: &str) -> bool {
    let day = value.as_bytes();
    day.len() >= 10
        && day[..10].iter().enumerate().all(|(at, mark)| match at {
            4 | 7 => *mark == b'-',
            _ => mark.is_ascii_digit(),
        })
        && day.get(10).is_none_or(|mark| matches!(mark, b' ' | b'T'))
}

/// `8.12.1948`, `12/08/48`.
fn is_local_date(value: &str) -> bool {
    let groups: Vec<&str> = value.split(['.', '/', '-']).collect();
    groups.len() == 3
        && groups.iter().all(|group| !group.is_empty() && group.chars().all(|mark| mark.is_ascii_digit()))
        && groups[..2].iter().all(|group| group.len() <= 2)
        && matches!(groups[2].len(), 2 | 4)
}

fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.char_indices().all(|(at, mark)| match at {
            8 | 13 | 18 | 23 => mark == '-',
            _ => mark.is_ascii_hexdigit(),
        })
}

fn is_json(value: &str) -> bool {
    value.starts_with(['{', '[']) && serde_json::from_str::<serde_json::Value>(value).is_ok()
}

fn is_phone(value: &str) -> bool {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let marked = value.starts_with(['+', '(']) || value.contains([' ', '-', '.', '/']);
    (6..=15).contains(&digits) && marked && value.chars().all(|mark| mark.is_ascii_digit() || " +-()./".contains(mark))
}

fn is_street(value: &str) -> bool {
    const STREETS: Words = Words(
        "street road avenue ave ave. lane drive boulevard blvd blvd. square st. rd. dr. rue str. weg platz allee \
         gasse chemin place quai via calle avda. vej gade strasse straße straat rua av.",
    );
    let lower = value.to_lowercase();
    value.chars().any(|mark| mark.is_ascii_digit())
        && lower.split([' ', ',']).any(|word| {
            let ends = ["strasse", "straße", "str.", "weg", "gasse", "vej", "gade", "straat", "platz"];
            STREETS.has(word) || ends.iter().any(|end| word.ends_with(end))
        })
}

fn is_person_name(value: &str) -> bool {
    let words: Vec<&str> = value.split_whitespace().collect();
    (2..=4).contains(&words.len())
        && words.iter().all(|word| {
            word.chars().next().is_some_and(char::is_uppercase)
                && word.chars().skip(1).any(char::is_lowercase)
                && word.chars().all(|mark| mark.is_alphabetic() || "-'’.".contains(mark))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(values: &[&str]) -> Option<Look> {
        look(&values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn values_are_told_by_their_look() {
        assert_eq!(seen(&["a.b@example.org", "c@example.com"]), Some(Look::Email));
        assert_eq!(seen(&["DE89 3704 0044 0532 0130 00"]), Some(Look::Iban));
        assert_eq!(seen(&["DE88 3704 0044 0532 0130 00"]), Some(Look::Words));
        assert_eq!(seen(&["+49 30 123456", "030-0074321", "(5) 555-4729"]), Some(Look::Phone));
        assert_eq!(seen(&["1996-07-04 00:00:00.000"]), Some(Look::Date));
        assert_eq!(seen(&["8.12.1948", "12/08/48"]), Some(Look::Date));
        assert_eq!(seen(&["12", "13.5"]), Some(Look::Number));
        assert_eq!(seen(&["0", "1"]), Some(Look::Flag));
        assert_eq!(seen(&["{\"a\": 1}"]), Some(Look::Json));
        assert_eq!(seen(&["Obere Str. 57", "Hauptstraße 3"]), Some(Look::Street));
        assert_eq!(seen(&["Maria Anders", "Ana Trujillo"]), Some(Look::PersonName));
        assert_eq!(seen(&["she called twice and wants her money back soon"]), Some(Look::FreeText));
        assert_eq!(seen(&["open", "posted"]), Some(Look::Code));
        assert_eq!(seen(&["10.0.0.1"]), Some(Look::Ip));
        assert_eq!(seen(&[]), None);
    }

    #[test]
    fn one_address_in_a_text_betrays_someone() {
        assert!(betrays_someone(&["n/a".into(), "write to <ann@example.org>".into()]));
        assert!(!betrays_someone(&["size 4 @ home".into()]));
    }

    #[test]
    fn only_codes_are_safe_to_show() {
        assert_eq!(codes(&["open", "on hold", "open"].map(str::to_owned)), ["on hold", "open"]);
        for other in ["Jane Doe", "a@b.cc", "0301234567", "Main Street 5"] {
            assert!(codes(&["open".to_owned(), other.to_owned()]).is_empty(), "{other}");
        }
    }
}
