//! What every page has around it, and how pages write numbers, days and words.

use std::fmt::Display;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::session::Session;
use super::words::{LANGUAGES, Words, term};
use crate::domain::access::Right;
use crate::domain::language::said;
use crate::ledger::{Sweep, moment, parse_moment};
use crate::report::thousands;
use crate::service::night::Night;
use crate::service::steps::Step;

/// What every page has around it.
pub(super) struct Frame {
    pub(super) w: &'static Words,
    /// What every form carries; empty where no one is signed in.
    pub(super) mark: String,
    pub(super) who: String,
    /// Whether the caller's token is limited to some clients: pages about all of them refuse.
    pub(super) is_limited: bool,
    pub(super) may_sweep: bool,
    pub(super) may_anonymize: bool,
    pub(super) may_configure: bool,
    pub(super) may_admin: bool,
    pub(super) languages: &'static [Words],
    /// Path and query, for what comes back to this page.
    pub(super) path: String,
    zone: Tz,
    today: Option<NaiveDate>,
    now: Option<DateTime<Utc>>,
}

impl Frame {
    pub(super) fn of(session: &Session) -> Self {
        let caller = &session.service.caller;
        Self {
            mark: session.mark.clone(),
            who: if caller.limit.is_none() {
                caller.name.clone()
            } else {
                format!("{} ({})", caller.name, caller.limit)
            },
            is_limited: !caller.limit.is_none(),
            may_sweep: caller.rights.hold(Right::Bulk),
            may_anonymize: caller.rights.hold(Right::Anonymize),
            may_configure: caller.rights.hold(Right::Configure),
            may_admin: caller.rights.hold(Right::Admin),
            zone: session.service.time_zone,
            today: Some(session.service.today()),
            now: Some(session.service.context.ledger.clock().now()),
            ..Self::bare(session.words, &session.path)
        }
    }

    /// The frame for a visitor who is not signed in.
    pub(super) fn bare(w: &'static Words, path: &str) -> Self {
        Self {
            w,
            mark: String::new(),
            who: String::new(),
            is_limited: false,
            may_sweep: false,
            may_anonymize: false,
            may_configure: false,
            may_admin: false,
            languages: &LANGUAGES,
            path: path.to_owned(),
            zone: chrono_tz::UTC,
            today: None,
            now: None,
        }
    }

    /// The pages: the path, and what it is called.
    pub(super) fn tabs(&self) -> Vec<(&'static str, &'static str)> {
        let w = self.w;
        let mut all = vec![
            ("/", w.tonight),
            ("/sweeps", w.sweeps),
            ("/jobs", w.jobs),
            ("/reviews", w.reviews),
            ("/failures", w.failures),
            ("/holds", w.holds),
            ("/policy", w.policy),
            ("/deliveries", w.deliveries),
            ("/selections", w.selections),
            ("/reports", w.reports),
            ("/journal", w.journal),
        ];
        if self.may_admin {
            all.extend([("/requests", w.requests), ("/tokens", w.tokens)]);
        }
        let of_all = ["/", "/policy", "/deliveries", "/reports", "/journal", "/requests", "/tokens"];
        all.retain(|own| !self.is_limited || !of_all.contains(&own.0));
        all
    }

    /// Whether this page is one of those below a path of [`Self::tabs`]; an import is of a review.
    pub(super) fn is_below(&self, tab: impl AsRef<str>) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        match tab.as_ref() {
            "/" => path == "/",
            "/reviews" if path.starts_with("/imports") => true,
            tab => path.starts_with(tab),
        }
    }

    /// A whole number with its thousands apart, as the language writes it.
    pub(super) fn number(&self, count: impl Display) -> String {
        let apart = match self.w.code {
            "fr" => "\u{202f}",
            "de" => ".",
            _ => ",",
        };
        thousands(&count.to_string(), apart)
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // Templates pass references.
    pub(super) fn date(&self, day: &NaiveDate) -> String {
        let form = match self.w.code {
            "fr" => "%d/%m/%Y",
            "de" => "%d.%m.%Y",
            _ => "%-d %b %Y",
        };
        day.format(form).to_string()
    }

    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub(super) fn short_day(&self, day: &NaiveDate) -> String {
        let form = match self.w.code {
            "fr" => "%d/%m",
            "de" => "%d.%m.",
            _ => "%-d %b",
        };
        day.format(form).to_string()
    }

    /// A day that is kept as a text.
    pub(super) fn day(&self, day: impl AsRef<str>) -> String {
        let day = day.as_ref();
        day.get(..10).and_then(|own| own.parse().ok()).map_or_else(|| day.to_owned(), |own| self.date(&own))
    }

    /// A moment in the operator's zone, with UTC beside it; markup that has nothing of a person's in it.
    pub(super) fn moment(&self, at: impl AsRef<str>) -> String {
        let Some(at) = parse_moment(at.as_ref()) else { return "–".to_owned() };
        let own = at.with_timezone(&self.zone);
        let (day, utc) = (self.date(&own.date_naive()), at.format("%Y-%m-%d %H:%M UTC"));
        let beside = if self.zone == chrono_tz::UTC {
            " UTC".to_owned()
        } else {
            format!(" <small class=\"utc\">{} UTC</small>", at.with_timezone(&Utc).format("%H:%M"))
        };
        format!("<time datetime=\"{}\" title=\"{utc}\">{day} {}{beside}</time>", at.to_rfc3339(), own.format("%H:%M"))
    }

    /// How long it was from one moment until another.
    #[allow(clippy::unused_self)] // Templates call methods.
    pub(super) fn between(&self, from: impl AsRef<str>, until: impl AsRef<str>) -> String {
        let (Some(from), Some(until)) = (parse_moment(from.as_ref()), parse_moment(until.as_ref())) else {
            return String::new();
        };
        match (until - from).num_seconds().max(0) {
            long @ 7_200.. => format!("{} h", long / 3_600),
            some @ 120.. => format!("{} min", some / 60),
            short => format!("{short} s"),
        }
    }

    /// A text of Lethe's own in the language.
    pub(super) fn said(&self, text: impl AsRef<str>) -> String {
        said(self.w.code, text.as_ref()).into_owned()
    }

    /// A state, outcome, kind or class in the language.
    pub(super) fn term(&self, word: impl AsRef<str>) -> String {
        term(self.w, word.as_ref()).to_owned()
    }

    /// Several of them, separated by commas.
    pub(super) fn terms(&self, words: impl AsRef<str>) -> String {
        let all: Vec<&str> = words.as_ref().split(", ").map(|own| term(self.w, own)).collect();
        all.join(", ")
    }

    /// How many clients something concerns.
    pub(super) fn size(&self, clients: impl Display) -> String {
        self.sized(self.w.size, clients)
    }

    /// A sentence about so many.
    pub(super) fn sized(&self, forms: &str, count: impl Display) -> String {
        let count = count.to_string();
        self.counted(forms, &count).replace("{n}", &self.number(&count))
    }

    /// The form of a sentence for so many: singular and plural are parted by `|`.
    fn counted<'a>(&self, forms: &'a str, count: impl Display) -> &'a str {
        let count = count.to_string();
        let is_one = count == "1" || (count == "0" && self.w.code == "fr");
        forms.split_once('|').map_or(forms, |(one, many)| if is_one { one } else { many })
    }

    /// The box that a person ticks before something happens, with its size; markup that has nothing of a person's
    /// in it.
    pub(super) fn meant(&self, forms: &str, count: impl Display) -> String {
        let size = self.sized(forms, count);
        format!("<label><input type=\"checkbox\" name=\"sure\" required> {size} {}</label>", self.w.meant)
    }

    /// What came of the last night, in one sentence.
    pub(super) fn night(&self, night: &Night) -> String {
        let w = self.w;
        let Some(day) = &night.day else { return w.t_never.to_owned() };
        let is_last =
            self.today.is_none_or(|today| day.parse::<NaiveDate>().is_ok_and(|own| (today - own).num_days() <= 1));
        let form = match (night.running, night.due, is_last) {
            (1.., ..) => w.t_running,
            (0, 0, true) => w.t_none,
            (0, 0, false) => w.t_none_on,
            (0, _, true) => w.t_night,
            (0, _, false) => w.t_night_on,
        };
        let mut text = self
            .counted(form, night.anonymized)
            .replace("{a}", &self.number(night.anonymized))
            .replace("{d}", &self.number(night.due))
            .replace("{day}", &self.day(day));
        if night.stopped > 0 {
            text += &self.counted(w.t_stopped, night.stopped).replace("{s}", &self.number(night.stopped));
        }
        if night.need_you > 0 {
            text += &self.counted(w.t_failed, night.need_you).replace("{f}", &self.number(night.need_you));
        }
        text + "."
    }

    /// How long ago a moment was.
    pub(super) fn age(&self, since: impl AsRef<str>) -> String {
        let (Some(since), Some(now)) = (parse_moment(since.as_ref()), self.now) else { return String::new() };
        match (now - since).num_days() {
            days @ 2.. => self.w.age_days.replace("{n}", &self.number(days)),
            _ => self.between(moment(since), moment(now)),
        }
    }

    pub(super) fn step(&self, step: &Step, sweep: &Sweep) -> String {
        let w = self.w;
        let counted = |forms| self.sized(forms, step.of).replace("{d}", &self.number(step.done));
        match step.step {
            "selected" => counted(w.s_selected),
            "batches" => counted(w.s_batches),
            "closed" => w.s_closed.replace("{state}", &self.term(sweep.state.as_str())),
            "delivered" => counted(w.s_delivered),
            _ => w.s_opened.replace("{by}", &sweep.opened_by),
        }
    }

    /// The days of the week that a schedule names: `MON-FRI`.
    fn weekdays(&self, own: &str) -> String {
        const ENGLISH: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
        let days = match self.w.code {
            "fr" => ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
            "de" => ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
            _ => ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        };
        let all = ENGLISH.iter().zip(days);
        all.fold(own.to_uppercase(), |text, (short, day)| text.replace(short, day)).replace('-', "–").replace(',', ", ")
    }

    /// A schedule in words, where it is a plain one: `0 30 1 * * * Europe/Paris`.
    pub(super) fn schedule(&self, schedule: impl AsRef<str>) -> String {
        let schedule = schedule.as_ref();
        let parts: Vec<&str> = schedule.split(' ').collect();
        let [_, minute, hour, day, month, weekday, zone] = parts[..] else { return schedule.to_owned() };
        let (Ok(minute), Ok(hour)) = (minute.parse::<u8>(), hour.parse::<u8>()) else { return schedule.to_owned() };
        let [daily, weekly, monthly] = match self.w.code {
            "fr" => ["tous les jours", "chaque semaine", "le {day} de chaque mois"],
            "de" => ["täglich", "wöchentlich", "am {day}. jedes Monats"],
            _ => ["every day", "every week", "on day {day} of each month"],
        };
        let when = match (day, month, weekday) {
            ("*" | "?", "*", "*" | "?") => daily.to_owned(),
            ("*" | "?", "*", own) => format!("{weekly} ({})", self.weekdays(own)),
            (day, "*", "*" | "?") => monthly.replace("{day}", day),
            _ => return schedule.to_owned(),
        };
        format!("{when}, {hour:02}:{minute:02} ({zone})")
    }
}
