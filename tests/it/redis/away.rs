//! A Redis that is stopped, hangs, or has no room.

use std::time::Duration;

use tokio::time::sleep;

use super::{AWAY, BACK, DONE, RUNNING, Service, calls, check, company, count, output, warnings};
use crate::common::server::Server;

#[tokio::test]
async fn while_redis_is_stopped_the_ledger_is_the_queue_and_both_are_said_once() {
    let mut server = Server::start(&[]);
    let program = company(2_000, 3).await;
    let service = Service::of(&program, &server);
    assert!(program.ends(&["sweep", "--due"]).success());
    program.until(&format!("SELECT ({DONE}) > 5"), 1).await;
    server.stop();
    service.says(AWAY).await;
    let before = program.number(DONE).await;
    program.until(&format!("SELECT ({DONE}) > {}", before + 20), 1).await;
    sleep(Duration::from_secs(2)).await;
    server.again();
    service.says(BACK).await;
    // A second sweep goes through Redis again.
    program.until(RUNNING, 0).await;
    let popped = calls(&server, "zpopmin");
    let again = async {
        while calls(&server, "zpopmin") <= popped {
            sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), again).await.expect("Redis is queried again");
    let log = service.stop();
    assert_eq!((warnings(&log), count(&log, AWAY), count(&log, BACK)), (1, 1, 1), "{log}");
    check(&program, 2_000).await;
}

#[tokio::test]
async fn a_redis_that_hangs_delays_no_sweep_for_long() {
    let server = Server::start(&[]);
    let program = company(900, 3).await;
    let service = Service::of(&program, &server);
    service.says(" running ").await;
    server.signal("STOP");
    assert!(program.ends(&["sweep", "--due"]).success());
    service.says("did not answer within 2 s").await;
    program.until(RUNNING, 0).await;
    server.signal("CONT");
    service.says(BACK).await;
    let log = service.stop();
    assert_eq!(count(&log, AWAY), 1, "{log}");
    check(&program, 900).await;
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_made_anew_without_a_word() {
    let server = Server::start(&[]);
    let program = company(30, 3).await;
    let service = Service::of(&program, &server);
    service.says(" running ").await;
    assert!(program.ends(&["sweep", "--due"]).success());
    program.until(RUNNING, 0).await;
    // Closed from the other side, as servers do with connections that were idle for long.
    let _: i64 = server.ask(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    sleep(Duration::from_millis(300)).await;
    let log = service.stop();
    assert_eq!(warnings(&log), 0, "{log}");
}

#[tokio::test]
async fn a_full_redis_is_left_alone_until_there_is_room() {
    let server = Server::start(&["--maxmemory", "1", "--maxmemory-policy", "noeviction"]);
    let program = company(300, 3).await;
    let url = server.url();
    let set = [("LETHE_REDIS__URL", url.as_str())];
    let (good, said) = output(&program, &["doctor"], &set);
    assert!(!good && said.contains("answered with `OOM`; its memory is full"), "{said}");
    let service = Service::start(&program, &set);
    assert!(program.ends(&["sweep", "--due"]).success());
    program.until(RUNNING, 0).await;
    let _: String = server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    service.says("answered with `OOM`").await;
    let log = service.stop();
    assert_eq!(count(&log, AWAY), 1, "{log}");
    check(&program, 300).await;
}
