//! Rows on their way into the database.

use chrono::NaiveDate;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Integer(i64),
    Number(f64),
    Word(&'static str),
    Text(String),
    Day(NaiveDate),
    Bytes(&'static [u8]),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Integer(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<&'static str> for Value {
    fn from(value: &'static str) -> Self {
        Self::Word(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&'static [u8]> for Value {
    fn from(value: &'static [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl From<NaiveDate> for Value {
    fn from(value: NaiveDate) -> Self {
        Self::Day(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The tables that customers fill, in the order in which they are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Contacts,
    Customers,
    Relations,
    ContactPoints,
    ShipTo,
    Attributes,
    Memberships,
    Tasks,
    Notes,
    SalesHeaders,
    SalesLines,
    Invoices,
    InvoiceLines,
    LedgerEntries,
    JournalLines,
}

impl Table {
    pub(super) const ALL: [Self; 15] = [
        Self::Contacts,
        Self::Customers,
        Self::Relations,
        Self::ContactPoints,
        Self::ShipTo,
        Self::Attributes,
        Self::Memberships,
        Self::Tasks,
        Self::Notes,
        Self::SalesHeaders,
        Self::SalesLines,
        Self::Invoices,
        Self::InvoiceLines,
        Self::LedgerEntries,
        Self::JournalLines,
    ];
}

/// The rows of some hundred clients, table by table.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Chunk {
    values: [Vec<Value>; Table::ALL.len()],
}

impl Chunk {
    /// Adds a row; its values stand in the order of the table's statement.
    pub(super) fn push<const N: usize>(&mut self, table: Table, row: [Value; N]) {
        self.values[table as usize].extend(row);
    }

    /// The values of a table, row after row, to be taken out.
    pub(super) fn values(&mut self, table: Table) -> &mut Vec<Value> {
        &mut self.values[table as usize]
    }
}

/// A row of anything that can stand in a database.
macro_rules! row {
    ($($value:expr),+ $(,)?) => { [$($crate::demo::chunk::Value::from($value)),+] };
}
pub(super) use row;
