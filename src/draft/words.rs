//! Names of tables and columns as words: `CustomerID`, `customer_id` and
//! `customerid` say the same.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words that mean the same to a draft, with spaces between.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words(pub(super) &'static str);

impl Words {
    pub(super) fn has(self, word: &str) -> bool {
        self.0.split_ascii_whitespace().any(|own| own == word)
    }
}

/// Cuts a name into lower-case words without accents: `BillToKundenNr` is
/// `bill`, `to`, `kunden`, `nr`.
pub(super) fn split(name: &str) -> Vec<String> {
    let plain: Vec<char> = name.replace('ß', "ss").nfd().filter(|letter| !is_combining_mark(*letter)).collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (at, letter) in plain.iter().enumerate() {
        if !letter.is_alphanumeric() {
            words.push(std::mem::take(&mut word));
            continue;
        }
        if let Some(before) = at.checked_sub(1).map(|at| plain[at]) {
            let next_is_lower = plain.get(at + 1).is_some_and(|next| next.is_lowercase());
            let starts_word = letter.is_uppercase() && (before.is_lowercase() || next_is_lower);
            if starts_word || letter.is_numeric() != before.is_numeric() {
                words.push(std::mem::take(&mut word));
            }
        }
        word.extend(letter.to_lowercase());
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Plurals that no rule below finds.
const IRREGULAR: &[(&str, &str)] = &[
    ("people", "person"),
    ("personen", "person"),
    ("kunden", "kunde"),
    ("kundinnen", "kunde"),
    ("mitglieder", "mitglied"),
    ("patienten", "patient"),
    ("klienten", "klient"),
    ("debitoren", "debitor"),
    ("kontakte", "kontakt"),
    ("adressen", "adresse"),
    ("rechnungen", "rechnung"),
    ("buchungen", "buchung"),
    ("bestellungen", "bestellung"),
    ("zahlungen", "zahlung"),
    ("termine", "termin"),
    ("auftrage", "auftrag"),
    ("auftraege", "auftrag"),
    ("besuche", "besuch"),
    ("notizen", "notiz"),
    ("bemerkungen", "bemerkung"),
];

/// The singular of one lower-case word, in English, French or German.
pub(super) fn singular(word: &str) -> String {
    if let Some((_, one)) = IRREGULAR.iter().find(|(many, _)| *many == word) {
        return (*one).to_owned();
    }
    if word.len() > 4
        && let Some(stem) = word.strip_suffix("ies")
    {
        return format!("{stem}y");
    }
    if ["sses", "shes", "ches", "xes"].iter().any(|ending| word.ends_with(ending)) {
        return word[..word.len() - 2].to_owned();
    }
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 2 && !["ss", "us", "is"].iter().any(|ending| word.ends_with(ending)) => {
            stem.to_owned()
        }
        _ => word.to_owned(),
    }
}

/// A table's name without its schema, its company and the id behind it:
/// `sales.orders` is `orders`, `A$Customer$437dbf0e-84ff` is `Customer`.
pub(super) fn base(table: &str) -> &str {
    let own = table.rsplit('.').next().unwrap_or(table);
    let is_id = |part: &&str| part.len() >= 8 && part.chars().all(|mark| mark.is_ascii_hexdigit() || mark == '-');
    let parts: Vec<&str> = own.split('$').filter(|part| !part.is_empty() && !is_id(part)).collect();
    match parts.as_slice() {
        [_, named, ..] => named,
        [one] => one,
        [] => own,
    }
}

/// The words of a table's name.
pub(super) fn of_table(table: &str) -> Vec<String> {
    split(base(table))
}

/// The words for what a table's rows are about: `patient_data` are patients.
pub(super) fn about(table: &str) -> Vec<String> {
    const ROWS: Words = Words("data info information master record main");
    let mut words = of_table(table);
    while words.len() > 1 && words.last().is_some_and(|last| ROWS.has(last)) {
        words.pop();
    }
    words
}

/// What a table's rows are, as one word: `Order Details` is `orderdetail`.
pub(super) fn noun(table: &str) -> String {
    let mut words = of_table(table);
    if words.len() > 1 && ["tbl", "tb", "t", "dbo"].contains(&words[0].as_str()) {
        words.remove(0);
    }
    if let Some(last) = words.last_mut() {
        *last = singular(last);
    }
    words.concat()
}

/// The endings of columns that refer to a row.
const KEY_ENDINGS: Words = Words("id no nr num number numero nummer code key ref reference uuid guid fk kennung pk");

/// What a column refers to, if its name ends as a reference does:
/// `sell_to_customer_no` gives `selltocustomer`, `tocustomer`, `customer`.
pub(super) fn referents(column: &str) -> Vec<String> {
    let mut words = split(column);
    if words.len() > 1 && ["fk", "id", "ref"].contains(&words[0].as_str()) {
        return endings(&words[1..]);
    }
    let Some(last) = words.pop() else { return Vec::new() };
    if KEY_ENDINGS.has(&last) {
        return endings(&words);
    }
    if !words.is_empty() {
        return Vec::new();
    }
    ["id", "no", "nr", "number", "nummer"]
        .iter()
        .filter_map(|ending| last.strip_suffix(ending).filter(|stem| stem.len() > 2).map(str::to_owned))
        .collect()
}

/// What a column refers to that names it before words of its own, as French
/// does: `id_customer_context` gives `customer`.
pub(super) fn qualified(column: &str) -> Vec<String> {
    let words = split(column);
    let Some(("id" | "fk", named)) = words.split_first().map(|(first, named)| (first.as_str(), named)) else {
        return Vec::new();
    };
    (1..named.len()).rev().filter_map(|end| endings(&named[..end]).into_iter().next()).collect()
}

/// Whose external number or reference a column holds: `order_external_id` gives `order`.
pub(super) fn possessive(column: &str) -> Vec<String> {
    let words = split(column);
    let at = words.iter().position(|word| word == "external").filter(|at| at + 2 == words.len());
    at.map_or_else(Vec::new, |at| endings(&words[..at]))
}

/// All endings of a list of words, the longest first, each glued together and in the singular.
pub(super) fn endings(words: &[String]) -> Vec<String> {
    let Some((last, before)) = words.split_last() else { return Vec::new() };
    let last = singular(last);
    (0..words.len()).map(|start| before[start.min(before.len())..].concat() + &last).collect()
}

/// A name in the spelling of settings: `Customer Group` is `customer_group`.
pub(super) fn snake(name: &str) -> String {
    split(name).join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_whatever_their_spelling() {
        assert_eq!(split("CustomerID"), ["customer", "id"]);
        assert_eq!(split("sell_to_customer_no"), ["sell", "to", "customer", "no"]);
        assert_eq!(split("GLNNumber"), ["gln", "number"]);
        assert_eq!(split("Order Details"), ["order", "details"]);
        assert_eq!(split("Straße2"), ["strasse", "2"]);
        assert_eq!(split("adhérents"), ["adherents"]);
        assert!(split("__").is_empty());
    }

    #[test]
    fn plurals_of_three_languages_become_singular() {
        let many = ["customers", "categories", "addresses", "Kunden", "membres", "status", "boxes", "people"];
        let one = ["customer", "category", "address", "kunde", "membre", "status", "box", "person"];
        assert_eq!(many.map(noun), one);
        assert_eq!(noun("Order Details"), "orderdetail");
        assert_eq!(noun("tblKunden"), "kunde");
        assert_eq!(noun("sales.orders"), "order");
        assert_eq!(noun("CRONUS$Sales Header$437dbf0e-84ff-417a-965d-ed2bb9650972"), "salesheader");
    }

    #[test]
    fn a_reference_names_what_it_refers_to() {
        assert_eq!(referents("sell_to_customer_no"), ["selltocustomer", "tocustomer", "customer"]);
        assert_eq!(referents("customerid"), ["customer"]);
        assert_eq!(referents("fk_soc"), ["soc"]);
        assert_eq!(referents("borrowernumber"), ["borrower"]);
        assert_eq!(qualified("id_customer_of_account"), ["customerof", "customer"]);
        assert!(qualified("customer_context_id").is_empty());
        assert!(referents("customer_type").is_empty());
        assert!(referents("id").is_empty());
        assert_eq!(snake("Customer Posting Group"), "customer_posting_group");
    }
}
