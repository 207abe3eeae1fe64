//! `lethe returned`: clients anonymized before who have come back under a new key.

use std::path::Path;

use super::confirm::confirm;
use super::output::Output;
use super::{Failure, setup};
use crate::domain::text::escaped;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Confirm that this client was anonymized before: the next replay anonymizes it.
    #[arg(long, value_name = "KEY", requires = "former")]
    confirm: Option<String>,
    /// The key under which the client was anonymized.
    #[arg(long = "as", value_name = "KEY", requires = "confirm")]
    former: Option<String>,
    /// Confirm without asking: anonymization cannot be undone.
    #[arg(long, env = "LETHE_YES")]
    yes: bool,
}

pub(super) async fn execute(args: &Args, file: &Path, out: Output) -> Result<(), Failure> {
    let (_, service) = setup::service(file).await?;
    if let (Some(key), Some(former)) = (&args.confirm, &args.former) {
        let what = format!("client {key} would be anonymized by the next replay, which cannot be undone");
        confirm(&what, "Is it the same person?", "if it is the same person, add `--yes`", args.yes)?;
        let confirmed = service.confirm_returned(key, former).await?;
        out.data(&confirmed, || {
            let (client, former) = (escaped(&confirmed.client), escaped(&confirmed.former));
            format!(
                "Client {client} is client {former}. The next replay anonymizes it, unless a guard or hold refuses."
            )
        });
        return Ok(());
    }
    let all = service.returned().await?;
    let columns = ["client", "anonymized as", "recognized", "confirmed"];
    out.list(&all, "No client has come back under a new key.", columns, |own| {
        let by = own.confirmed_by.as_ref().map(|by| format!("by {}", escaped(by)));
        let by = by.unwrap_or_else(|| "no: `--confirm KEY --as KEY`".to_owned());
        let found = own.found_at.get(..10).unwrap_or(&own.found_at);
        [escaped(&own.client), escaped(&own.former), found.to_owned(), by]
    });
    Ok(())
}
