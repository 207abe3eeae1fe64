//! Files that a policy, a configuration or a value names, and that must not go.

use insta::assert_snapshot;

use super::office::Office;

const CARD: &str = "card = { class = \"sensitive\" }";

/// What is said of a policy whose card number is something else.
fn card(said: &str) -> String {
    of(Office::new(), &format!("card = {said}"))
}

fn of(office: Office, card: &str) -> String {
    let office = office.config("[sweep]", "[files]\nphotos = \"photos\"\npapers = \"papers\"\n\n[sweep]");
    office.policy(CARD, card).check()
}

/// What is said of these roots.
fn roots(lines: &str) -> String {
    Office::new().config("[sweep]", &format!("[files]\n{lines}\n\n[sweep]")).check()
}

#[test]
fn a_root_that_is_not_declared_is_refused() {
    assert_snapshot!(card("{ class = \"personal\", delete_file = \"photo\" }"), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.card
        root `photo` is not declared
        fix: did you mean `photos`?

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_root_that_is_like_none_says_how_to_declare_it() {
    assert_snapshot!(card("{ class = \"personal\", delete_folder = \"contracts\" }"), @r#"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.card
        root `contracts` is not declared
        fix: declare it in `lethe.toml`: under `[files]`, `contracts = "/srv/files"`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
}

#[test]
fn a_file_and_a_folder_at_once_are_refused() {
    assert_snapshot!(card("{ class = \"personal\", delete_file = \"photos\", delete_folder = \"papers\" }"), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.card
        both `delete_file` and `delete_folder`
        fix: keep the one that the value names

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_file_whose_name_is_kept_is_refused() {
    assert_snapshot!(card("{ class = \"personal\", keep = \"the books need it\", delete_file = \"photos\" }"), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.card
        the file would be deleted and its name kept, and a file that a row still names is not deleted
        fix: remove `keep`: the column is then emptied

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_file_that_goes_in_some_rows_only_is_refused() {
    assert_snapshot!(card("{ class = \"personal\", clear = true, where = \"points > 0\", delete_file = \"photos\" }"), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.card
        the file is deleted, but its name would stay in part or in some rows
        fix: use `clear` or `replace` without `where`, or leave the action out

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_file_whose_name_stays_in_part_is_refused() {
    assert_snapshot!(card("{ class = \"personal\", generalize = { first = 2 }, delete_file = \"photos\" }"), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.card
        the file is deleted, but its name would stay in part or in some rows
        fix: use `clear` or `replace` without `where`, or leave the action out

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_file_in_several_roots_is_refused() {
    assert_snapshot!(card("{ class = \"personal\", delete_file = [\"photos\", \"papers\"] }"), @r"
    error: `policy.toml` line 27: found a list, expected a text in quotes

    hint: `docs/policy.md` describes every setting with an example; `schema/policy.schema.json` lets an editor check while you write
    ");
}

#[test]
fn a_file_without_a_root_is_refused() {
    assert_snapshot!(card("{ class = \"personal\", delete_file = true }"), @r"
    error: `policy.toml` line 27: found `true`, expected a text in quotes

    hint: `docs/policy.md` describes every setting with an example; `schema/policy.schema.json` lets an editor check while you write
    ");
}

#[test]
fn a_folder_as_root_is_refused() {
    assert_snapshot!(card("{ class = \"personal\", delete_file = \"../photos\" }"), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.card
        root `../photos` is not declared
        fix: did you mean `photos`?

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn an_unknown_way_to_delete_a_file_has_the_nearest() {
    assert_snapshot!(card("{ class = \"personal\", delete_files = \"photos\" }"), @r"
    error: `policy.toml` line 27: unknown setting `delete_files`

    hint: did you mean `delete_file`?
    ");
}

#[test]
fn a_column_of_numbers_names_no_file() {
    let office = Office::new().config("[sweep]", "[files]\nphotos = \"photos\"\n\n[sweep]");
    let points = (
        "points = { class = \"non-personal\" }",
        "points = { class = \"non-personal\", replace = 0, delete_file = \"photos\" }",
    );
    assert_snapshot!(office.policy(points.0, points.1).check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.points
        `customers.points` is declared INTEGER and cannot name files
        fix: give `delete_file` and `delete_folder` to columns of text, one path in each value

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn files_and_folders_in_one_root_are_refused() {
    let office = Office::new().policy(
        "region = { class = \"non-personal\" }",
        "region = { class = \"personal\", delete_folder = \"photos\" }",
    );
    assert_snapshot!(of(office.policy("region = \"region\"\n", ""), "card = { class = \"personal\", delete_file = \"photos\" }"), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.customers.columns.region
        root `photos` holds files for `tables.customers.columns.card`, and folders here
        fix: keep files and folders in different roots

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn old_rows_that_name_files_are_refused() {
    let sql = "CREATE TABLE scans (id INTEGER PRIMARY KEY, customer_no TEXT, file TEXT, made_on DATE)";
    let table = "\n[tables.scans]\nclient = \"customer_no\"\nrows = \"delete\"\n[tables.scans.columns]\n\
                 file = { class = \"personal\", delete_file = \"photos\" }\n\
                 [tables.scans.retention]\nlength = \"2 years\"\ndate = \"made_on\"\nrows = \"delete\"\n";
    assert_snapshot!(of(Office::with(sql).policy_and(table), CARD), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.scans.retention
        rows of this table name files, which would stay when old rows are deleted
        fix: remove `retention`, or `delete_file` and `delete_folder`: files are deleted only with their client

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn the_root_of_the_whole_system_is_no_root() {
    assert_snapshot!(roots("photos = \"/\""), @r#"
    error: `files.photos` is the root of the whole file system

    hint: under `[files]` each line is a name and a folder, such as `photos = "/srv/photos"`, or a bucket, `photos = "s3://bucket/photos"`; everything below it may be deleted
    "#);
}

#[test]
fn a_root_that_is_written_as_the_whole_system_is_none() {
    assert_snapshot!(roots("photos = \"//./\""), @r#"
    error: `files.photos` is the root of the whole file system

    hint: under `[files]` each line is a name and a folder, such as `photos = "/srv/photos"`, or a bucket, `photos = "s3://bucket/photos"`; everything below it may be deleted
    "#);
}

#[test]
fn a_root_with_dots_is_refused() {
    assert_snapshot!(roots("photos = \"/srv/../etc\""), @r#"
    error: `files.photos` has `..` in it

    hint: under `[files]` each line is a name and a folder, such as `photos = "/srv/photos"`, or a bucket, `photos = "s3://bucket/photos"`; everything below it may be deleted
    "#);
}

#[test]
fn a_root_that_leads_up_is_refused() {
    assert_snapshot!(roots("photos = \"..\""), @r#"
    error: `files.photos` has `..` in it

    hint: under `[files]` each line is a name and a folder, such as `photos = "/srv/photos"`, or a bucket, `photos = "s3://bucket/photos"`; everything below it may be deleted
    "#);
}

#[test]
fn a_root_without_a_folder_is_refused() {
    assert_snapshot!(roots("photos = \"\""), @r#"
    error: `files.photos` names no folder

    hint: under `[files]` each line is a name and a folder, such as `photos = "/srv/photos"`, or a bucket, `photos = "s3://bucket/photos"`; everything below it may be deleted
    "#);
}

#[test]
fn a_root_that_is_a_file_is_refused() {
    assert_snapshot!(roots("photos = \"company.db\""), @r#"
    error: `files.photos` is not a folder

    hint: under `[files]` each line is a name and a folder, such as `photos = "/srv/photos"`, or a bucket, `photos = "s3://bucket/photos"`; everything below it may be deleted
    "#);
}

#[test]
fn a_root_in_another_is_refused() {
    assert_snapshot!(roots("photos = \"files\"\nthumbs = \"files/thumbs\""), @r#"
    error: `files.thumbs` and `files.photos` overlap

    hint: under `[files]` each line is a name and a folder, such as `photos = "/srv/photos"`, or a bucket, `photos = "s3://bucket/photos"`; everything below it may be deleted
    "#);
}

#[test]
fn the_same_folder_twice_is_refused() {
    assert_snapshot!(roots("photos = \"files\"\nthumbs = \"./files\""), @r#"
    error: `files.thumbs` and `files.photos` overlap

    hint: under `[files]` each line is a name and a folder, such as `photos = "/srv/photos"`, or a bucket, `photos = "s3://bucket/photos"`; everything below it may be deleted
    "#);
}

#[test]
fn a_root_by_another_scheme_is_refused() {
    assert_snapshot!(roots("photos = \"ftp://files.example/photos\""), @r#"
    error: `files.photos` is a URL, and only `s3://bucket/prefix`, `az://container/prefix` and `gs://bucket/prefix` can be one; a folder is named by its path

    hint: under `[files]` each line is a name and a folder, such as `photos = "/srv/photos"`, or a bucket, `photos = "s3://bucket/photos"`; everything below it may be deleted
    "#);
}

#[test]
fn a_root_with_an_account_in_its_url_is_refused() {
    assert_snapshot!(roots("photos = \"s3://anna:hunter2@bucket/photos\""), @r#"
    error: `files.photos` has an account or options in it; those are for the environment, such as `AWS_ACCESS_KEY_ID`

    hint: under `[files]` each line is a name and a folder, such as `photos = "/srv/photos"`, or a bucket, `photos = "s3://bucket/photos"`; everything below it may be deleted
    "#);
}

#[test]
fn a_root_without_a_bucket_is_refused() {
    assert_snapshot!(roots("photos = \"s3:///photos\""), @r#"
    error: `files.photos` names no bucket: `s3://bucket/prefix`

    hint: under `[files]` each line is a name and a folder, such as `photos = "/srv/photos"`, or a bucket, `photos = "s3://bucket/photos"`; everything below it may be deleted
    "#);
}

#[test]
fn a_prefix_that_leads_up_is_refused() {
    assert_snapshot!(roots("photos = \"s3://bucket/app/../photos\""), @r#"
    error: `files.photos` has a prefix that is none: plain names with `/` between them, without `..`, `%` or `\`

    hint: under `[files]` each line is a name and a folder, such as `photos = "/srv/photos"`, or a bucket, `photos = "s3://bucket/photos"`; everything below it may be deleted
    "#);
}

#[test]
fn a_prefix_that_is_encoded_is_refused() {
    assert_snapshot!(roots("photos = \"s3://bucket/%2e%2e/photos\""), @r#"
    error: `files.photos` has a prefix that is none: plain names with `/` between them, without `..`, `%` or `\`

    hint: under `[files]` each line is a name and a folder, such as `photos = "/srv/photos"`, or a bucket, `photos = "s3://bucket/photos"`; everything below it may be deleted
    "#);
}

#[test]
fn a_prefix_in_another_is_refused() {
    assert_snapshot!(roots("photos = \"s3://bucket/app/\"\nthumbs = \"s3://bucket/app/thumbs\""), @r#"
    error: `files.thumbs` and `files.photos` overlap

    hint: under `[files]` each line is a name and a folder, such as `photos = "/srv/photos"`, or a bucket, `photos = "s3://bucket/photos"`; everything below it may be deleted
    "#);
}

#[test]
fn a_folder_that_holds_the_database_is_no_root() {
    assert_snapshot!(roots("photos = \".\""), @r#"
    error: `files.photos` and `database` overlap

    hint: under `[files]` each line is a name and a folder, such as `photos = "/srv/photos"`, or a bucket, `photos = "s3://bucket/photos"`; everything below it may be deleted
    "#);
}

#[test]
fn a_bucket_without_an_account_is_refused() {
    let office = Office::new().config("[sweep]", "[files]\nphotos = \"az://bucket/photos\"\n\n[sweep]");
    let mut command = office.lethe(&["policy", "check"]);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AZURE_")) {
        command.env_remove(name);
    }
    assert_snapshot!(office.refused_by(command), @r"
    error: `files.photos` cannot be used with this environment: account must be specified

    hint: credentials come from the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_REGION`, `AZURE_STORAGE_ACCOUNT_NAME` and `AZURE_STORAGE_ACCOUNT_KEY`, or `GOOGLE_SERVICE_ACCOUNT`
    ");
}

#[test]
fn an_account_that_is_none_is_refused_without_its_words() {
    let office = Office::new().config("[sweep]", "[files]\nphotos = \"gs://bucket/photos\"\n\n[sweep]");
    let with = |name: &str, value: &str| {
        let mut command = office.lethe(&["policy", "check"]);
        command.env(name, value);
        let said = office.refused_by(command);
        assert!(!said.contains("hunter2"), "{said}");
        said
    };
    assert_snapshot!(with("GOOGLE_SERVICE_ACCOUNT", "/nowhere/account.json"), @r"
    error: `files.photos` cannot be used with this environment: the account's file: file or folder not found

    hint: credentials come from the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_REGION`, `AZURE_STORAGE_ACCOUNT_NAME` and `AZURE_STORAGE_ACCOUNT_KEY`, or `GOOGLE_SERVICE_ACCOUNT`
    ");
    assert_snapshot!(with("GOOGLE_SERVICE_ACCOUNT_KEY", "{\"private_key\": 1, \"private_key_id\": \"hunter2\"}"), @r"
    error: `files.photos` cannot be used with this environment: the account's file or key is not what the provider gives

    hint: credentials come from the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_REGION`, `AZURE_STORAGE_ACCOUNT_NAME` and `AZURE_STORAGE_ACCOUNT_KEY`, or `GOOGLE_SERVICE_ACCOUNT`
    ");
}

#[test]
fn a_root_by_a_strange_name_is_refused() {
    assert_snapshot!(roots("\"My Photos\" = \"photos\""), @r#"
    error: `files.My Photos` is not a valid root name: use lowercase letters, digits, `-` and `_`

    hint: under `[files]` each line is a name and a folder, such as `photos = "/srv/photos"`, or a bucket, `photos = "s3://bucket/photos"`; everything below it may be deleted
    "#);
}

#[test]
fn a_root_that_is_a_table_is_refused() {
    assert_snapshot!(roots("photos = { folder = \"photos\" }"), @r"
    error: `lethe.toml`: `files.photos` cannot be used: found a table, expected a text in quotes

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
}

#[test]
fn a_root_that_is_a_list_is_refused() {
    assert_snapshot!(roots("photos = [\"a\", \"b\"]"), @r"
    error: `lethe.toml`: `files.photos` cannot be used: found a list, expected a text in quotes

    hint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file
    ");
}
