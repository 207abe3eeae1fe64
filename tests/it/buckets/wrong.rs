//! Buckets that are not there, or do not let us: what is said, and that nothing
//! is taken for gone that could not be looked for.

use super::{FILES, JOURNAL, Shop, said};

const ANN: &str = "INSERT INTO customers (no, name, photo, due) VALUES ('A', 'Ann', 'ann.jpg', '2020-01-01');";

/// What the one delivery says after a sweep with these variables.
async fn delivery(files: &str, environment: &[(&str, &str)]) -> String {
    let shop = Shop::new(ANN, files).await;
    shop.server.write("app/photos/ann.jpg");
    let mut command = shop.command(&["sweep", "--due", "--wait"]);
    command.envs(environment.iter().copied());
    let (done, text) = said(command);
    assert!(done, "{text}");
    assert_eq!(shop.server.objects(), ["app/photos/ann.jpg"]);
    assert_eq!(shop.through().await, [""; 0], "it is not noticed yet");
    shop.outstanding().await.concat()
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_waited_for() {
    let other = FILES.replace("bucket/app/photos", "buckets/app/photos");
    assert_eq!(delivery(&other, &[]).await, "open|A|the root is not there");
}

#[tokio::test]
async fn an_account_without_the_right_is_told() {
    let wrong = [("AWS_SECRET_ACCESS_KEY", "hunter2")];
    assert_eq!(delivery(FILES, &wrong).await, "open|A|the root does not give this account the right");
}

#[tokio::test]
async fn a_journal_that_may_not_be_written_to_is_told() {
    let shop = Shop::new(ANN, &JOURNAL.replace("bucket/", "bucket/deep/")).await;
    let wrong = |args: &[&str]| {
        let mut command = shop.command(args);
        command.env("AWS_SECRET_ACCESS_KEY", "hunter2");
        said(command)
    };
    assert!(wrong(&["sweep", "--due", "--wait"]).0);
    let (_, status) = wrong(&["status"]);
    assert!(
        status.contains("the journal at `s3://bucket/deep/journal` does not give this account the right"),
        "{status}"
    );
    assert_eq!(shop.server.objects(), [""; 0]);
    shop.done(&["sweep", "--due", "--wait"]);
    assert_eq!(shop.server.objects(), ["deep/journal/segment-0000000001.jsonl"]);
}

#[tokio::test]
async fn a_prefix_that_holds_the_journal_is_no_root() {
    let shop = Shop::new(ANN, &format!("{FILES}{}", JOURNAL.replace("journal\"", "app/photos/journal\""))).await;
    let (done, text) = shop.said(&["sweep", "--due"]);
    assert!(!done && text.contains("`files.photos` and `journal.place` overlap"), "{text}");
}
