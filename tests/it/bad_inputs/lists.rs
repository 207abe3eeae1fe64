//! Lists of clients that are empty, or cannot be read.

use insta::assert_snapshot;

use super::office::Office;

const LIST: [&str; 4] = ["sweep", "--list", "clients.txt", "--preview"];

#[test]
fn a_missing_list_is_missed_by_name() {
    assert_snapshot!(Office::new().refused(&LIST), @r"
    error: the list `clients.txt` cannot be read: file or folder not found

    hint: `--list` takes a file with one client key per line, or `-` for standard input
    ");
}

#[test]
fn a_folder_is_no_list() {
    assert_snapshot!(Office::new().refused(&["sweep", "--list", "jobs", "--preview"]), @r"
    error: the list `jobs` cannot be read: it is a folder

    hint: `--list` takes a file with one client key per line, or `-` for standard input
    ");
}

#[test]
fn an_empty_list_names_no_client() {
    assert_snapshot!(Office::new().write("clients.txt", "").refused(&LIST), @r"
    error: the list `clients.txt` names no client

    hint: write one client key per line; lines that begin with `#` are comments
    ");
}

#[test]
fn a_list_of_comments_names_no_client() {
    let office = Office::new().write("clients.txt", "\u{feff}# Ann Archer, by phone\n\n   # C1\r\n");
    assert_snapshot!(office.refused(&LIST), @r"
    error: the list `clients.txt` names no client

    hint: write one client key per line; lines that begin with `#` are comments
    ");
    assert_eq!(office.refused(&["sweep", "--list", "clients.txt", "--force"]), office.refused(&LIST));
}

#[test]
fn a_list_that_is_no_text_is_refused() {
    assert_snapshot!(Office::new().write("clients.txt", [0xff, 0xfe, 0x00, 0x31]).refused(&LIST), @r"
    error: the list `clients.txt` cannot be read: it is not valid UTF-8 text

    hint: `--list` takes a file with one client key per line, or `-` for standard input
    ");
}

#[test]
fn a_key_with_too_few_parts_has_its_line() {
    let office = Office::with("CREATE TABLE members (club TEXT, no INTEGER, name TEXT, PRIMARY KEY (club, no));")
        .write(
            "policy.toml",
            "[client]\ntable = \"members\"\nkey = [\"club\", \"no\"]\n[tables.members.columns]\nclub = { class = \"non-personal\" }\n\
             no = { class = \"non-personal\" }\nname = { class = \"personal\", clear = true }\n",
        )
        .write("clients.txt", "# club, number\nNORTH, 1\nNORTH\n");
    assert_snapshot!(office.refused(&LIST), @r"
    error: `clients.txt` line 3: a client's key has 2 parts here, not 1

    hint: write the key as the client table has it, the parts of a composite key separated by commas
    ");
}

#[test]
fn unknown_keys_are_no_error_but_an_outcome() {
    let office = Office::new().write("clients.txt", "C1\nC99\n c99 \n");
    let printed = office.done(&["sweep", "--list", "clients.txt", "--preview", "--json"]);
    let tally: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!((&tally["anonymized"], &tally["not_found"]), (&1.into(), &2.into()), "{printed}");
}

#[test]
fn a_list_comes_in_by_standard_input_and_is_checked_alike() {
    let office = Office::new();
    let mut command = office.lethe(&["sweep", "--list", "-", "--preview"]);
    command.write_stdin("# nobody\n");
    assert_snapshot!(office.refused_by(command), @r"
    error: the list `-` names no client

    hint: write one client key per line; lines that begin with `#` are comments
    ");
}
