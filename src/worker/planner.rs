//! Keeps the plan at hand, and notices when policy or schema have changed.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::database::{Connection, Store, StoreError};
use crate::domain::hint::{Act, Hint};
use crate::domain::nearest::nearest;
use crate::domain::reading::{TextError, trouble};
use crate::domain::schema::Schema;
use crate::journal::Key;
use crate::plan::{NamedFile, Plan, PlanError, Problem};
use crate::policy::Policy;

/// A plan and what it was made of.
#[derive(Debug)]
pub struct Loaded {
    pub plan: Plan,
    /// The schema it was checked against.
    pub schema: Schema,
    text: String,
    schema_version: String,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanLoadError {
    #[error("no policy found at `{path}`")]
    Missing { path: PathBuf },
    #[error("the policy `{path}` cannot be read: {}", trouble(*.kind))]
    Unreadable { path: PathBuf, kind: std::io::ErrorKind },
    #[error("`{path}` {source}")]
    Policy {
        path: PathBuf,
        #[source]
        source: TextError,
    },
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PlanLoadError {
    #[must_use]
    pub fn hint(&self) -> Hint {
        match self {
            Self::Missing { .. } => Act::Draft.then("; `policy` in `lethe.toml` says where it is"),
            Self::Unreadable { .. } => "`policy` in `lethe.toml` names the policy's file".into(),
            Self::Policy { source, .. } => source.fix.as_str().into(),
            Self::Plan(source) => source.hint(),
            Self::Store(source) => source.hint(),
        }
    }

    /// In one line, for the ledger: the first problem stands for all.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            Self::Plan(PlanError(problems)) => match problems.as_slice() {
                [] => "the policy cannot become a plan".to_owned(),
                [one] => format!("the policy cannot become a plan: {}: {}", one.place, one.what),
                [one, rest @ ..] => {
                    format!("the policy cannot become a plan: {}: {}, and {} more", one.place, one.what, rest.len())
                }
            },
            other => other.to_string(),
        }
    }
}

/// Makes plans, and keeps the last one.
#[derive(Debug, Clone)]
pub struct Planner {
    path: PathBuf,
    /// The names of the roots in which files may be deleted.
    roots: Arc<BTreeSet<String>>,
    /// Whether a webhook gives notice.
    notifies: bool,
    /// The key of the hashes by which clients are recognized.
    recognizer: Option<Key>,
    last: Arc<Mutex<Option<Arc<Loaded>>>>,
    checked: Arc<Mutex<Option<Checked>>>,
}

/// A plan whose data was checked, what that found, and what it cost.
#[derive(Debug)]
struct Checked {
    loaded: Arc<Loaded>,
    problems: Vec<Problem>,
    at: Instant,
    took: Duration,
}

/// How many times the duration of a check its result is good for, so that a probe every few seconds costs a tenth of
/// the time at most.
const GOOD_FOR: u32 = 10;

impl Planner {
    /// A planner for the policy in this file.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            roots: Arc::default(),
            notifies: false,
            recognizer: None,
            last: Arc::default(),
            checked: Arc::default(),
        }
    }

    /// The same planner, for policies that may ask for notice: some webhook gives it.
    #[must_use]
    pub fn with_notice(self, notifies: bool) -> Self {
        Self { notifies, ..self }
    }

    /// The same planner, for policies that may recognize clients: under this key.
    #[must_use]
    pub fn with_recognizer(self, recognizer: Option<Key>) -> Self {
        Self { recognizer, ..self }
    }

    /// The key of the hashes by which clients are recognized.
    #[must_use]
    pub fn recognizer(&self) -> Option<&Key> {
        self.recognizer.as_ref()
    }

    /// The same planner, for policies that may name files in these roots.
    #[must_use]
    pub fn with_roots(self, roots: impl Iterator<Item = String>) -> Self {
        Self { roots: Arc::new(roots.collect()), ..self }
    }

    /// The policy's file.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// The plan as policy and schema are now.
    pub async fn plan(&self, store: &Store) -> Result<Arc<Loaded>, PlanLoadError> {
        self.last_or_load(store, false).await
    }

    /// The last plan, or a new one. With `deep`, everything that is wrong is found in one round, the data included.
    async fn last_or_load(&self, store: &Store, deep: bool) -> Result<Arc<Loaded>, PlanLoadError> {
        let mut connection = store.readers().acquire().await?;
        let version = store.schema_version(&mut connection).await?;
        drop(connection);
        let text = self.text()?;
        let mut last = self.last.lock().await;
        if let Some(loaded) = last.as_ref().filter(|loaded| loaded.text == text && loaded.schema_version == version) {
            return Ok(Arc::clone(loaded));
        }
        let loaded = Arc::new(self.load(store, text, version, deep).await?);
        *last = Some(Arc::clone(&loaded));
        Ok(loaded)
    }

    /// The plan, checked against the data too: reads whole tables, or returns the result of a moment ago.
    pub async fn plan_checked(&self, store: &Store) -> Result<Arc<Loaded>, PlanLoadError> {
        let loaded = self.plan(store).await?;
        let mut checked = self.checked.lock().await;
        let is_good = |own: &Checked| Arc::ptr_eq(&own.loaded, &loaded) && own.at.elapsed() < own.took * GOOD_FOR;
        if !checked.as_ref().is_some_and(is_good) {
            *checked = None;
            let at = Instant::now();
            let problems = store.verify_data(&loaded.plan).await?;
            *checked = Some(Checked { loaded: Arc::clone(&loaded), problems, at, took: at.elapsed() });
        }
        match checked.as_ref().map(|own| &own.problems) {
            Some(problems) if !problems.is_empty() => Err(PlanError(problems.clone()).into()),
            _ => Ok(loaded),
        }
    }

    /// The same for a person who fixes a policy: what is wrong in it and in the data is listed at once, which reads whole
    /// tables even if there is no plan.
    pub async fn plan_in_one_round(&self, store: &Store) -> Result<Arc<Loaded>, PlanLoadError> {
        self.last_or_load(store, true).await?;
        self.plan_checked(store).await
    }

    /// What would be wrong in the policy and the data if this were the policy's text; reads whole tables.
    pub async fn problems(&self, store: &Store, text: String) -> Result<Vec<Problem>, PlanLoadError> {
        match self.load(store, text, String::new(), true).await {
            Ok(loaded) => Ok(store.verify_data(&loaded.plan).await?),
            Err(PlanLoadError::Plan(PlanError(problems))) => Ok(problems),
            Err(error) => Err(error),
        }
    }

    /// Checks the data anew the next time, however recently it was checked.
    pub async fn check_anew(&self) {
        *self.checked.lock().await = None;
    }

    pub fn policy(&self) -> Result<Policy, PlanLoadError> {
        let text = self.text()?;
        Policy::parse(&text).map_err(|source| PlanLoadError::Policy { path: self.path.clone(), source })
    }

    /// The client table that the policy names, also where the rest of it is invalid; `None` without a policy.
    #[must_use]
    pub fn client_table(&self) -> Option<String> {
        let policy: toml::Table = toml::from_str(&self.text().ok()?).ok()?;
        policy.get("client")?.get("table")?.as_str().map(str::to_owned)
    }

    /// Whether a plan is still what policy and schema say, asked on the
    /// connection that is about to write.
    pub async fn still(&self, store: &Store, connection: &mut Connection, loaded: &Loaded) -> Result<bool, StoreError> {
        let same_text = self.text().is_ok_and(|text| text == loaded.text);
        Ok(same_text && store.schema_version(connection).await? == loaded.schema_version)
    }

    /// The policy's text.
    pub fn text(&self) -> Result<String, PlanLoadError> {
        std::fs::read_to_string(&self.path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => PlanLoadError::Missing { path: self.path.clone() },
            kind => PlanLoadError::Unreadable { path: self.path.clone(), kind },
        })
    }

    /// Every root that the policy names, whatever gives notice, and the key to recognize clients by, the configuration has.
    fn targets(&self, plan: &Plan) -> Vec<Problem> {
        let unknown = plan.files.iter().filter(|own| !self.roots.contains(&own.root));
        let problem = |own: &NamedFile| {
            let fix = match nearest(&own.root, self.roots.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("declare it in `lethe.toml`: under `[files]`, `{} = \"/srv/files\"`", own.root),
            };
            Problem::new(&own.place, format!("root `{}` is not declared", own.root), fix)
        };
        let mut problems: Vec<Problem> = unknown.map(problem).collect();
        if plan.notice.is_some() && !self.notifies {
            let fix = "give one of the `[[webhooks]]` in `lethe.toml` the event `client.notice`, or remove `[notice]`";
            problems.push(Problem::new("notice", "no notice would be sent: no webhook gives notice", fix));
        }
        if plan.recognition.is_some() && self.recognizer.is_none() {
            let fix = "set `recognize.key_file` in `lethe.toml` to a file that contains a key of 32 characters or more \
                       (`openssl rand -hex 32` creates one), or remove `[recognize]`";
            problems.push(Problem::new("recognize", "the hashes need a key, and none is configured", fix));
        }
        problems
    }

    async fn load(&self, store: &Store, text: String, version: String, deep: bool) -> Result<Loaded, PlanLoadError> {
        let policy =
            Policy::parse(&text).map_err(|source| PlanLoadError::Policy { path: self.path.clone(), source })?;
        let schema = store.schema().await?;
        let (plan, mut problems) = Plan::attempt(&policy, &schema);
        let Some(mut plan) = plan else { return Err(PlanError(problems).into()) };
        problems.extend(self.targets(&plan));
        if problems.is_empty() {
            problems = store.verify(&plan, &schema).await?;
        } else if deep && let Ok(more) = store.verify(&plan, &schema).await {
            add_new(&mut problems, more);
        }
        if problems.is_empty() {
            plan.notes.extend(store.remarks_on(&plan).await?);
            return Ok(Loaded { plan, schema, text, schema_version: version });
        }
        if deep && let Ok(more) = store.verify_data(&plan).await {
            add_new(&mut problems, more);
        }
        Err(PlanError(problems).into())
    }
}

/// Adds problems to others; what follows from one that is listed already is left out.
fn add_new(problems: &mut Vec<Problem>, more: Vec<Problem>) {
    let is_new = |own: &Problem| !problems.iter().any(|other| own.place.starts_with(&other.place));
    let more: Vec<Problem> = more.into_iter().filter(is_new).collect();
    problems.extend(more);
}
