//! The pages, as a browser asks for them.

use lethe::domain::access::Right;
use reqwest::redirect::Policy;
use reqwest::{Method, StatusCode};

use super::office::Office;

/// A browser that keeps its cookie and follows nothing.
pub struct Browser<'a> {
    office: &'a Office,
    asker: reqwest::Client,
    pub cookie: String,
}

impl<'a> Browser<'a> {
    pub async fn signed_in(office: &'a Office, token: &str) -> Self {
        let asker = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        let browser = Self { office, asker, cookie: String::new() };
        let (status, _, cookie) = browser.send(Method::POST, "/sign-in", &[("token", token)], &[]).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let cookie = cookie.expect("a cookie");
        assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
        Self { cookie: cookie.split(';').next().unwrap().to_owned(), ..browser }
    }

    /// Status, the page or where it leads to, and a cookie.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> (StatusCode, String, Option<String>) {
        let mut request =
            self.asker.request(method.clone(), format!("{}{path}", self.office.url)).header("cookie", &self.cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if method == Method::POST {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let response = request.send().await.unwrap();
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, to, cookie) = (response.status(), header("location"), header("set-cookie"));
        let text = response.text().await.unwrap();
        (status, to.unwrap_or(text), cookie)
    }

    pub async fn page(&self, path: &str) -> String {
        let (status, page, _) = self.send(Method::GET, path, &[], &[]).await;
        assert_eq!(status, StatusCode::OK, "{path}: {page}");
        page
    }

    /// What every form of a page carries.
    pub async fn mark(&self) -> String {
        let page = self.page("/holds").await;
        page.split("name=\"mark\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }
}

/// What a page's form with this at the end of its action sends, ticked.
pub fn form_of<'a>(page: &'a str, action: &str, mark: &'a str) -> Vec<(&'a str, &'a str)> {
    let form = page.split(&format!("/{action}\"")).nth(1).unwrap().split("</form>").next().unwrap();
    let value = |name: &str| {
        let own = form.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
        own.split('"').next().unwrap()
    };
    vec![
        ("mark", mark),
        ("sure", "on"),
        ("id", value("id")),
        ("digest", value("digest")),
        ("clients", value("clients")),
    ]
}

#[tokio::test]
async fn an_operator_signs_in_looks_starts_a_sweep_and_sees_why_a_client_was_refused() {
    let office = Office::new().await;
    office.work();
    let token = office.token("operator", &[Right::Bulk]).await;
    let browser = Browser::signed_in(&office, &token).await;
    let tonight = browser.page("/").await;
    assert!(tonight.contains("<b>3</b><span>Due now: their date has passed</span>"), "{tonight}");
    let preview = browser.page("/jobs/nightly/preview").await;
    assert!(
        preview.contains("<b>2</b><span>Would be anonymized</span>") && preview.contains("is in court"),
        "{preview}"
    );
    let mark = browser.mark().await;
    let (status, problem, _) = browser.send(Method::POST, "/jobs/nightly/start", &[("mark", &mark)], &[]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "the box was not ticked: {problem}");
    let (status, ..) = browser.send(Method::POST, "/jobs/nightly/start", &[("mark", &mark), ("sure", "on")], &[]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "the form does not say what was seen");
    let form = form_of(&preview, "start", &mark);
    let (status, to, _) = browser.send(Method::POST, "/jobs/nightly/start", &form, &[]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/sweeps/1"));
    office.over(&serde_json::json!(1), &token).await;
    let sweep = browser.page("/sweeps/1?reason=in-court").await;
    assert!(sweep.contains("has open orders; is in court") && !sweep.contains(">C1<"), "{sweep}");
    assert!(browser.page("/clients?key=C3").await.contains("has open orders; is in court"));
    assert!(browser.page("/sweeps/1/report").await.contains("Report of a sweep"));
    assert!(browser.page("/").await.contains("class=\"anonymized\""), "the chart has a bar");
}

#[tokio::test]
async fn one_person_holds_a_list_for_review_and_another_approves_it() {
    let office = Office::new().await;
    office.work();
    let (alice, bob) = (office.token("alice", &[Right::Bulk]).await, office.token("bob", &[Right::Bulk]).await);
    let browser = Browser::signed_in(&office, &alice).await;
    let mark = browser.mark().await;
    let form = [("mark", mark.as_str()), ("name", "week 1/2")];
    assert_eq!(browser.send(Method::POST, "/jobs/nightly/review", &form, &[]).await.1, "/reviews");
    office.made("week%201%2F2", &alice).await;
    let page = browser.page("/reviews/week%201%2F2").await;
    assert!(
        page.contains("A second person approves it.") && page.contains(">C1</a>") && !page.contains("<button>Approve<"),
        "{page}"
    );
    let seen = form_of(&page, "reject", &mark);
    assert_eq!(browser.send(Method::POST, "/reviews/week%201%2F2/approve", &seen, &[]).await.0, StatusCode::FORBIDDEN);
    let browser = Browser::signed_in(&office, &bob).await;
    assert!(browser.page("/reviews/week%201%2F2").await.contains("<button>Approve<"));
    let (mark, page) = (browser.mark().await, browser.page("/reviews/week%201%2F2").await);
    let form = form_of(&page, "approve", &mark);
    assert_eq!(browser.send(Method::POST, "/reviews/week%201%2F2/approve", &form, &[]).await.1, "/sweeps/1");
    office.over(&serde_json::json!(1), &bob).await;
    assert_eq!(office.names().await[0], "C1|Anonymized client");
    assert!(browser.page("/reviews").await.contains("approved"));
}

#[tokio::test]
async fn what_a_person_wrote_is_shown_as_text_and_never_as_markup() {
    let office = Office::new().await;
    let token = office.token("clerk", &[Right::Anonymize]).await;
    let browser = Browser::signed_in(&office, &token).await;
    let mark = browser.mark().await;
    for (key, reason) in [("C1", "\0"), ("C\0", "r"), ("C1", " ")] {
        let form = [("mark", mark.as_str()), ("key", key), ("reason", reason)];
        assert_eq!(browser.send(Method::POST, "/holds", &form, &[]).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let form = [("mark", mark.as_str()), ("key", "C1"), ("reason", "<script>alert(1)</script>\"'")];
    assert_eq!(browser.send(Method::POST, "/holds", &form, &[]).await.0, StatusCode::SEE_OTHER);
    let page = browser.page("/holds").await;
    assert!(page.contains("&#60;script&#62;alert(1)") && !page.contains("<script>alert"), "{page}");
    let (_, page, _) = browser.send(Method::GET, "/clients?key=%3Cimg%20src%3Dx%3E", &[], &[]).await;
    assert!(!page.contains("<img"), "{page}");
    let form = [("mark", mark.as_str()), ("key", "C1")];
    let (status, ..) = browser.send(Method::POST, "/holds/release", &form, &[]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "the box was not ticked");
    let form = [("mark", mark.as_str()), ("key", "C1"), ("sure", "on")];
    assert_eq!(browser.send(Method::POST, "/holds/release", &form, &[]).await.0, StatusCode::SEE_OTHER);
    assert!(browser.page("/holds").await.contains("No client is on hold."));
}

/// Every form that changes something, with its fields.
pub const FORMS: [(&str, &[(&str, &str)]); 22] = [
    ("/jobs/nightly/start", &[("sure", "on")]),
    ("/failures/retry", &[("sure", "on")]),
    ("/deliveries/retry", &[("sure", "on")]),
    ("/holds", &[("key", "C1"), ("reason", "r")]),
    ("/holds/release", &[("key", "C1"), ("sure", "on")]),
    ("/clients/day", &[("key", "C1"), ("sure", "on")]),
    ("/clients/clean", &[("key", "C1"), ("column", "customers.email"), ("sure", "on")]),
    ("/clients/anonymize", &[("key", "C1"), ("sure", "on")]),
    ("/clients/returned", &[("key", "C1"), ("former", "C2"), ("sure", "on")]),
    ("/policy", &[("place", "x"), ("class", "personal")]),
    ("/sweeps/1/cancel", &[("sure", "on")]),
    ("/jobs/nightly/review", &[("name", "x")]),
    ("/jobs/nightly/pause", &[("reason", "r")]),
    ("/jobs/nightly/resume", &[]),
    ("/jobs/pause", &[("reason", "r")]),
    ("/jobs/resume", &[]),
    ("/reviews", &[("name", "x")]),
    ("/reviews/x/approve", &[("sure", "on")]),
    ("/reviews/x/reject", &[("sure", "on")]),
    ("/reviews/x/delete", &[("sure", "on")]),
    ("/reviews/x/workbook", &[]),
    ("/sign-out", &[]),
];

#[tokio::test]
async fn whatever_takes_back_or_cannot_be_undone_asks_and_says_its_size() {
    let office = Office::new().await;
    let (alice, admin) = (office.token("alice", &[Right::Bulk]).await, office.token("admin", &[Right::Admin]).await);
    let hold = serde_json::json!({ "reason": "a dispute" });
    office.ask(Method::PUT, "/api/v1/holds/C2", &admin, Some(hold)).await;
    let day = serde_json::json!({ "day": "2027-01-31" });
    office.ask(Method::PUT, "/api/v1/clients/C5/to-anonymize-on", &admin, Some(day)).await;
    let body = serde_json::json!({ "name": "week", "sweep": { "kind": "due" } });
    office.post("/api/v1/reviews", &alice, body).await;
    office.made("week", &alice).await;
    let browser = Browser::signed_in(&office, &admin).await;
    let preview = browser.page("/jobs/nightly/preview").await;
    let mut pages = vec![preview];
    let body = serde_json::json!({ "sweep": { "kind": "due" }, "confirm": true });
    office.post("/api/v1/sweeps", &admin, body).await;
    for path in ["/", "/sweeps/1", "/reviews", "/reviews/week", "/holds", "/clients?key=C2", "/clients?key=C5"] {
        pages.push(browser.page(path).await);
    }
    // These take nothing back and can be taken back.
    let free = ["/sign-out", "/holds", "/reviews", "/jobs/nightly/review", "/reviews/week/workbook"];
    let mut asked = std::collections::BTreeSet::new();
    for form in pages.iter().flat_map(|page| page.split("<form").skip(1)) {
        let form = form.split("</form>").next().unwrap();
        let action = form.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
        if !form.contains("method=\"post\"") || free.contains(&action) {
            continue;
        }
        assert!(form.contains("<input type=\"checkbox\" name=\"sure\" required>"), "{action}: {form}");
        assert!(form.contains("This affects "), "{action}: {form}");
        asked.insert(action.to_owned());
    }
    let wanted = [
        "/clients/anonymize",
        "/clients/day",
        "/holds/release",
        "/jobs/nightly/start",
        "/reviews/week/approve",
        "/reviews/week/delete",
        "/reviews/week/import",
        "/reviews/week/reject",
        "/sweeps/1/cancel",
    ];
    assert_eq!(asked.iter().map(String::as_str).collect::<Vec<_>>(), wanted);
    let all = pages.join("");
    assert!(all.contains("This affects 1 client.") && !all.contains("This affects 1 clients"), "{all}");
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let office = Office::new().await;
    let token = office.token("admin", &[Right::Admin]).await;
    let other = office.token("other", &[Right::Admin]).await;
    let browser = Browser::signed_in(&office, &token).await;
    let (mark, stolen) = (browser.mark().await, Browser::signed_in(&office, &other).await.mark().await);
    for (path, fields) in FORMS {
        for (mark, headers) in [
            ("", vec![]),
            (stolen.as_str(), vec![]),
            (mark.as_str(), vec![("sec-fetch-site", "cross-site")]),
            (mark.as_str(), vec![("sec-fetch-site", "same-site")]),
        ] {
            let form: Vec<_> = fields.iter().copied().chain([("mark", mark)]).collect();
            let (status, page, _) = browser.send(Method::POST, path, &form, &headers).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{path} {page}");
        }
        let (status, ..) = browser.send(Method::POST, path, fields, &[]).await;
        assert!(status.is_client_error(), "{path}");
        let form: Vec<_> = fields.iter().copied().chain([("mark", mark.as_str()), ("dry_run", "on")]).collect();
        let (status, ..) = browser.send(Method::POST, path, &form, &[]).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path} with an unknown field");
    }
    assert_eq!(
        office.company.rows("SELECT (SELECT count(*) FROM lethe_sweeps) + (SELECT count(*) FROM lethe_holds)").await,
        ["0"]
    );
}

#[tokio::test]
async fn no_page_is_shown_without_signing_in_or_after_signing_out() {
    let office = Office::new().await;
    let token = office.token("reader", &[Right::Read]).await;
    let mut browser = Browser::signed_in(&office, &token).await;
    let mark = browser.mark().await;
    let pages = [
        "/",
        "/sweeps/1",
        "/sweeps/1/events",
        "/sweeps/1/report",
        "/jobs/nightly/preview",
        "/clients?key=C1",
        "/clients/trace?key=C1",
        "/holds",
        "/failures",
        "/policy",
    ];
    let forms = ["/jobs/nightly/start", "/holds", "/failures/retry"];
    for path in forms {
        let form = [("mark", mark.as_str()), ("sure", "on"), ("key", "C1"), ("reason", "r")];
        assert_eq!(browser.send(Method::POST, path, &form, &[]).await.0, StatusCode::FORBIDDEN, "{path}");
    }
    let kept = browser.cookie.clone();
    let (_, to, cookie) = browser.send(Method::POST, "/sign-out", &[("mark", &mark)], &[]).await;
    assert_eq!((to.as_str(), cookie.unwrap().contains("Max-Age=0")), ("/sign-in", true));
    for cookie in
        ["", "lethe_session=", "lethe_session=lethe_x", "lethe_session=%00", "other=1; lethe_session", kept.as_str()]
    {
        cookie.clone_into(&mut browser.cookie);
        for path in pages {
            let (status, to, _) = browser.send(Method::GET, path, &[], &[]).await;
            assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/sign-in"), "{path} with {cookie}");
        }
    }
    let (status, page, cookie) = browser.send(Method::POST, "/sign-in", &[("token", "lethe_wrong")], &[]).await;
    assert_eq!((status, cookie), (StatusCode::FORBIDDEN, None));
    assert!(page.contains("This token is not valid"));
}

#[tokio::test]
async fn the_pages_speak_the_language_that_a_person_prefers_or_chose() {
    let office = Office::new().await;
    let token = office.token("reader", &[Right::Read]).await;
    let mut browser = Browser::signed_in(&office, &token).await;
    for (prefers, heading) in [
        ("de-CH,de;q=0.9", "Heute Nacht"),
        ("fr", "Cette nuit"),
        ("nl,fr;q=0.5", "Cette nuit"),
        ("nl", "Tonight"),
        ("é", "Tonight"),
    ] {
        let (_, page, _) = browser.send(Method::GET, "/", &[], &[("accept-language", prefers)]).await;
        assert!(page.contains(&format!("<h1>{heading}</h1>")), "{prefers}");
    }
    let (_, _, cookie) = browser.send(Method::GET, "/language/de", &[], &[]).await;
    browser.cookie += &format!("; {}", cookie.unwrap().split(';').next().unwrap());
    let (_, page, _) = browser.send(Method::GET, "/", &[], &[("accept-language", "fr")]).await;
    assert!(page.contains("<html lang=\"de\">") && page.contains("Heute Nacht"));
}

#[tokio::test]
async fn a_page_loads_nothing_from_elsewhere() {
    let office = Office::new().await;
    let token = office.token("reader", &[Right::Read]).await;
    let browser = Browser::signed_in(&office, &token).await;
    for path in ["/", "/holds", "/failures", "/policy", "/clients?key=C1", "/jobs/nightly/preview"] {
        let page = browser.page(path).await;
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains(" style="), "{path}");
    }
}

#[tokio::test]
async fn a_guard_s_reason_is_read_in_the_language_of_the_page() {
    let office = Office::new().await;
    let policy = office.company.folder.path().join("policy.toml");
    let text = std::fs::read_to_string(&policy).unwrap().replace(
        "reason = \"is in court\"",
        "reason = { en = \"is in court\", fr = \"est en justice\", de = \"steht vor Gericht\" }",
    );
    std::fs::write(&policy, text).unwrap();
    let token = office.token("clerk", &[Right::Read, Right::Anonymize, Right::Configure]).await;
    let browser = Browser::signed_in(&office, &token).await;
    for (language, reason) in
        [("en", "is in court"), ("fr", "est en justice"), ("de", "steht vor Gericht"), ("it", "is in court")]
    {
        for path in ["/clients?key=C3", "/policy"] {
            let (_, page, _) = browser.send(Method::GET, path, &[], &[("accept-language", language)]).await;
            assert!(page.contains(reason) && page.contains("has open orders"), "{language} {path}: {page}");
        }
    }
}
