//! Files and folders in a bucket go with their clients, and nothing else does.

use std::time::Duration;

use super::{FILES, Shop};

const ANN: &str =
    "INSERT INTO customers (no, name, photo, papers, due) VALUES ('A', 'Ann', '2024/ann #1 æ.jpg', 'A', '2020-01-01');";
const NOTHING: &str = "SELECT count(*) FROM lethe_deliveries";

#[tokio::test]
async fn files_and_folders_go_with_their_client_and_their_neighbours_stay() {
    let shop =
        Shop::new(&format!("{ANN} INSERT INTO customers (no, photo, papers) VALUES ('B', 'bob.jpg', 'B');"), FILES)
            .await;
    let going = ["app/papers/A/1.pdf", "app/papers/A/deep/er/2.pdf", "app/photos/2024/ann #1 æ.jpg"];
    let staying = [
        // Names that begin as the folder's does, and the same names elsewhere.
        "2024/ann #1 æ.jpg",
        "A/1.pdf",
        "app/papers/A.pdf",
        "app/papers/AB/1.pdf",
        "app/papers/B/1.pdf",
        "app/papersA/1.pdf",
        "app/photos/2024/ann #1 æ.jpg.bak",
        "app/photos/bob.jpg",
        "app/photos/other/2024/ann #1 æ.jpg",
    ];
    for name in going.iter().chain(&staying) {
        shop.server.write(name);
    }
    let (_, doctor) = shop.said(&["doctor"]);
    assert!(doctor.contains("root `photos`, `s3://bucket/app/photos`, was not seen before"), "{doctor}");
    shop.done(&["sweep", "--due", "--wait"]);
    let (_, doctor) = shop.said(&["doctor"]);
    assert!(doctor.contains("root `photos` exists"), "{doctor}");
    assert_eq!(shop.server.objects(), staying);
    assert_eq!(shop.through().await, ["file|photos|deleted|1", "folder|papers|deleted|1"]);
    assert_eq!(shop.outstanding().await, [""; 0]);
    shop.done(&["sweep", "--due", "--wait"]);
    assert_eq!(shop.server.objects(), staying);
    assert_eq!(shop.through().await, ["file|photos|deleted|1", "folder|papers|deleted|1"]);
}

#[tokio::test]
async fn a_whole_bucket_can_be_a_root_and_what_is_gone_already_is_done() {
    let roots =
        FILES.replace("s3://bucket/app/photos", "s3://bucket").replace("s3://bucket/app/papers", "s3://papers/");
    let shop = Shop::new(ANN, &roots).await;
    shop.server.make_bucket("papers");
    shop.server.write_to("papers", "B.pdf");
    shop.server.write("2024/ann #1 æ.jpg");
    shop.server.write("ann.jpg");
    shop.done(&["sweep", "--due", "--wait"]);
    assert_eq!(shop.server.objects(), ["ann.jpg"]);
    assert_eq!(shop.through().await, ["file|photos|deleted|1", "folder|papers|missing|1"]);
}

#[tokio::test]
async fn an_object_whose_name_cannot_be_read_keeps_no_other_from_being_deleted() {
    let shop = Shop::new(ANN, FILES).await;
    let odd = ["app/papers//odd.pdf", "app/photos//odd.jpg"];
    for name in odd.into_iter().chain(["app/photos/2024/ann #1 æ.jpg", "app/papers/A/1.pdf"]) {
        shop.server.write(name);
    }
    shop.done(&["sweep", "--due", "--wait"]);
    assert_eq!(shop.server.objects(), odd);
    assert_eq!(shop.through().await, ["file|photos|deleted|1", "folder|papers|deleted|1"]);
}

#[tokio::test]
async fn a_folder_of_more_objects_than_one_answer_lists_goes_whole() {
    let shop = Shop::new(ANN, FILES).await;
    for page in 0..2_300 {
        shop.server.write(&format!("app/papers/A/{:02}/{page}.pdf", page % 7));
    }
    shop.server.write("app/papers/AA/1.pdf");
    shop.server.write("app/photos/other.jpg");
    shop.done(&["sweep", "--due", "--wait"]);
    assert_eq!(shop.server.objects(), ["app/papers/AA/1.pdf", "app/photos/other.jpg"]);
    assert_eq!(shop.through().await, ["file|photos|missing|1", "folder|papers|deleted|1"]);
}

#[tokio::test]
async fn no_value_reaches_anything_outside_of_its_prefix() {
    let values = [
        "../outside.jpg",
        "2024/../../outside.jpg",
        "/app/photos/in.jpg",
        "/",
        ".",
        "..",
        "./in.jpg",
        "2024//in.jpg",
        "in.jpg/",
        " ",
        "..\\outside.jpg",
        "%2e%2e/outside.jpg",
        "..%2Foutside.jpg",
        "%2E%2E%5Coutside.jpg",
        "..%252Foutside.jpg",
        "s3://bucket/app/outside.jpg",
        "https://bucket.s3.amazonaws.com/app/outside.jpg",
    ];
    let folders = ["..", ".", "/", "A/deep", "../papers", "A/", "%2e%2e", "none", "s3://bucket/app/papers"];
    let mut rows = String::new();
    for (at, value) in values.iter().enumerate() {
        rows += &format!("INSERT INTO customers (no, photo, due) VALUES ('F{at:02}', '{value}', '2020-01-01');");
    }
    for (at, value) in folders.iter().enumerate() {
        rows += &format!("INSERT INTO customers (no, papers, due) VALUES ('G{at:02}', '{value}', '2020-01-01');");
    }
    let shop = Shop::new(&rows, FILES).await;
    for name in
        ["outside.jpg", "app/outside.jpg", "app/photos/in.jpg", "app/photos/2024/in.jpg", "app/papers/A/deep/1.pdf"]
    {
        shop.server.write(name);
    }
    let before = shop.server.objects();
    shop.done(&["sweep", "--due", "--wait"]);
    shop.done(&["retry"]);
    shop.done(&["sweep", "--due", "--wait"]);
    assert_eq!(shop.server.objects(), before);
    let outstanding = shop.outstanding().await;
    // One of them is a name, of nothing that is there.
    assert_eq!(shop.through().await, ["folder|papers|missing|1"]);
    assert_eq!(outstanding.len(), values.len() + folders.len() - 1, "{outstanding:#?}");
    for line in &outstanding {
        assert!(line.starts_with("failed|") && !line.contains("jpg") && !line.contains("A/"), "{line}");
    }
}

#[tokio::test]
async fn an_object_that_another_row_names_stays_until_the_last_of_them_goes() {
    let both =
        "INSERT INTO customers (no, photo, due) VALUES ('A', 'both.jpg', '2020-01-01'), ('B', 'both.jpg', NULL);";
    let shop = Shop::new(both, FILES).await;
    shop.server.write("app/photos/both.jpg");
    shop.done(&["sweep", "--due", "--wait"]);
    assert_eq!(shop.server.objects(), ["app/photos/both.jpg"]);
    shop.place.execute("UPDATE customers SET due = '2020-01-01'").await;
    shop.done(&["sweep", "--due", "--wait"]);
    assert_eq!(shop.server.objects(), [""; 0]);
}

#[tokio::test]
async fn a_bucket_that_is_away_is_waited_for() {
    let mut shop = Shop::new(ANN, FILES).await;
    shop.server.write("app/photos/2024/ann #1 æ.jpg");
    shop.server.write("app/papers/A/1.pdf");
    shop.server.kill();
    shop.done(&["sweep", "--due", "--wait"]);
    assert_eq!(shop.rows("SELECT name FROM customers").await, ["Anonymized client"]);
    let away = "open|A|the root cannot be used: connection refused";
    assert_eq!(shop.outstanding().await, [away, away]);
    let (_, doctor) = shop.said(&["doctor"]);
    assert!(doctor.contains("root `photos`, `s3://bucket/app/photos`: the root cannot be used"), "{doctor}");
    shop.server.start();
    shop.done(&["retry"]);
    shop.done(&["sweep", "--due", "--wait"]);
    assert_eq!(shop.server.objects(), [""; 0]);
    assert_eq!(shop.outstanding().await, [""; 0]);
    assert_eq!(shop.through().await, ["file|photos|deleted|1", "folder|papers|deleted|1"]);
}

/// A bucket that was made anew, another server, or a wrong prefix.
#[tokio::test]
async fn a_root_that_is_empty_or_another_than_before_is_unavailable_until_an_operator_accepts_it() {
    let shop = Shop::new(ANN, FILES).await;
    shop.server.write("app/papers/A/1.pdf");
    shop.done(&["sweep", "--due", "--wait"]);
    let empty = "open|A|the root is empty, as it is where a volume is not mounted";
    assert_eq!(shop.outstanding().await, [empty]);
    let (_, doctor) = shop.said(&["doctor"]);
    assert!(doctor.contains("was not seen before, and no files are in it"), "{doctor}");
    // It is accepted as it is, and from then on recognized by what was written into it, even when it is empty again.
    shop.done(&["deliveries", "--accept", "photos"]);
    shop.done(&["retry", "--wait"]);
    assert_eq!(shop.outstanding().await, [""; 0]);
    assert_eq!(shop.through().await, ["file|photos|missing|1", "folder|papers|deleted|1"]);
    assert_ne!(shop.server.read("app/photos/.lethe-root"), shop.server.read("app/papers/.lethe-root"));
    let (_, doctor) = shop.said(&["doctor"]);
    assert!(doctor.contains("root `photos` exists") && doctor.contains("root `papers` exists"), "{doctor}");
    // Everything in it is lost.
    shop.server.delete("app/photos/.lethe-root");
    shop.place.execute("INSERT INTO customers (no, photo, due) VALUES ('B', 'b.jpg', '2020-01-01')").await;
    shop.done(&["sweep", "--due", "--wait"]);
    let unmarked = "the root is not the one that was seen before: its file `.lethe-root` is missing";
    assert_eq!(shop.outstanding().await, [format!("open|B|{unmarked}")]);
    let (done, doctor) = shop.said(&["doctor"]);
    assert!(!done && doctor.contains(&format!("root `photos`, `s3://bucket/app/photos`: {unmarked}")), "{doctor}");
    assert!(doctor.contains("`lethe deliveries --accept photos`"), "{doctor}");
    let status = shop.done(&["status"]);
    assert!(status.contains(&format!("1 delivery waits for the root `photos`: {unmarked}")), "{status}");
    // Another owner's prefix.
    shop.server.write("app/photos/.lethe-root");
    shop.done(&["retry", "--wait"]);
    let other = "the root is not the one that was seen before: its file `.lethe-root` holds another mark";
    assert_eq!(shop.outstanding().await, [format!("open|B|{other}")]);
    shop.done(&["deliveries", "--accept", "photos"]);
    shop.done(&["retry", "--wait"]);
    assert_eq!(shop.outstanding().await, [""; 0]);
}

#[tokio::test]
async fn a_server_killed_again_and_again_loses_nothing_and_takes_nothing_else() {
    let mut rows = String::new();
    for client in 0..200 {
        rows += &format!(
            "INSERT INTO customers (no, photo, papers, due) VALUES ('C{client:03}', '{client:03}.jpg', '{client:03}', '2020-01-01');"
        );
    }
    let mut shop = Shop::new(&rows, FILES).await;
    for client in 0..200 {
        shop.server.write(&format!("app/photos/{client:03}.jpg"));
        shop.server.write(&format!("app/papers/{client:03}/1.pdf"));
        shop.server.write(&format!("app/papers/{client:03}/more/2.pdf"));
    }
    shop.server.write("app/photos/200.jpg");
    shop.server.write("app/papers/3/1.pdf");
    shop.done(&["sweep", "--due"]);
    let mut service = shop.run();
    for kill in 1..=10 {
        let started = std::time::Instant::now();
        while shop.server.objects().len() > 602 - 50 * kill {
            assert!(started.elapsed() < Duration::from_secs(120), "nothing goes after {kill} kills");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        shop.server.kill();
        if kill % 3 == 2 {
            service.kill().expect("it is killed");
            service.wait().expect("it is gone");
            service = shop.run();
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
        shop.server.start();
    }
    shop.until(NOTHING, "0").await;
    shop.until("SELECT count(*) FROM lethe_sweeps WHERE state = 'done'", "1").await;
    service.kill().expect("it is killed");
    service.wait().expect("it is gone");
    assert_eq!(shop.server.objects(), ["app/papers/3/1.pdf", "app/photos/200.jpg"]);
    assert_eq!(
        shop.rows("SELECT kind, sum(deliveries) FROM lethe_delivered GROUP BY 1 ORDER BY 1").await,
        ["file|200", "folder|200"]
    );
}
