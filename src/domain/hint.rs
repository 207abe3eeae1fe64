//! What to do about an error, in the words of the face that shows it: options on the
//! command line, endpoints over HTTP, neither on a page.

use std::fmt::{self, Display, Formatter};

/// Where an error is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// The command line, and logs.
    Command,
    Http,
    Page,
}

impl Face {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Command, Self::Http, Self::Page];
}

/// What to do about an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint(Box<[String; 3]>);

impl Hint {
    /// A hint whose words depend on the face.
    pub fn by(words: impl Fn(Face) -> String) -> Self {
        Self(Box::new(Face::ALL.map(words)))
    }

    pub fn at(&self, face: Face) -> &str {
        &self.0[face as usize]
    }
}

impl<T: Into<String>> From<T> for Hint {
    fn from(words: T) -> Self {
        let words = words.into();
        Self(Box::new([words.clone(), words.clone(), words]))
    }
}

/// As the command line and logs have it.
impl Display for Hint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.at(Face::Command))
    }
}

/// What only those can do who run Lethe.
const CHECK: &str = "a check by an operator";

/// Something that a hint tells people to do, or to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Look at the last sweeps.
    Sweeps,
    /// Look at the clients that failed.
    Failures,
    /// Look at the holds.
    Holds,
    /// Look at the clients that came back under a new key.
    Returned,
    /// Look at the reviews.
    Reviews,
    /// Look at the saved selections.
    Selections,
    /// Take the place of a saved selection.
    Replace,
    /// Look at the workbooks that were given back.
    Imports,
    /// Look at what is to be done outside of the database.
    Deliveries,
    /// Count what was to go to this root or webhook as done.
    Settle(String),
    /// Take this root as it is.
    Accept(String),
    /// Look at what the policy lacks.
    Policy,
    /// Look at the database, and what Lethe may do in it.
    Doctor,
    /// Look at the journal.
    Journal,
    /// Count the rows that are too old.
    Rows,
    /// Draft a policy.
    Draft,
    /// Look at the policy again.
    CheckAgain,
    /// Do everything and roll it back.
    Rehearse,
    /// Say that there is a backup.
    Acknowledge,
    /// Wait for the replay.
    Replay,
    /// Start this sweep over its brake.
    OverBrake(String),
    /// Give a filter one value.
    OneValue(String),
    /// Say why a client is kept out.
    Reason,
    /// Make a review of this job.
    Review(String),
    /// Grant a right.
    Grant,
    /// Look at the jobs.
    Jobs,
    /// Resume this job, or all work.
    Resume(Option<String>),
    /// Start a worker.
    Run,
}

impl Act {
    /// In the words of a face.
    pub fn at(&self, face: Face) -> String {
        let own;
        let [command, http, page] = match self {
            Self::Sweeps => ["`lethe status`", "`GET /api/v1/sweeps`", "the first page"],
            Self::Failures => ["`lethe status --failures`", "`GET /api/v1/failures`", "the page of failures"],
            Self::Holds => ["`lethe hold list`", "`GET /api/v1/holds`", "the page of holds"],
            Self::Returned => ["`lethe returned`", "`GET /api/v1/returned`", "the page of clients that came back"],
            Self::Reviews => ["`lethe review list`", "`GET /api/v1/reviews`", "the page of reviews"],
            Self::Selections => ["`lethe selection list`", "`GET /api/v1/selections`", "the first page"],
            Self::Replace => ["replace it: `--replace`", "replace it: `\"replace\": true`", "delete it first"],
            Self::Imports => ["`lethe review imports`", "`GET /api/v1/imports`", "the page of reviews"],
            Self::Deliveries => ["`lethe deliveries`", "`GET /api/v1/sweeps/{sweep}`", "the page of each sweep"],
            Self::Policy => ["`lethe policy check`", "`GET /api/v1/policy`", "the page of the policy"],
            Self::Doctor => ["`lethe doctor`", CHECK, CHECK],
            Self::Journal => ["`lethe journal verify`", CHECK, CHECK],
            Self::Rows => ["`lethe sweep --retention --preview`", CHECK, CHECK],
            Self::Draft => {
                let draft = "an operator can draft one from the database";
                ["`lethe policy init` drafts one from the database", draft, draft]
            }
            Self::CheckAgain => [
                "run `lethe policy check` again",
                "ask `GET /api/v1/policy` again",
                "open the page of the policy again",
            ],
            Self::Rehearse => [
                "run the same sweep with `--rehearse`",
                "send the same to `POST /api/v1/rehearsals`",
                "have the same sweep rehearsed",
            ],
            Self::Acknowledge => {
                let ask = "ask an operator to acknowledge it";
                ["run `lethe backup acknowledge` (a backup script can do both)", ask, ask]
            }
            Self::Replay => [
                "a running `lethe run` does it automatically, and `lethe sweep --replay --yes --wait` here; \
                 `lethe status` shows the progress",
                "this happens automatically; `GET /api/v1/status` shows the progress",
                "this happens automatically; the first page shows the progress",
            ],
            Self::OverBrake(sweep) => {
                let sweep = if sweep == "--list" { "--list FILE" } else { sweep.as_str() };
                own = format!(
                    "check it with `lethe sweep {sweep} --preview`; \
                     if it is right, start it with `lethe sweep {sweep} --over-brake`"
                );
                [
                    own.as_str(),
                    "check it with `POST /api/v1/previews`; if it is right, start it with `\"over_brake\": true`",
                    "check its preview; if it is right, ask an operator to start it over the brake",
                ]
            }
            Self::Settle(target) => {
                let ask = "ask an operator to count it as done";
                own = format!("count it as done with `lethe deliveries --to {target} --settled`");
                [own.as_str(), ask, ask]
            }
            Self::Accept(root) => {
                let ask = "ask an operator to accept it";
                own = format!("accept it with `lethe deliveries --accept {root}`");
                [own.as_str(), ask, ask]
            }
            Self::OneValue(name) => {
                return match face {
                    Face::Command => {
                        format!("say `--filter {name}=…`, or `{name} = \"…\"` under `[filters]` of the job")
                    }
                    Face::Http => format!("give `{name}` in `filters` one value"),
                    Face::Page => format!("choose one value of `{name}`"),
                };
            }
            Self::Reason => ["say why with `--reason \"…\"`", "say why in `reason`", "say why"],
            Self::Review(job) => {
                own = format!("`lethe review add \"NAME\" {job}`");
                [own.as_str(), "`POST /api/v1/reviews`", "the preview of the job"]
            }
            Self::Grant => {
                let make = "can make a token that has it";
                ["grants it with `lethe token add`, or in `[access]` of `lethe.toml`", make, make]
            }
            Self::Jobs => ["`lethe jobs`", "`GET /api/v1/jobs`", "the page of jobs"],
            Self::Resume(None) => ["`lethe resume`", "`DELETE /api/v1/pause`", "the page of jobs"],
            Self::Resume(Some(job)) => {
                own = format!("`lethe resume {job}`");
                [own.as_str(), "`DELETE /api/v1/jobs/{job}/pause`", "the page of jobs"]
            }
            Self::Run => ["start `lethe run`", "an operator starts it", "an operator starts it"],
        };
        match face {
            Face::Command => command,
            Face::Http => http,
            Face::Page => page,
        }
        .to_owned()
    }

    /// A hint that begins with it.
    pub fn then(self, rest: &str) -> Hint {
        Hint::by(|face| format!("{}{rest}", self.at(face)))
    }

    /// A hint that ends with it.
    pub fn after(self, beginning: &str) -> Hint {
        Hint::by(|face| format!("{beginning}{}", self.at(face)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Act, Face, Hint};

    #[test]
    fn each_face_names_what_it_has_and_nothing_of_the_others() {
        let named = || "nightly".to_owned();
        let all = [
            Act::Sweeps,
            Act::Failures,
            Act::Holds,
            Act::Returned,
            Act::Reviews,
            Act::Selections,
            Act::Replace,
            Act::Imports,
            Act::Deliveries,
            Act::Policy,
            Act::Doctor,
            Act::Journal,
            Act::Rows,
            Act::Draft,
            Act::CheckAgain,
            Act::Rehearse,
            Act::Acknowledge,
            Act::Replay,
            Act::OverBrake(named()),
            Act::Settle(named()),
            Act::Accept(named()),
            Act::OneValue(named()),
            Act::Reason,
            Act::Jobs,
            Act::Resume(Some(named())),
            Act::Resume(None),
            Act::Review(named()),
            Act::Grant,
            Act::Run,
        ];
        for act in all {
            let [command, http, page] = Face::ALL.map(|face| act.at(face));
            assert!(command.contains("`lethe ") || command.contains("`--"), "{command}");
            assert!(!command.contains("/api/") && !command.contains("\": "), "{command}");
            for said in [&http, &page] {
                assert!(!said.contains("`lethe ") && !said.contains("--"), "{said}");
            }
            assert!(!page.contains("/api/") && !page.contains("\": "), "{page}");
        }
    }

    #[test]
    fn a_hint_that_names_nothing_is_the_same_at_every_face() {
        let hint = Hint::from("look at it again");
        assert!(Face::ALL.iter().all(|face| hint.at(*face) == "look at it again"));
    }
}
