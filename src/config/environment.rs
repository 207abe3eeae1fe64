//! Which variables of the environment are settings. Other programs' variables are ignored, whatever they hold.

use std::collections::HashMap;
use std::ffi::OsString;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

use super::{Config, HINT, TOKEN};
use crate::domain::nearest::nearest;
use crate::service::failure::Failure;

const PREFIX: &str = "LETHE_";

/// Variables of ours that are not settings.
const NOT_SETTINGS: [&str; 4] = ["LETHE_CONFIG", "LETHE_LOG", "LETHE_YES", TOKEN];

/// The settings at the top of `lethe.toml`, and its sections.
fn top() -> &'static [&'static str] {
    let mut names: &[&str] = &[];
    // Always an error: nothing but the names is there.
    let _ = Config::deserialize(Names(&mut names));
    names
}

/// Deserializes nothing; a struct tells it the names of its fields.
struct Names<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom("there is nothing but names"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The settings among these variables, by name.
///
/// A variable that resembles a setting is passed on, so that a slip is refused and named.
pub fn settings(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<HashMap<String, String>, Failure> {
    let mut settings = HashMap::new();
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX) && !NOT_SETTINGS.contains(name)) else {
            continue;
        };
        let value = value.into_string();
        if is_service_link(&name[PREFIX.len()..], value.as_deref().unwrap_or_default()) {
            continue;
        }
        if !resembles_a_setting(&name[PREFIX.len()..].to_lowercase()) {
            tracing::warn!(variable = name, "ignored: it is not a setting of Lethe");
            continue;
        }
        let value = value.map_err(|_| Failure::new(format!("`{name}` is not UTF-8"), HINT))?;
        settings.insert(name.to_owned(), value);
    }
    Ok(settings)
}

fn resembles_a_setting(name: &str) -> bool {
    let top = name.split_once("__").map_or(name, |(section, _)| section);
    let lacks_an_underscore = |section: &str| name.strip_prefix(section).is_some_and(|rest| rest.starts_with('_'));
    let settings = self::top().iter().copied();
    settings.clone().any(|own| own == top || lacks_an_underscore(own)) || nearest(top, settings).is_some()
}

/// Whether Kubernetes or Docker made the variable because a service is called `lethe`, or `lethe-…`.
///
/// Source: <https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>.
fn is_service_link(name: &str, value: &str) -> bool {
    let name = format!("_{name}");
    if name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT") || name.contains("_SERVICE_PORT_") {
        return true;
    }
    let is_address = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let is_of_a_port = name.split_once("_PORT_").is_some_and(|(_, rest)| {
        let mut words = rest.split('_');
        words.next().is_some_and(|port| port.parse::<u16>().is_ok())
            && words.next().is_some_and(|protocol| matches!(protocol, "TCP" | "UDP" | "SCTP"))
            && words.next().is_none_or(|what| matches!(what, "PROTO" | "PORT" | "ADDR"))
    });
    name.ends_with("_PORT") && is_address || is_of_a_port
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    fn read(variables: &[(&str, &[u8])]) -> Result<Vec<String>, String> {
        let variables =
            variables.iter().map(|(name, value)| (OsString::from(name), OsString::from_vec(value.to_vec())));
        let mut names: Vec<String> = settings(variables).map_err(|failure| failure.message)?.into_keys().collect();
        names.sort();
        Ok(names)
    }

    #[test]
    fn variables_of_other_programs_are_ignored() {
        let foreign: [(&str, &[u8]); 12] = [
            ("GREETING", b"caf\xe9"),
            ("LETHE_SERVICE_HOST", b"10.0.0.5"),
            ("LETHE_SERVICE_PORT", b"8080"),
            ("LETHE_SERVICE_PORT_HTTP", b"8080"),
            ("LETHE_PORT", b"tcp://10.0.0.5:8080"),
            ("LETHE_PORT_8080_TCP", b"tcp://10.0.0.5:8080"),
            ("LETHE_PORT_8080_TCP_ADDR", b"10.0.0.5"),
            ("LETHE_HTTP_PORT", b"tcp://10.0.0.5:8080"),
            ("LETHE_POSTGRES_SERVICE_HOST", b"10.0.0.6"),
            ("LETHE_POSTGRES_PORT_5432_TCP_PROTO", b"tcp"),
            ("LETHE_WIPE_PASSES", b"\xff"),
            ("LETHE_CONFIG", b"\xff"),
        ];
        assert_eq!(read(&foreign), Ok(Vec::new()));
    }

    #[test]
    fn settings_and_slips_are_passed_on() {
        let ours: [(&str, &[u8]); 4] = [
            ("LETHE_DATABASE", b"company.db"),
            ("LETHE_DATABSE", b"company.db"),
            ("LETHE_SWEEP_BATCH_SIZE", b"10"),
            ("LETHE_SWEEP__BATCH_SIZE", b"10"),
        ];
        assert_eq!(read(&ours).unwrap(), ours.map(|(name, _)| name));
    }

    #[test]
    fn every_variable_of_the_documentation_is_a_setting() {
        let is_name = |own: &&str| own.starts_with(PREFIX) && *own != PREFIX && !own.contains('=');
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md")).unwrap();
        let documented = page.split('`').filter(is_name);
        let documented: Vec<&str> = documented.filter(|own| !NOT_SETTINGS.contains(own)).collect();
        assert!(documented.len() > 50, "{documented:?}");
        let not: Vec<_> =
            documented.into_iter().filter(|name| read(&[(name, b"1")]) != Ok(vec![(*name).to_owned()])).collect();
        assert_eq!(not, Vec::<&str>::new());
    }

    #[test]
    fn a_setting_that_is_not_utf8_is_named() {
        assert_eq!(read(&[("LETHE_DATABASE", b"caf\xe9.db")]), Err("`LETHE_DATABASE` is not UTF-8".to_owned()));
    }
}
