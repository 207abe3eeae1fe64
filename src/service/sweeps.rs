//! Sweeps: started, previewed, rehearsed and ended by hand, and what became of their clients.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::Service;
use super::bounds::bounded;
use super::clients::KEY_HINT;
use super::failure::{Failure, Kind, patiently};
use super::jobs::job;
use super::status::{Shown, no_sweep};
use super::steps::{Step, steps};
use super::ticks::needs_no_review;
use crate::domain::access::Right;
use crate::domain::hint::Act;
use crate::domain::key::Key;
use crate::domain::outcome::Outcome;
use crate::domain::sweep::SweepKind;
use crate::domain::value::hex;
use crate::ledger::{Listed, OutcomePage, Outstanding, State, Sweep, SweepPage, Through};
use crate::report::counted;
use crate::worker::sweep::{Bound, Client, Mode, Survey, SweepError, open, survey};
use crate::worker::{Context, Request};

/// The most clients that a preview names.
const MOST_NAMED: usize = 1_000;
/// The most clients that a list may name at once.
const MOST_LISTED: usize = 10_000;

/// The most clients of a preview whose keys a start is bound to; above, it is bound to their number.
const MOST_BOUND: usize = 100_000;

/// What is asked of a sweep: the parameters of a job, or one's own.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The job whose parameters are used; `limit` and `filters` beside it take the place of its own.
    pub job: Option<String>,
    /// The kind of sweep, where no job is named.
    pub kind: Option<SweepKind>,
    /// Only clients with these values: a name that the policy declares, and its values.
    #[serde(default)]
    pub filters: BTreeMap<String, Vec<String>>,
    /// At most so many clients are anonymized; refused ones do not count.
    #[schema(minimum = 1)]
    pub limit: Option<u64>,
    /// The clients of a `list` sweep, up to 10,000; a key of several parts is an array as a text.
    #[serde(default)]
    #[schema(max_items = 10_000)]
    pub clients: Vec<String>,
    /// The saved selection whose clients a `list` sweep takes; the kind may be left out beside it.
    pub selection: Option<String>,
    /// Of a `period` sweep: another length than the policy's, such as `24 months`, one of those it lets people choose.
    pub length: Option<String>,
    /// Of a `list` sweep: pass over the retention period. Guards and holds still refuse.
    #[serde(default)]
    pub force: bool,
    /// Start a sweep that the brake stopped.
    #[serde(default)]
    pub over_brake: bool,
}

/// What a sweep would do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Preview {
    /// Clients by outcome, with reasons.
    #[serde(flatten)]
    pub found: Survey,
    /// The clients, up to a thousand.
    pub clients: Vec<Client>,
    /// What a preview cannot foresee.
    pub unforeseen: &'static str,
    /// What a start may be bound to.
    pub seen: Previewed,
}

/// The preview that a person saw: exactly these clients are started with, or none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Previewed {
    /// SHA-256 of the clients that would be anonymized, in hex.
    pub id: String,
    /// The digest of the plan.
    pub digest: String,
    /// How many clients would be anonymized.
    pub clients: u64,
}

/// What a preview cannot foresee, as it changes no row.
pub const UNFORESEEN: &str = "clients whose rows refuse a rule, or in whose rows a former value is left, fail in the sweep, \
     and with a limit the next clients take their place; a rehearsal finds them";

/// A sweep with all that is known of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SweepStatus {
    /// The sweep, and how far it is.
    #[serde(flatten)]
    pub shown: Shown,
    /// Its steps so far.
    pub steps: Vec<Step>,
    /// What the policy calls its version, while that is still the one of the sweep.
    pub version: Option<String>,
    /// How many clients were refused for each reason; one with two reasons counts twice.
    pub refusals: BTreeMap<String, u64>,
    /// What is still to be done outside of the database.
    pub outstanding: Vec<Outstanding>,
    /// What was done there.
    pub delivered: Vec<Through>,
}

impl Service {
    /// Opens a sweep, and returns its number. Bound to a preview, it begins only if it would take the same clients
    /// now, and takes no others; `once`, only if none runs on the same terms.
    ///
    /// # Errors
    ///
    /// [`Failure`] if a gate refuses, the same sweep is running, the preview is
    /// not what it would do now, the request makes no sense, or the caller may not.
    pub async fn start_sweep(&self, ask: &Ask, seen: Option<&Previewed>, once: bool) -> Result<i64, Failure> {
        self.allow_within(ask.right(), "start a sweep of", &ask.named()).await?;
        if let Some(name) = &ask.job {
            needs_no_review(&job(&self.jobs, name)?)?;
        }
        patiently(|| Box::pin(self.started(ask, seen, once))).await
    }

    async fn started(&self, ask: &Ask, seen: Option<&Previewed>, once: bool) -> Result<i64, Failure> {
        let mut request = self.request(ask).await?;
        request.once = once;
        if let Some(seen) = seen {
            request.bound = Some(self.bound(&request, seen).await?);
        }
        self.open(&request).await
    }

    /// Opens a sweep, and returns its number.
    pub(super) async fn open(&self, request: &Request) -> Result<i64, Failure> {
        let opened = open(&self.context, request).await?;
        opened.ok_or_else(|| Failure::new("no sweep was opened", Act::Sweeps.then(" shows the last ones")))
    }

    /// What the sweep is bound to by a preview, if it would still take the same clients.
    async fn bound(&self, request: &Request, seen: &Previewed) -> Result<Bound, Failure> {
        let mut keys = Vec::new();
        // The person saw who is refused, too; a limit counts those only who are anonymized.
        let is_shown = |client: &Client| request.cap.is_none() || client.outcome == Outcome::Anonymized;
        let mut hold = |client: Client| {
            if is_shown(&client) && keys.len() <= MOST_BOUND {
                keys.push(client.key);
            }
        };
        let (now, _) = self.survey(request, &mut hold).await?;
        if now.digest != seen.digest {
            return Err(SweepError::PreviewOutdated.into());
        }
        if now == *seen {
            // A list names its clients itself.
            let selects = matches!(request.kind, SweepKind::Due | SweepKind::Period);
            let is_held = keys.len() <= MOST_BOUND;
            let most = (selects && !is_held).then_some(now.clients);
            let keys = if selects && is_held { Some(self.keys(&keys).await?) } else { None };
            let keys = keys.map(|keys| keys.iter().map(Key::to_json).collect());
            return Ok(Bound { digest: now.digest, keys, most });
        }
        let clients = |own: &Previewed| counted(own.clients, "client");
        let what = if now.clients == seen.clients {
            "the sweep would take other clients than the preview showed".to_owned()
        } else {
            format!("the sweep would take {}, and the preview showed {}", clients(&now), clients(seen))
        };
        Err(Failure::new(what, "nothing was started; check the preview again").of(Kind::Conflict))
    }

    /// Surveys the clients of a request, and seals which of them would be anonymized.
    async fn survey(
        &self,
        request: &Request,
        each: &mut (dyn FnMut(Client) + Send),
    ) -> Result<(Previewed, Survey), Failure> {
        let mut seal = Sha256::new();
        let mut named = |client: Client| {
            if client.outcome == Outcome::Anonymized {
                seal.update(client.key.len().to_be_bytes());
                seal.update(client.key.as_bytes());
            }
            each(client);
        };
        let found = survey((&self.context).into(), request, Mode::Preview, &mut named).await?;
        let seen =
            Previewed { id: hex(&seal.finalize()), digest: found.digest.clone(), clients: found.tally.anonymized };
        Ok((seen, found))
    }

    /// What a sweep would do; writes nothing.
    pub async fn preview(&self, ask: &Ask) -> Result<Preview, Failure> {
        self.preview_up_to(ask, MOST_NAMED).await
    }

    /// The same, naming so many clients at most.
    pub async fn preview_up_to(&self, ask: &Ask, most: usize) -> Result<Preview, Failure> {
        self.allow_within(Right::Read, "preview a sweep of", &ask.named()).await?;
        let request = self.request_for_clients(ask).await?;
        let mut clients = Vec::new();
        let mut name = |client| {
            if clients.len() < most {
                clients.push(client);
            }
        };
        let (seen, found) = self.survey(&request, &mut name).await?;
        Ok(Preview { found, clients, unforeseen: UNFORESEEN, seen })
    }

    /// Does everything that a sweep would do and rolls it back; a live sweep
    /// needs this once for each policy.
    pub async fn rehearse(&self, ask: &Ask) -> Result<Survey, Failure> {
        self.allow_within(Right::Bulk, "rehearse a sweep of", &ask.named()).await?;
        let request = self.request_for_clients(ask).await?;
        rehearse(&self.context, &request, &mut |_| {}).await
    }

    /// Ends a sweep before its time. What was anonymized stands.
    pub async fn cancel_sweep(&self, id: i64) -> Result<(), Failure> {
        self.allow_within(Right::Bulk, &format!("cancel sweep {id}"), "").await?;
        let ledger = &self.context.ledger;
        let sweep = self.find_sweep(id).await?;
        if sweep.state != State::Running {
            let what = format!("sweep {id} is {}, so there is nothing to cancel", sweep.state.as_str());
            return Err(Failure::new(what, "clients anonymized so far remain anonymized").of(Kind::Conflict));
        }
        ledger.stop_sweep(id, &format!("cancelled by {}", self.caller.name)).await?;
        Ok(())
    }

    /// A page of sweeps, newest first.
    pub async fn sweeps(&self, page: &SweepPage) -> Result<Vec<Shown>, Failure> {
        self.allow_within(Right::Read, "view sweeps", "").await?;
        let (mut page, most) = (page.clone(), page.limit as usize);
        let mut seen = Vec::new();
        loop {
            let found = self.context.ledger.sweeps(&page).await?;
            let is_last = found.len() < most;
            page.before = found.last().map(|own| own.id);
            seen.extend(found.into_iter().filter(|own| self.sees_sweep(own)));
            if is_last || seen.len() >= most {
                break;
            }
        }
        seen.truncate(most);
        let mut shown = Vec::new();
        for sweep in seen {
            shown.push(Shown::of(&self.context, sweep).await?);
        }
        Ok(shown)
    }

    async fn find_sweep(&self, id: i64) -> Result<Sweep, Failure> {
        let found = self.context.ledger.sweep(id).await?;
        found.filter(|own| self.sees_sweep(own)).ok_or_else(|| no_sweep(id))
    }

    pub async fn sweep(&self, id: i64) -> Result<SweepStatus, Failure> {
        self.allow_within(Right::Read, "view sweeps", "").await?;
        let ledger = &self.context.ledger;
        let sweep = self.find_sweep(id).await?;
        let shown = Shown::of(&self.context, sweep).await?;
        let (outstanding, delivered) = (ledger.outstanding(Some(id)).await?, ledger.through(id).await?);
        Ok(SweepStatus {
            steps: steps(ledger, &shown, &outstanding, &delivered).await?,
            version: self.version(&shown.sweep.digest).await,
            refusals: ledger.refusals(id).await?,
            shown,
            outstanding,
            delivered,
        })
    }

    /// What the policy calls its version, while its plan has this digest.
    async fn version(&self, digest: &str) -> Option<String> {
        let Context { planner, store, .. } = &self.context;
        let is_current = planner.plan(store).await.is_ok_and(|loaded| loaded.plan.digest == digest);
        planner.policy().ok().filter(|_| is_current).and_then(|policy| policy.version)
    }

    /// What became of a sweep's clients, in key order.
    pub async fn outcomes(&self, id: i64, page: &OutcomePage) -> Result<Vec<Listed>, Failure> {
        self.allow_within(Right::Read, "view clients", "").await?;
        self.find_sweep(id).await?;
        let (mut page, most) = (page.clone(), page.limit as usize);
        let mut listed = Vec::new();
        loop {
            let found = self.context.ledger.outcomes(id, &page).await?;
            let is_last = found.len() < most;
            page.after = found.last().map(|own| own.client_key.clone());
            // A list may name others, of whom it says that they are not due.
            listed.extend(self.own(found, |own: &Listed| &own.client_key).await?);
            if is_last || listed.len() >= most {
                break;
            }
        }
        listed.truncate(most);
        Ok(listed)
    }

    /// The same as [`Self::request`], for what looks at clients and not at rows.
    pub(super) async fn request_for_clients(&self, ask: &Ask) -> Result<Request, Failure> {
        let request = self.request(ask).await?;
        if request.kind == SweepKind::Retention {
            let what = "a `retention` sweep deletes rows, and this checks only clients";
            return Err(Failure::new(what, Act::Rows.then(" counts the rows")));
        }
        Ok(request)
    }

    async fn request(&self, ask: &Ask) -> Result<Request, Failure> {
        if ask.clients.len() > MOST_LISTED {
            let hint = "send them in several lists, or as a file on the command line";
            return Err(Failure::new("more than 10,000 clients are named", hint));
        }
        self.request_of_any_size(ask).await
    }

    /// The same, for clients that no caller sent.
    pub(super) async fn request_of_any_size(&self, ask: &Ask) -> Result<Request, Failure> {
        bounded(ask)?;
        let refused = |what: &str, hint: &str| Err(Failure::new(what, hint));
        let now = self.context.ledger.clock().now();
        let kind = ask.kind.or(ask.selection.is_some().then_some(SweepKind::List));
        let mut request = match (&ask.job, kind) {
            (Some(_), Some(_)) => {
                return refused("`job` cannot be combined with `kind` or `selection`", "a job says its kind itself");
            }
            (Some(name), None) => Request::of_job(&job(&self.jobs, name)?, now),
            (None, Some(kind)) => {
                Request { kind, zone: self.time_zone, ..Request::of_clients(Vec::new(), self.today()) }
            }
            (None, None) => {
                return refused("`job` or `kind` is required", "name a job, a selection, or a kind such as `due`");
            }
        };
        let is_list = request.kind == SweepKind::List;
        if !ask.clients.is_empty() && ask.selection.is_some() {
            return refused(
                "`clients` and `selection` cannot be combined",
                "save the clients in a selection, or leave it out",
            );
        }
        if is_list == (ask.clients.is_empty() && ask.selection.is_none()) {
            let hint = "name at least one client, or a saved selection, and only then";
            return refused("`clients` and the kind `list` go together", hint);
        }
        if ask.force && !is_list {
            return refused("`force` is for a `list` sweep", "name the clients whose period is ignored");
        }
        if ask.limit == Some(0) {
            return refused("`limit` is 0", "leave it out for no limit");
        }
        if request.kind == SweepKind::Retention && (ask.limit.is_some() || !ask.filters.is_empty()) {
            return refused("a `retention` sweep takes rows, and knows no filter or limit", "leave them out");
        }
        if request.kind == SweepKind::Replay && !ask.filters.is_empty() {
            return refused("a `replay` sweep knows no filter", "leave it out");
        }
        (request.force, request.over_brake) = (ask.force, ask.over_brake);
        request.cap = ask.limit.or(request.cap);
        if let Some(length) = &ask.length {
            request.length = Some(length.parse()?);
        }
        if !ask.filters.is_empty() {
            request.filters.clone_from(&ask.filters);
        }
        if is_list {
            request.keys = self.keys(&ask.clients).await?;
            request.selection = ask.selection.as_ref().map(|name| name.trim().to_owned());
        }
        self.within_limit(request).await
    }

    /// Each client once.
    async fn keys(&self, clients: &[String]) -> Result<Vec<Key>, Failure> {
        let parts = self.loaded().await?.plan.client.key.len();
        let mut seen = std::collections::HashSet::new();
        let mut keys = Vec::new();
        for client in clients {
            let key = Key::parse(client, parts).map_err(|what| Failure::new(what, KEY_HINT))?;
            if seen.insert(key.to_json()) {
                keys.push(key);
            }
        }
        Ok(keys)
    }
}

/// Does everything that a request asks for and rolls it back. A rehearsal that passed counts for live sweeps;
/// one that found what the policy does not cover withdraws those that passed before.
pub async fn rehearse(
    context: &Context,
    request: &Request,
    each: &mut (dyn FnMut(Client) + Send),
) -> Result<Survey, Failure> {
    context.planner.check_anew().await;
    let found = survey(context.into(), request, Mode::Rehearsal, each).await?;
    if found.passed == Some(true) {
        let whole = is_whole(request, &found);
        let of = (request.kind, &request.filters);
        context.ledger.record_rehearsal(&found.digest, &found.tally, of, whole, &context.actor).await?;
    } else if found.has_findings() {
        context.ledger.withdraw_rehearsals(&found.digest).await?;
    }
    Ok(found)
}

/// Whether a rehearsal was of all clients that such a sweep selects: no limit cut it short.
#[must_use]
pub fn is_whole(request: &Request, found: &Survey) -> bool {
    request.kind != SweepKind::List && request.cap.is_none_or(|cap| found.tally.anonymized < cap)
}

impl Ask {
    /// One client needs the right to anonymize; anything else the right to sweep.
    fn right(&self) -> Right {
        let is_named = self.job.is_none() && self.selection.is_none() && self.kind == Some(SweepKind::List);
        if is_named && self.clients.len() == 1 { Right::Anonymize } else { Right::Bulk }
    }

    fn named(&self) -> String {
        match (&self.job, &self.selection, self.kind) {
            (Some(job), ..) => format!("job {job}"),
            (None, Some(selection), _) => format!("selection {selection}"),
            (None, None, Some(kind)) => format!("kind {kind}"),
            (None, None, None) => "no kind".to_owned(),
        }
    }
}
