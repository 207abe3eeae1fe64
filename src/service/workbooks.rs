//! The workbook of a review: taken out by a person, looked through, saved, and
//! given back. What is left in it is approved, and nothing that is not as it was.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::Service;
use super::failure::{Failure, Kind, patiently};
use super::reviews::{MOST_LISTED, asked, noted, waits};
pub use super::row_errors::RowError;
use crate::database::{StoreError, query};
use crate::domain::access::Right;
use crate::domain::hint::{Act, Face};
use crate::domain::key::{Key, join};
use crate::domain::value::hex;
use crate::ledger::{Import, NewImport, Review, Sought};
use crate::report::counted;
use crate::sheet::{Saved, Workbook, plain, read_counting, write, zipped};
use crate::sql::shown::shown;
use crate::worker::Loaded;
use crate::worker::sweep::SweepError;

/// The largest file that is taken back, in bytes.
pub const LARGEST: usize = 32 << 20;
/// Clients read at once.
const PAGE: usize = 5_000;
/// The most errors that are noted of a workbook.
const MOST_ERRORS: usize = 1_000;
/// Workbooks being read: each may take some memory.
static READING: Semaphore = Semaphore::const_new(1);
/// The most workbooks that are read or wait for it in the background: each may take some memory.
const MOST_READ: usize = 4;

/// An archive.
const ZIP: &str = "application/zip";
pub(super) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// The line of a workbook that says which review it is of.
const NUMBER: &str = "Number";
/// Those that say as what it was exported.
const PLAN: &str = "Plan";
const CLIENTS: &str = "Clients";

#[derive(Debug)]
pub struct File {
    pub name: String,
    /// Its media type.
    pub kind: &'static str,
    pub bytes: Vec<u8>,
}

/// How far the reading of a workbook is.
#[derive(Debug, Default)]
struct Rows {
    read: AtomicU64,
    checked: AtomicU64,
}

impl Rows {
    fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    fn checked(&self) -> u64 {
        self.checked.load(Ordering::Relaxed)
    }
}

/// An import that has begun, and its review as it was then.
struct Begun {
    id: i64,
    review: Review,
    loaded: Arc<Loaded>,
}

impl Begun {
    /// What came of it, as long as nothing is approved.
    fn result(&self, rows: &Rows, saved_with: String, errors: &[RowError]) -> NewImport {
        NewImport {
            id: self.id,
            saved_with,
            state: "refused",
            rows_read: rows.read(),
            rows_checked: rows.checked(),
            kept: 0,
            removed: 0,
            errors: crate::domain::value::json_of(errors),
            clients: None,
        }
    }
}

/// The import that a person saw: the rest of it goes on as it was then, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// SHA-256 of its file, in hex.
    pub file: String,
    /// How many clients it has in rows without errors.
    pub kept: i64,
}

impl From<&Import> for Rest {
    fn from(import: &Import) -> Self {
        Self { file: import.file.clone(), kept: import.kept }
    }
}

impl Service {
    /// The workbook of a review that waits, as it stands in the database now:
    /// an archive with one XLSX file. Nothing of it is kept.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the review does not wait, the policy has changed since, or
    /// the caller may not.
    pub async fn export_review(&self, name: &str) -> Result<File, Failure> {
        self.allow_within(Right::Bulk, "export review", name).await?;
        let review = self.find(name).await?;
        waits(&review)?;
        let loaded = self.is_as_it_was(&review).await?;
        let keys = self.keys_of(&review).await?;
        let mut known = self.shown(&loaded, &keys).await?;
        let rows = keys.into_iter().map(|key| {
            let cells = known.remove(&key).unwrap_or_else(|| vec![String::new(); loaded.plan.shown.len()]);
            [key].into_iter().chain(cells).collect()
        });
        let workbook = Workbook { about: about(&review)?, columns: columns(&loaded), rows: rows.collect() };
        let (bytes, digest) = in_background(move || write(&workbook)).await?;
        self.context.ledger.exported(review.id, &digest, &self.caller.name).await?;
        let name = file_name(&review.name);
        let bytes = zipped(&format!("{name}.xlsx"), &bytes).map_err(|error| of_sheet(&error))?;
        Ok(File { name: format!("{name}.zip"), kind: ZIP, bytes })
    }

    /// Takes back the workbook of a review. If it is as it was but for rows
    /// taken out, those left are approved: a sweep over exactly them is opened,
    /// or they wait for a second person. Otherwise nothing happens but that its
    /// errors are noted.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the review does not wait, a gate refuses the sweep, or the
    /// caller may not.
    pub async fn import_review(&self, name: &str, bytes: Vec<u8>) -> Result<Import, Failure> {
        let begun = self.begun_import(name, &bytes).await?;
        self.take_back(&begun, bytes).await
    }

    /// Begins to take back the workbook of a review, and continues in the
    /// background; the import shows its progress and its result.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the review does not wait, too many workbooks are being
    /// read, or the caller may not.
    pub async fn begin_import(&self, name: &str, bytes: Vec<u8>) -> Result<Import, Failure> {
        let reading = Sought { state: Some("reading".to_owned()), ..Sought::default() };
        if self.imports(&reading).await?.len() >= MOST_READ {
            let what = format!("{MOST_READ} workbooks are being read already");
            return Err(Failure::new(what, "wait until one of them is read, then import it again").of(Kind::Conflict));
        }
        let begun = self.begun_import(name, &bytes).await?;
        let (service, id) = (self.clone(), begun.id);
        tokio::spawn(async move {
            // The import says it.
            let _ = service.take_back(&begun, bytes).await;
        });
        self.found_import(id).await
    }

    async fn begun_import(&self, name: &str, bytes: &[u8]) -> Result<Begun, Failure> {
        self.allow_within(Right::Bulk, "import review", name).await?;
        let review = self.find(name).await?;
        waits(&review)?;
        let loaded = self.is_as_it_was(&review).await?;
        if bytes.len() > LARGEST {
            return Err(Failure::new(
                "the file is larger than 32 MiB",
                "export the review again, and only take rows out",
            ));
        }
        let file = hex(&Sha256::digest(bytes));
        let id = self.context.ledger.begin_import(review.id, &file, &self.caller.name).await?;
        Ok(Begun { id, review, loaded })
    }

    /// Reads a workbook and does what it says, recording the progress meanwhile.
    async fn take_back(&self, begun: &Begun, bytes: Vec<u8>) -> Result<Import, Failure> {
        let (ledger, rows) = (&self.context.ledger, Arc::new(Rows::default()));
        let note = || ledger.import_goes_on(begun.id, rows.read(), rows.checked());
        let taken = noted(Box::pin(self.taken(begun, bytes, &rows)), note).await;
        if let Err(failure) = &taken {
            let error = RowError::of_file(failure.message.clone(), failure.hint.at(Face::Page));
            ledger.refuse_import(&begun.result(&rows, String::new(), &[error])).await?;
        }
        taken
    }

    async fn taken(&self, begun: &Begun, bytes: Vec<u8>, rows: &Arc<Rows>) -> Result<Import, Failure> {
        let Begun { id, review, loaded } = begun;
        let _turn = READING.acquire().await;
        let count = Arc::clone(rows);
        let saved = tokio::task::spawn_blocking(move || read_counting(&bytes, &count.read)).await;
        let (saved, mut errors) = match saved {
            Ok(Ok(saved)) => (Some(saved), Vec::new()),
            Ok(Err(error)) => (None, vec![RowError::of_file(error.to_string(), error.hint())]),
            Err(_) => (None, vec![RowError::of_file("the file cannot be read", "export the review again")]),
        };
        let on_it = self.held_keys(review).await?;
        let mut kept = Vec::new();
        if let Some(saved) = &saved {
            errors.extend(self.of_another(review, saved).await?);
            if errors.is_empty() {
                (kept, errors) = self.left(loaded, saved, &on_it, rows).await?;
            }
        }
        let mut import = begun.result(rows, saved.map(|own| own.saved_with).unwrap_or_default(), &errors);
        if !kept.is_empty() {
            let count = |all: usize| i64::try_from(all).unwrap_or(i64::MAX);
            (import.kept, import.removed) = (count(kept.len()), count(on_it.len() - kept.len()));
        }
        if errors.is_empty() {
            return self.decide(review, &kept, import).await;
        }
        import.clients = (!kept.is_empty()).then(|| crate::domain::value::json_of(&kept));
        self.context.ledger.refuse_import(&import).await?;
        self.found_import(*id).await
    }

    /// Approves the clients that are left in a workbook, or leaves them on the review for a second person.
    async fn decide(&self, review: &Review, kept: &[String], mut import: NewImport) -> Result<Import, Failure> {
        let id = import.id;
        if self.may_approve(review) {
            import.state = "approved";
            self.approved(review, kept, Some(import)).await?;
        } else {
            import.state = "taken";
            let left = self.decision(review, "waiting", kept.len());
            if !self.context.ledger.narrow_review(&left, kept, &import).await? {
                return Err(SweepError::Decided.into());
            }
        }
        self.found_import(id).await
    }

    /// Goes on without the rows of a workbook that have errors: the clients left
    /// are approved as by a workbook without errors, and those of rows with
    /// errors stay.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the import or its review is not what was seen, no row is
    /// without errors, a gate refuses the sweep, or the caller may not.
    pub async fn continue_import(&self, id: i64, seen: &Rest) -> Result<Import, Failure> {
        self.allow_within(Right::Bulk, "continue import", &id.to_string()).await?;
        patiently(|| Box::pin(self.continue_now(id, seen))).await
    }

    async fn continue_now(&self, id: i64, seen: &Rest) -> Result<Import, Failure> {
        let import = self.found_import(id).await?;
        let review = self.find(&import.review).await?;
        let (of, clients) = self.context.ledger.rest_of_import(id).await?;
        if of == review.id {
            waits(&review)?;
        }
        if *seen != Rest::from(&import) {
            let clients = counted(import.kept, "client");
            let what = format!("import {id} has {clients} in rows without errors, and is not what you viewed");
            return Err(Failure::new(what, "nothing was done; check it again").of(Kind::Conflict));
        }
        let Some(clients) = clients.filter(|_| of == review.id) else {
            let what = format!("import {id} cannot be continued: no row without errors is left to decide on");
            return Err(Failure::new(what, Act::Imports.then(" shows the result")).of(Kind::Conflict));
        };
        self.is_as_it_was(&review).await?;
        if review.clients != import.kept + import.removed {
            return Err(SweepError::Decided.into());
        }
        let rows = |count: i64| u64::try_from(count).unwrap_or(0);
        let new = NewImport {
            id,
            saved_with: import.saved_with,
            state: "refused",
            rows_read: rows(import.rows_read),
            rows_checked: rows(import.rows_checked),
            kept: import.kept,
            removed: import.removed,
            errors: import.errors.to_string(),
            clients: None,
        };
        self.decide(&review, &clients, new).await
    }

    /// Workbooks that were given back, the newest first; up to 200.
    pub async fn imports(&self, sought: &Sought) -> Result<Vec<Import>, Failure> {
        self.allow_within(Right::Read, "view reviews", "").await?;
        self.tidy().await?;
        let mut seen = Vec::new();
        for import in self.context.ledger.imports(sought, self.most_read()).await? {
            if self.sees_import(&import)? {
                seen.push(import);
            }
        }
        seen.truncate(MOST_LISTED as usize);
        Ok(seen)
    }

    /// A workbook that was given back.
    pub async fn import(&self, id: i64) -> Result<Import, Failure> {
        self.allow_within(Right::Read, "view reviews", "").await?;
        self.tidy().await?;
        self.found_import(id).await
    }

    async fn found_import(&self, id: i64) -> Result<Import, Failure> {
        match self.context.ledger.import(id).await? {
            Some(found) if self.sees_import(&found)? => Ok(found),
            _ => {
                let hint = Act::Imports.then(" lists the existing ones");
                Err(Failure::new(format!("import {id} not found"), hint).of(Kind::NotFound))
            }
        }
    }

    /// What a review shows of these clients, by key; nothing of those who are gone.
    async fn shown(&self, loaded: &Loaded, keys: &[String]) -> Result<HashMap<String, Vec<String>>, Failure> {
        let (store, plan) = (&self.context.store, &loaded.plan);
        let (sql, parts) = (shown(plan), plan.client.key.len());
        let mut all = HashMap::new();
        for page in keys.chunks(PAGE) {
            // A key that no client has is not found.
            let page = page.iter().filter_map(|key| Key::parse(key, parts).ok()).map(|key| key.to_json());
            let rows = query(sql.clone()).bind(join(&page.collect::<Vec<_>>())).fetch_all(store.readers()).await?;
            for row in rows {
                let cell = |at: usize| Ok(row.get::<Option<String>>(at)?.map_or_else(String::new, |text| plain(&text)));
                let cells: Result<_, StoreError> = (1..=plan.shown.len()).map(cell).collect();
                all.insert(row.get(0)?, cells?);
            }
        }
        Ok(all)
    }

    /// What is wrong with the file as a whole.
    async fn of_another(&self, review: &Review, saved: &Saved) -> Result<Vec<RowError>, Failure> {
        if self.context.ledger.was_exported(&saved.digest).await? {
            let fix = "open the workbook, check it, and save it: that shows that a person has checked it";
            return Ok(vec![RowError::of_file("the workbook was not opened and saved since it was exported", fix)]);
        }
        let said = |name: &str| saved.about.iter().find(|own| own.0 == name).map(|own| own.1.as_str());
        if said(NUMBER) == Some(review.id.to_string().as_str()) {
            if said(CLIENTS) != Some(review.clients.to_string().as_str()) || said(PLAN) != Some(&review.digest) {
                let what = "the review has changed since the workbook was exported";
                return Ok(vec![RowError::of_file(what, "export the review again")]);
            }
            let differs = about(review)?.into_iter().any(|(name, own)| said(&name).unwrap_or_default() != plain(&own));
            let fix = "export the review again, and leave the sheet `About` as it is";
            let error = || RowError::of_file("the sheet `About` is not as it was exported", fix);
            return Ok(differs.then(error).into_iter().collect());
        }
        let fix = "give it back to the review that it names on its sheet `About`, or export this one";
        Ok(vec![RowError::of_file(format!("the workbook is not of review `{}`", review.name), fix)])
    }

    /// The clients that are left in a workbook whose rows have no error, and everything that is not as it was.
    async fn left(
        &self,
        loaded: &Loaded,
        saved: &Saved,
        on_it: &[String],
        rows: &Rows,
    ) -> Result<(Vec<String>, Vec<RowError>), Failure> {
        let columns = columns(loaded);
        if saved.columns != columns {
            let fix = "export the review again, and only take rows out";
            return Ok((Vec::new(), vec![RowError::of_file("the columns are not as they were exported", fix)]));
        }
        if saved.rows.is_empty() {
            let fix = "reject the review if all of them are to be kept";
            return Ok((Vec::new(), vec![RowError::of_file("no row is left", fix)]));
        }
        // Keys as a workbook shows them, and as they are.
        let by_text: HashMap<String, &String> = on_it.iter().map(|key| (plain(key), key)).collect();
        let known = self.shown(loaded, on_it).await?;
        let (mut seen, mut wrong, mut errors) = (HashSet::new(), HashSet::new(), Vec::new());
        for row in &saved.rows {
            rows.checked.fetch_add(1, Ordering::Relaxed);
            let cell = |at: usize| row.cells.get(at).map_or("", String::as_str);
            let out = "take the row out, or export the review again";
            let Some(key) = by_text.get(cell(0)) else {
                let what = if cell(0).is_empty() { "is missing" } else { "is not of this review" };
                errors.push(RowError::of_row(row, &columns[0], what, out));
                continue;
            };
            if !seen.insert(*key) {
                errors.push(RowError::of_row(row, &columns[0], "is there twice", "take one of the rows out"));
                wrong.insert(*key);
                continue;
            }
            let before = errors.len();
            let nothing = Vec::new();
            let own = known.get(*key).unwrap_or(&nothing);
            for (at, column) in columns.iter().enumerate().skip(1) {
                let was = own.get(at - 1).map_or("", String::as_str);
                if cell(at) != was {
                    let what = if cell(at).is_empty() { "is missing" } else { "is not what the database has" };
                    errors.push(RowError::of_row(row, column, what, out));
                }
            }
            if row.cells.len() > columns.len() {
                errors.push(RowError::of_row(row, "", "the row contains more than was exported", out));
            }
            if errors.len() > before {
                wrong.insert(*key);
            }
        }
        errors.truncate(MOST_ERRORS);
        let kept = on_it.iter().filter(|key| seen.contains(key) && !wrong.contains(key)).cloned();
        Ok((kept.collect(), errors))
    }
}

/// The columns of a review's workbook: the key, and what the policy shows.
fn columns(loaded: &Loaded) -> Vec<String> {
    let key = loaded.plan.client.key.join(", ");
    [key].into_iter().chain(loaded.plan.shown.iter().cloned()).map(|own| plain(&own)).collect()
}

/// What a workbook says of its review. Nothing in it changes while the review waits.
fn about(review: &Review) -> Result<Vec<(String, String)>, Failure> {
    let asked = asked(&review.asked, &review.name)?;
    let mut all = vec![
        ("Review", review.name.clone()),
        (NUMBER, review.id.to_string()),
        (PLAN, review.digest.clone()),
        (CLIENTS, review.clients.to_string()),
        ("Made (UTC)", review.made_at.clone()),
        ("Made by", review.made_by.clone()),
        ("Sweep", asked.kind.map(|kind| kind.to_string()).unwrap_or_default()),
    ];
    all.extend(asked.job.map(|job| ("Job", job)));
    all.extend(asked.length.map(|length| ("Without activity for", length)));
    let mut all: Vec<(String, String)> = all.into_iter().map(|(name, own)| (name.to_owned(), own)).collect();
    all.extend(asked.filters.iter().map(|(name, values)| (format!("Filter {name}"), values.join(", "))));
    let what = "Each row of the sheet Clients is a client to be anonymized, which cannot be undone. Delete the rows of \
                those who are to stay, change nothing else, save the workbook as XLSX, and import it.";
    all.push(("What to do".to_owned(), what.to_owned()));
    Ok(all)
}

/// A name that every file system takes.
pub(super) fn file_name(name: &str) -> String {
    let name: String = name.chars().map(|own| if own.is_alphanumeric() { own } else { ' ' }).collect();
    let name = plain(&name).replace(' ', "-");
    if name.is_empty() { "review".to_owned() } else { name }
}

pub(super) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crate::sheet::SheetError> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| of_sheet(&error)),
        Err(_) => Err(Failure::fault("the workbook could not be created", "try it again")),
    }
}

fn of_sheet(error: &crate::sheet::SheetError) -> Failure {
    Failure::fault(error.to_string(), error.hint())
}
