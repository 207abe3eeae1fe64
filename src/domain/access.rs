//! Who may do what.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::nearest::nearest;

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// See sweeps, clients by key, reports, and everything else that is kept.
    Read,
    /// Anonymize one client at a time, place holds, and release one's own.
    Anonymize,
    /// Start, rehearse and cancel sweeps, retry failures, acknowledge backups.
    Bulk,
    /// Decide on policy and jobs, and release the holds of others.
    Configure,
    /// Everything, tokens included.
    Admin,
}

impl Right {
    /// Every right, the least first.
    pub const ALL: [Self; 5] = [Self::Read, Self::Anonymize, Self::Bulk, Self::Configure, Self::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Anonymize => "anonymize",
            Self::Bulk => "bulk",
            Self::Configure => "configure",
            Self::Admin => "admin",
        }
    }
}

impl std::fmt::Display for Right {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Right {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|right| right.as_str() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str);
            match nearest(name, names) {
                Some(near) => format!("there is no right `{name}`; did you mean `{near}`?"),
                None => format!("there is no right `{name}`; the rights are {}", names.join(", ")),
            }
        })
    }
}

/// The rights of a caller. No entry means no right.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rights(BTreeSet<Right>);

impl Rights {
    /// Every right there is.
    pub fn all() -> Self {
        Self(BTreeSet::from([Right::Admin]))
    }

    /// Whether they hold a right: `admin` holds each, who may anonymize many may
    /// anonymize one, and any right lets its owner read.
    pub fn hold(&self, right: Right) -> bool {
        let by_another = match right {
            Right::Read => !self.0.is_empty(),
            Right::Anonymize => self.0.contains(&Right::Bulk),
            Right::Bulk | Right::Configure | Right::Admin => false,
        };
        by_another || self.0.contains(&right) || self.0.contains(&Right::Admin)
    }

    /// Their names, the least first.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(|right| right.as_str()).collect();
        names.join(", ")
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        Self(rights.into_iter().collect())
    }
}

/// The clients to which a token is limited: those with one of the values of each of these filters. Without a filter
/// there is no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Limit(BTreeMap<String, Vec<String>>);

impl Limit {
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Filter names and values.
    pub fn filters(&self) -> &BTreeMap<String, Vec<String>> {
        &self.0
    }

    /// Whether all clients that these filters leave are within the limit.
    pub fn covers(&self, filters: &BTreeMap<String, Vec<String>>) -> bool {
        self.0.iter().all(|(name, own)| {
            let asked = filters.get(name).map_or(&[][..], Vec::as_slice);
            !asked.is_empty() && asked.iter().all(|value| own.contains(value))
        })
    }
}

impl FromIterator<(String, String)> for Limit {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(filters: I) -> Self {
        let mut limit: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in filters {
            let values = limit.entry(name).or_default();
            if !values.contains(&value) {
                values.push(value);
            }
        }
        Self(limit)
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let all: Vec<String> =
            self.0.iter().flat_map(|(name, values)| values.iter().map(move |own| format!("{name}={own}"))).collect();
        f.write_str(&all.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Limit, Right, Rights};

    fn filters(all: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        let values = |own: &[&str]| own.iter().map(|value| (*value).to_owned()).collect();
        all.iter().map(|(name, own)| ((*name).to_owned(), values(own))).collect()
    }

    #[test]
    fn a_limit_covers_filters_that_leave_no_other_client() {
        let limit: Limit = [("club", "17"), ("club", "18"), ("site", "3")]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(limit.to_string(), "club=17, club=18, site=3");
        for (all, is_covered) in [
            (&[("club", &["17"][..]), ("site", &["3"])][..], true),
            (&[("club", &["17", "18"]), ("site", &["3"]), ("other", &["x"])], true),
            (&[("club", &["17"])], false),
            (&[("club", &["17", "19"]), ("site", &["3"])], false),
            (&[("club", &[]), ("site", &["3"])], false),
            (&[], false),
        ] {
            assert_eq!(limit.covers(&filters(all)), is_covered, "{all:?}");
            assert!(Limit::default().covers(&filters(all)));
        }
    }

    #[test]
    fn nothing_is_held_without_an_entry() {
        assert!(Right::ALL.into_iter().all(|right| !Rights::default().hold(right)));
    }

    #[test]
    fn a_right_holds_itself_and_what_is_less_and_no_other() {
        use Right::{Anonymize, Bulk, Configure, Read};
        for (own, wanted) in [
            (Read, vec![Read]),
            (Anonymize, vec![Read, Anonymize]),
            (Bulk, vec![Read, Anonymize, Bulk]),
            (Configure, vec![Read, Configure]),
        ] {
            let rights = Rights::from_iter([own]);
            let held: Vec<Right> = Right::ALL.into_iter().filter(|right| rights.hold(*right)).collect();
            assert_eq!(held, wanted, "{own}");
        }
    }

    #[test]
    fn an_administrator_holds_every_right() {
        assert!(Right::ALL.into_iter().all(|right| Rights::all().hold(right)));
    }

    #[test]
    fn a_name_that_is_none_gets_the_nearest() {
        assert_eq!("red".parse::<Right>().unwrap_err(), "there is no right `red`; did you mean `read`?");
    }
}
