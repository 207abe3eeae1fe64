//! A file that another client's row names, in whatever form, is not deleted.

use super::{ANN, Shop};

#[tokio::test]
async fn a_file_that_a_client_who_stays_names_stays_until_the_last_of_them_is_anonymized() {
    let shop = Shop::new(
        "INSERT INTO customers (no, photo, due) VALUES ('A', 'both.jpg', '2026-01-01'), ('B', 'both.jpg', '2026-01-05'),
           ('C', 'all.jpg', '2026-01-01'), ('D', 'all.jpg', '2026-01-01');
         INSERT INTO scans (customer_no, file) VALUES ('C', 'also.jpg');
         INSERT INTO facts (customer_no, fact, value) VALUES ('B', 'picture', 'also.jpg'), ('B', 'level', 'all.jpg');",
    )
    .await;
    for file in ["photos/both.jpg", "photos/all.jpg", "photos/also.jpg"] {
        shop.write(file);
    }
    assert_eq!(shop.company.due().await.anonymized, 3);
    assert!(shop.is_there("photos/both.jpg"), "B still names it");
    assert!(shop.is_there("photos/also.jpg"), "B names it elsewhere");
    assert!(!shop.is_there("photos/all.jpg"), "no row names it any more");
    shop.company.set_clock("2026-01-05T12:00:00Z");
    assert_eq!(shop.company.due().await.anonymized, 1);
    assert!(!shop.is_there("photos/both.jpg") && !shop.is_there("photos/also.jpg"));
}

#[tokio::test]
async fn the_picture_that_all_clients_get_stays() {
    let shop = Shop::new(&format!(
        "{ANN} INSERT INTO logos (customer_no, file) VALUES ('A', 'ann.png'), ('A', 'nobody.png'), ('A', 'x/nobody.png');"
    ))
    .await;
    shop.write("photos/ann.png");
    shop.write("photos/nobody.png");
    assert_eq!(shop.company.due().await.anonymized, 1);
    assert!(!shop.is_there("photos/ann.png"));
    assert!(shop.is_there("photos/nobody.png"), "every row names it now");
    // Known when it was committed, and not only when it was about to be deleted.
    assert!(shop.through().await.iter().all(|through| !through.contains("named")), "{:?}", shop.through().await);
}

#[tokio::test]
async fn a_file_that_a_row_names_again_before_it_is_deleted_stays() {
    let shop = Shop::new(ANN).await;
    shop.write("photos/2024/ann.jpg");
    std::fs::rename(shop.path("photos"), shop.path("away")).unwrap();
    shop.company.due().await;
    std::fs::rename(shop.path("away"), shop.path("photos")).unwrap();
    shop.company.execute("INSERT INTO customers (no, photo) VALUES ('NEW', '2024/ann.jpg')").await;
    shop.wait(300);
    shop.deliver().await;
    assert!(shop.is_there("photos/2024/ann.jpg"));
    assert_eq!(shop.outstanding().await, [""; 0]);
    assert_eq!(shop.through().await, ["file|photos|named|1", "folder|papers|missing|1"]);
}

#[tokio::test]
async fn a_file_that_a_client_who_stays_may_name_in_another_form_stays() {
    let forms = [
        "./ann.jpg",
        "/ann.jpg",
        "https://cdn.example/x/ann.jpg?v=3",
        "Ann.JPG",
        "old\\ann.jpg",
        "/srv/photos/ANN.jpg",
        "x/../ann.jpg",
        " ann.jpg",
    ];
    for form in forms {
        let shop = Shop::new(&format!(
            "INSERT INTO customers (no, photo, due) VALUES ('A', 'ann.jpg', '2026-01-01'), ('B', '{}', NULL);",
            form.replace("\\\\", "\\")
        ))
        .await;
        shop.write("photos/ann.jpg");
        shop.company.due().await;
        assert!(shop.is_there("photos/ann.jpg"), "{form}");
        assert_eq!(shop.through().await, ["file|photos|alike|1"]);
    }
    // A plain path of another folder is another file.
    let shop = Shop::new(
        "INSERT INTO customers (no, photo, due) VALUES ('A', '1/photo.jpg', '2026-01-01'), ('B', '2/photo.jpg', NULL);",
    )
    .await;
    shop.write("photos/1/photo.jpg");
    shop.write("photos/2/photo.jpg");
    shop.company.due().await;
    assert!(!shop.is_there("photos/1/photo.jpg") && shop.is_there("photos/2/photo.jpg"));
}

#[tokio::test]
async fn a_file_that_a_client_who_stays_may_name_in_any_awkward_form_stays() {
    let forms = [
        ("ann (1).jpg", "https://cdn.example/ann%20(1).jpg"),
        ("bob.jpg", "bob%2Ejpg"),
        ("cec.jpg", "%63ec.jpg"),
        ("dan.jpg", "a%5Cdan.jpg"),
        ("eve.jpg", "img?f=eve.jpg"),
        ("ærø.jpg", "ÆRØ.jpg"),
        ("é.jpg", "e\u{301}.jpg"),
        ("fay.jpg", "photos/fay.jpg"),
        ("gus.jpg", "cdn.example/GUS.jpg"),
        ("hal.jpg", "file:hal.jpg"),
        ("ida.jpg", "\"ida.jpg\""),
        ("jon.jpg", "jon.jpg\n"),
        ("kim.jpg", "\tkim.jpg"),
        ("leo.jpg", "leo.jpg/"),
        ("max.jpg", "{max.jpg,ned.jpg}"),
        ("ola.jpg", "![Ola](photos/ola.jpg)"),
        ("pia's.jpg", "{\"html\":\"<img src=\\\"photos/pia&#39;s.jpg\\\">\"}"),
    ];
    let mut rows =
        "INSERT INTO customers (no, photo, due) VALUES ('Y', 'zoe.jpg', '2026-01-01'), ('Z', 'zoe2.jpg', NULL);"
            .to_owned();
    for (at, (path, form)) in forms.iter().enumerate() {
        rows += &format!(
            "INSERT INTO customers (no, photo, due) VALUES ('A{at:02}', '{}', '2026-01-01'), ('B{at:02}', '{}', NULL);",
            path.replace('\'', "''"),
            form.replace('\'', "''")
        );
    }
    let shop = Shop::new(&rows).await;
    shop.write("photos/zoe.jpg");
    for (path, _) in forms {
        shop.write(&format!("photos/{path}"));
    }
    assert_eq!(shop.company.due().await.anonymized, forms.len() as u64 + 1);
    for (path, form) in forms {
        assert!(shop.is_there(&format!("photos/{path}")), "{form:?}");
    }
    assert!(!shop.is_there("photos/zoe.jpg"));
    assert_eq!(
        shop.through().await,
        [format!("file|photos|alike|{}", forms.len()), "file|photos|deleted|1".to_owned()]
    );
}
