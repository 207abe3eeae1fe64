//! A root that is away, empty or another than before is waited for.

use std::os::unix::fs::symlink;

use lethe::worker::deliver::roots::accept;

use super::{ANN, Shop};

#[tokio::test]
async fn a_root_that_is_away_is_waited_for_and_then_given_up_until_an_operator_retries_it() {
    let shop = Shop::new(ANN).await;
    shop.write("photos/2024/ann.jpg");
    shop.write("papers/A/1.pdf");
    std::fs::rename(shop.path("photos"), shop.path("away")).unwrap();
    assert_eq!(shop.company.due().await.anonymized, 1);
    assert!(!shop.is_there("papers/A"), "another root is not held up");
    assert_eq!(shop.outstanding().await, ["open|A|the root cannot be opened: entity not found"]);
    let sweep = shop.company.rows("SELECT sweep FROM lethe_deliveries").await[0].parse().unwrap();
    let outstanding = shop.company.context.ledger.outstanding(Some(sweep)).await.unwrap();
    assert_eq!((outstanding[0].open, outstanding[0].failed), (1, 0));
    // Not before its time.
    shop.deliver().await;
    assert_eq!(shop.company.rows("SELECT attempts FROM lethe_deliveries").await, ["1"]);
    for _ in 0..2 {
        shop.wait(300);
        shop.deliver().await;
    }
    assert_eq!(shop.outstanding().await, ["failed|A|the root cannot be opened: entity not found"]);
    shop.wait(86_400);
    std::fs::rename(shop.path("away"), shop.path("photos")).unwrap();
    shop.deliver().await;
    assert!(shop.is_there("photos/2024/ann.jpg"), "it was given up");
    assert_eq!(shop.company.context.ledger.retry_deliveries().await.unwrap(), 1);
    shop.deliver().await;
    assert!(!shop.is_there("photos/2024/ann.jpg"));
    assert!(shop.company.context.ledger.outstanding(Some(sweep)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_root_that_is_empty_or_another_than_before_is_unavailable_until_an_operator_accepts_it() {
    let shop = Shop::new(ANN).await;
    shop.write("papers/A/1.pdf");
    std::fs::remove_file(shop.path("photos/.lethe-root")).unwrap();
    assert_eq!(shop.company.due().await.anonymized, 1);
    let empty = "open|A|the root is empty, as it is where a volume is not mounted";
    assert_eq!(shop.outstanding().await, [empty]);
    // Mounted, it is recognized, and remembered.
    shop.write("photos/2024/ann.jpg");
    shop.wait(300);
    shop.deliver().await;
    assert!(!shop.is_there("photos/2024/ann.jpg") && shop.is_there("photos/.lethe-root"));
    assert_eq!(shop.outstanding().await, [""; 0]);
    // Another folder in its place.
    std::fs::rename(shop.path("photos"), shop.path("away")).unwrap();
    shop.write("photos/other.jpg");
    shop.company.execute("INSERT INTO customers (no, photo, due) VALUES ('B', 'b.jpg', '2026-01-01')").await;
    shop.company.due().await;
    let another = "open|B|the root is not the one that was seen before: its file `.lethe-root` is missing";
    assert_eq!(shop.outstanding().await, [another]);
    shop.configure("");
    let (done, doctor) = shop.said(&["doctor"]);
    assert!(!done && doctor.contains("its file `.lethe-root` is missing; mount or restore what was there"), "{doctor}");
    let (_, status) = shop.said(&["status"]);
    assert!(status.contains("1 delivery waits for the root `photos`: the root is not the one"), "{status}");
    assert!(status.contains("`lethe deliveries --accept photos`"), "{status}");
    accept(&shop.company.context, "photos").await.unwrap().unwrap();
    shop.wait(300);
    shop.deliver().await;
    assert_eq!(shop.outstanding().await, [""; 0]);
    assert_eq!(shop.through().await[1], "file|photos|missing|1");
}

#[tokio::test]
async fn the_doctor_says_of_each_root_whether_it_is_the_one_that_was_seen_before() {
    let shop = Shop::new(ANN).await;
    shop.configure("");
    std::fs::remove_file(shop.path("photos/.lethe-root")).unwrap();
    let (_, doctor) = shop.said(&["doctor"]);
    assert!(doctor.contains("photos`, was not seen before, and no files are in it"), "{doctor}");
    assert!(doctor.contains("papers`, was not seen before: check"), "{doctor}");
    shop.write("photos/2024/ann.jpg");
    shop.company.due().await;
    assert!(shop.is_there("photos/.lethe-root") && !shop.is_there("photos/2024/ann.jpg"));
    // Its last file is gone, and it is the same root.
    let (_, doctor) = shop.said(&["doctor"]);
    assert!(doctor.contains("root `photos` exists") && doctor.contains("root `papers` exists"), "{doctor}");
    std::fs::write(shop.path("photos/.lethe-root"), "another").unwrap();
    std::fs::remove_file(shop.path("papers/.lethe-root")).unwrap();
    let (done, doctor) = shop.said(&["doctor"]);
    assert!(!done && doctor.contains("its file `.lethe-root` holds another mark"), "{doctor}");
    assert!(doctor.contains("its file `.lethe-root` is missing"), "{doctor}");
    assert!(!shop.is_there("papers/.lethe-root"), "the doctor writes nothing");
    std::fs::remove_dir_all(shop.path("photos")).unwrap();
    let (_, doctor) = shop.said(&["doctor"]);
    assert!(doctor.contains("photos`: the root cannot be opened"), "{doctor}");
}

#[tokio::test]
async fn a_root_behind_a_link_is_where_the_link_leads_now() {
    let shop = Shop::new(ANN).await;
    std::fs::rename(shop.path("photos"), shop.path("release-1")).unwrap();
    std::fs::create_dir(shop.path("release-2")).unwrap();
    std::fs::copy(shop.path("release-1/.lethe-root"), shop.path("release-2/.lethe-root")).unwrap();
    symlink(shop.path("release-1"), shop.path("photos")).unwrap();
    assert_eq!(shop.company.due().await.anonymized, 1);
    assert_eq!(shop.through().await[0], "file|photos|missing|1");
    std::fs::remove_file(shop.path("photos")).unwrap();
    symlink(shop.path("release-2"), shop.path("photos")).unwrap();
    for release in ["release-1", "release-2"] {
        shop.write(&format!("{release}/b.jpg"));
    }
    shop.company.execute("INSERT INTO customers (no, photo, due) VALUES ('B', 'b.jpg', '2026-01-01')").await;
    shop.company.due().await;
    assert!(shop.is_there("release-1/b.jpg") && !shop.is_there("release-2/b.jpg"));
}
