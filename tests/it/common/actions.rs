//! What a made-up policy can do to a column, and what the column looks like.

use proptest::prelude::*;

/// What happens to a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action {
    Keep,
    Replace,
    ReplaceWithKey,
    Clear,
    ClearNotNull,
    FirstTwo,
    Year,
    Decade,
    Redact,
    OnlyOld,
    Branches,
    Copy,
}

pub fn any_action() -> impl Strategy<Value = Action> + Clone {
    prop_oneof![
        Just(Action::Keep),
        Just(Action::Replace),
        Just(Action::ReplaceWithKey),
        Just(Action::Clear),
        Just(Action::ClearNotNull),
        Just(Action::FirstTwo),
        Just(Action::Year),
        Just(Action::Decade),
        Just(Action::Redact),
        Just(Action::OnlyOld),
        Just(Action::Branches),
        Just(Action::Copy),
    ]
}

pub fn columns(actions: &[Action]) -> String {
    let column = |(at, action): (usize, &Action)| match action {
        Action::Year | Action::Decade => format!(", c{at} DATE"),
        Action::ClearNotNull => format!(", c{at} TEXT NOT NULL"),
        Action::Copy => format!(", c{at} TEXT, o{at} TEXT"),
        _ => format!(", c{at} TEXT"),
    };
    actions.iter().enumerate().map(column).collect()
}

pub fn values(actions: &[Action], seed: u32) -> String {
    let value = |(at, action): (usize, &Action)| {
        let seed = seed.wrapping_add(u32::try_from(at).unwrap_or(0));
        let null = seed.is_multiple_of(5);
        match action {
            Action::ClearNotNull => format!(", 'value {seed}'"),
            Action::Copy => format!(", 'value {seed}', 'other {}'", seed % 4),
            _ if null => ", NULL".to_owned(),
            Action::Year | Action::Decade => {
                format!(", '{}-{:02}-{:02}'", 1950 + seed % 60, 1 + seed % 12, 1 + seed % 28)
            }
            Action::Redact => format!(", '{{\"a\": {seed}, \"list\": [{{\"n\": 1, \"m\": {seed}}}], \"z\": true}}'"),
            _ => format!(", 'value {seed}'"),
        }
    };
    actions.iter().enumerate().map(value).collect()
}

pub fn rules(actions: &[Action], one_way: bool) -> String {
    let rule = |(at, action): (usize, &Action)| {
        let what = match action {
            Action::Keep => "keep = \"a test says so\"",
            Action::ReplaceWithKey if one_way => "replace = \"gone-{key}\"",
            Action::Replace | Action::ReplaceWithKey => "replace = \"gone\"",
            Action::Clear | Action::ClearNotNull => "clear = true",
            Action::FirstTwo => "generalize = { first = 2 }",
            Action::Year => "generalize = \"year\"",
            Action::Decade => "generalize = \"decade\"",
            Action::Redact => "redact = [\"$.a\", \"$.list[*].n\"]",
            Action::OnlyOld => "replace = \"gone\", where = \"status = 'old'\"",
            Action::Branches => "actions = [{ where = \"status = 'old'\", replace = \"was old\" }, { clear = true }]",
            Action::Copy => {
                return format!(
                    "c{at} = {{ class = \"personal\", copy = \"o{at}\" }}\no{at} = {{ class = \"non-personal\" }}\n"
                );
            }
        };
        format!("c{at} = {{ class = \"personal\", {what} }}\n")
    };
    actions.iter().enumerate().map(rule).collect()
}
