//! Notices that cannot be given.

use insta::assert_snapshot;

use super::office::Office;

const WEBHOOK: &str = "[[webhooks]]\nname = \"crm\"\nurl = \"https://crm.example\"\nevents = [\"client.notice\"]\n\
                       secrets = [\"whsec_dGhlIHNlY3JldCBvZiB0aGUgcmVjZWl2ZXIhISE=\"]\n";

/// What is said of a policy with this notice.
fn notice(said: &str) -> String {
    told(Office::new().policy("[filters]", &format!("{said}\n[filters]")))
}

fn told(office: Office) -> String {
    office.config("[sweep]", &format!("{WEBHOOK}\n[sweep]")).check()
}

#[test]
fn a_notice_without_a_length_is_refused() {
    assert_snapshot!(notice("[notice]"), @r"
    error: `policy.toml` line 6: `length` is missing

    hint: `docs/policy.md` describes every setting with an example; `schema/policy.schema.json` lets an editor check while you write
    ");
}

#[test]
fn a_notice_of_no_length_is_refused() {
    assert_snapshot!(notice("[notice]\nlength = \"0 days\""), @r"
    error: `policy.toml` line 7: the period is zero, which would keep no client at all

    hint: write a period of at least `1 day`
    ");
}

#[test]
fn a_notice_of_weeks_is_refused() {
    assert_snapshot!(notice("[notice]\nlength = \"2 weeks\""), @r"
    error: `policy.toml` line 7: `weeks` is not a unit of a period

    hint: the units are years, months and days
    ");
}

#[test]
fn a_notice_without_a_unit_is_refused() {
    assert_snapshot!(notice("[notice]\nlength = \"14\""), @r"
    error: `policy.toml` line 7: `14` in the period has no unit

    hint: write numbers, each with its unit, such as `6 years` or `1 year 6 months`
    ");
}

#[test]
fn a_notice_that_is_a_number_is_refused() {
    assert_snapshot!(notice("[notice]\nlength = 14"), @r"
    error: `policy.toml` line 7: found `14`, expected a text in quotes

    hint: `docs/policy.md` describes every setting with an example; `schema/policy.schema.json` lets an editor check while you write
    ");
}

#[test]
fn a_notice_backwards_is_refused() {
    assert_snapshot!(notice("[notice]\nlength = \"-14 days\""), @r"
    error: `policy.toml` line 7: `-14` in the period is negative

    hint: write a period of at least `1 day`
    ");
}

#[test]
fn a_notice_of_hours_is_refused() {
    assert_snapshot!(notice("[notice]\nlength = \"36 hours\""), @r"
    error: `policy.toml` line 7: `hours` is not a unit of a period

    hint: the units are years, months and days
    ");
}

#[test]
fn a_notice_that_is_no_section_is_refused() {
    assert_snapshot!(notice("notice = \"14 days\""), @r"
    error: `policy.toml` line 6: unknown setting `notice`

    hint: the settings here are `table`, `key`, `to_anonymize_on`, `basis`, `anonymized`, `anonymized_on`
    ");
}

#[test]
fn an_unknown_word_about_a_notice_has_the_nearest() {
    assert_snapshot!(notice("[notice]\nlenght = \"14 days\""), @r"
    error: `policy.toml` line 7: unknown setting `lenght`

    hint: did you mean `length`?
    ");
}

#[test]
fn several_notices_are_refused() {
    assert_snapshot!(notice("[[notice]]\nlength = \"14 days\""), @r"
    error: `policy.toml` line 6: found a table, expected a text in quotes

    hint: `docs/policy.md` describes every setting with an example; `schema/policy.schema.json` lets an editor check while you write
    ");
}

#[test]
fn a_notice_that_is_sent_nowhere_is_refused() {
    let office = Office::new().policy("[filters]", "[notice]\nlength = \"14 days\"\n[filters]");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      notice
        no notice would be sent: no webhook gives notice
        fix: give one of the `[[webhooks]]` in `lethe.toml` the event `client.notice`, or remove `[notice]`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_guard_by_the_name_of_a_notice_is_refused() {
    assert_snapshot!(told(Office::new().policy("\"open-orders\"", "\"notice\"")), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.notice
        `notice` is reserved for notices
        fix: give the guard a name of its own

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_notice_that_two_give_is_refused() {
    let two = format!("{WEBHOOK}\n{}\n[sweep]", WEBHOOK.replace("crm", "erp"));
    assert_snapshot!(Office::new().config("[sweep]", &two).check(), @r"
    error: the webhooks `crm` and `erp` both give notice

    hint: leave `client.notice` to one of them: its response starts the notice
    ");
}

#[test]
fn a_notice_is_not_a_job_s_to_give() {
    let office = Office::new().job("sweep = \"due\"", "sweep = \"due\"\nnotice = \"14 days\"");
    assert_snapshot!(office.refused(&["sweep", "nightly-due"]), @r"
    error: `jobs/nightly-due.toml` line 4: unknown key `notice`

    hint: the keys are `schedule`, `time_zone`, `enabled`, `sweep`, `length`, `limit`, `review`, `description`, `filters`, `brake`
    ");
}
