//! The ledgers of one database: each is of the clients of one table, so that their keys never mix. The first one lists
//! them. See `docs/decisions/022-a-ledger-for-each-client-table.md`.

use super::{Ledger, has, is_known, migrate};
use crate::database::{Connection, FIRST, Store, StoreError, row};
use crate::domain::clock::Clock;
use crate::domain::schema::Schema;

/// How often a ledger is chosen again because another process was faster.
const ATTEMPTS: usize = 5;

row! {
    /// A ledger and its clients.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Listed {
        number: i64,
        client_table: String,
        /// The folder of its journal; empty for the first.
        folder: String,
    }
}

/// The ledger for the clients of a table.
#[derive(Debug, PartialEq, Eq)]
struct Choice {
    own: Listed,
    /// The table of its clients as the list has it; `None` if the ledger is not listed.
    listed_as: Option<String>,
}

impl Choice {
    fn is_listed(&self) -> bool {
        self.listed_as.as_ref() == Some(&self.own.client_table)
    }

    /// Lists it, unless another process has listed a ledger of this number meanwhile. Returns whether it is listed.
    async fn list(&self, connection: &mut Connection) -> Result<bool, StoreError> {
        if self.is_listed() {
            return Ok(true);
        }
        let Listed { number, client_table, folder } = &self.own;
        let listed = match &self.listed_as {
            None => sql!(query, "ledgers/list", *number, client_table, folder),
            Some(before) => sql!(query, "ledgers/rename", *number, client_table, before),
        };
        listed.execute(&mut *connection).await?;
        Ok(clients_of(connection, *number).await?.as_ref() == Some(client_table))
    }
}

/// Chooses among the ledgers of a database; `None` if the table is not there. A table that is there no more was renamed.
///
/// # Errors
///
/// The tables of the ledgers that it may be, if it may be any of several.
fn choose(listed: &[Listed], table: Option<&str>, schema: &Schema) -> Result<Option<Choice>, Vec<String>> {
    let Some(table) = table.and_then(|table| schema.table(table)).map(|table| table.name.clone()) else {
        return Ok(None);
    };
    let is_gone = |own: &&Listed| schema.table(&own.client_table).is_none();
    let gone: Vec<&Listed> = listed.iter().filter(is_gone).collect();
    let as_listed = match (listed.iter().find(|own| own.client_table == table), gone.as_slice()) {
        (Some(own), _) | (None, &[own]) => Some(own),
        (None, []) => None,
        (None, several) => return Err(several.iter().map(|own| own.client_table.clone()).collect()),
    };
    let number = listed.iter().map(|own| own.number + 1).max().unwrap_or(FIRST);
    let folder = if number == FIRST { String::new() } else { folder_of(&table) };
    let own = match as_listed {
        Some(own) => Listed { client_table: table, ..(*own).clone() },
        None => Listed { number, client_table: table, folder },
    };
    Ok(Some(Choice { own, listed_as: as_listed.map(|own| own.client_table.clone()) }))
}

/// A folder for the journal of these clients: letters, digits, `-` and `_`, all else by its bytes.
fn folder_of(table: &str) -> String {
    let part = |byte: u8| {
        let is_plain = byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if is_plain { char::from(byte).to_string() } else { format!("~{byte:02x}") }
    };
    table.bytes().map(part).collect()
}

async fn listed(store: &Store) -> Result<Vec<Listed>, StoreError> {
    if !has(store, "lethe_ledgers").await? {
        return Ok(Vec::new());
    }
    sql!(query_as, "ledgers/listed").fetch_all(store.readers()).await
}

async fn clients_of(connection: &mut Connection, number: i64) -> Result<Option<String>, StoreError> {
    sql!(query_scalar, "ledgers/clients_of", number).fetch_optional(connection).await
}

/// The database with the ledger for the clients of this table, as commands look at it that write nothing. That ledger
/// may not be there yet.
///
/// # Errors
///
/// [`StoreError`] if it may be one of several, or the list cannot be read.
pub async fn with_ledger_of(store: &Store, table: Option<&str>) -> Result<Store, StoreError> {
    let listed = match listed(store).await {
        // A role that may not read the list may not read its ledger either, and learns so there.
        Err(error) if error.is_forbidden() => return Ok(store.clone()),
        listed => listed?,
    };
    if listed.is_empty() || table.is_none() {
        return Ok(store.clone());
    }
    if let Some(own) = listed.iter().find(|own| table == Some(own.client_table.as_str())) {
        return Ok(store.with_ledger(own.number, &own.folder));
    }
    let chosen = choose(&listed, table, &store.schema().await?);
    let chosen = chosen.map_err(|among| StoreError::which_ledger(store.place(), &among))?;
    Ok(chosen.map_or_else(|| store.clone(), |choice| store.with_ledger(choice.own.number, &choice.own.folder)))
}

/// The same where the list says so already, and the tables of the first ledger, which all share, are up to date.
async fn settled(first: &Store, table: Option<&str>) -> Result<Option<Store>, StoreError> {
    let listed = listed(first).await?;
    let Some(own) = listed.iter().find(|own| table == Some(own.client_table.as_str())) else { return Ok(None) };
    if own.number != FIRST {
        let version: i64 = sql!(query_scalar, "migrations/version").fetch_one(first.readers()).await?;
        if usize::try_from(version).is_ok_and(|version| version < first.dialect().migrations.len()) {
            return Ok(None);
        }
    }
    Ok(Some(first.with_ledger(own.number, &own.folder)))
}

/// Makes the list if it is missing, and lists the ledger for the clients of this table.
async fn settle(first: &Store, table: Option<&str>) -> Result<Store, StoreError> {
    let mut connection = first.writer().await?;
    let settled = settle_on(&mut connection, first, table).await;
    connection.close().await?;
    settled
}

async fn settle_on(connection: &mut Connection, first: &Store, table: Option<&str>) -> Result<Store, StoreError> {
    let version = migrate(first, connection).await?;
    is_known(first, version)?;
    let schema = first.schema().await?;
    let mut among = Vec::new();
    for _ in 0..ATTEMPTS {
        let listed = listed(first).await?;
        among = listed.iter().map(|own| own.client_table.clone()).collect();
        match choose(&listed, table, &schema).map_err(|among| StoreError::which_ledger(first.place(), &among))? {
            // Without a policy there is nothing that could mix.
            None if listed.len() < 2 => return Ok(first.clone()),
            None => break,
            Some(choice) => match choice.list(connection).await {
                Ok(true) => return Ok(first.with_ledger(choice.own.number, &choice.own.folder)),
                Ok(false) => {}
                // Where nothing can be written, it can still be read.
                Err(error) if error.is_read_only() && choice.own.number == FIRST => return Ok(first.clone()),
                Err(error) => return Err(error),
            },
        }
    }
    Err(StoreError::which_ledger(first.place(), &among))
}

impl Ledger {
    /// Opens the ledger for the clients of this table, and makes it where it is missing: the first policy of a database
    /// has the first ledger, a policy over another client table one of its own.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it may be one of several, or the database cannot be used.
    pub async fn of_clients(store: &Store, clock: &Clock, table: Option<&str>) -> Result<Self, StoreError> {
        let first = store.with_ledger(FIRST, "");
        let own = match settled(&first, table).await? {
            Some(own) => own,
            None => settle(&first, table).await?,
        };
        Self::open(&own, clock).await
    }

    /// The table whose clients this ledger is about, once that is known.
    pub async fn clients(&self) -> Result<Option<String>, StoreError> {
        clients_of(&mut self.readers().acquire().await?, self.store.ledger()).await
    }

    /// Lists this ledger as that of the clients in a table, in the transaction that is about to write. Returns whether
    /// it is.
    pub async fn is_for(&self, connection: &mut Connection, table: &str) -> Result<bool, StoreError> {
        let number = self.store.ledger();
        let listed_as = clients_of(connection, number).await?;
        let folder = self.store.journal_folder().unwrap_or_default().to_owned();
        let own = Listed { number, client_table: table.to_owned(), folder };
        Choice { own, listed_as }.list(connection).await
    }
}

#[cfg(test)]
mod tests {
    use super::{Choice, Listed, choose, folder_of};
    use crate::database::SqliteDialect;
    use crate::domain::schema::{LiveTable, Schema};

    fn schema(tables: &[&str]) -> Schema {
        let mut schema = Schema::empty(&SqliteDialect);
        for name in tables {
            schema.tables.insert((*name).to_owned(), LiveTable { name: (*name).to_owned(), ..LiveTable::default() });
        }
        schema
    }

    fn listed(number: i64, table: &str) -> Listed {
        let folder = if number == 1 { String::new() } else { folder_of(table) };
        Listed { number, client_table: table.to_owned(), folder }
    }

    fn chosen(all: &[Listed], table: &str, tables: &[&str]) -> Choice {
        choose(all, Some(table), &schema(tables)).unwrap().unwrap()
    }

    #[test]
    fn each_client_table_has_a_ledger_and_the_first_has_the_first() {
        let tables = ["customers", "guests"];
        let none = chosen(&[], "Customers", &tables);
        assert_eq!((&none.own, none.is_listed()), (&listed(1, "customers"), false));
        let one = [listed(1, "customers")];
        assert!(chosen(&one, "CUSTOMERS", &tables).is_listed());
        let second = chosen(&one, "guests", &tables);
        assert_eq!((&second.own, second.listed_as), (&listed(2, "guests"), None));
        let two = [listed(1, "customers"), listed(2, "guests")];
        assert_eq!(chosen(&two, "guests", &tables).own, two[1]);
    }

    #[test]
    fn a_ledger_goes_with_its_table_where_it_is_known_which_was_renamed() {
        let two = [listed(1, "customers"), listed(2, "guests")];
        let renamed = chosen(&two, "visitors", &["customers", "visitors"]);
        assert_eq!(renamed.listed_as.as_deref(), Some("guests"));
        assert_eq!((renamed.own.number, renamed.own.folder.as_str()), (2, "guests"), "its journal stays where it is");
        let either = choose(&two, Some("visitors"), &schema(&["visitors", "clients"]));
        assert_eq!(either, Err(vec!["customers".to_owned(), "guests".to_owned()]));
        assert_eq!(choose(&two, Some("visitors"), &schema(&["customers", "guests"])), Ok(None), "table not found");
    }

    #[test]
    fn journals_of_different_tables_are_in_different_folders() {
        assert_eq!(folder_of("guest_orders"), "guest_orders");
        assert_eq!(folder_of("sales.guests"), "sales~2eguests");
        assert_eq!(folder_of("../é"), "~2e~2e~2f~c3~a9");
    }
}
