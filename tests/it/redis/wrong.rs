//! A Redis that is not there, refuses, or is not what it says: each is said
//! once, and batches are done without it.

use std::path::Path;
use std::process::Command;

use super::{AWAY, RUNNING, Service, calls, check, company, count, output, warnings};
use crate::common::server::Server;

#[tokio::test]
async fn what_cannot_be_used_as_redis_is_said_once_without_the_password() {
    let with_password = Server::start(&["--requirepass", "sesame-1"]);
    let taken = Server::start(&[]);
    let _: String = taken.ask(&["SET", "lethe:{lethe}:ready", "another program's"]);
    let silent = Server::new(&[]);
    let replica = Server::start(&["--replicaof", "127.0.0.1", "1"]);
    let place = |server: &Server| format!("127.0.0.1:{}", server.port);
    for (url, said) in [
        (format!("redis://:wrong-2@{}", place(&with_password)), "refuses the user or the password"),
        (format!("redis://anna:wrong-2@{}/0", place(&with_password)), "refuses the user or the password"),
        (format!("redis://{}", place(&with_password)), "refuses the user or the password"),
        (format!("redis://:wrong-2@{}", place(&silent)), "cannot be reached: connection refused"),
        ("redis://:wrong-2@nowhere.invalid".to_owned(), "Redis at `nowhere.invalid:6379` cannot be reached"),
        (format!("redis://{}/77", place(&taken)), "answered with `ERR`"),
        (format!("redis://{}", place(&taken)), "answered with `WRONGTYPE`"),
        (format!("redis://{}", place(&replica)), "answered with `READONLY`"),
        (format!("rediss://{}", place(&taken)), "did not answer within 2 s"),
    ] {
        let program = company(30, 3).await;
        let set = [("LETHE_REDIS__URL", url.as_str())];
        let (good, doctor) = output(&program, &["doctor"], &set);
        assert!(!good && doctor.contains(said), "{url}: {doctor}");
        let service = Service::start(&program, &set);
        service.says(said).await;
        assert!(program.ends(&["sweep", "--due"]).success());
        program.until(RUNNING, 0).await;
        let log = service.stop();
        assert_eq!((warnings(&log), count(&log, AWAY)), (1, 1), "{url}: {log}");
        for secret in ["sesame-1", "wrong-2"] {
            assert!(!log.contains(secret) && !doctor.contains(secret), "{url}: {log} {doctor}");
        }
        check(&program, 30).await;
    }
}

#[tokio::test]
async fn a_user_has_its_password_in_a_file_and_needs_few_rights() {
    let server = Server::start(&[]);
    let rights = "ACL SETUSER lethe on >pass@word/1 ~lethe:* +eval +zadd +zpopmin +zremrangebyrank";
    let _: String = server.ask(&rights.split(' ').collect::<Vec<_>>());
    let program = company(60, 3).await;
    std::fs::write(program.path().join("redis.password"), "pass@word/1\n").unwrap();
    let url = format!("redis://lethe@127.0.0.1:{}", server.port);
    let set = [("LETHE_REDIS__URL", url.as_str()), ("LETHE_REDIS__PASSWORD_FILE", "redis.password")];
    let (good, doctor) = output(&program, &["doctor"], &set);
    assert!(good && doctor.contains(&format!("`127.0.0.1:{}` responds", server.port)), "{doctor}");
    let service = Service::start(&program, &set);
    assert!(program.ends(&["sweep", "--due"]).success());
    program.until(RUNNING, 0).await;
    let log = service.stop();
    assert_eq!(warnings(&log), 0, "{log}");
    assert!(calls(&server, "zpopmin") > 0);
    check(&program, 60).await;

    let _: String = server.ask(&["ACL", "SETUSER", "lethe", "-eval"]);
    let (good, doctor) = output(&program, &["doctor"], &set);
    assert!(!good && doctor.contains("answered with `NOPERM`; the user needs EVAL"), "{doctor}");
}

#[tokio::test]
async fn the_doctor_notes_a_redis_that_drops_keys_when_it_is_full() {
    let server = Server::start(&["--maxmemory-policy", "allkeys-lru"]);
    let program = company(3, 3).await;
    let url = server.url();
    let (good, doctor) = output(&program, &["doctor"], &[("LETHE_REDIS__URL", url.as_str())]);
    assert!(good && doctor.contains("`maxmemory-policy` is `allkeys-lru`"), "{doctor}");
    let left: Vec<String> = server.ask(&["KEYS", "*"]);
    assert!(left.is_empty(), "a look leaves nothing behind: {left:?}");
}

/// Runs openssl in a folder.
fn openssl(folder: &Path, args: &str) {
    let run = Command::new("openssl").args(args.split_whitespace()).current_dir(folder).output().expect("openssl");
    assert!(run.status.success(), "{args}: {}", String::from_utf8_lossy(&run.stderr));
}

/// A server with a certificate that an authority of its own has signed, for `localhost`.
fn with_tls() -> Server {
    let server = Server::new(&[]).with(&["--tls-port", "PORT", "--tls-auth-clients", "no"]).with(&[
        "--tls-cert-file",
        "server.pem",
        "--tls-key-file",
        "server.key",
        "--tls-ca-cert-file",
        "ca.pem",
    ]);
    let folder = server.path().to_owned();
    for name in ["ca", "other"] {
        openssl(
            &folder,
            &format!(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={name} -keyout {name}.key -out {name}.pem"
            ),
        );
    }
    openssl(
        &folder,
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout server.key -out server.csr",
    );
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n").unwrap();
    openssl(
        &folder,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem",
    );
    server.started()
}

#[tokio::test]
async fn a_connection_is_secured_by_a_private_authority_and_by_no_other() {
    let server = with_tls();
    let authority = |name: &str| server.path().join(name).display().to_string();
    let url = format!("rediss://localhost:{}", server.port);
    let program = company(60, 3).await;
    let set = [("LETHE_REDIS__URL", url.as_str()), ("LETHE_REDIS__CA_FILE", &authority("ca.pem"))];
    let (good, doctor) = output(&program, &["doctor"], &set);
    assert!(good, "{doctor}");
    let service = Service::start(&program, &set);
    assert!(program.ends(&["sweep", "--due"]).success());
    program.until(RUNNING, 0).await;
    let log = service.stop();
    assert_eq!(warnings(&log), 0, "{log}");
    check(&program, 60).await;

    let address = format!("rediss://127.0.0.1:{}", server.port);
    let plain = format!("redis://localhost:{}", server.port);
    for (url, authority, said) in [
        (&url, Some(authority("other.pem")), "cannot be secured"),
        (&url, None, "cannot be secured"),
        (&address, Some(authority("ca.pem")), "cannot be secured"),
        (&plain, None, "cannot be reached: connection "),
    ] {
        let mut set = vec![("LETHE_REDIS__URL", url.as_str())];
        set.extend(authority.as_ref().map(|file| ("LETHE_REDIS__CA_FILE", file.as_str())));
        let (good, doctor) = output(&program, &["doctor"], &set);
        assert!(!good && doctor.contains(said), "{url} {authority:?}: {doctor}");
    }
}
