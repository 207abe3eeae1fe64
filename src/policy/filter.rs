//! What a sweep may be restricted to.

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Serialize};

/// A column that a job or an operator may filter on, and whether they must.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Filter {
    /// Any number of values, or none: `country = "country"`.
    Column(String),
    /// With more to say: `club = { column = "club_code", one = true }`.
    Said(SaidFilter),
}

/// A filter of which there is more to say than its column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaidFilter {
    /// The client column behind it.
    column: String,
    /// Whether each sweep that selects clients must give exactly one value.
    #[serde(default)]
    one: bool,
}

impl Filter {
    /// The client column behind it.
    pub fn column(&self) -> &str {
        match self {
            Self::Column(column) => column,
            Self::Said(said) => &said.column,
        }
    }

    /// Whether each sweep that selects clients must give exactly one value.
    pub fn one(&self) -> bool {
        matches!(self, Self::Said(SaidFilter { one: true, .. }))
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Filter;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a client column, or `{ column = \"…\", one = true }`")
            }
            fn visit_str<E>(self, column: &str) -> Result<Filter, E> {
                Ok(Filter::Column(column.to_owned()))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Filter, A::Error> {
                SaidFilter::deserialize(MapAccessDeserializer::new(map)).map(Filter::Said)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
