//! The class of a column and what happens to it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Template;
use crate::domain::reading::TextError as RuleError;

/// What kind of data a column holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Says nothing about a person; kept unless an action is given.
    NonPersonal,
    /// Says something about a person; needs an action.
    Personal,
    /// Special categories (GDPR Art. 9) and secrets; always deleted.
    #[default]
    Sensitive,
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(match self {
            Self::NonPersonal => "non-personal",
            Self::Personal => "personal",
            Self::Sensitive => "sensitive",
        })
    }
}

/// A constant that can stand in a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Literal {
    /// True or false (1 or 0 where the database has no such type).
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number with decimals.
    Float(f64),
    /// A text; `{key}` is the client's key, `{row}` the row's own and `{today}` the day of the sweep.
    Text(String),
}

/// To what a value is coarsened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Generalize {
    /// A date becomes 1 January of its year.
    Year,
    /// A date becomes the first of its month.
    Month,
    /// A date becomes 1 January of the first year of its decade.
    Decade,
    /// A text keeps its first characters: `{ first = 2 }`.
    First(#[schemars(range(min = 1))] u32),
}

/// What a value names outside of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// A file, anywhere below the root.
    File,
    /// A folder in the root, with everything in it.
    Folder,
}

impl FileKind {
    /// As the ledger writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Folder => "folder",
        }
    }
}

/// What to do with a column in which a former value is still found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnResidue {
    /// Roll the client back and report it.
    #[default]
    Fail,
    /// Empty the column in the rows concerned.
    Blank,
    /// Do not look here: the column keeps the value, and says in `keep` why.
    Keep,
}

/// One column as the policy writes it: its class and at most one action.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// What kind of data this is.
    pub class: Class,
    /// Why a personal column may stay as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<String>,
    /// Put this in place of the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace: Option<Literal>,
    /// Take over the value of this other column of the row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
    /// Empty the column: NULL, or `''` where NULL is not allowed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clear: bool,
    /// Coarsen the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generalize: Option<Generalize>,
    /// Remove these JSON paths, such as `$.contact.email` or `$.members[*].name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redact: Option<Vec<String>>,
    /// Delete the file that the value names; it lies below this root of the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_file: Option<String>,
    /// Delete the folder that the value names, with everything in it; it lies in this root of the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_folder: Option<String>,
    /// Act only in rows for which this SQL expression holds.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Several actions, the first whose `for` and `where` hold is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<BranchSpec>>,
    /// Act only in rows that belong to the client by this link, where the table has several.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Whether the former value identifies the client, and is looked for everywhere afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub identifying: bool,
    /// What to do where a former value is found in this column.
    #[serde(default, skip_serializing_if = "is_default")]
    pub residue: OnResidue,
    /// Whether what stays in this column could single a client out together with others; reports measure how far.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quasi_identifier: bool,
    /// Whether a review shows this column, so that a person knows which client is meant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shown: bool,
    /// Whether the column, which is kept, can be emptied for one client by request.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cleanable: bool,
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// One of several actions of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BranchSpec {
    /// The link of the rows in which this action is taken; all rows where left out.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The SQL expression under which this action is taken; always where left out.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Put this in place of the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace: Option<Literal>,
    /// Take over the value of this other column of the row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
    /// Empty the column.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clear: bool,
    /// Coarsen the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generalize: Option<Generalize>,
    /// Remove these JSON paths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redact: Option<Vec<String>>,
}

/// What happens to a value, once the policy has been understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Put a number or a truth value in its place.
    Constant(Literal),
    /// Put a text in its place.
    Text(Template),
    /// Take over another column of the row.
    Copy(String),
    /// Empty it.
    Clear,
    /// Coarsen it.
    Generalize(Generalize),
    /// Remove paths from a JSON document.
    Redact(Vec<String>),
}

impl Action {
    /// Whether what the column holds afterwards is known without looking.
    pub fn is_fixed(&self) -> bool {
        matches!(self, Self::Constant(_) | Self::Text(_) | Self::Clear)
    }
}

/// An action and when it is taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// Only in rows that this link reaches; in all rows where `None`.
    pub link: Option<String>,
    /// The SQL expression; always where `None`.
    pub condition: Option<String>,
    /// What happens.
    pub action: Action,
}

impl BranchSpec {
    fn action(&self) -> Result<Option<Action>, RuleError> {
        let mut found = Vec::new();
        if let Some(literal) = &self.replace {
            found.push(match literal {
                Literal::Float(value) if !value.is_finite() => {
                    let what = format!("`replace = {value}` is no number that a database can hold");
                    return Err(RuleError::new(what, "use a number with digits, or `clear = true`"));
                }
                Literal::Text(text) => Action::Text(Template::parse(text)?),
                other => Action::Constant(other.clone()),
            });
        }
        if let Some(column) = &self.copy {
            found.push(Action::Copy(column.clone()));
        }
        if self.clear {
            found.push(Action::Clear);
        }
        if let Some(to) = self.generalize {
            if to == Generalize::First(0) {
                return Err(RuleError::new("`generalize = { first = 0 }` keeps nothing", "write `clear = true`"));
            }
            found.push(Action::Generalize(to));
        }
        if let Some(paths) = &self.redact {
            if paths.is_empty() {
                return Err(RuleError::new(
                    "`redact` names no path",
                    "name paths such as `$.contact.email`, or write `clear = true`",
                ));
            }
            found.push(Action::Redact(paths.clone()));
        }
        match found.len() {
            0 | 1 => Ok(found.pop()),
            _ => Err(RuleError::new(
                "more than one action",
                "leave one, or list them in `actions` with a `for` or `where` each",
            )),
        }
    }
}

impl Column {
    /// A column of this class, without an action.
    pub fn of(class: Class) -> Self {
        Self { class, ..Self::default() }
    }

    /// Whether anything is said to happen to this column.
    pub fn acts(&self) -> bool {
        self.replace.is_some()
            || self.copy.is_some()
            || self.clear
            || self.generalize.is_some()
            || self.redact.is_some()
            || self.condition.is_some()
            || self.actions.is_some()
    }

    /// The link of each action, in their order; `None` stands for all rows.
    pub fn links(&self) -> Vec<Option<&String>> {
        match (&self.link, &self.actions) {
            (None, Some(specs)) if !specs.is_empty() => specs.iter().map(|own| own.link.as_ref()).collect(),
            (link, _) => vec![link.as_ref()],
        }
    }

    /// What its value names outside of the database: the root, and what is deleted there.
    pub fn names(&self) -> Option<(&str, FileKind)> {
        let file = self.delete_file.as_deref().map(|root| (root, FileKind::File));
        file.or(self.delete_folder.as_deref().map(|root| (root, FileKind::Folder)))
    }

    fn single(&self) -> BranchSpec {
        BranchSpec {
            link: self.link.clone(),
            condition: self.condition.clone(),
            replace: self.replace.clone(),
            copy: self.copy.clone(),
            clear: self.clear,
            generalize: self.generalize,
            redact: self.redact.clone(),
        }
    }

    /// The actions of this column as the policy writes them, each with its `for`.
    pub fn specs(&self) -> Vec<BranchSpec> {
        let own = |spec: &BranchSpec| BranchSpec { link: spec.link.clone().or(self.link.clone()), ..spec.clone() };
        self.actions.as_ref().map_or_else(|| vec![self.single()], |specs| specs.iter().map(own).collect())
    }

    /// The actions of this column in order, empty if it stays as it is.
    ///
    /// # Errors
    ///
    /// An error that says what contradicts what: sensitive data that would
    /// be kept, personal data without an action, two actions at once.
    pub fn branches(&self) -> Result<Vec<Branch>, RuleError> {
        let single = self.single();
        let mut branches = Vec::new();
        match (&self.actions, single.action()?) {
            (Some(_), Some(_)) => {
                return Err(RuleError::new("both `actions` and an action of its own", "move the latter into the list"));
            }
            (Some(_), None) if self.condition.is_some() => {
                return Err(RuleError::new(
                    "`where` beside `actions`",
                    "give each entry of the list a `where` of its own",
                ));
            }
            (Some(specs), None) => {
                for spec in specs {
                    let nothing = || {
                        RuleError::new(
                            "an entry of `actions` says nothing to do",
                            "give it an action, such as `clear = true`",
                        )
                    };
                    let action = spec.action()?.ok_or_else(nothing)?;
                    if spec.link.is_some() && self.link.is_some() {
                        return Err(RuleError::new(
                            "`for` beside `actions`, and in an entry of the list",
                            "give each entry of the list a `for` of its own",
                        ));
                    }
                    let link = spec.link.as_ref().or(self.link.as_ref()).cloned();
                    branches.push(Branch { link, condition: spec.condition.clone(), action });
                }
                if branches.is_empty() {
                    return Err(RuleError::new("`actions` is empty", "list actions such as `{ clear = true }`"));
                }
                never_taken(&branches)?;
            }
            (None, Some(action)) => {
                branches.push(Branch { link: single.link, condition: single.condition, action });
            }
            (None, None) if self.condition.is_some() => {
                return Err(RuleError::new(
                    "`where` without an action",
                    "add an action such as `clear = true`, or remove the `where`",
                ));
            }
            (None, None) => {}
        }
        self.check_class(branches)
    }

    /// A name goes with what it names: a row that keeps it would keep the file.
    fn check_named(&self, branches: &mut Vec<Branch>) -> Result<(), RuleError> {
        if self.delete_file.is_some() && self.delete_folder.is_some() {
            return Err(RuleError::new("both `delete_file` and `delete_folder`", "leave the one that the value names"));
        }
        if self.keep.is_some() {
            let what = "the file goes and its name is kept, and what a row still names is not deleted";
            return Err(RuleError::new(what, "remove `keep`: the column is then emptied"));
        }
        if branches.is_empty() {
            branches.push(self.cleared());
        }
        let goes = branches.iter().all(|own| own.condition.is_none() && own.action.is_fixed());
        if goes {
            return Ok(());
        }
        let what = "what the value names is deleted, and the value stays in part or in some rows";
        Err(RuleError::new(what, "use `clear` or `replace` without `where`, or leave the action out"))
    }

    fn cleared(&self) -> Branch {
        Branch { link: self.link.clone(), condition: None, action: Action::Clear }
    }

    fn check_class(&self, mut branches: Vec<Branch>) -> Result<Vec<Branch>, RuleError> {
        if self.keep.as_ref().is_some_and(|why| why.trim().is_empty()) {
            return Err(RuleError::new(
                "`keep` takes the reason why, and it is empty",
                "say why the column may stay, or give an action",
            ));
        }
        if self.names().is_some() {
            self.check_named(&mut branches)?;
        }
        if self.keep.is_some() && !branches.is_empty() {
            return Err(RuleError::new("both kept and changed", "remove `keep` or the action"));
        }
        match self.class {
            Class::Sensitive => {
                if self.keep.is_some() {
                    return Err(RuleError::new(
                        "sensitive data cannot be kept",
                        "remove `keep`: the column is then emptied",
                    ));
                }
                if branches.is_empty() {
                    branches.push(self.cleared());
                }
                let all_gone = branches.iter().all(|branch| branch.condition.is_none() && branch.action.is_fixed());
                if !all_gone {
                    let what = "sensitive data is always deleted, whole and in every row";
                    return Err(RuleError::new(
                        what,
                        "use `clear` or `replace` without `where`, or leave the action out",
                    ));
                }
            }
            Class::Personal if branches.is_empty() && self.keep.is_none() => {
                let fix = "say `clear`, `replace`, `generalize`, `copy`, `redact`, or `keep = \"<why>\"`";
                return Err(RuleError::new("personal data without an action", fix));
            }
            Class::Personal | Class::NonPersonal => {}
        }
        if self.cleanable && !branches.is_empty() {
            let what = "`cleanable` is for a column that is kept, and this one is changed anyway";
            return Err(RuleError::new(what, "remove `cleanable` or the action"));
        }
        Ok(branches)
    }
}

/// Refuses an action that an earlier one always precedes.
fn never_taken(branches: &[Branch]) -> Result<(), RuleError> {
    for (at, later) in branches.iter().enumerate() {
        let precedes = |own: &Branch| own.condition.is_none() && (own.link.is_none() || own.link == later.link);
        let Some(first) = branches[..at].iter().position(precedes) else { continue };
        let number = first + 1;
        return Err(match &branches[first].link {
            Some(link) => RuleError::new(
                format!(
                    "entry {number} of `actions` takes all rows of link `{link}`, so entry {} is never taken",
                    at + 1
                ),
                "give the earlier entry a `where`, or remove the later one",
            ),
            None => RuleError::new(
                format!("entry {number} of `actions` has no `for` and no `where`, so those after it are never taken"),
                "give it a `where`, or move it to the end",
            ),
        });
    }
    Ok(())
}
