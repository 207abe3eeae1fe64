//! What a column is taken for: by its name, its type and what was seen in it.

use crate::domain::schema::{Kind, LiveColumn, LiveTable};

use super::rule::{Act, Guess, Place, Role};
use super::sample::{Look, betrays_someone, codes, is_prose, look};
use super::vocabulary::{Meaning, meaning};
use super::words::{Words, split};

const NAME: &[&str] = &["Anonymized client", "Anonymized", "Anonym", "-"];
const FIRST_NAME: &[&str] = &["Anonymized", "Anonym", "-"];
/// Beside a first name, so that both together read `Anonymized client`.
const LAST_NAME: &[&str] = &["client", "-"];

/// Guesses the class and the action of a column.
///
/// What is not certain carries a doubt. A column that only its name makes
/// harmless is doubted as soon as a sampled value says otherwise.
pub(super) fn guess(place: &Place) -> Guess {
    let meaning = meaning(&place.column.name);
    let seen = look(place.values);
    let points = meaning.is_some_and(Meaning::points_at_someone) && place.column.kind() == Kind::Text;
    let guess = if place.is_key && points {
        Guess::plain().doubted("is a key, and its name looks personal")
    } else if place.is_key || (place.column.primary_key > 0 && !points) {
        Guess::plain()
    } else if let Some(theirs) = of_house(place, meaning) {
        theirs
    } else if let Some(wanted) = contact(&place.column.name) {
        consent(place, wanted, seen)
    } else if is_flag(place, meaning, seen) {
        flag(place, meaning)
    } else if is_short_number(place, meaning) || is_one_of_few(place, meaning) || is_of_tax(place, meaning) {
        Guess::plain()
    } else {
        match meaning {
            Some(Meaning::Number) => number(place, seen),
            Some(meaning) if plain_by_type(place.column.kind(), meaning) => Guess::plain(),
            Some(meaning) => at_odds(place, meaning, by_name(place, meaning, seen)),
            None => by_look(place, seen),
        }
    };
    let guess = contradicted(place, meaning, seen, guess);
    if place.is_held && guess.class == Guess::plain().class && guess.act.is_none() {
        return Guess::personal(place.clear()).doubted("holds values of sampled clients in their own rows");
    }
    guess
}

/// Whole numbers too short to be someone's: `mobile_theme`, `minimum_amount_tax`.
fn is_short_number(place: &Place, meaning: Option<Meaning>) -> bool {
    let someone = matches!(meaning, Some(Meaning::Phone | Meaning::TaxNumber | Meaning::Bank | Meaning::Identity));
    let short = |value: &String| value.len() <= 4;
    place.column.kind() == Kind::Integer && someone && !place.values.is_empty() && place.values.iter().all(short)
}

/// The server's own list of words (an enum) holds no one's data, unless it says what someone is.
fn is_one_of_few(place: &Place, meaning: Option<Meaning>) -> bool {
    let is_trait = matches!(meaning, Some(Meaning::Trait | Meaning::Special | Meaning::Title));
    place.is_typed() && !is_trait && !codes(place.values).is_empty()
}

/// Beside `tax_rate`, a `tax_code` is that of the tax.
fn is_of_tax(place: &Place, meaning: Option<Meaning>) -> bool {
    let rate = |column: &LiveColumn| split(&column.name).ends_with(&["tax".to_owned(), "rate".to_owned()]);
    meaning == Some(Meaning::TaxNumber) && place.role == Role::Other && place.table.columns.iter().any(rate)
}

/// In documents, `shop_address` and `employee_name` are of the house and not of the client.
fn of_house(place: &Place, meaning: Option<Meaning>) -> Option<Guess> {
    const HOUSE: Words =
        Words("shop store seller vendor supplier warehouse branch employee staff salesperson cashier operator");
    let words = split(&place.column.name);
    let named = words.len() > 1 && HOUSE.has(&words[0]) && place.role == Role::Other;
    let about = meaning.is_some_and(|meaning| meaning.points_at_someone() || meaning == Meaning::Name);
    let keep = Act::Keep(format!("about the {}, not about the client", words[0]));
    (named && about && meaning != Some(Meaning::Secret)).then(|| Guess::personal(Ok(keep)))
}

/// A guess that the samples speak against waits for a person.
fn contradicted(place: &Place, meaning: Option<Meaning>, seen: Option<Look>, guess: Guess) -> Guess {
    if guess.act.is_some() || guess.class != Guess::plain().class || guess.doubt.is_some() {
        return guess;
    }
    let personal = match meaning {
        // Document numbers look like telephone numbers, and countries like names of people.
        Some(Meaning::Number) => matches!(seen, Some(Look::Email | Look::Iban | Look::PersonName)),
        _ => matches!(seen, Some(Look::Email | Look::Iban | Look::Phone | Look::Ip)),
    };
    let why = if personal || betrays_someone(place.values) {
        "holds values that look personal, whatever its name"
    } else if seen == Some(Look::FreeText) {
        "holds free text"
    } else {
        return guess;
    };
    if place.is_key || place.column.primary_key > 0 {
        return guess.doubted("is a key, and holds values that look personal");
    }
    Guess::personal(place.clear()).doubted(why)
}

/// Numbers are amounts and dates are of documents, unless the name says they are someone's.
fn plain_by_type(kind: Kind, meaning: Meaning) -> bool {
    use Meaning as M;
    match kind {
        Kind::Number => !matches!(
            meaning,
            M::Geo | M::Trait | M::Special | M::Phone | M::Bank | M::Identity | M::Birth | M::Secret | M::Postcode
        ),
        Kind::Date => !matches!(meaning, M::Birth | M::Trait | M::Special | M::Identity | M::Bank),
        _ => meaning.is_plain(),
    }
}

/// A whole number under a name of something that is none is perhaps a reference.
fn at_odds(place: &Place, meaning: Meaning, guess: Guess) -> Guess {
    use Meaning as M;
    let last = split(&place.column.name).pop().unwrap_or_default();
    let numeric = match meaning {
        M::Phone | M::Postcode | M::Birth | M::Trait | M::Bank | M::Identity | M::Geo | M::Street => true,
        M::Special | M::Secret => !["id", "no", "nr", "code"].contains(&last.as_str()),
        M::TaxNumber => has_long_numbers(place),
        _ => guess.act.is_none(),
    };
    if place.column.kind() != Kind::Integer || numeric {
        return guess;
    }
    guess.doubted("holds whole numbers, although its name says otherwise: references, amounts?")
}

fn is_flag(place: &Place, meaning: Option<Meaning>, seen: Option<Look>) -> bool {
    match place.column.kind() {
        Kind::Boolean => true,
        Kind::Integer => seen == Some(Look::Flag) && meaning != Some(Meaning::Number),
        Kind::Text | Kind::Unknown => {
            seen == Some(Look::Flag) && meaning.is_none_or(|meaning| meaning == Meaning::Plain)
        }
        _ => false,
    }
}

fn flag(place: &Place, meaning: Option<Meaning>) -> Guess {
    match meaning {
        Some(Meaning::Special) => Guess::sensitive(place.clear()),
        Some(Meaning::Trait) => Guess::personal(place.clear()),
        _ => Guess::plain(),
    }
}

/// Whether a flag with this name lets a client be contacted (`newsletter`), or
/// keeps it from being (`do_not_mail`); what it has to say so that the client is not
/// contacted any more.
fn contact(name: &str) -> Option<bool> {
    const CHANNELS: Words = Words(
        "mail email phone sms post contact trade call fax mailing marketing bulk newsletter solicit promotion \
         advertising",
    );
    let words = split(name);
    let all = words.concat();
    let has = |parts: &[&str]| parts.iter().any(|part| all.contains(part));
    let channel = words.iter().any(|word| CHANNELS.has(word));
    let counted = words
        .last()
        .is_some_and(|last| ["date", "at", "on", "count", "id", "text", "by", "ip", "source"].contains(&last.as_str()));
    if counted {
        return None;
    }
    if has(&["donot", "optout", "optedout", "unsubscribed", "nomail", "noemail", "nocontact", "nosms", "nophone"])
        || (channel && words[0] == "no")
    {
        return Some(true);
    }
    let allows = has(&["optin", "optedin", "allow", "accept", "receive", "consent", "subscribed", "wants"]) && channel;
    (allows || meaning(name) == Some(Meaning::Consent)).then_some(false)
}

/// The flag set so that the client is not contacted any more.
fn consent(place: &Place, wanted: bool, seen: Option<Look>) -> Guess {
    const WORDS: &[(&str, &str)] =
        &[("y", "n"), ("yes", "no"), ("true", "false"), ("t", "f"), ("1", "0"), ("ja", "nein"), ("oui", "non")];
    match place.column.kind() {
        Kind::Boolean => Guess::personal(Ok(Act::Flag(wanted))),
        Kind::Integer | Kind::Number if place.values.iter().all(|value| ["0", "1"].contains(&value.as_str())) => {
            Guess::personal(Ok(Act::Number(i64::from(wanted))))
        }
        Kind::Text | Kind::Unknown if !place.is_typed() && !place.values.is_empty() => {
            let is = |word: &str| place.values.iter().any(|value| value.eq_ignore_ascii_case(word));
            let pair = WORDS.iter().find(|(yes, no)| {
                place.values.iter().all(|value| value.eq_ignore_ascii_case(yes) || value.eq_ignore_ascii_case(no))
            });
            let Some((yes, no)) = pair.filter(|(yes, no)| is(yes) || is(no)) else {
                return text(place, seen).doubted("holds a consent, but neither yes nor no");
            };
            let word = if wanted { *yes } else { *no };
            let as_seen = place.values.iter().any(|value| value.chars().all(|mark| !mark.is_lowercase()));
            Guess::personal(Ok(Act::Text(if as_seen { word.to_uppercase() } else { word.to_owned() })))
        }
        Kind::Text | Kind::Unknown => Guess::personal(place.clear()).doubted("holds a consent; which word says no?"),
        _ => Guess::plain(),
    }
}

fn by_name(place: &Place, meaning: Meaning, seen: Option<Look>) -> Guess {
    let own = place.role != Role::Other;
    let personal = || Guess::personal(place.clear());
    let name = |texts| Guess::personal(place.replace(texts));
    match meaning {
        Meaning::Email => email(place).identifying(),
        Meaning::Phone | Meaning::Street | Meaning::TaxNumber => personal().identifying(),
        Meaning::FirstName => name(FIRST_NAME),
        Meaning::Name if is_repeated(place) && seen != Some(Look::PersonName) => repeated(place),
        Meaning::Name if is_status(place, seen) => status(place),
        Meaning::LastName if has(place.table, &[Meaning::FirstName]) => name(LAST_NAME).identifying(),
        Meaning::LastName | Meaning::FullName => name(NAME).identifying(),
        Meaning::Name if own && is_second_name(place) => personal(),
        Meaning::Name if own && split(&place.column.name) == ["name"] => name(NAME).identifying(),
        Meaning::Name if seen == Some(Look::PersonName) => {
            name(NAME).identifying().doubted("holds values that look like names of people")
        }
        Meaning::Name => name(NAME).doubted("may be the name of a person or of a thing"),
        Meaning::Company => {
            let why = "holds names of companies; personal where the client is a sole trader";
            let company = name(NAME).doubted(why);
            if own { company.identifying() } else { company }
        }
        Meaning::State if is_region(place.table) => personal(),
        Meaning::City | Meaning::Region | Meaning::Postcode if !own && !has(place.table, &[Meaning::Street]) => {
            personal().doubted("may be the client's location, or another")
        }
        Meaning::State if matches!(seen, Some(Look::Code | Look::Number | Look::Flag)) => Guess::plain(),
        Meaning::State => personal().doubted("may be part of an address, or a status"),
        Meaning::Birth if place.column.kind() == Kind::Integer || seen == Some(Look::Number) => personal(),
        Meaning::Birth => Guess::personal(place.year()),
        Meaning::Bank | Meaning::Identity => Guess::sensitive(place.clear()).identifying(),
        Meaning::Special | Meaning::Secret => Guess::sensitive(place.clear()),
        Meaning::Login if place.column.not_null && !place.in_unique() => name(NAME),
        Meaning::Login if place.in_unique() => Guess::personal(place.distinct(&["anonymized-{key}", "{key}"])),
        Meaning::Web | Meaning::Geo | Meaning::Picture | Meaning::Badge if !own => {
            personal().doubted("may be about the client, or about a thing")
        }
        Meaning::Picture if matches!(place.column.kind(), Kind::Text) => {
            let mut picture = personal();
            picture.note = Some("only the name of the file is emptied, the file itself is kept".to_owned());
            picture
        }
        Meaning::Note if own => personal(),
        Meaning::Note | Meaning::FreeText => text(place, seen),
        Meaning::Document => document(place, seen),
        Meaning::Staff => staff(place, seen),
        Meaning::External => personal().doubted("holds an id in another system, by which the client can be found"),
        Meaning::Country | Meaning::Plain | Meaning::Number | Meaning::Consent => Guess::plain(),
        Meaning::OtherName
        | Meaning::Title
        | Meaning::City
        | Meaning::Postcode
        | Meaning::Region
        | Meaning::Trait
        | Meaning::BankCode
        | Meaning::Network
        | Meaning::Login
        | Meaning::Web
        | Meaning::Picture
        | Meaning::Badge
        | Meaning::Geo => personal(),
    }
}

/// Whether the table has a column of one of these meanings.
fn has(table: &LiveTable, wanted: &[Meaning]) -> bool {
    let means = |name: &str| meaning(name).is_some_and(|meaning| wanted.contains(&meaning));
    table.columns.iter().any(|column| means(&column.name))
}

/// Whether `state` is part of an address in this table, and no status.
pub(super) fn is_region(table: &LiveTable) -> bool {
    has(table, &[Meaning::City, Meaning::Postcode])
}

/// `name_2` goes on where `name` ends.
fn is_second_name(place: &Place) -> bool {
    matches!(split(&place.column.name).as_slice(), [_, number] if number.chars().all(char::is_numeric))
}

/// An id or number that refers to nothing known. In the client's own row it may be the client's.
fn number(place: &Place, seen: Option<Look>) -> Guess {
    if place.column.kind() == Kind::Text
        && place.values.iter().filter(|value| is_prose(value)).count() * 2 > place.values.len()
    {
        return text(place, seen);
    }
    let coded = split(&place.column.name).last().is_some_and(|last| last == "code");
    let text = !matches!(place.column.kind(), Kind::Integer | Kind::Number | Kind::Date | Kind::Boolean);
    if place.role != Role::Client || coded || seen == Some(Look::Uuid) || !(text || has_long_numbers(place)) {
        return Guess::plain();
    }
    Guess::personal(place.clear())
        .doubted("holds ids or numbers: by which the client can be found, or of something else?")
}

fn has_long_numbers(place: &Place) -> bool {
    place.values.iter().any(|value| value.chars().filter(char::is_ascii_digit).count() > 6)
}

fn email(place: &Place) -> Guess {
    if place.column.not_null || place.in_unique() {
        let fixed = !place.has_key && !place.in_unique();
        return Guess::personal(if fixed {
            place.replace(&["anonymized@invalid", "a@invalid"])
        } else {
            place.distinct(&["anonymized-{key}@invalid", "{key}@invalid"])
        });
    }
    Guess::personal(place.clear())
}

fn text(place: &Place, seen: Option<Look>) -> Guess {
    match place.column.kind() {
        Kind::Integer | Kind::Number | Kind::Date | Kind::Boolean => Guess::plain(),
        Kind::Bytes => by_type(place),
        _ if seen == Some(Look::Json) => document(place, seen),
        _ => {
            let what = if seen == Some(Look::FreeText) { "holds free text" } else { "may hold free text" };
            Guess::personal(place.clear()).doubted(what)
        }
    }
}

fn document(place: &Place, seen: Option<Look>) -> Guess {
    if seen != Some(Look::Json) && !place.column.declared.to_ascii_uppercase().contains("JSON") {
        return match place.column.kind() {
            Kind::Integer | Kind::Number | Kind::Date | Kind::Boolean => Guess::plain(),
            Kind::Bytes => by_type(place),
            _ => Guess::personal(place.clear()).doubted("may hold anything"),
        };
    }
    let paths = personal_paths(place.values);
    let hint = if paths.is_empty() { "\"$.path\"".to_owned() } else { paths.join(", ") };
    Guess::personal(place.clear()).doubted(format!("holds JSON; `redact = [{hint}]` would keep the rest of it"))
}

/// The top two levels of sampled JSON objects, where a name looks personal.
fn personal_paths(values: &[String]) -> Vec<String> {
    let personal = |key: &str| {
        let word = key.chars().all(|mark| mark.is_ascii_alphanumeric() || mark == '_');
        word && meaning(key).is_some_and(|meaning| meaning.points_at_someone() || meaning == Meaning::Name)
    };
    let mut paths = Vec::new();
    for value in values {
        let Ok(serde_json::Value::Object(object)) = serde_json::from_str(value) else { continue };
        for (key, inner) in object {
            let inner = inner.as_object().into_iter().flatten().filter(|(name, _)| personal(name));
            let deeper: Vec<String> = inner.map(|(name, _)| format!("\"$.{key}.{name}\"")).collect();
            if deeper.is_empty() && personal(&key) {
                paths.push(format!("\"$.{key}\""));
            }
            paths.extend(deeper);
        }
    }
    paths.sort();
    paths.dedup();
    paths.truncate(6);
    paths
}

fn staff(place: &Place, seen: Option<Look>) -> Guess {
    let named = matches!(seen, None | Some(Look::Email | Look::PersonName | Look::Words));
    if place.column.kind() == Kind::Text && named {
        return Guess::personal(place.clear()).doubted("names the person who did it: the client, or an employee?");
    }
    Guess::plain()
}

/// A column whose name says nothing.
fn by_look(place: &Place, seen: Option<Look>) -> Guess {
    let personal = || Guess::personal(place.clear());
    match seen {
        // One value in many rows may be the house's own, as the sender of every letter is; a small sample cannot tell.
        Some(Look::Email) if is_repeated(place) => email(place)
            .identifying()
            .doubted("holds one e-mail address in all sampled rows: the client's, or the house's?"),
        Some(Look::Email) => email(place).identifying(),
        Some(Look::Iban) => Guess::sensitive(place.clear()).identifying(),
        Some(Look::Ip) => personal(),
        Some(Look::Phone) => personal().identifying().doubted("holds values that look like telephone numbers"),
        Some(Look::Street) => personal().identifying().doubted("holds values that look like street addresses"),
        Some(Look::PersonName) => {
            Guess::personal(place.replace(NAME)).identifying().doubted("holds values that look like names of people")
        }
        // Amounts and the like are kept whatever they hold.
        _ if is_repeated(place) && !matches!(place.column.kind(), Kind::Number | Kind::Date | Kind::Boolean) => {
            repeated(place)
        }
        _ if is_status(place, seen) => status(place),
        Some(Look::Json) => document(place, seen),
        Some(Look::FreeText) => personal().doubted("holds free text"),
        Some(Look::Web) => personal().doubted("holds web addresses"),
        Some(Look::Uuid | Look::Flag) => Guess::plain(),
        Some(Look::Date) if place.column.kind() != Kind::Integer => Guess::plain(),
        Some(Look::Number) if place.column.kind() == Kind::Text => personal().doubted("holds numbers of some kind"),
        _ => by_type(place),
    }
}

/// The rows after which a value that repeats is no coincidence.
const ROWS: usize = 10;

/// Whether a column of other rows than the client's own holds one value in all sampled rows.
fn is_repeated(place: &Place) -> bool {
    place.role != Role::Client && place.filled >= ROWS && place.values.len() == 1
}

fn status(place: &Place) -> Guess {
    let (words, rows) = (place.values.len(), place.filled);
    Guess::plain()
        .doubted(format!("is kept, as it holds {words} short words in all {rows} sampled rows, like a status"))
}

fn repeated(place: &Place) -> Guess {
    let rows = place.filled;
    Guess::plain()
        .doubted(format!("is kept, as it holds the same in all {rows} sampled rows: a setting, or a sample too small?"))
}

/// Whether a column of other rows than the client's own repeats a few short words.
fn is_status(place: &Place, seen: Option<Look>) -> bool {
    let codes = codes(place.values);
    let are_words =
        matches!(seen, Some(Look::Code | Look::Words)) && codes.iter().all(|code| code.chars().count() <= 12);
    place.role != Role::Client && place.filled >= ROWS && are_words && (1..=3).contains(&codes.len())
}

/// A column of which neither the name nor the samples say anything.
fn by_type(place: &Place) -> Guess {
    match place.column.kind() {
        Kind::Boolean | Kind::Date => Guess::plain(),
        Kind::Number if place.role != Role::Client => Guess::plain(),
        Kind::Integer if place.role == Role::Other && !has_long_numbers(place) => Guess::plain(),
        Kind::Integer | Kind::Number => {
            Guess::personal(place.clear()).doubted("holds numbers, and its name does not say of what")
        }
        Kind::Bytes => Guess::personal(place.clear()).doubted("holds bytes: a picture, a document?"),
        Kind::Text | Kind::Unknown if place.values.is_empty() => {
            Guess::personal(place.clear()).doubted("is empty or was not sampled, and its name says nothing")
        }
        Kind::Text | Kind::Unknown => {
            Guess::personal(place.clear()).doubted("holds text, and its name does not say of what")
        }
    }
}
