//! What can stand in a column: an action cut to its type, length and constraints.

use crate::domain::policy::Class;
use crate::domain::schema::{Kind, LiveColumn, LiveTable};

use super::sample::all_iso_dates;
use super::words::split;

/// A column, where it stands and what was seen in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) table: &'a LiveTable,
    pub(super) column: &'a LiveColumn,
    /// A few distinct values.
    pub(super) values: &'a [String],
    /// What the table is to the client.
    pub(super) role: Role,
    /// Whether it is part of a key, or refers to another row.
    pub(super) is_key: bool,
    /// Whether `{key}` can stand in a text: the rows belong to their client by its very key.
    pub(super) has_key: bool,
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

/// The characters that a client's key is counted with, as the plan does.
const KEY_LENGTH: usize = 20;

/// What happens to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// It is emptied.
    Clear,
    /// This text takes its place.
    Text(String),
    /// This number takes its place.
    Number(i64),
    /// It becomes false.
    False,
    /// A date keeps its year.
    Year,
}

/// What a column is taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guess {
    /// Its class.
    pub(super) class: Class,
    /// What happens to it.
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

    /// The column is personal.
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
            return Err((Act::Clear, "is part of the primary key, and looks personal".to_owned()));
        }
        if !required {
            return Ok(Act::Clear);
        }
        match self.column.kind() {
            Kind::Text | Kind::Unknown if self.in_unique() => self.distinct(&["anonymized-{key}", "{key}"]),
            Kind::Text | Kind::Unknown | Kind::Bytes => self.checked(Act::Clear),
            Kind::Integer | Kind::Number | Kind::Date if self.in_unique() => {
                Err((Act::Clear, "is NOT NULL and UNIQUE, so no one value can take its place".to_owned()))
            }
            Kind::Integer | Kind::Number => self.checked(Act::Number(0)),
            Kind::Boolean => self.checked(Act::False),
            Kind::Date => self.checked(Act::Text("1900-01-01".to_owned())),
        }
    }

    /// Puts the first of these texts in place that fits; the column is emptied where none does.
    pub(super) fn replace(&self, texts: &[&str]) -> Fitted {
        if !matches!(self.column.kind(), Kind::Text | Kind::Unknown) {
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
        let first = templates.first().copied().unwrap_or("{key}");
        let differs = self.has_key && self.one_row;
        if self.in_unique() && !differs {
            if !self.column.not_null {
                return Ok(Act::Clear);
            }
            let why = "is NOT NULL and UNIQUE, and a client may have several rows here".to_owned();
            return Err((Act::Text(first.to_owned()), why));
        }
        match templates.iter().find(|template| self.fits(template)) {
            Some(template) => self.checked(Act::Text((*template).to_owned())),
            None if self.column.not_null => {
                Err((Act::Text(first.to_owned()), "may be too short for the client's key".to_owned()))
            }
            None => Ok(Act::Clear),
        }
    }

    /// Coarsens a date to its year.
    pub(super) fn year(&self) -> Fitted {
        match self.column.kind() {
            Kind::Date | Kind::Text | Kind::Unknown if self.in_unique() => {
                Err((Act::Year, "is UNIQUE, and years repeat".to_owned()))
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

    /// Whether the column is part of a primary key or unique index.
    pub(super) fn in_unique(&self) -> bool {
        let own = |name: &Option<String>| name.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(&self.column.name));
        self.table.unique.iter().any(|unique| unique.columns.iter().any(own))
    }

    fn fits(&self, text: &str) -> bool {
        let length = match text.split_once("{key}") {
            Some((before, after)) => before.len() + KEY_LENGTH + after.len(),
            None => text.len(),
        };
        self.column.max_length().is_none_or(|most| length <= most)
    }

    /// The action, unless a CHECK constraint names the column.
    fn checked(&self, act: Act) -> Fitted {
        let own = split(&self.column.name);
        let names = |check: &String| {
            check
                .split(|mark: char| !(mark.is_alphanumeric() || mark == '_'))
                .any(|word| word.eq_ignore_ascii_case(&self.column.name) || (own.len() > 1 && split(word) == own))
        };
        if self.table.checks.iter().any(names) {
            return Err((act, "has a CHECK constraint that must accept what takes its place".to_owned()));
        }
        Ok(act)
    }
}
