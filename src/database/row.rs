//! Rows as a database gives them: typed values, each under its column's name.

use std::sync::Arc;

use super::StoreError;
use crate::domain::key::KeyJson;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    /// Bytes, or a text that is not valid UTF-8.
    Bytes(Vec<u8>),
    /// A value of a type that no statement of Lethe's reads as it is.
    Unreadable,
}

impl Value {
    /// The bytes of a text or of a value of bytes.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Text(text) => Some(text.as_bytes()),
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// What all rows of one statement share.
#[derive(Debug)]
pub(super) struct Heading {
    pub(super) names: Vec<Box<str>>,
    pub(super) place: Arc<str>,
}

#[derive(Debug, Clone)]
pub struct Row {
    heading: Arc<Heading>,
    values: Vec<Value>,
}

impl Row {
    pub(super) fn new(heading: Arc<Heading>, values: Vec<Value>) -> Self {
        Self { heading, values }
    }

    /// Reads a column, by its name or by its place from 0.
    pub fn get<T: Decode>(&self, column: impl ColumnIndex) -> Result<T, StoreError> {
        let at = column.place_in(&self.heading.names);
        at.and_then(|at| T::decode(self.values.get(at)?))
            .ok_or_else(|| StoreError::unreadable(&self.heading.place, &column.shown(&self.heading.names)))
    }

    /// The values, in the order of the columns.
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}

/// A column, by its name or by its place from 0.
pub trait ColumnIndex: Copy {
    fn place_in(&self, names: &[Box<str>]) -> Option<usize>;
    fn shown(&self, names: &[Box<str>]) -> String;
}

impl ColumnIndex for usize {
    fn place_in(&self, _names: &[Box<str>]) -> Option<usize> {
        Some(*self)
    }

    fn shown(&self, names: &[Box<str>]) -> String {
        names.get(*self).map_or_else(|| self.to_string(), ToString::to_string)
    }
}

impl ColumnIndex for &str {
    fn place_in(&self, names: &[Box<str>]) -> Option<usize> {
        names.iter().position(|name| **name == **self)
    }

    fn shown(&self, _names: &[Box<str>]) -> String {
        (*self).to_owned()
    }
}

/// A type that a value can be read as; `None` if the value is of another type.
pub trait Decode: Sized {
    fn decode(value: &Value) -> Option<Self>;
}

impl Decode for bool {
    fn decode(value: &Value) -> Option<Self> {
        match value {
            Value::Boolean(own) => Some(*own),
            Value::Integer(own @ (0 | 1)) => Some(*own == 1),
            _ => None,
        }
    }
}

impl Decode for i64 {
    fn decode(value: &Value) -> Option<Self> {
        if let Value::Integer(own) = value { Some(*own) } else { None }
    }
}

macro_rules! integers {
    ($($own:ty),*) => {$(
        impl Decode for $own {
            fn decode(value: &Value) -> Option<Self> {
                i64::decode(value)?.try_into().ok()
            }
        }
    )*};
}

integers!(i32, u16, u32, u64, usize);

impl Decode for f64 {
    fn decode(value: &Value) -> Option<Self> {
        if let Value::Real(own) = value { Some(*own) } else { None }
    }
}

impl Decode for String {
    fn decode(value: &Value) -> Option<Self> {
        if let Value::Text(own) = value { Some(own.clone()) } else { None }
    }
}

impl Decode for Vec<u8> {
    fn decode(value: &Value) -> Option<Self> {
        value.bytes().map(<[u8]>::to_vec)
    }
}

impl Decode for KeyJson {
    fn decode(value: &Value) -> Option<Self> {
        Self::from_bytes(value.bytes()?)
    }
}

impl Decode for chrono::NaiveDate {
    fn decode(value: &Value) -> Option<Self> {
        String::decode(value)?.parse().ok()
    }
}

/// A value that is stored as JSON.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: serde::de::DeserializeOwned> Decode for Json<T> {
    fn decode(value: &Value) -> Option<Self> {
        serde_json::from_str(&String::decode(value)?).ok().map(Self)
    }
}

/// Reads these types from the words they are stored as.
macro_rules! from_text {
    ($($own:ty),*) => {$(
        impl $crate::database::Decode for $own {
            fn decode(value: &$crate::database::Value) -> Option<Self> {
                <String as $crate::database::Decode>::decode(value)?.parse().ok()
            }
        }
    )*};
}
pub(crate) use from_text;

impl<T: Decode> Decode for Option<T> {
    fn decode(value: &Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::decode(value).map(Some) }
    }
}

/// What a whole row is read as.
pub trait FromRow: Sized {
    fn from_row(row: Row) -> Result<Self, StoreError>;
}

impl FromRow for Row {
    fn from_row(row: Row) -> Result<Self, StoreError> {
        Ok(row)
    }
}

macro_rules! tuples {
    ($($own:ident $at:tt),*) => {
        impl<$($own: Decode),*> FromRow for ($($own,)*) {
            fn from_row(row: Row) -> Result<Self, StoreError> {
                Ok(($(row.get::<$own>($at)?,)*))
            }
        }
    };
}

tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);

/// Reads each named field from the column of its name; columns behind `json`, kept as texts, have to hold JSON of a type.
macro_rules! from_row {
    ($own:ident { $($field:ident),* $(,)? } $(json $json:ident: $type:ty),*) => {
        impl $crate::database::FromRow for $own {
            fn from_row(row: $crate::database::Row) -> Result<Self, $crate::database::StoreError> {
                $(row.get::<Option<$crate::database::Json<$type>>>(stringify!($json))?;)*
                Ok(Self { $($field: row.get(stringify!($field))?),* })
            }
        }
    };
}
pub(crate) use from_row;
