//! French and German: what Lethe says itself is in the language of the page, whatever the page.

use std::collections::BTreeSet;
use std::path::Path;

use lethe::domain::access::Right;
use lethe::domain::language::said;
use reqwest::Method;
use serde_json::json;

use super::office::Office;
use super::pages::Browser;

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
    office.company.execute("UPDATE customers SET due = '2026-01-01' WHERE no = 'C4'").await;
    office.post("/api/v1/reviews", &alice, json!({ "name": "Woche", "sweep": { "kind": "due" } })).await;
    office.made("Woche", &alice).await;
    office.ask(Method::PUT, "/api/v1/jobs/nightly/pause", &alice, reason("Umzug")).await;
    office.ask(Method::PUT, "/api/v1/selections/Liste", &alice, Some(json!({ "clients": ["C1", "C3"] }))).await;

    let browser = Browser::signed_in(&office, &admin).await;
    let month = office.company.today().format("/reports/%Y-%m").to_string();
    let pages = format!(
        "/ /sweeps /sweeps?state=done /sweeps/1 /sweeps/2 /sweeps/1/report /sweeps/2/report /jobs /jobs/nightly/preview \
         /selections /selections/Liste/preview /reviews /reviews/Woche /holds /holds?all=1 /clients?key=C1 \
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

/// The literal texts that begin an error in a file of the source, with a number in every hole.
fn messages(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap();
    let starts = ["Failure::new(", "Failure::fault(", "Problem::bad_request(", "#[error("];
    let mut all = Vec::new();
    for (at, start) in starts.iter().flat_map(|own| source.match_indices(own)) {
        let rest = source[at + start.len()..].trim_start();
        let rest = rest.strip_prefix("format!(").unwrap_or(rest).trim_start();
        let Some(rest) = rest.strip_prefix('"') else { continue };
        let (mut text, mut letters, mut is_hole) = (String::new(), rest.chars().peekable(), false);
        while let Some(letter) = letters.next() {
            match letter {
                '"' => break,
                '\\' if letters.peek() == Some(&'\n') => while letters.next_if(|own| own.is_whitespace()).is_some() {},
                '\\' => text.extend(letters.next()),
                // What follows a word at once is its plural.
                '{' => {
                    is_hole = true;
                    if !text.ends_with(char::is_alphabetic) {
                        text.push('7');
                    }
                }
                '}' => is_hole = false,
                _ if is_hole => {}
                own => text.push(own),
            }
        }
        all.push(text);
    }
    all
}

#[test]
fn every_error_that_a_page_may_show_has_a_french_and_a_german_sentence() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files: Vec<_> =
        ["worker/sweep/error.rs", "worker/clean.rs", "sheet/error.rs"].map(|own| source.join(own)).into();
    for folder in ["service", "http/page"] {
        files.extend(std::fs::read_dir(source.join(folder)).unwrap().map(|own| own.unwrap().path()));
    }
    let texts: Vec<String> = files.iter().flat_map(|path| messages(&std::fs::read_to_string(path).unwrap())).collect();
    assert!(texts.len() > 60, "{}", texts.len());
    // One ends with `it` or `them`.
    let is_own = |own: &&String| own.split_whitespace().count() > 2 && !own.ends_with("keeps 7");
    let missing: Vec<&String> = texts
        .iter()
        .filter(is_own)
        .filter(|text| ["fr", "de"].iter().any(|language| said(language, text) == text.as_str()))
        .collect();
    assert!(missing.is_empty(), "add these to `src/domain/language`: {missing:#?}");
}
