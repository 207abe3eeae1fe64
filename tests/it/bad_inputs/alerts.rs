//! Alerts that cannot be sent, and what is said of them; never a URL, never a password.

use insta::assert_snapshot;

use super::office::Office;

/// What is said of good alerts in which one thing was replaced.
fn said(from: &str, to: &str) -> String {
    let alerts = "[alerts]\nping = \"https://ping.example/t0psecret\"\n\n[email]\nserver = \"smtps://lethe@mail.example\"\n\
                  password_file = \"password\"\nfrom = \"lethe@shop.example\"\nto = \"ops@shop.example\"\n\n[sweep]";
    assert!(alerts.contains(from), "{from}");
    let office = Office::new().write("password", "t0psecret\n");
    let said = office.config("[sweep]", &alerts.replace(from, to)).check();
    assert!(!said.contains("t0psecret"), "{said}");
    said
}

#[test]
fn a_ping_that_is_no_url_is_refused() {
    assert_snapshot!(said("https://ping.example/t0psecret", "t0psecret"), @r#"
    error: `alerts.ping` is not a URL that begins with `https://` or `http://`

    hint: `docs/operations.md` shows how under "Alerts"
    "#);
}

#[test]
fn a_failed_ping_without_a_ping_is_refused() {
    assert_snapshot!(said("ping = ", "ping_failed = "), @r#"
    error: `alerts.ping_failed` is set, and `alerts.ping` is not

    hint: `docs/operations.md` shows how under "Alerts"
    "#);
}

#[test]
fn e_mails_without_a_recipient_are_refused() {
    assert_snapshot!(said("to = \"ops@shop.example\"\n", ""), @r#"
    error: `email.to` is not set, so no e-mail would be sent

    hint: `docs/operations.md` shows how under "Alerts"
    "#);
}

#[test]
fn an_address_that_is_none_is_refused() {
    assert_snapshot!(said("ops@shop.example", "ops at the shop"), @r#"
    error: `email.to` is not a list of addresses such as `ops@example.com, dpo@example.com`

    hint: `docs/operations.md` shows how under "Alerts"
    "#);
}

#[test]
fn letters_without_a_server_are_refused() {
    assert_snapshot!(said("server = \"smtps://lethe@mail.example\"\n", ""), @r#"
    error: `email.to` is set, and `email.server` is not

    hint: `docs/operations.md` shows how under "Alerts"
    "#);
}

#[test]
fn a_mail_server_that_is_no_url_is_refused() {
    assert_snapshot!(said("smtps://lethe@mail.example", "mail.example"), @r#"
    error: `email.server` is not a valid URL such as `smtps://user@mail.example`

    hint: `docs/operations.md` shows how under "Alerts"
    "#);
}

#[test]
fn a_password_in_the_server_is_refused() {
    assert_snapshot!(said("lethe@mail.example", "lethe:t0psecret@mail.example"), @r#"
    error: `email.server` has a password in it, which belongs into the file that `email.password_file` names

    hint: `docs/operations.md` shows how under "Alerts"
    "#);
}

#[test]
fn a_user_without_a_password_is_refused() {
    assert_snapshot!(said("password_file = \"password\"\n", ""), @r#"
    error: `email.password_file` is not set, and `email.server` names a user

    hint: `docs/operations.md` shows how under "Alerts"
    "#);
}

#[test]
fn a_password_file_that_is_not_there_is_refused() {
    assert_snapshot!(said("\"password\"", "\"elsewhere\""), @r#"
    error: `email.password_file` names `elsewhere`, which cannot be read: file or folder not found

    hint: `docs/operations.md` shows how under "Alerts"
    "#);
}

#[test]
fn a_webhook_by_the_name_of_what_is_not_a_webhook_is_refused() {
    let webhook = "[[webhooks]]\nname = \"email\"\nurl = \"https://a.example\"\n\n[alerts]";
    assert_snapshot!(said("[alerts]", webhook), @r#"
    error: a webhook is named `email`, which is reserved for e-mails and pings

    hint: name it after the system that is notified, such as `crm`
    "#);
}
