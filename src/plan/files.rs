//! Columns whose values name files, which go with their client.

use std::collections::BTreeMap;

use super::builder::Builder;
use super::rules::{Rules, TableRules};
use super::{Condition, Path};
use crate::domain::schema::LiveColumn;
use crate::policy::{Column, FileKind};

/// A column whose values name files, or folders, below a root.
#[derive(Debug, Clone)]
pub struct NamedFile {
    /// The place in the policy, such as `tables.customers.columns.photo`.
    pub place: String,
    pub table: String,
    /// The ways by which a row must be reached.
    pub paths: Vec<Path>,
    pub column: String,
    /// Only rows for which this holds (the key of a key-value table).
    pub condition: Option<Condition>,
    /// The root, by its name in the configuration.
    pub root: String,
    /// What a value names.
    pub kind: FileKind,
}

impl TableRules<'_, '_> {
    pub(super) fn named_file(
        &self,
        builder: &mut Builder,
        rules: &mut Rules,
        column: &LiveColumn,
        said: &Column,
        condition: Option<&Condition>,
        place: &str,
    ) {
        let Some((root, kind)) = said.names() else { return };
        if !builder.schema.dialect.names_files.contains(&column.kind()) {
            builder.problem(
                place,
                format!("`{}.{}` is declared {}, and names no file", self.table.name, column.name, column.declared),
                "give `delete_file` and `delete_folder` to columns of text, one path in each value",
            );
        }
        rules.files.push(NamedFile {
            place: place.to_owned(),
            table: self.table.name.clone(),
            paths: self.by_links(&self.links(said)),
            column: column.name.clone(),
            condition: condition.cloned(),
            root: root.to_owned(),
            kind,
        });
    }
}

/// A root is for files or for folders. Whether a file is still named is then a
/// question of equal paths, however many there are.
pub(super) fn check_roots(builder: &mut Builder, files: &[NamedFile]) {
    let mut first: BTreeMap<&str, &NamedFile> = BTreeMap::new();
    for own in files {
        let other = first.entry(&own.root).or_insert(own);
        if other.kind != own.kind {
            builder.problem(
                &own.place,
                format!(
                    "root `{}` holds {}s for `{}`, and {}s here",
                    own.root,
                    other.kind.as_str(),
                    other.place,
                    own.kind.as_str()
                ),
                "keep files and folders in different roots",
            );
        }
    }
}
