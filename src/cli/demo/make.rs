//! The company of a demonstration: its folder, database, files and backup.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use crate::cli::Failure;
use crate::database::query;
use crate::demo::{SHIPPED, Shipped};
use crate::domain::clock::Clock;
use crate::policy::{FileKind, Policy};
use crate::sql::{name, text};
use crate::worker::Context;

/// How a folder of the demonstration's begins its configuration.
const MARK: &str = "# Made by `lethe demo";

/// How that of one policy does.
fn mark(shipped: &Shipped) -> String {
    let own = if shipped.name == SHIPPED[0].name { String::new() } else { format!(" --policy {}", shipped.name) };
    format!("{MARK}{own}`")
}

/// Whether a folder is this demonstration's, whole.
///
/// # Errors
///
/// [`Failure`] if something else is in it: it is not overwritten.
pub(super) fn is_there(folder: &Path, shipped: &Shipped) -> Result<bool, Failure> {
    let config = std::fs::read_to_string(folder.join("lethe.toml")).unwrap_or_default();
    let marked = config.starts_with(&mark(shipped));
    let empty = std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if !marked && !empty {
        let what = if config.starts_with(MARK) {
            "the demonstration of another policy"
        } else {
            "something else than a demonstration"
        };
        return Err(Failure::new(
            format!("the folder `{}` holds {what}", folder.display()),
            "choose another with `--folder`; nothing in it was touched",
        ));
    }
    Ok(marked && folder.join("company.db").exists())
}

/// Makes the company of a shipped policy.
pub(super) async fn company(folder: &Path, shipped: &Shipped) -> Result<(), Failure> {
    let unwritable = |error: std::io::Error| {
        Failure::new(
            format!("the folder `{}` cannot be written ({})", folder.display(), error.kind()),
            "choose another with `--folder`",
        )
    };
    let roots = roots(shipped);
    std::fs::create_dir_all(folder.join("jobs")).map_err(unwritable)?;
    for root in roots.keys() {
        std::fs::create_dir_all(folder.join(root)).map_err(unwritable)?;
    }
    std::fs::write(folder.join("lethe.toml"), config(shipped, roots.keys())).map_err(unwritable)?;
    std::fs::write(folder.join("policy.toml"), shipped.policy).map_err(unwritable)?;
    for (name, text) in shipped.jobs {
        std::fs::write(folder.join("jobs").join(name), text).map_err(unwritable)?;
    }
    // Made under another name first: a database that is there is a whole one.
    let unfinished = folder.join("company.db.unfinished");
    let _ = std::fs::remove_file(&unfinished);
    let today = Clock::System.now().with_timezone(&shipped.time_zone).date_naive();
    let faulty = |_: sqlx::Error| Failure::fault("the company could not be created", "is there room on the disk?");
    let mut connection = SqliteConnectOptions::new()
        .filename(&unfinished)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .disable_statement_logging()
        .connect()
        .await
        .map_err(faulty)?;
    shipped.make(&mut connection, today).await.map_err(faulty)?;
    for (root, columns) in &roots {
        for path in paths(&mut connection, columns).await.map_err(faulty)? {
            picture(&folder.join(root), &path).map_err(unwritable)?;
        }
    }
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await.map_err(faulty)?;
    connection.close().await.map_err(faulty)?;
    std::fs::rename(&unfinished, folder.join("company.db")).map_err(unwritable)
}

fn config<'a>(shipped: &Shipped, roots: impl Iterator<Item = &'a String>) -> String {
    let mut text = format!(
        "{}; `lethe --config FOLDER/lethe.toml …` uses it.\ndatabase = \"company.db\"\npolicy = \"policy.toml\"\n\
         jobs = \"jobs\"\ntime_zone = \"{}\"\n",
        mark(shipped),
        shipped.time_zone
    );
    let roots: Vec<String> = roots.map(|root| format!("{root} = \"{root}\"\n")).collect();
    if !roots.is_empty() {
        text += &format!("\n[files]\n{}", roots.concat());
    }
    text
}

/// A column whose values name files or folders.
type Named = (String, String, FileKind);

/// The roots that a policy names, each with the columns that name what lies there.
fn roots(shipped: &Shipped) -> BTreeMap<String, BTreeSet<Named>> {
    let mut roots: BTreeMap<String, BTreeSet<Named>> = BTreeMap::new();
    let policy = Policy::parse(shipped.policy).ok();
    for (table, rule) in policy.iter().flat_map(|policy| &policy.tables) {
        for (column, said) in &rule.columns {
            if let Some((root, kind)) = said.names() {
                roots.entry(root.to_owned()).or_default().insert((table.clone(), column.clone(), kind));
            }
        }
    }
    roots
}

/// What lies in a root: files, and one in each folder.
async fn paths(connection: &mut SqliteConnection, columns: &BTreeSet<Named>) -> Result<BTreeSet<String>, sqlx::Error> {
    let mut paths = BTreeSet::new();
    for (table, column, kind) in columns {
        let sql = format!("SELECT DISTINCT {0} FROM {1} WHERE {0} <> ''", name(column), name(table));
        let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut *connection).await?;
        let inside = if *kind == FileKind::Folder { "/paper.txt" } else { "" };
        paths.extend(found.into_iter().map(|path| path + inside));
    }
    Ok(paths)
}

/// Something to look at, and to see go.
fn picture(root: &Path, path: &str) -> Result<(), std::io::Error> {
    let file = root.join(path);
    std::fs::create_dir_all(file.parent().ok_or(ErrorKind::InvalidInput)?)?;
    std::fs::write(file, "A made-up file of a made-up client.\n")
}

/// Makes a real backup, and acknowledges it.
pub(super) async fn backup(context: &Context, folder: &Path) -> Result<(), Failure> {
    let copy = folder.join("backup.db");
    let _ = std::fs::remove_file(&copy);
    let sql = format!("VACUUM INTO {}", text(&copy.display().to_string()));
    query(sql).execute(context.store.readers()).await?;
    let now = context.ledger.clock().now();
    context.ledger.record_backup(now, &context.actor, Some("backup.db")).await?;
    Ok(())
}
