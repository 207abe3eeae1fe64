//! Values as texts: what people give as numbers, truth values and moments, and data as JSON.

use chrono::{NaiveDate, NaiveDateTime};

/// Data of this program as JSON.
///
/// # Panics
///
/// If a map has keys that are no texts, or a value says that it cannot be written; nothing here does.
pub fn json_of<T: serde::Serialize + ?Sized>(data: &T) -> String {
    serde_json::to_string(data).expect("plain data")
}

/// A number in decimal digits, without a plus sign and leading zeros; `None` if the text is none.
pub fn number(text: &str) -> Option<String> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number =
        !(whole.is_empty() && part.is_empty()) && whole.chars().chain(part.chars()).all(|digit| digit.is_ascii_digit());
    if !is_number {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let part = part.trim_end_matches('0');
    Some(if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") })
}

/// A truth value in the words that databases and frameworks write; `None` if the text is none of them.
pub fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// A day of the calendar, with or without a time, as `YYYY-MM-DD HH:MM:SS`; `None` if the text is none.
pub fn moment(text: &str) -> Option<String> {
    const FORMS: [&str; 4] = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
    let text = text.trim();
    // Chrono reads years and months of any width.
    let is_spelt = text.split('-').map(str::len).take(2).eq([4, 2]);
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|day| day.and_hms_opt(0, 0, 0));
    let found = FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).or_else(day);
    found.filter(|_| is_spelt).map(|own| own.format("%Y-%m-%d %H:%M:%S%.f").to_string())
}

/// A UUID in small letters with its hyphens; `None` if the text is none.
pub fn uuid(text: &str) -> Option<String> {
    let bare = text.trim().trim_start_matches('{').trim_end_matches('}');
    let digits: String = bare.chars().filter(|sign| *sign != '-').collect::<String>().to_ascii_lowercase();
    let is_one = digits.len() == 32 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
    is_one.then(|| {
        format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_their_type_writes_them() {
        for (text, wanted) in
            [("7", "7"), ("07", "7"), ("7.0", "7"), ("+7.50", "7.5"), ("-0.5", "-0.5"), (".5", "0.5"), ("0", "0")]
        {
            assert_eq!(number(text).as_deref(), Some(wanted), "{text}");
        }
        for text in ["", "-", ".", "abc", "1e3", "1,5", "0x10", "7 7", "٧"] {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!((truth("T"), truth("no"), truth("2"), truth("")), (Some(true), Some(false), None, None));
        assert_eq!(moment("2020-02-29").as_deref(), Some("2020-02-29 00:00:00"));
        assert_eq!(moment("2020-02-29T10:00").as_deref(), Some("2020-02-29 10:00:00"));
        for text in ["2019-02-29", "2020-13-45", "0000-00-00", "infinity", "2020-1-1", "x", "", "2020-01-01 25:00"] {
            assert_eq!(moment(text), None, "{text}");
        }
        let own = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        assert_eq!(uuid("{A0EEBC999C0B4EF8BB6D6BB9BD380A11}").as_deref(), Some(own));
        assert_eq!(uuid("a0eebc99"), None);
    }
}
