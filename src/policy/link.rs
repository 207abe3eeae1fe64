//! How a row belongs to its client.

use schemars::JsonSchema;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// One column name, or several in order: `"no"` or `["company", "no"]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Names {
    /// One column.
    One(String),
    /// Several columns, in order.
    Many(#[schemars(length(min = 1))] Vec<String>),
}

impl Names {
    /// The names as a slice.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

impl std::fmt::Display for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.as_slice().join(", "))
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NamesVisitor;
        impl<'de> Visitor<'de> for NamesVisitor {
            type Value = Names;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a column name, or a list of column names")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Names, E> {
                Ok(Names::One(name.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Names, A::Error> {
                let mut names: Vec<String> = Vec::new();
                while let Some(name) = seq.next_element()? {
                    names.push(name);
                }
                if names.is_empty() {
                    return Err(de::Error::invalid_length(0, &self));
                }
                Ok(Names::Many(names))
            }
        }
        deserializer.deserialize_any(NamesVisitor)
    }
}

/// How a link compares its two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compare {
    /// As e-mail addresses: case and surrounding spaces do not count.
    Email,
}

/// One way from a row to its client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// What rules call this link in `for`; the column's name where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The column, or columns, of this table that point the way.
    pub column: Names,
    /// The table the way goes through; straight to the client table where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
    /// The column, or columns, over there that `column` equals.
    ///
    /// Where left out: those of a declared foreign key, else the client's key,
    /// else the column of the same name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equals: Option<Names>,
    /// Which link of the table in `through` to follow; all of them where left out.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Only rows for which this SQL expression holds belong to the client (an owner type, say).
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// How the two are compared, if not as a foreign key would: by e-mail address, say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare: Option<Compare>,
    /// What `column` holds, with `{key}` for the value that it refers to: `party.party,{key}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Leave a row alone while another client, not yet anonymized, also has it.
    #[serde(default, skip_serializing_if = "Exclusive::is_no")]
    pub exclusive: Exclusive,
}

/// Whether a row is left alone while another client also has it, and by which links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Exclusive {
    /// By any link of the table, and by any column that refers to the row.
    Any(bool),
    /// By the links of these names only.
    By(#[schemars(length(min = 1))] Vec<String>),
}

impl Default for Exclusive {
    fn default() -> Self {
        Self::Any(false)
    }
}

impl Exclusive {
    /// Whether rows are taken even if other clients have them.
    pub fn is_no(&self) -> bool {
        *self == Self::Any(false)
    }

    /// The names of the links that count; empty for all.
    pub fn links(&self) -> &[String] {
        match self {
            Self::Any(_) => &[],
            Self::By(names) => names,
        }
    }
}

impl Link {
    /// The plainest link: this column holds the client's key.
    pub fn column(name: &str) -> Self {
        Self {
            name: None,
            column: Names::One(name.to_owned()),
            through: None,
            equals: None,
            link: None,
            condition: None,
            compare: None,
            text: None,
            exclusive: Exclusive::default(),
        }
    }

    /// What rules call this link.
    pub fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.column.as_slice().join("+"))
    }
}

/// All ways from a row to its client: a column name, a link, or a list of those.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Links(#[schemars(schema_with = "links_schema")] pub Vec<Link>);

fn links_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let link = generator.subschema_for::<Link>();
    schemars::json_schema!({
        "anyOf": [
            { "type": "string" },
            link,
            { "type": "array", "minItems": 1, "items": { "anyOf": [{ "type": "string" }, link] } }
        ]
    })
}

impl<'de> Deserialize<'de> for Links {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOf(Link);
        impl<'de> Deserialize<'de> for OneOf {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(LinksVisitor { nested: true }).map(|mut links| OneOf(links.0.remove(0)))
            }
        }
        struct LinksVisitor {
            nested: bool,
        }
        impl<'de> Visitor<'de> for LinksVisitor {
            type Value = Links;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str(
                    "the column that holds the client's key, \
                     or a link such as `{ column = \"order_no\", through = \"orders\" }`, \
                     or a list of these",
                )
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Links, E> {
                Ok(Links(vec![Link::column(name)]))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Links, A::Error> {
                Link::deserialize(de::value::MapAccessDeserializer::new(map)).map(|link| Links(vec![link]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Links, A::Error> {
                if self.nested {
                    return Err(de::Error::invalid_type(de::Unexpected::Seq, &self));
                }
                let mut links = Vec::new();
                while let Some(OneOf(link)) = seq.next_element()? {
                    links.push(link);
                }
                if links.is_empty() {
                    return Err(de::Error::invalid_length(0, &self));
                }
                Ok(Links(links))
            }
        }
        deserializer.deserialize_any(LinksVisitor { nested: false })
    }
}
