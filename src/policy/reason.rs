//! Why a guard refuses, in one text or in the languages of the pages.

use schemars::JsonSchema;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::reading::with_fix;

/// What people read: one text, or one for each language of the pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Reason {
    /// One text, on every page.
    One(String),
    /// A text for each language, at least one.
    Each(Translated),
}

/// A text in the languages of the pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Translated {
    /// In English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
    /// In French.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fr: Option<String>,
    /// In German.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub de: Option<String>,
}

impl Reason {
    /// The text for the command line, the API and reports, in whatever language the reader is: the English one, or
    /// where there is none the French, or the German.
    pub fn text(&self) -> &str {
        match self {
            Self::One(text) => text,
            Self::Each(each) => each.en.as_ref().or(each.fr.as_ref()).or(each.de.as_ref()).map_or("", String::as_str),
        }
    }

    /// The text in the language of this code; where there is none, as [`text`](Self::text) says.
    pub fn in_language(&self, code: &str) -> &str {
        let own = match (self, code) {
            (Self::Each(each), "en") => each.en.as_deref(),
            (Self::Each(each), "fr") => each.fr.as_deref(),
            (Self::Each(each), "de") => each.de.as_deref(),
            _ => None,
        };
        own.unwrap_or_else(|| self.text())
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ReasonVisitor;
        impl<'de> Visitor<'de> for ReasonVisitor {
            type Value = Reason;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str(
                    "a text in quotes, or one for each language, as in `{ en = \"is blocked\", fr = \"est bloqué\" }`,",
                )
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Reason, E> {
                Ok(Reason::One(text.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Reason, A::Error> {
                let each = Translated::deserialize(de::value::MapAccessDeserializer::new(map))?;
                if each == (Translated { en: None, fr: None, de: None }) {
                    let fix = "give it in one language at least: `{ en = \"…\" }`";
                    return Err(de::Error::custom(with_fix(&"the reason has no text", fix)));
                }
                Ok(Reason::Each(each))
            }
        }
        deserializer.deserialize_any(ReasonVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Said {
        reason: Reason,
    }

    fn said(text: &str) -> Result<Reason, String> {
        toml::from_str::<Said>(text).map(|own| own.reason).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn each_language_has_its_text_or_the_first_there_is() {
        let one = said("reason = \"has open orders\"").unwrap();
        assert_eq!([one.text(), one.in_language("fr")], ["has open orders"; 2]);
        let two = said("reason = { de = \"ist gesperrt\", fr = \"est bloqué\" }").unwrap();
        assert_eq!(two.text(), "est bloqué");
        assert_eq!(
            ["de", "fr", "en", "it"].map(|code| two.in_language(code)),
            ["ist gesperrt", "est bloqué", "est bloqué", "est bloqué"]
        );
        let all = said("reason = { de = \"ist gesperrt\", fr = \"est bloqué\", en = \"is blocked\" }").unwrap();
        assert_eq!([all.text(), all.in_language("de")], ["is blocked", "ist gesperrt"]);
    }

    #[test]
    fn a_reason_without_text_or_in_another_language_is_refused() {
        assert!(said("reason = {}").unwrap_err().contains("the reason has no text"));
        assert!(said("reason = { es = \"está bloqueado\" }").unwrap_err().contains("unknown field `es`"));
        assert!(said("reason = 7").unwrap_err().contains("a text in quotes, or one for each language"));
    }
}
