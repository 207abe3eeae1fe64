//! What the policy says of every column, and what it does not say yet.

use serde::Serialize;
use utoipa::ToSchema;

use super::Service;
use super::failure::Failure;
use crate::domain::access::Right;
use crate::plan::{Longhand, PlanError, Problem};
use crate::policy::{BranchSpec, Class, Column, Literal, Policy, Rows};
use crate::worker::PlanLoadError;

/// How much of the database the policy covers.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Coverage {
    /// The digest of the plan; `None` while the policy cannot become one.
    pub digest: Option<String>,
    /// What is missing, with its fix. While there is any, no sweep begins.
    pub missing: Vec<Problem>,
    /// Each table, by name.
    pub tables: Vec<CoveredTable>,
}

/// One table.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CoveredTable {
    /// Its name.
    pub table: String,
    /// Why it holds no client data, if it was declared so.
    pub free: Option<String>,
    /// Which rows go: `all` or `some`; `None` if they stay.
    pub rows_deleted: Option<&'static str>,
    /// Each column, or key of a key-value table.
    pub columns: Vec<CoveredColumn>,
}

/// One column: the type of its data, and what happens to it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CoveredColumn {
    /// Its name.
    pub column: String,
    /// `non-personal`, `personal` or `sensitive`.
    pub class: String,
    /// `keep` or `delete`.
    pub action: &'static str,
    /// How: `replace`, `clear`, `generalize`, …; empty if it is kept.
    pub how: String,
    /// The text that replaces it, if one does.
    pub with: Option<String>,
    /// The actions in their order, if they are not for all rows.
    pub actions: Vec<CoveredAction>,
    /// Why a personal column is kept.
    pub why: Option<String>,
    /// Whether it can be emptied for one client by request.
    pub cleanable: bool,
}

/// One action of a column, and the rows it is for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CoveredAction {
    /// How: `replace`, `clear`, `generalize`, …
    pub how: &'static str,
    /// The text that replaces the value, if one does.
    pub with: Option<String>,
    /// The link that reaches the rows; `None` for all of them.
    #[serde(rename = "for")]
    pub link: Option<String>,
    /// The condition on the rows.
    #[serde(rename = "where")]
    pub condition: Option<String>,
}

impl Service {
    /// How much of the database the policy covers.
    pub async fn coverage(&self) -> Result<Coverage, Failure> {
        self.allow(Right::Read, "view the policy").await?;
        let planner = &self.context.planner;
        let store = &self.context.store;
        let policy = planner.policy()?;
        planner.check_anew().await;
        match planner.plan_checked(store).await {
            Ok(loaded) => {
                let plan = &loaded.plan;
                Ok(Coverage { digest: Some(plan.digest.clone()), missing: Vec::new(), tables: tables(&plan.policy) })
            }
            Err(PlanLoadError::Plan(PlanError(missing))) => {
                let long = Longhand::of(&policy, &store.schema().await?);
                Ok(Coverage { digest: None, missing, tables: tables(&long.policy) })
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn tables(policy: &Policy) -> Vec<CoveredTable> {
    let tables = policy.tables.iter().map(|(name, table)| CoveredTable {
        table: name.clone(),
        free: table.free.clone(),
        rows_deleted: table.rows.as_ref().map(|rows| match rows {
            Rows::All(_) => "all",
            Rows::Some(_) => "some",
        }),
        columns: table.columns.iter().chain(&table.keys).map(|(name, column)| covered(name, column)).collect(),
    });
    tables.collect()
}

/// What an action is called, and whether it is this one.
type How = (&'static str, fn(&BranchSpec) -> bool);

const HOW: [How; 5] = [
    ("replace", |own| own.replace.is_some()),
    ("copy", |own| own.copy.is_some()),
    ("clear", |own| own.clear),
    ("generalize", |own| own.generalize.is_some()),
    ("redact", |own| own.redact.is_some()),
];

fn covered(name: &str, column: &Column) -> CoveredColumn {
    let specs = column.specs();
    let mut how: Vec<&str> = HOW.into_iter().filter(|(_, of)| specs.iter().any(of)).map(|(word, _)| word).collect();
    how.extend(column.delete_file.is_some().then_some("delete file"));
    how.extend(column.delete_folder.is_some().then_some("delete folder"));
    let text = |replace: Option<&Literal>| match replace {
        Some(Literal::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let differs = column.actions.is_some() || column.link.is_some();
    let actions = specs.iter().filter(|_| differs).filter_map(|spec| {
        let (how, _) = HOW.into_iter().find(|(_, of)| of(spec))?;
        let (link, condition) = (spec.link.clone(), spec.condition.clone());
        Some(CoveredAction { how, with: text(spec.replace.as_ref()), link, condition })
    });
    let actions = actions.collect();
    let is_unsaid = how.is_empty() && column.class == Class::Sensitive;
    let how = if is_unsaid { "clear".to_owned() } else { how.join(", ") };
    CoveredColumn {
        column: name.to_owned(),
        class: column.class.to_string(),
        action: if how.is_empty() { "keep" } else { "delete" },
        how,
        with: text(column.replace.as_ref()),
        actions,
        why: column.keep.clone(),
        cleanable: column.cleanable,
    }
}
