//! `lethe policy init` on a database that it has never seen.

use crate::common::{Place, command};

const SCHEMA: &str = "
    CREATE TABLE members (id INTEGER PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT NOT NULL, email TEXT UNIQUE,
        phone VARCHAR(20), birth_date DATE, remarks TEXT, do_not_mail INTEGER NOT NULL DEFAULT 0,
        status VARCHAR(10) NOT NULL CHECK (status IN ('active', 'gone')), created_on DATE);
    CREATE TABLE donations (id INTEGER PRIMARY KEY, member_id INTEGER REFERENCES members (id), received_on DATE,
        amount NUMERIC, note TEXT, created_by INTEGER);
    CREATE TABLE logins (id INTEGER PRIMARY KEY, member_id INTEGER REFERENCES members (id),
        login VARCHAR(40) NOT NULL UNIQUE);
    CREATE TABLE letters (id INTEGER PRIMARY KEY, to_email TEXT, body TEXT);
    CREATE TABLE events (id INTEGER PRIMARY KEY, object_type TEXT, object_id INTEGER, message TEXT);
    CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE users (id INTEGER PRIMARY KEY, login TEXT, password_hash TEXT);
    CREATE TABLE journals (id INTEGER PRIMARY KEY, payload TEXT);
    INSERT INTO members VALUES
        (1, 'Ann', 'Archerson', 'ann@archer.example', '+45 5551 0001', '1971-03-14', 'called twice', 0, 'active', '2001-01-01'),
        (2, 'Bob', 'Bakerson', 'bob@baker.example', '+45 5551 0002', '1982-04-15', '', 1, 'gone', '2002-01-01'),
        (3, 'Cid', 'Cooperson', NULL, NULL, NULL, '', 0, 'active', '2003-01-01');
    INSERT INTO donations VALUES (1, 1, '2005-01-01', 10, 'thanks', 7), (2, 2, '2006-01-01', 20, NULL, 8);
    INSERT INTO logins VALUES (1, 1, 'ann'), (2, 1, 'annie'), (3, 2, 'bob');
    INSERT INTO letters VALUES (1, 'Ann@Archer.example', 'Dear Ann'), (2, 'bob@baker.example', 'Dear Bob'),
        (3, 'ann@archer.example', 'Dear Ann again');
    INSERT INTO events VALUES (1, 'member', 1, 'joined'), (2, 'member', 2, 'left'), (3, 'product', 9, 'sold out');
    INSERT INTO products VALUES (1, 'a mug');
    INSERT INTO users VALUES (7, 'clerk', 'x');
    INSERT INTO journals VALUES (1, 'mailed bob@baker.example'), (2, 'nothing');
";

#[tokio::test]
async fn a_draft_accepted_as_written_passes_check_and_a_rehearsal() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::new(folder.path(), SCHEMA).await;
    let config = format!("database = \"{}\"\n", place.setting());
    std::fs::write(folder.path().join("lethe.toml"), config).expect("the configuration is written");
    let run = |args: &[&str]| {
        let done = command(folder.path()).args(args).assert();
        let output = done.get_output().clone();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        (output.status.success(), text(&output.stdout) + &text(&output.stderr))
    };
    let (made, said) = run(&["policy", "init"]);
    assert!(made, "{said}");
    let path = folder.path().join("policy.toml");
    let draft = std::fs::read_to_string(&path).expect("the draft");
    for part in [
        "to_email\", equals = \"email\", compare = \"email\"",
        "where = \"object_type = 'member'\"",
        "login = { class = \"personal\", replace = \"anonymized-{row}\" }",
        "do_not_mail",
        "#   journals.payload: values of 1\n# No link reaches these rows: no column of `journals` names these clients.",
        "tables = [\"products\"]",
        "tables = [\"users\"]",
    ] {
        assert!(draft.contains(part), "no `{part}` in\n{draft}");
    }
    for secret in ["Archerson", "baker.example", "5551"] {
        assert!(!draft.contains(secret), "{draft}");
    }
    std::fs::write(&path, lethe::draft::accepted(&draft)).expect("the policy is written");
    let (passes, said) = run(&["policy", "check", "--search"]);
    assert!(passes, "{said}\n{draft}");
    assert!(said.contains("found: `journals.payload` has values of 1 client"), "{said}");
    let (passes, said) = run(&["sweep", "--period", "--rehearse"]);
    assert!(!passes && said.contains("\nfound: `journals.payload` has former values of 1 client\n"), "{said}\n{draft}");
    assert_eq!((said.matches("\nfound: ").count(), said.matches("\nchanged: ").count()), (1, 0), "{said}");
    let accepted = "\n[[accepted]]\ntable = \"journals\"\ncolumn = \"payload\"\nreason = \"emptied every week\"\n";
    std::fs::write(&path, lethe::draft::accepted(&draft) + accepted).expect("the policy is written");
    let (passes, said) = run(&["sweep", "--period", "--rehearse"]);
    assert!(passes && said.contains("may now be used live"), "{said}\n{draft}");
}

/// Tables that name their members in ways that no name of a column tells.
const UNTOLD: &str = "
    CREATE TABLE members (id INTEGER PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT NOT NULL, email TEXT UNIQUE,
        phone VARCHAR(20));
    CREATE TABLE donations (id INTEGER PRIMARY KEY, slip VARCHAR(14) NOT NULL UNIQUE,
        member_id INTEGER REFERENCES members (id), received_on DATE);
    CREATE INDEX donations_member ON donations (member_id);
    CREATE TABLE scans (id INTEGER PRIMARY KEY, barcode VARCHAR(14), words TEXT NOT NULL);
    CREATE TABLE forms (id INTEGER PRIMARY KEY, visitor INTEGER, message TEXT NOT NULL, sender VARCHAR(20) NOT NULL UNIQUE);
    CREATE TABLE feed (id INTEGER PRIMARY KEY, about_kind TEXT, about_id INTEGER, body TEXT);
    CREATE TABLE stream (id INTEGER PRIMARY KEY, uri TEXT, body TEXT);
    CREATE TABLE calls (id INTEGER PRIMARY KEY, caller TEXT, words TEXT);
    CREATE TABLE journals (id INTEGER PRIMARY KEY, payload TEXT);
    INSERT INTO members VALUES (1, 'Ann', 'Archerson', 'ann@archer.example', '+45 5551 0001'),
        (2, 'Bob', 'Bakerson', 'bob@baker.example', '+45 5551 0002'), (3, 'Cid', 'Cooperson', NULL, NULL);
    INSERT INTO donations VALUES (1, 'SL-0001', 1, '2005-01-01'), (2, 'SL-0002', 2, '2005-01-02'), (3, 'SL-0003', 3, '2005-01-03');
    INSERT INTO scans VALUES (1, 'SL-0001', 'from Ann Archerson'), (2, 'SL-0002', 'from Bob Bakerson');
    INSERT INTO forms VALUES (1, 1, 'I am Ann Archerson', 'a'), (2, 2, 'Bob Bakerson here', 'b');
    INSERT INTO feed VALUES (1, 'M', 1, 'Archerson, Ann joined'), (2, 'M', 2, 'Bakerson, Bob left'), (3, 'P', 1, 'a mug'),
        (4, 'P', 2, 'a pen'), (5, 'P', 3, 'a cap');
    INSERT INTO stream VALUES (1, 'x-lib/1', 'Ann Archerson logged in'), (2, 'x-lib/2', 'Bob Bakerson logged in');
    INSERT INTO calls VALUES (1, '+45 5551 0001', 'Archerson asks'), (2, '+45 5551 0002', 'Bakerson asks'), (3, '+45 1', '');
    INSERT INTO journals VALUES (1, 'mailed bob@baker.example');
";

#[tokio::test]
async fn values_that_no_link_reaches_come_with_the_link_that_their_rows_tell() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::new(folder.path(), UNTOLD).await;
    std::fs::write(folder.path().join("lethe.toml"), format!("database = \"{}\"\n", place.setting())).unwrap();
    let run = |args: &[&str]| {
        let output = command(folder.path()).args(args).output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (output.status.success(), text(output.stdout) + &text(output.stderr))
    };
    let (made, said) = run(&["policy", "init"]);
    assert!(made, "{said}");
    let path = folder.path().join("policy.toml");
    let draft = std::fs::read_to_string(&path).unwrap();
    let links = [
        ("scans", r#"{ column = "barcode", through = "donations", equals = "slip" }"#),
        ("forms", r#""visitor""#),
        ("feed", r#"{ column = "about_id", where = "about_kind = 'M'" }"#),
        ("stream", r#"{ column = "uri", text = "x-lib/{key}" }"#),
        ("calls", r#"{ column = "caller", equals = "phone" }"#),
    ];
    for (table, link) in links {
        assert!(draft.contains(&format!("\n# [tables.{table}]\n# client = {link}\n")), "{table}\n{draft}");
    }
    assert!(draft.contains("# `caller` names these clients in 2 of 2 rows with such values."), "{draft}");
    assert!(draft.contains("no column of `journals` names these clients"), "{draft}");
    for secret in ["Archerson", "baker.example", "5551", "SL-00"] {
        assert!(!draft.contains(secret), "{draft}");
    }

    // The draft without these tables: `check --search` suggests the same.
    let decided = lethe::draft::accepted(&draft);
    let (without, rest) = decided.split_once("# Values of ").expect("the tables found come last");
    std::fs::write(&path, without).unwrap();
    let (passes, said) = run(&["policy", "check", "--search"]);
    assert!(passes, "{said}");
    for (table, link) in links {
        assert!(said.contains(&format!("\n# [tables.{table}]\n# client = {link}\n")), "{table}\n{said}");
    }
    let suggested =
        said.split_once("# Values of ").expect("it suggests").1.split_once("\n\nNext: ").expect("the end").0;
    let suggested = lethe::draft::accepted(&format!("# Values of {suggested}\n"));
    for (what, rest) in [("init", format!("# Values of {rest}")), ("check", suggested)] {
        std::fs::write(&path, format!("{without}\n{rest}")).unwrap();
        let (passes, said) = run(&["policy", "check", "--search"]);
        assert!(passes, "{what}: {said}\n{without}\n{rest}");
        assert_eq!(said.matches("\nfound: ").count(), 1, "{what}: {said}");
        let (_, said) = run(&["sweep", "--period", "--rehearse"]);
        assert_eq!((said.matches("\nfound: ").count(), said.matches("\nchanged: ").count()), (1, 0), "{what}: {said}");
        assert!(said.contains("\nfound: `journals.payload` has former values of 1 client\n"), "{what}: {said}");
    }
}

const MISLEADING: &str = "
    CREATE TABLE members (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT UNIQUE);
    CREATE TABLE forms (id INTEGER PRIMARY KEY, member_id INTEGER, sent_on DATE);
    CREATE INDEX forms_member ON forms (member_id);
    CREATE TABLE letters (id INTEGER PRIMARY KEY, member_id INTEGER, sent_on DATE);
    CREATE INDEX letters_member ON letters (member_id);
    CREATE TABLE passages (form_id INTEGER NOT NULL, place VARCHAR(9) NOT NULL, words TEXT NOT NULL);
    CREATE TABLE lists (id INTEGER PRIMARY KEY, member_id INTEGER, kept_on DATE);
    CREATE TABLE papers (id INTEGER PRIMARY KEY, list_id INTEGER NOT NULL DEFAULT 0, foreign_id INTEGER, path TEXT);
    CREATE TABLE payments (id INTEGER PRIMARY KEY, member_id INTEGER, invoice_no VARCHAR(30), paid_on DATE);
    CREATE TABLE accesses (id INTEGER PRIMARY KEY, member_id INTEGER, username VARCHAR(20));
    CREATE TABLE messages (id INTEGER PRIMARY KEY, writer VARCHAR(20), reader VARCHAR(20), words TEXT);
    CREATE TABLE stamps (id INTEGER PRIMARY KEY, tid INTEGER, model VARCHAR(9), words TEXT);
    INSERT INTO members VALUES (1, 'Ann', 'Archerson', 'ann@archer.example'), (2, 'Bob', 'Bakerson', 'bob@baker.example'),
        (3, 'Cid', 'Cooperson', 'cid@cooper.example'), (4, 'Dan', 'Dyerson', 'dan@dyer.example'),
        (5, 'Eve', 'Eastson', 'eve@east.example'), (6, 'Fay', 'Fullerson', 'fay@fuller.example');
    INSERT INTO forms VALUES (1, 4, '2005-01-01'), (2, 5, '2005-01-01'), (3, 6, '2005-01-01'), (4, 1, '2005-01-01'),
        (5, 2, '2005-01-01'), (6, 3, '2005-01-01');
    INSERT INTO letters VALUES (1, 2, '2005-01-01'), (2, 1, '2005-01-01'), (3, 4, '2005-01-01'), (4, 3, '2005-01-01'),
        (5, 6, '2005-01-01'), (6, 5, '2005-01-01');
    INSERT INTO passages VALUES (1, 'top', 'to bob@baker.example'), (2, 'top', 'to ann@archer.example'),
        (3, 'top', 'to dan@dyer.example'), (4, 'end', 'to cid@cooper.example'), (5, 'end', 'to fay@fuller.example'),
        (6, 'end', 'to eve@east.example');
    INSERT INTO lists VALUES (1, 1, '2005-01-01'), (2, 2, '2005-01-01');
    INSERT INTO papers VALUES (21, 0, 1, 'in/Ann Archerson/a.pdf'), (22, 0, 2, 'in/Bob Bakerson/b.pdf'),
        (23, 0, 3, 'in/Cid Cooperson/c.pdf'), (24, 0, 0, 'blank.pdf');
    INSERT INTO payments VALUES (31, 1, 'R1-ARCHERSON', '2005-01-01'), (32, 2, 'R2-BAKERSON', '2005-01-01'),
        (33, 3, 'R3-COOPERSON', '2005-01-01');
    INSERT INTO accesses VALUES (41, 1, 'aa'), (42, 2, 'bb'), (43, 3, 'cc'), (44, 4, 'dd'), (45, 5, 'ee'), (46, 6, 'ff');
    INSERT INTO messages VALUES (51, 'aa', 'clerk', 'I am Ann Archerson'), (52, 'bb', 'clerk', 'I am Bob Bakerson'),
        (53, 'cc', 'clerk', 'I am Cid Cooperson'), (54, 'clerk', 'dd', 'Dear Dan Dyerson'),
        (55, 'clerk', 'ee', 'Dear Eve Eastson'), (56, 'clerk', 'ff', 'Dear Fay Fullerson');
    INSERT INTO stamps VALUES (61, 1, 'letters', 'from Bob Bakerson'), (62, 2, 'letters', 'from Ann Archerson'),
        (63, 3, 'letters', 'from Dan Dyerson'), (64, 1, 'invoice', 'paid');
";

#[tokio::test]
async fn links_and_columns_are_tested_against_the_rows_of_clients() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::new(folder.path(), MISLEADING).await;
    std::fs::write(folder.path().join("lethe.toml"), format!("database = \"{}\"\n", place.setting())).unwrap();
    let run = |args: &[&str]| {
        let output = command(folder.path()).args(args).output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (output.status.success(), text(output.stdout) + &text(output.stderr))
    };
    let (made, said) = run(&["policy", "init", "--client", "members"]);
    assert!(made, "{said}");
    let path = folder.path().join("policy.toml");
    let draft = std::fs::read_to_string(&path).unwrap();
    for part in [
        // `form_id` is that of a letter, although each is also that of a form.
        "\n# [tables.passages]\n# client = { column = \"form_id\", through = \"letters\", equals = \"id\" }\n",
        "client = [{ column = \"list_id\", through = \"lists\", equals = \"id\" }, \"foreign_id\"]\n",
        "# TODO decide: `invoice_no` holds values of sampled clients in their own rows\n",
        "{ column = \"writer\", through = \"accesses\", equals = \"username\" }",
        "{ column = \"reader\", through = \"accesses\", equals = \"username\" }",
        "equals = \"id\", where = \"model = 'letters'\" }",
    ] {
        assert!(draft.contains(part), "no `{part}` in\n{draft}");
    }
    std::fs::write(&path, lethe::draft::accepted(&draft)).unwrap();
    let (passes, said) = run(&["policy", "check", "--search"]);
    assert!(passes && !said.contains("correct the link") && !said.contains("stays as it is"), "{said}");

    // The same by hand: `check --search` reports what is wrong.
    let wrong = lethe::draft::accepted(&draft)
        .replace("through = \"letters\", equals = \"id\" }\n", "through = \"forms\", equals = \"id\" }\n");
    let wrong = wrong
        .replace("invoice_no = { class = \"personal\", clear = true }", "invoice_no = { class = \"non-personal\" }");
    std::fs::write(&path, wrong).unwrap();
    let (_, said) = run(&["policy", "check", "--search"]);
    for part in [
        "note: `form_id` leads `passages` to clients other than those whose values its rows hold: correct the link\n",
        "note: `payments.invoice_no` stays as it is, and holds values of 3 clients in their own rows\n",
    ] {
        assert!(said.contains(part), "{said}");
    }
}
