//! A connection of one of sqlx's own drivers, as a [`Session`].

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{BoxStream, StreamExt};
use sqlx::pool::PoolConnection;
use sqlx::{
    Arguments, AssertSqlSafe, Column, Connection, Database, Either, Encode, Executor, IntoArguments, Row as _, Type,
};
use sqlx_core::transaction::TransactionManager;

use super::Argument;
use super::row::{Heading, Row, Value};
use super::session::{Session, Step};

/// What differs between the drivers of sqlx.
pub(super) trait Native: Database {
    /// How a transaction begins that is about to write, if not by `BEGIN`.
    const BEGIN: Option<&'static str>;

    fn values(row: &Self::Row) -> Result<Vec<Value>, sqlx::Error>;
    fn rows(done: &Self::QueryResult) -> u64;
}

/// A connection by itself, or one lent by a pool.
pub(super) enum Held<DB: Database> {
    Own(DB::Connection),
    Pooled(PoolConnection<DB>),
}

impl<DB: Native> Held<DB> {
    fn get(&mut self) -> &mut DB::Connection {
        match self {
            Self::Own(own) => own,
            Self::Pooled(own) => own,
        }
    }

    fn look(&self) -> &DB::Connection {
        match self {
            Self::Own(own) => own,
            Self::Pooled(own) => own,
        }
    }
}

impl<DB> Session for Held<DB>
where
    DB: Native,
    DB::Connection: Sync,
    DB::Arguments: IntoArguments<DB>,
    Option<bool>: for<'t> Encode<'t, DB> + Type<DB>,
    Option<i64>: for<'t> Encode<'t, DB> + Type<DB>,
    Option<String>: for<'t> Encode<'t, DB> + Type<DB>,
    Option<Vec<u8>>: for<'t> Encode<'t, DB> + Type<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    fn run(
        &mut self,
        sql: String,
        arguments: Vec<Argument>,
        place: Arc<str>,
    ) -> BoxStream<'_, Result<Step, sqlx::Error>> {
        let mut given = DB::Arguments::default();
        for argument in arguments {
            let added = match argument {
                Argument::Boolean(own) => given.add(own),
                Argument::Integer(own) => given.add(own),
                Argument::Text(own) => given.add(own),
                Argument::Bytes(own) => given.add(own),
            };
            if let Err(error) = added {
                return futures::stream::once(async { Err(sqlx::Error::Encode(error)) }).boxed();
            }
        }
        let steps = self.get().fetch_many(sqlx::query_with::<DB, _>(AssertSqlSafe(sql), given));
        let mut heading: Option<Arc<Heading>> = None;
        let step = move |step: Result<Either<DB::QueryResult, DB::Row>, sqlx::Error>| match step? {
            Either::Left(done) => Ok(Step::Done(DB::rows(&done))),
            Either::Right(row) => {
                let heading = heading.get_or_insert_with(|| {
                    let names = row.columns().iter().map(|column| column.name().into()).collect();
                    Arc::new(Heading { names, place: Arc::clone(&place) })
                });
                Ok(Step::Row(Row::new(Arc::clone(heading), DB::values(&row)?)))
            }
        };
        steps.map(step).boxed()
    }

    fn run_script(&mut self, sql: String) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        let steps = self.get().fetch_many(AssertSqlSafe(sql));
        async move {
            let mut steps = steps;
            while let Some(step) = steps.next().await {
                step?;
            }
            Ok(())
        }
        .boxed()
    }

    fn begin(&mut self) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        let statement = DB::BEGIN.map(sqlx::SqlStr::from_static);
        DB::TransactionManager::begin(self.get(), statement).boxed()
    }

    fn begin_reading(&mut self) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        DB::TransactionManager::begin(self.get(), None).boxed()
    }

    fn commit(&mut self) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        DB::TransactionManager::commit(self.get()).boxed()
    }

    fn rollback(&mut self) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        DB::TransactionManager::rollback(self.get()).boxed()
    }

    fn start_rollback(&mut self) {
        DB::TransactionManager::start_rollback(self.get());
    }

    fn is_in_transaction(&self) -> bool {
        DB::TransactionManager::get_transaction_depth(self.look()) != 0
    }

    fn ping(&mut self) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        self.get().ping().boxed()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, Result<(), sqlx::Error>> {
        match *self {
            Self::Own(own) => own.close().boxed(),
            // Given back to its pool.
            Self::Pooled(own) => {
                drop(own);
                async { Ok(()) }.boxed()
            }
        }
    }
}
