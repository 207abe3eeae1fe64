//! Recognizes the roots in which files are deleted, by a marker that Lethe
//! writes into each. One that is empty where it was never seen otherwise, or
//! that is not the one that it was, is unavailable: a volume that is not mounted
//! must not pass for files that are deleted.

use ulid::Ulid;

use super::{Context, SweepError};
use crate::ledger::{Ledger, Root as Seen};
use crate::outside::{FileFault, OpenRoot, Root};

const EMPTY: &str = "the root is empty, as it is where a volume is not mounted";
const UNMARKED: &str = "the root is not the one that was seen before: its file `.lethe-root` is missing";
const OTHER_MARK: &str = "the root is not the one that was seen before: its file `.lethe-root` holds another mark";
const ELSEWHERE: &str = "the root is on another file system, or in another bucket, than before";

/// How a root looks beside how it looked before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootState {
    /// It is the one that was seen before.
    Known,
    /// It was not seen before.
    New,
    /// It was not seen before, and nothing is in it.
    NewAndEmpty,
    /// It is empty, or another than before, as this says: an operator has to check it.
    Strange(&'static str),
}

/// Whether the error of a delivery is that of a root that an operator has to check.
pub(super) fn is_strange(error: &str) -> bool {
    [EMPTY, UNMARKED, OTHER_MARK, ELSEWHERE].contains(&error)
}

/// How a root looks now; nothing is written. Without a ledger it was never seen.
///
/// # Errors
///
/// [`FileFault`] if it cannot be opened; [`SweepError`] if the database is away.
pub async fn check(
    ledger: Option<&Ledger>,
    root: &Root,
    name: &str,
) -> Result<Result<RootState, FileFault>, SweepError> {
    let seen = match ledger {
        Some(ledger) => ledger.root(name).await?,
        None => None,
    };
    let looked = async {
        let open = root.open().await?;
        Ok(sight(seen.as_ref(), &look(&open).await?, open.is_empty()))
    };
    Ok(looked.await)
}

/// Opens a root for a number of deletions.
pub(super) async fn open(context: &Context, name: &str) -> Result<Result<OpenRoot, FileFault>, SweepError> {
    let seen = context.ledger.root(name).await?;
    let opened = async {
        let open = declared(context, name).await?;
        let found = look(&open).await?;
        let found = match sight(seen.as_ref(), &found, open.is_empty()) {
            RootState::Known | RootState::New => marked(&open, found).await?,
            RootState::NewAndEmpty => return Err(FileFault::Unavailable(EMPTY.to_owned())),
            RootState::Strange(why) => return Err(FileFault::Unavailable(why.to_owned())),
        };
        Ok((open, found))
    };
    match opened.await {
        Ok((open, found)) => {
            if seen.as_ref() != Some(&found) {
                context.ledger.see_root(name, &found).await?;
            }
            Ok(Ok(open))
        }
        Err(fault) => Ok(Err(fault)),
    }
}

/// An operator says that a root is the right one, though it is empty or another than before.
///
/// # Errors
///
/// [`FileFault`] if it cannot be opened, or is empty and cannot be marked;
/// [`SweepError`] if the database is away.
pub async fn accept(context: &Context, name: &str) -> Result<Result<(), FileFault>, SweepError> {
    let accepted = async {
        let open = declared(context, name).await?;
        let found = marked(&open, look(&open).await?).await?;
        if open.is_empty() && found.mark.is_none() {
            let why =
                "it is empty, and Lethe may not write its file `.lethe-root`; create that file with any word in it";
            return Err(FileFault::Unavailable(why.to_owned()));
        }
        Ok(found)
    };
    match accepted.await {
        Ok(seen) => Ok(Ok(context.ledger.see_root(name, &seen).await?)),
        Err(fault) => Ok(Err(fault)),
    }
}

async fn declared(context: &Context, name: &str) -> Result<OpenRoot, FileFault> {
    match context.targets.roots.get(name) {
        Some(root) => root.open().await,
        None => Err(FileFault::Unavailable("`lethe.toml` does not declare the root".to_owned())),
    }
}

async fn look(open: &OpenRoot) -> Result<Seen, FileFault> {
    Ok(Seen { mark: open.mark().await?, location: open.location() })
}

fn sight(seen: Option<&Seen>, found: &Seen, is_empty: bool) -> RootState {
    match (seen, &found.mark) {
        (None, None) if is_empty => RootState::NewAndEmpty,
        // One with a mark was marked by an operator, or for an earlier ledger.
        (None, _) => RootState::New,
        (Some(Seen { mark: Some(known), .. }), Some(mark)) if known == mark => RootState::Known,
        (Some(Seen { mark: Some(_), .. }), Some(_)) => RootState::Strange(OTHER_MARK),
        (Some(Seen { mark: Some(_), .. }), None) => RootState::Strange(UNMARKED),
        (Some(_), None) if is_empty => RootState::Strange(EMPTY),
        // Without a mark that is known, all that tells it from another is where it is.
        (Some(seen), _) if seen.location != found.location => RootState::Strange(ELSEWHERE),
        (Some(_), _) => RootState::Known,
    }
}

/// The root with a marker, where one can be written.
async fn marked(open: &OpenRoot, mut found: Seen) -> Result<Seen, FileFault> {
    if found.mark.is_none() && open.write_mark(&Ulid::new().to_string()).await? {
        found.mark = open.mark().await?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_known_by_its_mark_and_without_one_by_where_it_is() {
        let root =
            |mark: Option<&str>, location: &str| Seen { mark: mark.map(str::to_owned), location: location.into() };
        let look = |seen: &Seen, found: &Seen, is_empty| sight(Some(seen), found, is_empty);
        let (marked, unmarked) = (root(Some("m"), "1"), root(None, "1"));
        assert_eq!(look(&marked, &root(Some("m"), "2"), true), RootState::Known);
        assert_eq!(look(&marked, &root(Some("n"), "1"), false), RootState::Strange(OTHER_MARK));
        assert_eq!(look(&marked, &unmarked, false), RootState::Strange(UNMARKED));
        assert_eq!(look(&unmarked, &unmarked, false), RootState::Known);
        assert_eq!(look(&unmarked, &marked, false), RootState::Known);
        assert_eq!(look(&unmarked, &unmarked, true), RootState::Strange(EMPTY));
        for other in [root(None, "2"), root(Some("m"), "2")] {
            assert_eq!(look(&unmarked, &other, false), RootState::Strange(ELSEWHERE));
        }
        assert_eq!(sight(None, &unmarked, false), RootState::New);
        assert_eq!(sight(None, &marked, true), RootState::New);
        assert_eq!(sight(None, &unmarked, true), RootState::NewAndEmpty);
    }
}
