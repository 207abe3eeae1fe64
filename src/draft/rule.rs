//! What can stand in a column: an action cut to its type, length and constraints.

use crate::domain::schema::{Kind, LiveColumn, LiveTable};
use crate::plan::key_length;
use crate::policy::Class;

use super::sample::all_iso_dates;
use super::words::split;

/// A column, where it stands and what was seen in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) table: &'a LiveTable,
    pub(super) column: &'a LiveColumn,
    /// A few distinct values.
    pub(super) values: &'a [String],
    /// How many sampled rows hold a value.
    pub(super) filled: usize,
    /// Whether empty texts were seen, and never NULL.
    pub(super) never_null: bool,
    /// Whether values of the row's own client were found in it.
    pub(super) is_held: bool,
    /// How often `check` refused what was guessed before.
    pub(super) refused: usize,
    /// What the table is to the client.
    pub(super) role: Role,
    /// Whether it is part of a key, or refers to another row.
    pub(super) is_key: bool,
    /// Whether `{key}` can stand in a text: the rows belong to their client by its very key.
    pub(super) has_key: bool,
    /// The columns that tell a row from any other, for `{row}`; none if there are no such.
    pub(super) row: &'a [String],
    /// The length of the client's key.
    pub(super) key_length: usize,
    /// Whether a client has at most one row here.
    pub(super) one_row: bool,
}

/// What a table is to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// One row is one client.
    Client,
    /// Its rows are ways to reach the client.
    Contact,
    /// Documents, lines and everything else.
    Other,
}

/// What happens to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    Clear,
    /// This text takes its place.
    Text(String),
    /// This number takes its place.
    Number(i64),
    /// It becomes true or false.
    Flag(bool),
    /// It stays, for this reason.
    Keep(String),
    /// A date keeps its year.
    Year,
}

/// What a column is taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) class: Class,
    pub(super) act: Option<Act>,
    /// Whether its value is looked for everywhere afterwards.
    pub(super) identifying: bool,
    /// The link by which rows belong to the client whose data this is, where there are several.
    pub(super) link: Option<String>,
    /// Why a person must decide; the guess is then a mere proposal.
    pub(super) doubt: Option<String>,
    /// What else is worth knowing.
    pub(super) note: Option<String>,
}

impl Guess {
    /// The column stays.
    pub(super) fn plain() -> Self {
        Self { class: Class::NonPersonal, act: None, identifying: false, link: None, doubt: None, note: None }
    }

    pub(super) fn personal(act: Result<Act, (Act, String)>) -> Self {
        let (act, doubt) = match act {
            Ok(act) => (act, None),
            Err((act, doubt)) => (act, Some(doubt)),
        };
        Self { class: Class::Personal, act: Some(act), identifying: false, link: None, doubt, note: None }
    }

    /// The column is sensitive; what happens to it is only written where it is not emptied.
    pub(super) fn sensitive(act: Result<Act, (Act, String)>) -> Self {
        let mut guess = Self { class: Class::Sensitive, ..Self::personal(act) };
        if matches!(guess.act, Some(Act::Keep(_))) {
            // Sensitive data is never kept.
            guess.class = Class::Personal;
        }
        guess.act = guess.act.filter(|act| *act != Act::Clear);
        guess
    }

    /// Its value identifies the client.
    pub(super) fn identifying(mut self) -> Self {
        self.identifying = true;
        self
    }

    /// A person must decide. The first reason stays.
    pub(super) fn doubted(mut self, why: impl Into<String>) -> Self {
        self.doubt.get_or_insert_with(|| why.into());
        self
    }
}

/// An action, or the nearest one with what speaks against it.
type Fitted = Result<Act, (Act, String)>;

impl Place<'_> {
    /// Empties the column as far as it allows.
    pub(super) fn clear(&self) -> Fitted {
        let required = self.column.not_null || self.column.primary_key > 0;
        if self.column.primary_key > 0 {
            let why = "is part of the primary key, and looks personal";
            return Err((Act::Keep("part of the primary key".to_owned()), why.to_owned()));
        }
        if self.refused > 1 || (self.refused > 0 && required) {
            return Err((Act::Keep("the column cannot hold another value".to_owned()), "cannot be emptied".to_owned()));
        }
        if !required {
            let empty = self.never_null && self.column.kind() == Kind::Text && !self.in_unique();
            return Ok(if empty { Act::Text(String::new()) } else { Act::Clear });
        }
        match self.column.kind() {
            Kind::Text | Kind::Unknown if self.in_unique() => self.distinct(&["anonymized-{key}", "{key}"]),
            Kind::Unknown if self.is_typed() => {
                let why = "is NOT NULL and of a type without an empty value".to_owned();
                Err((Act::Keep("the type has no empty value".to_owned()), why))
            }
            Kind::Text | Kind::Unknown | Kind::Bytes => self.checked(Act::Clear),
            Kind::Integer | Kind::Number | Kind::Date if self.in_unique() => {
                let why = "is NOT NULL and UNIQUE, so one value cannot replace all others".to_owned();
                Err((Act::Keep("NOT NULL and UNIQUE".to_owned()), why))
            }
            Kind::Integer | Kind::Number => self.checked(Act::Number(0)),
            Kind::Boolean => self.checked(Act::Flag(false)),
            Kind::Date => self.checked(Act::Text("1900-01-01".to_owned())),
        }
    }

    /// Puts the first of these texts in place that fits; the column is emptied where none does.
    pub(super) fn replace(&self, texts: &[&str]) -> Fitted {
        if !matches!(self.column.kind(), Kind::Text | Kind::Unknown) || self.is_typed() || self.refused > 0 {
            return self.clear();
        }
        if self.in_unique() {
            return self.distinct(&["anonymized-{key}", "{key}"]);
        }
        match texts.iter().find(|text| self.fits(text)) {
            Some(text) => self.checked(Act::Text((*text).to_owned())),
            None => self.clear(),
        }
    }

    /// Puts a text with the client's key in place, which differs for each client.
    pub(super) fn distinct(&self, templates: &[&str]) -> Fitted {
        if self.column.primary_key > 0 {
            return self.clear();
        }
        if self.is_typed() || self.refused > 0 {
            if !self.column.not_null {
                return Ok(Act::Clear);
            }
            let why = "is NOT NULL and UNIQUE, and cannot hold a text with a key in it".to_owned();
            return Err((Act::Keep("NOT NULL and UNIQUE".to_owned()), why));
        }
        let differs = self.has_key && self.one_row;
        if !differs && !self.column.not_null {
            return Ok(Act::Clear);
        }
        let templates: Vec<String> = templates
            .iter()
            .map(|template| if differs { (*template).to_owned() } else { template.replace("{key}", "{row}") })
            .filter(|template| !template.contains("{row}") || !self.row.is_empty())
            .collect();
        match templates.iter().find(|template| self.fits(template)) {
            Some(template) => self.checked(Act::Text(template.clone())),
            None if self.column.not_null => {
                let why = "is NOT NULL and UNIQUE, and too short for a text with a key in it".to_owned();
                Err((Act::Keep("NOT NULL and UNIQUE".to_owned()), why))
            }
            None => Ok(Act::Clear),
        }
    }

    /// Coarsens a date to its year.
    pub(super) fn year(&self) -> Fitted {
        if self.refused > 0 {
            return self.clear();
        }
        match self.column.kind() {
            Kind::Date | Kind::Text | Kind::Unknown if self.in_unique() => {
                self.clear().map_err(|(act, _)| (act, "is UNIQUE, and years repeat".to_owned()))
            }
            Kind::Date | Kind::Text | Kind::Unknown if !all_iso_dates(self.values) => {
                Err((Act::Clear, "holds dates that are not written as YYYY-MM-DD".to_owned()))
            }
            Kind::Date => self.checked(Act::Year),
            Kind::Text | Kind::Unknown if !self.values.is_empty() => self.checked(Act::Year),
            Kind::Text | Kind::Unknown => Err((Act::Year, "may hold dates in another form than YYYY-MM-DD".to_owned())),
            _ => self.clear(),
        }
    }

    /// Whether the server holds the column to a type other than text.
    pub(super) fn is_typed(&self) -> bool {
        let declared = self.column.declared.as_str();
        self.column.told == Some(Kind::Unknown) && !declared.ends_with("[]") && !declared.starts_with("json")
    }

    /// Whether the column is part of a primary key or unique index.
    pub(super) fn in_unique(&self) -> bool {
        let own = |name: &Option<String>| name.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(&self.column.name));
        self.table.unique.iter().any(|unique| unique.columns.iter().any(own))
    }

    fn fits(&self, text: &str) -> bool {
        let rest = text.replace("{key}", "").replace("{row}", "").chars().count();
        let key = if text.contains("{key}") { self.key_length } else { 0 };
        let row = if text.contains("{row}") { key_length(self.table, self.row) } else { 0 };
        let length = rest + key + row;
        self.column.max_length().is_none_or(|most| length <= most)
    }

    /// The action, unless a CHECK constraint names the column.
    fn checked(&self, act: Act) -> Fitted {
        let names = |check: &String, column: &LiveColumn| {
            let own = split(&column.name);
            check
                .split(|mark: char| !(mark.is_alphanumeric() || mark == '_'))
                .any(|word| word.eq_ignore_ascii_case(&column.name) || (own.len() > 1 && split(word) == own))
        };
        let Some(check) = self.table.checks.iter().find(|check| names(check, self.column)) else { return Ok(act) };
        if act == Act::Clear && !self.column.not_null {
            return Ok(act);
        }
        let alone = !self.table.columns.iter().any(|other| other.name != self.column.name && names(check, other));
        match neutral(check).filter(|_| alone && self.refused == 0) {
            Some(allowed) => {
                Err((Act::Text(allowed), "has a CHECK constraint; this is one of the values that it lists".to_owned()))
            }
            None => Err((act, "has a CHECK constraint that must accept the replacement".to_owned())),
        }
    }
}

/// Of the texts that a CHECK lists, the one that says the least.
fn neutral(check: &str) -> Option<String> {
    const SAYS_NOTHING: &[&str] =
        &["unknown", "other", "none", "undefined", "unspecified", "n/a", "u", "x", "o", "-", ""];
    let listed =
        check.to_uppercase().contains(" IN ") || check.contains("ARRAY[") || check.to_uppercase().contains(" IN(");
    let texts: Vec<&str> = check.split('\'').skip(1).step_by(2).collect();
    if !listed || texts.is_empty() {
        return None;
    }
    let least = SAYS_NOTHING.iter().find_map(|word| texts.iter().find(|text| text.eq_ignore_ascii_case(word)));
    least.or(texts.last()).map(|text| (*text).to_owned())
}
