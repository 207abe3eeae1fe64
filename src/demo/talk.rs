//! What the staff types: subjects of tasks, notes, the web shop's JSON.

use chrono::NaiveDate;
use serde_json::{Value as Json, json};

use super::dice::Dice;
use super::person::Person;

const KINDS: &[&str] = &["call", "visit", "complaint", "repair", "offer"];

/// The type and subject of a task.
pub(super) fn task(dice: &mut Dice, who: &Person) -> (&'static str, String) {
    let kind = dice.pick(KINDS);
    let phone = who.mobile_phone_no.as_deref().filter(|number| !number.is_empty()).unwrap_or("(no number)");
    let subject = match kind {
        "call" => format!("Call {} back on {phone}", who.name),
        "visit" => format!("Visit {}, {} {}", who.address, who.post_code, who.city),
        "complaint" => format!("{} says the bell fell off 😡", who.given),
        "repair" => format!("Repair: rear wheel of {}'s bike", who.given),
        _ => format!("Offer for \"{}\" on 3 city bicycles", who.name),
    };
    (kind, subject)
}

/// A note on a customer or a contact.
pub(super) fn note(dice: &mut Dice, who: &Person) -> String {
    match dice.number(0..=5) {
        0 => format!("{} prefers to be called after 17:00.", who.given),
        1 => format!(
            "Spoke to {} — wants the invoice by mail to {}.",
            who.name,
            who.email.as_deref().unwrap_or("nobody")
        ),
        2 => format!("Moved from {}.\nNew key is under the mat 🗝️", who.address),
        3 => format!("ring {} først!! {}", who.family, who.phone_no.as_deref().unwrap_or("")),
        4 => "Pays cash, always.".to_owned(),
        _ => format!("{}'s daughter may collect on their account.", who.name),
    }
}

/// The web shop's JSON of a customer.
pub(super) fn web_shop(dice: &mut Dice, who: &Person, today: NaiveDate) -> String {
    let mut document = json!({
        "segment": dice.pick(&["A", "B", "C"]),
        "newsletter": dice.chance(0.4),
        "visits": dice.number(0..=240),
    });
    if dice.chance(0.5) {
        document["nickname"] = json!(who.given);
    }
    if let Some(email) = &who.email {
        document["login"] = json!(email);
    }
    if dice.chance(0.3) {
        let members = dice.number(1..=3);
        let member = |dice: &mut Dice| {
            let name = dice.pick(&["Emma", "Oskar", "Bedstemor", "Zoë", "Léo"]);
            let birthday = dice.before(today, 400..=30_000);
            json!({ "kind": dice.pick(&["child", "partner", "pet"]), "name": format!("{name} {}", who.family), "birthday": birthday.to_string() })
        };
        document["household"] = Json::Array((0..members).map(|_| member(dice)).collect());
    }
    if dice.chance(0.2) {
        document["social"] = json!({ "instagram": format!("@{}", who.given.to_lowercase().replace(' ', "")) });
    }
    if dice.chance(0.1) {
        document["remarks"] = json!(format!("\"{}\" wants a call\tbefore delivery", who.name));
    }
    document.to_string()
}

/// The attributes in use, with a value for each.
pub(super) fn attributes(dice: &mut Dice, who: &Person) -> [(&'static str, Option<String>); 8] {
    [
        ("loyalty_level", Some(dice.pick(&["bronze", "silver", "gold"]).to_owned())),
        ("marketing_consent", Some(dice.pick(&["yes", "no", "withdrawn"]).to_owned())),
        ("preferred_store", Some(dice.pick(&["Køge", "Aarhus", "Web"]).to_owned())),
        ("shoe_size", Some(dice.number(35..=47).to_string())),
        ("nickname", Some(format!("{}-{}", who.given, dice.number(1..=9)))),
        (
            "instagram",
            dice.chance(0.8)
                .then(|| format!("@{}_{}", who.family.to_lowercase().replace(' ', ""), dice.number(100..=9999))),
        ),
        (
            "delivery_hint",
            Some(format!("Leave it with {} next door, blue gate", dice.pick(&["Lis", "Mr. O'Hara", "Bodil"]))),
        ),
        ("allergies", Some(dice.pick(&["nickel", "latex", "wool, severe"]).to_owned())),
    ]
}
