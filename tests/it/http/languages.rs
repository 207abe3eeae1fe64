//! French and German: what Lethe says itself is in the language of the page, whatever the page.

use std::collections::BTreeSet;

use lethe::domain::access::Right;
use lethe::domain::language::said;
use reqwest::Method;
use serde_json::json;

use super::office::Office;
use super::pages::Browser;
use crate::common::project::{self, files, root};

/// English words that Lethe uses, and that neither French nor German has.
const ENGLISH: &str = "the is are were and of to by with that not has have had been for from which it its there would \
                       sweep sweeps review reviews policy job jobs hold holds backup batch batches failed refused \
                       anonymized stopped running done since until waits wait waiting lists shows look try nothing \
                       every approve approved rejected made give write again found conflict forbidden request \
                       cancelled paused resumes deleted kept old rows column columns report opened looked";

/// What the office's policy, its jobs and its clients say: it is theirs, in whatever language.
const THEIRS: [&str; 4] = ["Those whose date has come", "has open orders", "is in court", "Anonymized client"];

/// What a person reads of a page, without what is quoted.
fn read(page: &str) -> String {
    let (mut text, mut rest) = (String::new(), page);
    while let Some((before, tag)) = rest.split_once('<') {
        text = text + before + " ";
        let (tag, after) = tag.split_once('>').unwrap_or((tag, ""));
        for attribute in ["placeholder=\"", "aria-label=\""] {
            let own = tag.split_once(attribute).and_then(|own| own.1.split_once('"')).map_or("", |own| own.0);
            text = text + own + " ";
        }
        let quoted = ["style", "script", "code", "q"].into_iter().find(|own| tag.split(' ').next() == Some(*own));
        rest = quoted.map_or(after, |own| after.split_once(&format!("</{own}>")).map_or("", |own| own.1));
    }
    text += rest;
    for own in THEIRS {
        text = text.replace(own, " ");
    }
    let text = text.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    // A path is a name, and so is a place in the policy.
    text.split_whitespace().filter(|own| !own.contains('/') && !own.contains(".columns.")).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn no_page_in_french_or_german_says_an_english_word_of_lethe() {
    let office = Office::new().await;
    let (alice, admin) = (office.token("alice", &[Right::Bulk]).await, office.token("boss", &[Right::Admin]).await);
    // A sweep that was cancelled, one that went through, and decisions of people.
    let list = json!({ "sweep": { "kind": "list", "clients": ["C1", "C2"] }, "confirm": true });
    office.post("/api/v1/sweeps", &admin, list).await;
    office.ask(Method::POST, "/api/v1/sweeps/1/cancel", &admin, None).await;
    let reason = |own: &str| Some(json!({ "reason": own }));
    office.ask(Method::PUT, "/api/v1/holds/C2", &admin, reason("Streit")).await;
    office.ask(Method::PUT, "/api/v1/holds/C4", &admin, reason("Streit")).await;
    office.ask(Method::DELETE, "/api/v1/holds/C4", &admin, None).await;
    let day = json!({ "day": "2027-01-31" });
    office.ask(Method::PUT, "/api/v1/clients/C5/to-anonymize-on", &admin, Some(day)).await;
    office.work();
    let (_, started) =
        office.post("/api/v1/sweeps", &admin, json!({ "sweep": { "job": "nightly" }, "confirm": true })).await;
    office.over(&started["sweep"], &admin).await;
    office.post("/api/v1/reviews", &alice, json!({ "name": "Leer", "sweep": { "kind": "due" } })).await;
    assert_eq!(office.made("Leer", &alice).await["state"], "failed");
    office.company.execute("UPDATE customers SET due = '2026-01-01' WHERE no = 'C4'").await;
    office.post("/api/v1/reviews", &alice, json!({ "name": "Woche", "sweep": { "kind": "due" } })).await;
    office.made("Woche", &alice).await;
    office.ask(Method::PUT, "/api/v1/jobs/nightly/pause", &alice, reason("Umzug")).await;
    office.ask(Method::PUT, "/api/v1/selections/Liste", &alice, Some(json!({ "clients": ["C1", "C3"] }))).await;

    let browser = Browser::signed_in(&office, &admin).await;
    let month = office.company.today().format("/reports/%Y-%m").to_string();
    let pages = format!(
        "/ /sweeps /sweeps?state=done /sweeps/1 /sweeps/2 /sweeps/1/report /sweeps/2/report /jobs /jobs/nightly/preview \
         /selections /selections/Liste/preview /reviews /reviews/Woche /reviews/Leer /holds /holds?all=1 /clients?key=C1 \
         /clients?key=C2 /clients?key=C3 /clients?key=C4 /clients?key=C5 /clients/trace?key=C3 /clients/returned \
         /failures /policy /deliveries /journal /reports {month} /requests /tokens /sign-in"
    );
    let wrong = "/clients?key=C9 /sweeps/99 /sweeps/x /sweeps?since=x /jobs/none/preview /reviews/none /imports/9 \
                 /selections/none/preview /reports/x /clients?key=a,b /not-there";
    // The policy waits for a column to be classified.
    let unclassified = format!("/ /policy /jobs/nightly/preview /clients?key=C3 {month} /sweeps/2/report");
    let mut found = BTreeSet::new();
    let mut look = |language: &str, path: &str, page: &str| {
        let text = read(page);
        let words = text.split(|own: char| !own.is_alphabetic()).map(str::to_lowercase);
        for word in words.filter(|own| ENGLISH.split_whitespace().any(|english| english == own)) {
            found.insert(format!("{language} {path}: {word}"));
        }
    };
    for (paths, is_well) in [(pages.as_str(), true), (wrong, false), (unclassified.as_str(), false)] {
        if paths == unclassified {
            office.company.execute("ALTER TABLE customers ADD COLUMN phone TEXT").await;
        }
        for path in paths.split_whitespace() {
            for language in ["fr", "de"] {
                let (status, page, _) = browser.send(Method::GET, path, &[], &[("accept-language", language)]).await;
                assert!(status.is_success() || !is_well, "{status} {path}: {page}");
                assert!(page.contains(&format!("<html lang=\"{language}\">")), "{path}: {page}");
                look(language, path, &page);
            }
        }
    }
    // What a form refuses is a page, too.
    let mark = browser.mark().await;
    for (path, fields) in super::pages::FORMS {
        for language in ["fr", "de"] {
            let form: Vec<_> =
                fields.iter().copied().filter(|own| own.0 != "sure").chain([("mark", mark.as_str())]).collect();
            let other: Vec<_> = fields.iter().copied().chain([("mark", "x")]).collect();
            for form in [form, other] {
                let (status, page, _) = browser.send(Method::POST, path, &form, &[("accept-language", language)]).await;
                if status.is_client_error() {
                    look(language, path, &page);
                }
            }
            if path == "/sign-out" {
                break;
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The literals of a source outside its tests, each with the end of what is before it.
fn literals(source: &str) -> Vec<(String, String)> {
    let source = source.split("#[cfg(test)]").next().unwrap();
    let (mut all, mut at) = (Vec::new(), 0);
    while let Some(found) = source[at..].find(['"', '\'', '/']) {
        let (before, rest) = source.split_at(at + found);
        let lines: Vec<&str> = before.rsplitn(4, '\n').take(3).collect();
        let end = || lines.iter().rev().copied().collect::<Vec<_>>().join("\n");
        at = before.len() + 1;
        if rest.starts_with("//") {
            at = before.len() + rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("'\"'") {
            at += 2;
        } else if rest.starts_with("'\\") {
            at += 3;
        } else if rest.starts_with('"') && before.ends_with("r#") {
            let closed = rest.find("\"#").unwrap_or(rest.len());
            all.push((end(), rest[1..closed].to_owned()));
            at += closed;
        } else if let Some(rest) = rest.strip_prefix('"') {
            let (mut text, mut letters) = (String::new(), rest.chars().peekable());
            while let Some(letter) = letters.next().filter(|own| *own != '"') {
                at += letter.len_utf8();
                if letter != '\\' {
                    text.push(letter);
                    continue;
                }
                if letters.peek() == Some(&'\n') {
                    while let Some(space) = letters.next_if(|own| own.is_whitespace()) {
                        at += space.len_utf8();
                    }
                } else if let Some(letter) = letters.next() {
                    at += letter.len_utf8();
                    text.push(letter);
                }
            }
            at += 1;
            all.push((end(), text));
        }
    }
    all
}

/// The text of a literal, with a number in every hole.
fn filled(before: &str, text: &str) -> String {
    if !["format!(", "#[error(", "write!(f,"].iter().any(|own| before.trim_end().ends_with(own)) {
        return text.to_owned();
    }
    let (mut own, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['{', '}']) {
        own += &rest[..at];
        let (brace, after) = rest[at..].split_at(1);
        if after.starts_with(brace) {
            own += brace;
            rest = &after[1..];
            continue;
        }
        // What follows a word at once is its plural.
        if !own.ends_with(char::is_alphabetic) {
            own.push('7');
        }
        rest = after.split_once('}').map_or("", |own| own.1);
    }
    own + rest
}

/// What an error begins with in the source.
const ERRORS: &[&str] = &["Failure::new(", "Failure::fault(", "Problem::bad_request(", "#[error("];

/// The literal texts that follow one of these in a file of the source.
fn messages(source: &str, starts: &[&str]) -> Vec<String> {
    let begins = |before: &str| {
        let before = before.trim_end();
        let before = before.strip_suffix("format!(").unwrap_or(before).trim_end();
        starts.iter().any(|own| before.ends_with(own))
    };
    let all = literals(source).into_iter().filter(|(before, _)| begins(before));
    all.map(|(before, text)| filled(&before, &text)).collect()
}

/// Asserts that each text is translated, and that no word of it stays English.
fn assert_translated(texts: &[String]) {
    let is_english = |language: &str, text: &str| {
        let own = said(language, text);
        let plain = own.split('`').step_by(2).collect::<Vec<_>>().join(" ");
        let mut words = plain.split(|own: char| !own.is_alphabetic());
        own == text || words.any(|own| ENGLISH.split_whitespace().any(|english| english == own))
    };
    let missing: Vec<&String> =
        texts.iter().filter(|text| ["fr", "de"].iter().any(|language| is_english(language, text))).collect();
    assert!(missing.is_empty(), "add these to `src/domain/language`: {missing:#?}");
}

#[test]
fn every_error_that_a_page_may_show_has_a_french_and_a_german_sentence() {
    let source = root().join("src");
    let mut paths: Vec<_> =
        ["worker/sweep/error.rs", "worker/clean.rs", "sheet/error.rs"].map(|own| source.join(own)).into();
    for folder in ["service", "http/page"] {
        paths.extend(files(&source.join(folder), ".rs"));
    }
    let mut texts: Vec<String> = paths.iter().flat_map(|path| messages(&project::read(path), ERRORS)).collect();
    assert!(texts.len() > 60, "{}", texts.len());
    // One ends with `it` or `them`.
    texts.retain(|own| own.split_whitespace().count() > 2 && !own.ends_with("keeps 7"));
    assert_translated(&texts);
}

#[test]
fn every_reason_why_a_delivery_is_not_made_has_a_french_and_a_german_sentence() {
    let starts = &[
        "refused(",
        "FileFault::Refused(",
        "FileFault::Unavailable(",
        "Answer::Again(None,",
        "Answer::Gone(",
        "Tried::Failed(",
        "Tried::Later(Duration::ZERO,",
        "again(&own,",
        "if error.is_tls() =>",
        "if error.is_client() =>",
        "Some(code) =>",
        "UNREADABLE: &str =",
    ];
    let source = root().join("src");
    let paths = [files(&source.join("outside"), ".rs"), files(&source.join("worker/deliver"), ".rs")].concat();
    let mut texts: Vec<String> = paths.iter().flat_map(|path| messages(&project::read(path), starts)).collect();
    assert!(texts.len() > 30, "{}", texts.len());
    // What an object store says is behind `the root`.
    let faults = messages(
        &project::read(&source.join("bucket/fault.rs")),
        &["Some(", "Some(status) =>", "None =>", "&str =", "=>"],
    );
    texts.extend(faults);
    texts.retain(|own| own.split_whitespace().count() > 1 && !own.starts_with("the root 7"));
    assert_translated(&texts);
}

/// What the sources of plans and policies say elsewhere: in notes on the command line, in parts of a sentence, to the TOML
/// reader and to the database.
const ELSEWHERE: [&str; 13] = [
    " ",
    "` -> `",
    "a trigger fires",
    "rows of `7` go with",
    "`7` is emptied in rows",
    "the database may give",
    "the texts and days in",
    "7n    7n    fix",
    "the policy cannot become a plan: 7 to fix",
    "each is one statement",
    "string values must be",
    "a floating point",
    "the 7 here",
];

#[test]
fn every_problem_of_a_policy_has_a_french_and_a_german_sentence() {
    let source = root().join("src");
    let more = ["database/verify.rs", "database/postgres/verify.rs", "worker/planner.rs", "domain/json_path.rs"];
    let mut paths = [files(&source.join("plan"), ".rs"), files(&source.join("policy"), ".rs")].concat();
    paths.extend(more.map(|own| source.join(own)));
    paths.push(source.join("domain/reading.rs"));
    let mut texts = Vec::new();
    for path in paths {
        for (before, text) in literals(&project::read(&path)) {
            let text = filled(&before, &text);
            let line = before.lines().rev().take(2).collect::<Vec<_>>().join(" ");
            let is_note = ["note", "expect(", "write_str("].iter().any(|own| line.contains(own));
            let is_sql = text.starts_with(|own: char| own.is_uppercase() || "(;".contains(own))
                || [" = ", " AS ", " IS ", " <> ''"].iter().any(|own| text.starts_with(&format!("7{own}")))
                || text.starts_with("a.7");
            let is_elsewhere = is_note || is_sql || ELSEWHERE.iter().any(|own| text.starts_with(own));
            if text.split_whitespace().count() > 2 && !is_elsewhere {
                texts.push(text);
            }
        }
    }
    assert!(texts.len() > 250, "{}", texts.len());
    assert_translated(&texts);
}

#[test]
fn every_sentence_that_is_translated_is_said_somewhere() {
    let sources = [files(&root().join("src"), ".rs"), files(&root().join("templates"), ".html")].concat();
    let tables = files(&root().join("src/domain/language"), ".txt");
    let said: Vec<String> = sources.iter().flat_map(|path| literals(&project::read(path))).map(|own| own.1).collect();
    let templates =
        sources.iter().filter(|own| own.extension().is_some_and(|own| own == "html")).map(|own| project::read(own));
    // Statuses and months are said by others.
    let statuses = (400..600).filter_map(|own| reqwest::StatusCode::from_u16(own).ok()?.canonical_reason());
    let months = (1..=12).filter_map(|own| chrono::NaiveDate::from_ymd_opt(2026, own, 1));
    let said = said
        .into_iter()
        .chain(templates)
        .chain(statuses.map(str::to_owned))
        .chain(months.map(|own| own.format("%B").to_string()));
    let said = said.map(|own| own.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n");
    let tables: String = tables.iter().map(|path| project::read(path)).collect();
    let sentences: Vec<String> =
        tables.lines().filter_map(|line| line.strip_prefix("en: ")).map(str::to_owned).collect();
    assert!(sentences.len() > 900, "{}", sentences.len());
    // Two fifths of the words of the longest part between holes: a count or a verb may be put into it.
    let is_said = |sentence: &&String| {
        let holes = ('a'..='z').map(|own| format!("{{{own}}}"));
        let plain = holes.fold((*sentence).clone(), |plain, hole| plain.replace(&hole, "\0"));
        let longest = plain.split('\0').max_by_key(|own| own.len()).unwrap();
        let words: Vec<&str> = longest.split_whitespace().collect();
        words.windows((words.len() * 2).div_ceil(5).max(1)).any(|own| said.contains(&own.join(" ")))
    };
    let never: Vec<&String> = sentences.iter().filter(|own| !is_said(own)).collect();
    assert!(never.is_empty(), "remove these from `src/domain/language`: {never:#?}");
}
