//! How reports write figures, moments and lists.

/// A number with its thousands apart: `1,204`. The ledger's have a sign, and none is below zero.
pub fn number(count: impl TryInto<u64>) -> String {
    thousands(&count.try_into().unwrap_or(0).to_string(), ",")
}

/// A number and its noun: `1 client`, `2 clients`.
pub fn counted(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(0);
    format!("{} {noun}{}", number(count), if count == 1 { "" } else { "s" })
}

/// Digits with their thousands apart.
pub fn thousands(digits: &str, apart: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push_str(apart);
        }
        text.push(digit);
    }
    text
}

/// A moment of the ledger to the minute: `2026-01-31 02:00`.
pub fn minute(moment: &str) -> String {
    moment.get(..16).unwrap_or(moment).replace('T', " ")
}

/// Some names of many: the first of them, and how many more there are.
pub(super) fn some(names: &[String], most: usize) -> String {
    let shown = names.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > most { format!("{shown} and {} more", number(names.len() - most)) } else { shown }
}

/// A reason as people read it.
pub fn reason(plan: Option<&crate::plan::Plan>, name: &str) -> String {
    if name == crate::domain::outcome::HOLD {
        return "is on hold".to_owned();
    }
    if name == crate::domain::outcome::NOTICE {
        return "is to be given notice".to_owned();
    }
    if let Some(until) = name.strip_prefix("notice until ") {
        return format!("has had notice, until {until}");
    }
    if let Some(place) = name.strip_prefix("residue:") {
        return format!("a former value was still found in {place}");
    }
    if let Some(place) = name.strip_prefix("rule:") {
        return format!("the rule of {place} did not take effect");
    }
    if let Some(place) = name.strip_prefix(crate::domain::outcome::WRITTEN_BACK) {
        return format!("written back: {place}");
    }
    if name == crate::domain::outcome::RESTORED {
        return "had come back with a backup".to_owned();
    }
    plan.and_then(|plan| plan.reason_of(name)).map_or(name, crate::policy::Reason::text).to_owned()
}
