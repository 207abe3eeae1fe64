//! The question before what cannot be undone. Only `--yes`, `LETHE_YES` or an answer at the terminal answers it.

use std::io::IsTerminal;

use super::Failure;

/// Asks whether something is meant, unless `yes` said so beforehand. `what` says what would happen, and to how many;
/// `hint` what to run where there is no terminal to ask at.
pub(super) fn confirm(what: &str, question: &str, hint: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::new(what, hint.to_owned()));
    }
    let mut answer = String::new();
    eprint!("{what}.\n{question} [y/N] ");
    std::io::stdin().read_line(&mut answer).map_err(|_| Failure::new("the answer could not be read", "add `--yes`"))?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Failure::new("nothing was started", "answer `y`, or add `--yes`"))
}
