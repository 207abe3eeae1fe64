//! What the units rely on: a service notifies systemd, and its exit status tells a configuration from a fault.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use crate::common::program::{ended, signal};
use crate::common::{Place, lethe, searched, service};
use crate::http::office::{POLICY, SCHEMA};

#[tokio::test]
async fn a_service_says_that_it_is_ready_alive_and_stopping() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::new(folder.path(), SCHEMA).await;
    std::fs::create_dir(folder.path().join("jobs")).expect("a folder");
    std::fs::write(folder.path().join("policy.toml"), POLICY).expect("a file");
    std::fs::write(folder.path().join("lethe.toml"), format!("database = \"{}\"\n", place.setting())).expect("a file");
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a time-out");
    let next = || {
        let mut bytes = [0; 64];
        let length = socket.recv(&mut bytes).expect("it says something");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    let mut command = service(folder.path(), "run");
    let running = searched::start(command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "100000"));
    assert_eq!(next(), "READY=1");
    assert_eq!([next(), next()], ["WATCHDOG=1", "WATCHDOG=1"]);
    signal(&running, "TERM");
    assert!(ended(running).success());
    let mut said = next();
    while said == "WATCHDOG=1" {
        said = next();
    }
    assert_eq!(said, "STOPPING=1");
}

#[test]
fn a_service_whose_configuration_cannot_be_used_exits_with_78_and_others_do_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let code = |command: &str, text: &str| {
        std::fs::write(folder.path().join("lethe.toml"), text).expect("a file");
        lethe(folder.path()).arg(command).output().expect("it runs").status.code()
    };
    for command in ["run", "scheduler", "worker"] {
        for text in ["database = ", "database = \"x.db\"\nno_such = 1", "database = \"mysql://x/y\""] {
            assert_eq!(code(command, text), Some(78), "{command}: {text}");
        }
    }
    assert_eq!(code("status", "database = "), Some(1), "a command is not a service");
}
