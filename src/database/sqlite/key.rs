//! How a key of one column is written in the ledger, and read again.
//!
//! A number and most texts are plain. A value of bytes is `x'4333'`, and a text
//! that is not UTF-8 is `t'43E9'`: such a client fails, but it has a name. A
//! text that would be read as one of these, or as a number where the column
//! takes any type, is written as a JSON string.

/// JSON strings of texts that would be misread, as patterns.
const QUOTED: [&str; 2] = [r#""[xt]''*""#, r#""\"*""#];
/// JSON strings of texts that could be numbers.
const QUOTED_NUMBER: &str = r#""[-0-9]*""#;

/// A text as the ledger writes it. In a column that `takes_anything`, `"7"` is the text and `7` the number.
pub(super) fn written(text: &str, takes_anything: bool) -> String {
    let mut misread = quoted(text, takes_anything);
    misread.push(format!("{text} GLOB '[xt]''*'"));
    if takes_anything {
        misread.push(looks_numeric(text));
    }
    // Put together, so that it is quoted once more where it stands in JSON.
    format!("CASE WHEN {} THEN '' || json_quote({text}) ELSE {text} END", misread.join(" OR "))
}

fn quoted(text: &str, takes_anything: bool) -> Vec<String> {
    let patterns = QUOTED.into_iter().chain(takes_anything.then_some(QUOTED_NUMBER));
    patterns.map(|pattern| format!("{text} GLOB '{pattern}'")).collect()
}

/// Bytes as the ledger writes them.
pub(super) fn hex(bytes: &str) -> String {
    format!("'x''' || hex({bytes}) || ''''")
}

/// A real number with as many digits as it takes to find it again.
pub(super) fn real(number: &str) -> String {
    format!(
        "CASE {number} WHEN 9e999 THEN '9e999' WHEN -9e999 THEN '-9e999' ELSE CASE WHEN CAST(CAST({number} AS TEXT) AS REAL) = {number} \
         THEN CAST({number} AS TEXT) ELSE printf('%!.17g', {number}) END END"
    )
}

/// The value that the ledger's text, or a number, stands for.
pub(super) fn read(given: &str, takes_anything: bool) -> String {
    let bytes = format!("unhex(substr({given}, 3, length({given}) - 3))");
    let number = if takes_anything {
        format!(
            " WHEN {} THEN CASE WHEN CAST(CAST({given} AS NUMERIC) AS TEXT) = {given} THEN CAST({given} AS NUMERIC) \
             ELSE CAST({given} AS REAL) END",
            looks_numeric(given)
        )
    } else {
        String::new()
    };
    format!(
        "CASE WHEN typeof({given}) <> 'text' THEN {given} \
         WHEN {given} GLOB 'x''*''' AND {bytes} IS NOT NULL THEN {bytes} \
         WHEN {given} GLOB 't''*''' AND {bytes} IS NOT NULL THEN CAST({bytes} AS TEXT) \
         WHEN ({}) AND json_valid({given}) THEN json_extract({given}, '$'){number} ELSE {given} END",
        quoted(given, takes_anything).join(" OR ")
    )
}

/// That a text is how a number is written.
fn looks_numeric(text: &str) -> String {
    format!(
        "({text} GLOB '[-0-9]*' AND {text} IN (CAST(CAST({text} AS NUMERIC) AS TEXT), CAST(CAST({text} AS REAL) AS TEXT), \
         printf('%!.17g', CAST({text} AS REAL))))"
    )
}
