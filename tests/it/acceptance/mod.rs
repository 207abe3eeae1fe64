//! What the trades behind the shipped policies ask for, statement by statement:
//! each test is one of them, on the shipped policy, schema and data, by way of
//! the program itself.

mod amparex;
mod asked;
mod awkward;
mod beyond;
mod harness;
mod np_retail;
mod np_retail_books;
mod np_retail_rows;
mod office;
mod own_data;
mod proabono;
mod prodon;
mod prodon_online;
mod resamania;
mod resamania_lists;
mod rights;
mod roundabout;
mod selections;
mod snapshot;
mod trade;
