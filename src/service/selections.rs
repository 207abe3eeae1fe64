//! Selections: keys of clients saved under a name, for sweeps of kind `list`.

use serde::Serialize;
use utoipa::ToSchema;

use super::Service;
use super::bounds::LONGEST_KEY;
use super::clients::KEY_HINT;
use super::failure::{Failure, Kind};
use super::reviews::name_of;
use crate::domain::access::Right;
use crate::domain::hint::Act;
use crate::domain::key::Key;
use crate::domain::today::Today;
use crate::ledger::{NewSelection, Selection};
use crate::worker::Loaded;
use crate::worker::sweep::{Selections, SweepError};

/// How many keys are written at a time.
const A_PAGE: usize = 10_000;

/// A selection that was saved.
#[derive(Debug, Serialize, ToSchema)]
pub struct Saved {
    /// The selection.
    #[serde(flatten)]
    pub selection: Selection,
    /// How many keys were given again, and count once.
    pub twice: u64,
}

/// A selection with a page of its keys.
#[derive(Debug, Serialize, ToSchema)]
pub struct Selected {
    /// The selection.
    #[serde(flatten)]
    pub selection: Selection,
    /// Keys, in their order.
    pub keys: Vec<String>,
}

/// Keys as they are read, and how to tell a person where one stands.
pub struct Given<'a> {
    /// The keys as people write them, each with its place.
    pub keys: &'a mut (dyn Iterator<Item = Result<(usize, String), Failure>> + Send),
    pub place: &'a (dyn Fn(usize) -> String + Sync),
}

impl Service {
    /// Saves the keys of clients under a name, each once. Whether there are such
    /// clients is looked at by the sweep.
    ///
    /// # Errors
    ///
    /// [`Failure`] if a key is none, there is none, the name is taken and not to
    /// be replaced, or the caller may not.
    pub async fn save_selection(&self, name: &str, replace: bool, given: Given<'_>) -> Result<Saved, Failure> {
        let what = if replace { "replace" } else { "save" };
        self.allow_within(Right::Bulk, &format!("{what} selection"), name).await?;
        let name = name_of("selection", name)?;
        let ledger = &self.context.ledger;
        // Told before anything is read; a quicker request is found at the end.
        let before = ledger.selection(name).await?;
        if before.is_some_and(|own| !replace || !self.covers(own.limited_to.filters())) {
            return Err(taken(name));
        }
        let loaded = self.loaded().await?;
        if !self.saved_in(&loaded).company(name).await?.is_empty() {
            return Err(taken(name));
        }
        let parts = loaded.plan.client.key.len();
        let new = ledger.begin_selection(name, parts, (&self.caller.name, &self.caller.limit)).await?;
        let saved = async {
            let (read, clients) = self.read(new, given, parts).await?;
            if clients == 0 {
                return Err(Failure::new(
                    format!("no key was given for selection `{name}`"),
                    "name at least one client, or a list that names one",
                ));
            }
            if !ledger.save_selection(new, clients, replace).await? {
                return Err(taken(name));
            }
            Ok(read - clients)
        };
        match saved.await {
            Ok(twice) => Ok(Saved { selection: self.find_selection(name).await?, twice }),
            Err(failure) => {
                // What cannot be forgotten now is forgotten with the next one that is saved.
                let _ = ledger.drop_selection(new).await;
                Err(failure)
            }
        }
    }

    /// Writes keys page by page, and returns how many were read and how many clients they are.
    async fn read(&self, new: NewSelection, given: Given<'_>, parts: usize) -> Result<(u64, u64), Failure> {
        let (mut read, mut clients) = (0, 0);
        let mut page = Vec::new();
        loop {
            let next = given.keys.next().transpose()?;
            let is_last = next.is_none();
            if let Some((at, text)) = next {
                let refused = |what: &str| Failure::new(format!("{}: {what}", (given.place)(at)), KEY_HINT);
                if text.trim().is_empty() {
                    return Err(refused("the key is empty"));
                }
                let key = Key::parse(&text, parts).map_err(|what| refused(&what))?.to_string();
                if key.len() > LONGEST_KEY {
                    return Err(refused("the key has more than 1,000 bytes"));
                }
                page.push(key);
            }
            if page.len() == A_PAGE || is_last {
                self.only_own_texts(&page).await?;
                read += page.len() as u64;
                clients += self.context.ledger.add_to_selection(new, &page).await?;
                page.clear();
            }
            if is_last {
                return Ok((read, clients));
            }
        }
    }

    /// Selections behind a name, by name, without their keys: those saved in Lethe, and the company's own. While the
    /// policy cannot be used, only the first are known.
    pub async fn selections(&self, behind: Option<&str>, most: u32) -> Result<Vec<Selection>, Failure> {
        self.allow_within(Right::Read, "view selections", "").await?;
        let (first, mut behind, mut seen) = (behind, behind.map(str::to_owned), Vec::new());
        loop {
            let found = self.context.ledger.selections(behind.as_deref(), most).await?;
            let is_last = found.len() < most as usize;
            behind = found.last().map(|own| own.name.clone());
            seen.extend(found.into_iter().filter(|own| self.covers(own.limited_to.filters())));
            if is_last || seen.len() >= most as usize {
                break;
            }
        }
        // Whether the company's own are within a limit is not known.
        if self.caller.limit.is_none()
            && let Ok(loaded) = self.loaded().await
        {
            let company = self.saved_in(&loaded).of_company().await?;
            seen.extend(company.into_iter().filter(|own| first.is_none_or(|first| own.name.as_str() > first)));
            seen.sort_by(|one, other| one.name.cmp(&other.name));
        }
        seen.truncate(most as usize);
        Ok(seen)
    }

    /// Where selections are saved under the policy as it is.
    fn saved_in<'a>(&'a self, loaded: &'a Loaded) -> Selections<'a> {
        Selections {
            store: &self.context.store,
            ledger: Some(&self.context.ledger),
            plan: &loaded.plan,
            today: Today { day: self.today(), zone: self.time_zone },
        }
    }

    /// A selection, without its keys.
    pub async fn selection(&self, name: &str) -> Result<Selection, Failure> {
        self.allow_within(Right::Read, "view selections", "").await?;
        self.find_selection(name).await
    }

    /// A selection, with a page of its keys behind one of them.
    pub async fn selected(&self, name: &str, behind: Option<&str>, most: u32) -> Result<Selected, Failure> {
        self.allow_within(Right::Read, "view clients", "").await?;
        let selection = self.find_selection(name).await?;
        if selection.source.is_none() {
            let keys = self.context.ledger.selected(selection.id, behind, most as usize).await?;
            self.only_own_texts(&keys).await?;
            return Ok(Selected { selection, keys });
        }
        let loaded = self.loaded().await?;
        let key = |text: &str| Key::parse(text, loaded.plan.client.key.len());
        let behind = behind.map(key).transpose().map_err(|what| Failure::new(what, KEY_HINT))?;
        let page = self.saved_in(&loaded).page(&selection, behind.as_ref(), most as usize).await?;
        Ok(Selected { selection, keys: page.iter().map(Key::to_string).collect() })
    }

    /// Deletes a selection; a sweep that was opened over it stands.
    pub async fn delete_selection(&self, name: &str) -> Result<(), Failure> {
        self.allow_within(Right::Bulk, "delete selection", name).await?;
        let ledger = &self.context.ledger;
        self.find_selection(name).await?;
        if ledger.delete_selection(name.trim()).await? {
            return Ok(());
        }
        let loaded = self.loaded().await?;
        let saved_in = self.saved_in(&loaded);
        let Some(own) = saved_in.company(name.trim()).await?.pop() else {
            return Err(saved_in.unknown(name.trim()).await?.into());
        };
        let what = format!("selection `{}` is saved in table `{}`", own.name, own.in_table.unwrap_or_default());
        Err(Failure::new(what, "delete it where the company saved it").of(Kind::Conflict))
    }

    /// One that is saved in Lethe can be looked at while the policy cannot be used.
    pub(super) async fn find_selection(&self, name: &str) -> Result<Selection, Failure> {
        let name = name.trim();
        let saved = self.context.ledger.selection(name).await?.filter(|own| self.covers(own.limited_to.filters()));
        if !self.caller.limit.is_none() {
            // The company's own may be beyond the caller's limit, and so may names that are near.
            let unknown = SweepError::UnknownSelection { name: name.to_owned(), nearest: None };
            return saved.ok_or_else(|| unknown.into());
        }
        match (self.loaded().await, saved) {
            (Ok(loaded), None) => Ok(self.saved_in(&loaded).find(name).await?),
            (_, Some(found)) => Ok(found),
            (Err(error), None) => Err(error.into()),
        }
    }
}

fn taken(name: &str) -> Failure {
    let what = format!("selection `{name}` already exists");
    Failure::new(what, Act::Replace.after("choose another name, or ")).of(Kind::Conflict)
}
