//! What the program says is searched for what the tests have put into databases.
//!
//! **Searched for**: every text in quotes of the statements that a test gives to its database through [`Place`] or
//! `Company`, if it looks like a mail address, a telephone or bank account number, or a name of two words or more,
//! whichever test of the same process put it there.
//!
//! **Searched**: every event of the log, at the most verbose level, of what works inside a test's process (on a find
//! the whole target ends); the log of every service that a test starts (as verbose as there is, with the statements
//! that the driver logs) and of every command (as verbose as the test has it, since tests compare what it says); and,
//! where a trade's program answers over HTTP, `/metrics` and every span it sends.
//!
//! `access`, `bad_inputs`, `chaos` and what uses `common/program.rs` search by themselves, for what their own clients are
//! made of, in the log without the driver's statements.
//!
//! **Not searched**: what commands print to stdout for their caller; single words, such as a first name alone; values
//! that a statement, or the demonstration, makes up inside the database; what a program that is killed has written in its last moment.
//!
//! [`Place`]: super::place::Place

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Once, RwLock};

/// The most verbose log of the program.
pub const VERBOSE: &str = "lethe=trace,sqlx=debug,info";

/// How many bytes of a value it is found by.
const BEGIN: usize = 6;

type Known = HashMap<[u8; BEGIN], HashSet<Vec<u8>>>;

static KNOWN: RwLock<Option<Known>> = RwLock::new(None);

/// Remembers the values of persons in statements that a test runs.
pub fn remember(statements: &str) {
    static FIRST: Once = Once::new();
    FIRST.call_once(listen);
    for value in statements.split('\'').skip(1).step_by(2).filter(|own| is_personal(own)) {
        know(value.as_bytes());
    }
}

fn know(value: &[u8]) {
    let begin = value[..BEGIN].try_into().expect("long enough");
    let mut known = KNOWN.write().expect("what is known");
    known.get_or_insert_default().entry(begin).or_default().insert(value.to_vec());
}

/// Whether a text looks like something of a person.
fn is_personal(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_mail = text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    let is_number =
        digits >= 8 && text.starts_with(['+', '0']) && text.bytes().all(|own| b"0123456789+-/() ".contains(&own));
    let is_account = text.len() >= 15
        && text.bytes().take(2).all(|own| own.is_ascii_uppercase())
        && digits >= 10
        && text.bytes().all(|own| own.is_ascii_alphanumeric() || own == b' ');
    let words: Vec<&str> = text.split(' ').collect();
    let is_name = (2..=4).contains(&words.len())
        && words.iter().all(|own| {
            own.starts_with(char::is_uppercase)
                && own.chars().skip(1).all(|own| own.is_alphabetic() || "-'".contains(own))
        });
    // A mail address that a rule writes, and days, belong to no client.
    let is_nobodys = text.ends_with("@invalid") || text.starts_with("Anonym");
    text.len() >= 8
        && !text.contains('\n')
        && (is_mail || is_number || is_account || is_name)
        && !is_nobodys
        && !text.contains('{')
}

/// Where in a text something of a person is, if anywhere: never what.
pub fn found(text: &[u8]) -> Option<String> {
    let known = KNOWN.read().expect("what is known");
    let known = known.as_ref()?;
    let at = text.windows(BEGIN).enumerate().find(|(at, begin)| {
        let values = <&[u8; BEGIN]>::try_from(*begin).ok().and_then(|begin| known.get(begin));
        values.is_some_and(|values| values.iter().any(|own| text[*at..].starts_with(own)))
    });
    at.map(|(at, _)| {
        let line = text[..at].split(|own| *own == b'\n').count();
        let begin = text[..at].iter().rposition(|own| *own == b'\n').map_or(0, |own| own + 1);
        format!("line {line}, byte {}", at - begin)
    })
}

/// Fails if a text has something of a person in it.
pub fn search(what: &str, text: &[u8]) {
    if let Some(place) = found(text) {
        panic!("{what} has a value of a person that a test put into a database: {place}");
    }
}

/// Ends the tests if a line has something of a person in it; a panic could be caught on the way.
pub fn search_line(what: &str, line: &[u8]) {
    if let Some(place) = found(line) {
        eprintln!("{what} has a value of a person that a test put into a database: {place}");
        std::process::exit(101);
    }
}

/// Starts a service; its log, as verbose as there is, is searched to its end.
pub fn start(command: &mut Command) -> Child {
    let (child, lines) = spawn(command);
    std::thread::spawn(move || lines.for_each(drop));
    child
}

/// The same, once its log has a line with these words; with that line.
pub fn start_until(command: &mut Command, words: &str) -> (Child, String) {
    let (child, mut lines) = spawn(command);
    let line = lines.by_ref().find(|line| line.contains(words)).expect("it ended before it said so");
    std::thread::spawn(move || lines.for_each(drop));
    (child, line)
}

/// Where a service answers over HTTP, by the line of its log that says so.
pub fn url(line: &str) -> String {
    let address = line.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("an address");
    format!("http://{address}")
}

fn spawn(command: &mut Command) -> (Child, impl Iterator<Item = String> + Send + use<>) {
    command.env("LETHE_LOG", VERBOSE).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let lines = BufReader::new(child.stderr.take().expect("its log")).split(b'\n').map_while(Result::ok);
    let searched = lines.inspect(|line| search_line("the log", line));
    (child, searched.map(|line| String::from_utf8_lossy(&line).into_owned()))
}

/// Has every event of the log in this process searched.
fn listen() {
    // What the driver logs here are the tests' own statements.
    let filter = tracing_subscriber::EnvFilter::new("lethe=trace,sqlx=off,info");
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(|| Log);
    let _ = log.try_init();
}

struct Log;

impl std::io::Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        search_line("the log inside the tests", line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
