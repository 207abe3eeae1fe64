//! Statements with typed arguments, and what comes of them.

use std::borrow::Cow;
use std::marker::PhantomData;

use futures::stream::{BoxStream, StreamExt};

use super::StoreError;
use super::row::{Decode, FromRow, Row};
use super::session::{Connection, Executor, Step};

/// A value given to a statement. A missing one still has a type.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    Boolean(Option<bool>),
    Integer(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

macro_rules! arguments {
    ($($own:ty => $variant:ident($given:ident) $value:expr;)*) => {$(
        impl From<$own> for Argument {
            fn from($given: $own) -> Self {
                Self::$variant(Some($value))
            }
        }

        impl From<Option<$own>> for Argument {
            fn from(given: Option<$own>) -> Self {
                Self::$variant(given.map(|$given| $value))
            }
        }
    )*};
}

arguments! {
    bool => Boolean(own) own;
    i32 => Integer(own) own.into();
    i64 => Integer(own) own;
    u32 => Integer(own) own.into();
    u64 => Integer(own) i64::try_from(own).unwrap_or(i64::MAX);
    usize => Integer(own) i64::try_from(own).unwrap_or(i64::MAX);
    &str => Text(own) own.to_owned();
    String => Text(own) own;
    &String => Text(own) own.clone();
    Vec<u8> => Bytes(own) own;
}

impl From<&Option<String>> for Argument {
    fn from(given: &Option<String>) -> Self {
        Self::Text(given.clone())
    }
}

/// A statement and its arguments, `$1` first.
#[derive(Debug, Clone)]
pub struct Statement<'q, R = Rows<Row>> {
    pub(super) sql: Cow<'q, str>,
    pub(super) arguments: Vec<Argument>,
    read_as: PhantomData<fn() -> R>,
}

/// Each row is read as a `T`.
#[derive(Debug)]
pub struct Rows<T>(PhantomData<T>);

/// The first column of each row is read as a `T`.
#[derive(Debug)]
pub struct Scalars<T>(PhantomData<T>);

/// What the rows of a statement are read as.
pub trait Output {
    type Read: Send;

    fn read(row: Row) -> Result<Self::Read, StoreError>;
}

impl<T: FromRow + Send> Output for Rows<T> {
    type Read = T;

    fn read(row: Row) -> Result<T, StoreError> {
        T::from_row(row)
    }
}

impl<T: Decode + Send> Output for Scalars<T> {
    type Read = T;

    fn read(row: Row) -> Result<T, StoreError> {
        row.get(0)
    }
}

fn made<'q, R>(sql: impl Into<Cow<'q, str>>) -> Statement<'q, R> {
    Statement { sql: sql.into(), arguments: Vec::new(), read_as: PhantomData }
}

/// A statement whose rows are read column by column.
pub fn query<'q>(sql: impl Into<Cow<'q, str>>) -> Statement<'q> {
    made(sql)
}

/// A statement whose rows are each read as a `T`.
pub fn query_as<'q, T>(sql: impl Into<Cow<'q, str>>) -> Statement<'q, Rows<T>> {
    made(sql)
}

/// A statement of whose rows only the first column is read.
pub fn query_scalar<'q, T>(sql: impl Into<Cow<'q, str>>) -> Statement<'q, Scalars<T>> {
    made(sql)
}

impl<R: Output> Statement<'_, R> {
    /// Puts SQL of the dialect where the text has `{hole}`.
    #[must_use]
    pub fn with(mut self, hole: &str, sql: &str) -> Self {
        self.sql = Cow::Owned(self.sql.replace(&format!("{{{hole}}}"), sql));
        self
    }

    /// Gives the next argument.
    #[must_use]
    pub fn bind(mut self, argument: impl Into<Argument>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Runs it. Returns how many rows it wrote.
    pub async fn execute<'c>(self, on: impl Executor<'c>) -> Result<u64, StoreError> {
        let mut lent = on.lend().await?;
        let mut steps = (*lent).as_mut().run(self.sql.into_owned(), self.arguments);
        let mut written = 0;
        while let Some(step) = steps.next().await {
            if let Step::Done(rows) = step? {
                written += rows;
            }
        }
        Ok(written)
    }

    /// Runs it, however many rows it writes.
    pub async fn run<'c>(self, on: impl Executor<'c>) -> Result<(), StoreError> {
        self.execute(on).await.map(drop)
    }

    /// Runs it. Returns whether it wrote a row.
    pub async fn took_effect<'c>(self, on: impl Executor<'c>) -> Result<bool, StoreError> {
        Ok(self.execute(on).await? > 0)
    }

    /// Runs it and reads all rows.
    pub async fn fetch_all<'c>(self, on: impl Executor<'c>) -> Result<Vec<R::Read>, StoreError> {
        let mut lent = on.lend().await?;
        let mut steps = (*lent).as_mut().run(self.sql.into_owned(), self.arguments);
        let mut all = Vec::new();
        while let Some(step) = steps.next().await {
            if let Step::Row(row) = step? {
                all.push(R::read(row)?);
            }
        }
        Ok(all)
    }

    /// Runs it and reads the first row, if there is one.
    pub async fn fetch_optional<'c>(self, on: impl Executor<'c>) -> Result<Option<R::Read>, StoreError> {
        let mut lent = on.lend().await?;
        let mut steps = (*lent).as_mut().run(self.sql.into_owned(), self.arguments);
        let mut first = None;
        // To its end, so that an error behind the first row is not lost.
        while let Some(step) = steps.next().await {
            if let (Step::Row(row), None) = (step?, &first) {
                first = Some(R::read(row)?);
            }
        }
        Ok(first)
    }

    /// Runs it and reads its one row.
    pub async fn fetch_one<'c>(self, on: impl Executor<'c>) -> Result<R::Read, StoreError> {
        let mut lent = on.lend().await?;
        let connection = (*lent).as_mut();
        let place = connection.place_shared();
        let found = self.fetch_optional(connection).await?;
        found.ok_or_else(|| StoreError::no_row(&place))
    }

    /// Runs it and reads row after row, none kept.
    pub fn fetch<'c>(self, on: &'c mut Connection) -> BoxStream<'c, Result<R::Read, StoreError>>
    where
        R::Read: 'c,
    {
        let steps = on.run(self.sql.into_owned(), self.arguments);
        let rows = steps.filter_map(|step| {
            std::future::ready(match step {
                Ok(Step::Row(row)) => Some(R::read(row)),
                Ok(Step::Done(_)) => None,
                Err(error) => Some(Err(error)),
            })
        });
        rows.boxed()
    }
}
