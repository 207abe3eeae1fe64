//! Webhooks that cannot be, and what is said of them; never a secret, never a URL.

use insta::assert_snapshot;

use super::office::Office;

const SECRET: &str = "whsec_dGhlIHNlY3JldCBvZiB0aGUgcmVjZWl2ZXIhISE=";

/// What is said of a good webhook in which one thing was replaced.
fn said(from: &str, to: &str) -> String {
    let webhook = format!(
        "[[webhooks]]\nname = \"crm\"\nurl = \"https://crm.example/hook?token=t0psecret\"\nsecrets = [\"{SECRET}\"]\n\n[sweep]"
    );
    assert!(webhook.contains(from), "{from}");
    let said = Office::new().config("[sweep]", &webhook.replace(from, to)).check();
    assert!(!said.contains("t0psecret") && !said.contains("dGhlIHNl"), "{said}");
    said
}

#[test]
fn a_webhook_without_a_name_is_refused() {
    assert_snapshot!(said("name = \"crm\"\n", ""), @r#"
    error: a webhook has no `name`

    hint: give it one, such as `name = "crm"`
    "#);
}

#[test]
fn a_webhook_by_a_strange_name_is_refused() {
    assert_snapshot!(said("\"crm\"", "\"The CRM\""), @r"
    error: `The CRM` is not a valid name for a webhook

    hint: use lowercase letters, digits, `-` and `_`, such as `crm`
    ");
}

#[test]
fn a_webhook_without_a_url_is_refused() {
    assert_snapshot!(said("url = \"https://crm.example/hook?token=t0psecret\"\n", ""), @r#"
    error: webhook `crm`: has no `url`

    hint: `docs/operations.md` shows a webhook under "Webhooks"
    "#);
}

#[test]
fn a_url_that_is_none_is_refused() {
    assert_snapshot!(said("https://crm.example/", "crm.example "), @r#"
    error: webhook `crm`: `url` cannot be read: relative URL without a base; `https://host/path` is one

    hint: `docs/operations.md` shows a webhook under "Webhooks"
    "#);
}

#[test]
fn a_url_without_a_host_is_refused() {
    assert_snapshot!(said("https://crm.example/hook", "file:///hook"), @r#"
    error: webhook `crm`: `url` names no host

    hint: `docs/operations.md` shows a webhook under "Webhooks"
    "#);
}

#[test]
fn a_url_without_tls_is_refused() {
    assert_snapshot!(said("https://", "http://"), @r#"
    error: webhook `crm`: `url` begins with `http://`, and client keys need `https://`

    hint: `docs/operations.md` shows a webhook under "Webhooks"
    "#);
}

#[test]
fn a_url_of_another_kind_is_refused() {
    assert_snapshot!(said("https://", "ftp://"), @r#"
    error: webhook `crm`: `url` should begin with `https://`

    hint: `docs/operations.md` shows a webhook under "Webhooks"
    "#);
}

#[test]
fn a_password_in_the_url_is_refused() {
    assert_snapshot!(said("https://", "https://user:t0psecret@"), @r#"
    error: webhook `crm`: `url` has a user or a password in it, and messages are signed instead

    hint: `docs/operations.md` shows a webhook under "Webhooks"
    "#);
}

#[test]
fn a_fragment_in_the_url_is_refused() {
    assert_snapshot!(said("t0psecret", "t0psecret#part"), @r#"
    error: webhook `crm`: `url` has a `#` in it, and nothing after it is ever sent

    hint: `docs/operations.md` shows a webhook under "Webhooks"
    "#);
}

#[test]
fn a_webhook_without_a_secret_is_refused() {
    assert_snapshot!(said("secrets = [\"whsec_dGhlIHNlY3JldCBvZiB0aGUgcmVjZWl2ZXIhISE=\"]\n", ""), @r#"
    error: webhook `crm`: has no secret; `secret_file` names a file with one per line

    hint: `docs/operations.md` shows a webhook under "Webhooks"
    "#);
}

#[test]
fn a_secret_without_its_beginning_is_refused() {
    assert_snapshot!(said("whsec_", ""), @r#"
    error: webhook `crm`: secret 1 does not begin with `whsec_`

    hint: `docs/operations.md` shows a webhook under "Webhooks"
    "#);
}

#[test]
fn a_secret_that_is_no_base64_is_refused() {
    assert_snapshot!(said("ISE=", "!!!!"), @r#"
    error: webhook `crm`: secret 1 is not in Base64 behind `whsec_`

    hint: `docs/operations.md` shows a webhook under "Webhooks"
    "#);
}

#[test]
fn a_short_secret_is_refused() {
    assert_snapshot!(said("dGhlIHNlY3JldCBvZiB0aGUgcmVjZWl2ZXIhISE=", "c2hvcnQ="), @r#"
    error: webhook `crm`: secret 1 is not of 24 to 64 bytes

    hint: `docs/operations.md` shows a webhook under "Webhooks"
    "#);
}

#[test]
fn a_secret_file_that_is_not_there_is_refused() {
    assert_snapshot!(said("secrets = [", "secret_file = \"nowhere\"\nsecrets = ["), @r#"
    error: webhook `crm`: `secret_file` names `nowhere`, which cannot be read: file or folder not found

    hint: `docs/operations.md` shows a webhook under "Webhooks"
    "#);
}

#[test]
fn a_secret_file_that_is_something_else_is_refused() {
    assert_snapshot!(said("secrets = [", "secret_file = \"policy.toml\"\nsecrets = ["), @r#"
    error: webhook `crm`: secret 2 does not begin with `whsec_`

    hint: `docs/operations.md` shows a webhook under "Webhooks"
    "#);
}

#[test]
fn an_unknown_event_has_the_nearest() {
    assert_snapshot!(said("secrets", "events = [\"client.anonymised\"]\nsecrets"), @r"
    error: webhook `crm`: unknown event `client.anonymised`

    hint: did you mean `client.anonymized`?
    ");
}

#[test]
fn no_event_at_all_is_refused() {
    assert_snapshot!(said("secrets", "events = []\nsecrets"), @r#"
    error: webhook `crm`: `events` is empty, so it would never be notified

    hint: `docs/operations.md` shows a webhook under "Webhooks"
    "#);
}

#[test]
fn a_short_key_for_hashes_is_refused() {
    assert_snapshot!(said("secrets", "key_file = \"/dev/null\"\nsecrets"), @r#"
    error: webhook `crm`: `key_file` is too short; `openssl rand -hex 32` creates one

    hint: `docs/operations.md` shows a webhook under "Webhooks"
    "#);
}

#[test]
fn blanks_and_zero_bytes_make_no_key_for_hashes() {
    let webhook = format!(
        "[[webhooks]]\nname = \"crm\"\nurl = \"https://crm.example/hook\"\nkey_file = \"hash.key\"\nsecrets = [\"{SECRET}\"]\n\n[sweep]"
    );
    let mut office = Office::new().config("[sweep]", &webhook);
    for (key, what) in [
        (vec![b' '; 32], "is too short"),
        (vec![0; 32], "is too short"),
        ([&b"hunter2"[..], &[b' '; 25]].concat(), "is too short"),
        ([&b"hunter2"[..], &[0; 25]].concat(), "is too short"),
        (vec![b'7'; 32], "is not a random key"),
    ] {
        office = office.write("hash.key", key);
        let said = office.check();
        assert!(said.contains(&format!("webhook `crm`: `key_file` {what}")) && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn no_client_in_a_message_is_refused() {
    assert_snapshot!(said("secrets", "most_clients = 0\nsecrets"), @r#"
    error: webhook `crm`: `most_clients` is 0, and should be from 1 to 1000

    hint: `docs/operations.md` shows a webhook under "Webhooks"
    "#);
}

#[test]
fn too_many_clients_in_a_message_are_refused() {
    assert_snapshot!(said("secrets", "most_clients = 100000\nsecrets"), @r#"
    error: webhook `crm`: `most_clients` is 100000, and should be from 1 to 1000

    hint: `docs/operations.md` shows a webhook under "Webhooks"
    "#);
}

#[test]
fn an_unknown_setting_of_a_webhook_has_the_nearest() {
    assert_snapshot!(said("secrets = [", "secret = ["), @r"
    error: `lethe.toml`: unknown setting `webhooks[0].secret`

    hint: did you mean `secrets`?
    ");
}

#[test]
fn a_webhook_that_is_no_list_is_refused() {
    assert_snapshot!(said("[[webhooks]]", "[webhooks]"), @r"
    error: `lethe.toml`: `webhooks` cannot be used: found a table, expected a list

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
}

#[test]
fn two_webhooks_of_one_name_are_refused() {
    assert_snapshot!(said("\n\n[sweep]", "\n[[webhooks]]\nname = \"crm\"\nurl = \"https://other.example\"\nsecrets = [\"whsec_dGhlIHNlY3JldCBvZiB0aGUgcmVjZWl2ZXIhISE=\"]\n\n[sweep]"), @r"
    error: two webhooks are called `crm`

    hint: give each a name of its own
    ");
}

#[test]
fn deliveries_that_are_never_tried_are_refused() {
    assert_snapshot!(said("\n\n[sweep]", "\n[deliveries]\nattempts = 0\n\n[sweep]"), @r"
    error: `lethe.toml`: `deliveries.attempts` is 0, and should be at least 1

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
}

#[test]
fn no_time_to_answer_is_refused() {
    assert_snapshot!(said("\n\n[sweep]", "\n[deliveries]\ntimeout = \"0s\"\n\n[sweep]"), @r"
    error: `lethe.toml`: `deliveries.timeout` should be from 100ms to 5 minutes

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
}
