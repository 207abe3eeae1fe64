//! What the words of a column's name mean, in English, French and German.

mod terms;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::words::{singular, split};
use terms::VOCABULARY;

/// What a column is likely to hold, by its name alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Meaning {
    /// An e-mail address.
    Email,
    /// A telephone or fax number.
    Phone,
    FirstName,
    LastName,
    /// A whole name of a person.
    FullName,
    /// A second, middle or former name.
    OtherName,
    /// A name, of whom or what is open.
    Name,
    /// A form of address or a job title.
    Title,
    /// A company's name.
    Company,
    Street,
    City,
    /// A postal code.
    Postcode,
    /// A region, state or county.
    Region,
    /// A state: part of an address, or a status.
    State,
    Country,
    Birth,
    /// Gender, age, nationality, profession and the like.
    Trait,
    /// A bank account or payment card.
    Bank,
    BankCode,
    /// A passport, identity card or social security number.
    Identity,
    /// A VAT, tax or location number.
    TaxNumber,
    /// Health, religion and the other special categories of GDPR Art. 9.
    Special,
    /// A password or token.
    Secret,
    /// An IP address, device or session.
    Network,
    Login,
    /// A home page or other address in the web.
    Web,
    Picture,
    /// A card, badge or number plate that stands for one person.
    Badge,
    /// An id in another system.
    External,
    /// A place on the map.
    Geo,
    /// A note about someone.
    Note,
    /// Free text, about whom or what is open.
    FreeText,
    /// A document of settings or attributes.
    Document,
    /// A consent to be written to.
    Consent,
    /// Who in the house did something.
    Staff,
    /// An id, number or code.
    Number,
    /// Amounts, dates, status codes and the like.
    Plain,
}

impl Meaning {
    /// Whether such a column makes a table look like one of people.
    pub(super) fn points_at_someone(self) -> bool {
        matches!(
            self,
            Self::Email
                | Self::Phone
                | Self::FirstName
                | Self::LastName
                | Self::FullName
                | Self::OtherName
                | Self::Street
                | Self::Postcode
                | Self::Birth
                | Self::Bank
                | Self::Identity
                | Self::TaxNumber
                | Self::Special
                | Self::Secret
                | Self::Login
                | Self::Badge
        )
    }

    /// Whether such a column holds neither names nor numbers of a person, whatever its type.
    pub(super) fn is_plain(self) -> bool {
        matches!(self, Self::Plain | Self::Number | Self::Country)
    }

    /// Whether the word decides wherever it stands in the name.
    fn is_sticky(self) -> bool {
        matches!(self, Self::Special | Self::Secret | Self::Birth | Self::Identity)
    }

    /// Whether `no` or `number` after the word leaves the meaning as it is.
    fn is_numbered(self) -> bool {
        self.is_sticky() || matches!(self, Self::Phone | Self::TaxNumber | Self::Bank | Self::Badge | Self::Street)
    }
}

static MEANINGS: LazyLock<HashMap<&str, Meaning>> = LazyLock::new(|| {
    let entries = VOCABULARY.iter().flat_map(|(meaning, words)| words.split_whitespace().map(|word| (word, *meaning)));
    entries.collect()
});

/// Endings that only say which of several it is: `address_2`, `address_line_1`, `phone_private`.
const FILLERS: &[&str] =
    &["line", "private", "business", "work", "home", "privat", "prive", "primary", "secondary", "raw", "encrypted"];

/// Endings that number something.
const NUMBERS: &[&str] = &["no", "nr", "num", "number", "numero", "nummer"];

/// Endings that say when or how often, not what.
const MOMENTS: &[&str] =
    &["at", "on", "date", "time", "count", "changed", "expires", "expiry", "required", "sent", "attempts", "enabled"];

/// What a column's name says it holds, if it says anything.
///
/// In English and German the last word counts most (`phone_type` is a type),
/// so endings are looked up before words elsewhere in the name, which is where
/// French puts them (`adresse_facturation`). Health, secrets and birth count
/// wherever they stand.
pub(super) fn meaning(name: &str) -> Option<Meaning> {
    let mut words = split(name);
    if words.len() > 1 && ["id", "fk"].contains(&words[0].as_str()) && anywhere(&words, Meaning::is_sticky).is_none() {
        return Some(Meaning::Number);
    }
    while words.len() > 1
        && words.last().is_some_and(|last| {
            FILLERS.contains(&last.as_str()) || last.chars().all(char::is_numeric) || last.len() == 1
        })
    {
        words.pop();
    }
    let last = words.last()?.clone();
    // `external_id`, and `provider_customer_id` beside the number of the provider.
    let is_elsewhere = words[0] == "external" || (words[0] == "provider" && words.len() > 2);
    if words.len() > 1 && is_elsewhere && ["id", "ref", "reference", "key"].contains(&last.as_str()) {
        return Some(Meaning::External);
    }
    let sticky = anywhere(&words, Meaning::is_sticky).filter(|found| {
        // A dated or counted secret is not a secret; a dated birth is one.
        *found == Meaning::Birth || !MOMENTS.contains(&last.as_str())
    });
    if sticky.is_some() {
        return sticky;
    }
    if words.len() > 1 && NUMBERS.contains(&last.as_str()) {
        let numbered = ending(&words[..words.len() - 1]).filter(|found| found.is_numbered());
        if numbered.is_some() && ending(&words).is_none_or(|whole| whole == Meaning::Number) {
            return numbered;
        }
    }
    // A plain word that is not the last one makes nothing plain: `numero_securite_sociale`.
    ending(&words).or_else(|| anywhere(&words, |found| !found.is_plain()))
}

/// Last parts of words that are written together, as German does: `Rechnungsadresse`.
const LAST_PARTS: &[&str] = &[
    "adresse",
    "address",
    "strasse",
    "telefon",
    "phone",
    "email",
    "firstname",
    "lastname",
    "surname",
    "vorname",
    "nachname",
    "zipcode",
    "postcode",
    "gruppe",
    "datum",
    "betrag",
    "preis",
    "nummer",
    "notiz",
    "bemerkung",
    "note",
    "notes",
    "name",
    "code",
    "type",
    "branch",
    "filiale",
];

fn look_up(word: &str) -> Option<Meaning> {
    MEANINGS.get(word).or_else(|| MEANINGS.get(singular(word).as_str())).copied()
}

/// The meaning of the longest known ending, at last of a part of the last word.
fn ending(words: &[String]) -> Option<Meaning> {
    let whole = (0..words.len()).find_map(|start| look_up(&words[start..].concat()));
    whole.or_else(|| {
        let last = words.last()?;
        LAST_PARTS.iter().find(|part| last.ends_with(**part)).and_then(|part| look_up(part))
    })
}

/// The meaning of the longest known run of words, of those that are wanted.
fn anywhere(words: &[String], wanted: impl Fn(Meaning) -> bool) -> Option<Meaning> {
    (1..=words.len())
        .rev()
        .find_map(|length| words.windows(length).find_map(|run| look_up(&run.concat()).filter(|found| wanted(*found))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_understood_in_three_languages() {
        let cases = [
            ("Email", Meaning::Email),
            ("e_mail", Meaning::Email),
            ("courriel", Meaning::Email),
            ("HomePhone", Meaning::Phone),
            ("mobile_phone_no", Meaning::Phone),
            ("numero_telephone", Meaning::Phone),
            ("Vorname", Meaning::FirstName),
            ("prénom", Meaning::FirstName),
            ("lastname", Meaning::LastName),
            ("nom", Meaning::LastName),
            ("ContactName", Meaning::FullName),
            ("ship_to_name_2", Meaning::FullName),
            ("Straße", Meaning::Street),
            ("adresse_facturation", Meaning::Street),
            ("BillingPostalCode", Meaning::Postcode),
            ("code_postal", Meaning::Postcode),
            ("date_naissance", Meaning::Birth),
            ("Geburtsdatum", Meaning::Birth),
            ("vat_registration_no", Meaning::TaxNumber),
            ("password_hash", Meaning::Secret),
            ("health_status", Meaning::Special),
            ("passport_no", Meaning::Identity),
            ("numero_securite_sociale", Meaning::Identity),
            ("Rechnungsadresse", Meaning::Street),
            ("ip_address", Meaning::Network),
        ];
        for (name, expected) in cases {
            assert_eq!(meaning(name), Some(expected), "{name}");
        }
    }

    #[test]
    fn the_last_word_of_a_name_decides() {
        for name in ["email_verified", "phone_type", "UnitPrice", "password_changed_at", "name_count", "product_name"] {
            assert_eq!(meaning(name), Some(Meaning::Plain), "{name}");
        }
        for name in ["address_id", "invoice_no", "customer_number", "id_address_billing", "fk_contact", "sitecode"] {
            assert_eq!(meaning(name), Some(Meaning::Number), "{name}");
        }
        assert_eq!(meaning("numero_sante_carte"), Some(Meaning::Special));
        assert_eq!(meaning("numero_mutuelle"), None, "a number of something is not plain");
        assert_eq!(meaning("frobnicated"), None);
    }

    #[test]
    fn no_word_has_two_meanings() {
        let words: usize = VOCABULARY.iter().map(|(_, words)| words.split_whitespace().count()).sum();
        assert_eq!(MEANINGS.len(), words);
    }
}
