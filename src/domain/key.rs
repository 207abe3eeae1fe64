//! Client keys: as JSON between Lethe and the database, as text for people.

use serde_json::Value;

/// A client's key as JSON: a text or a whole number, or an array of those for
/// a composite key.
#[derive(Debug, Clone, PartialEq)]
pub struct Key(Value);

impl Key {
    /// Reads a key that the database wrote as JSON.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json).map(Self)
    }

    /// Reads a key as a person writes it: the value itself, or the parts of a
    /// composite key as a JSON array or separated by commas.
    ///
    /// # Errors
    ///
    /// A sentence, if the number of parts is not that of the key.
    pub fn parse(text: &str, parts: usize) -> Result<Self, String> {
        if text.contains('\0') {
            return Err("a key has a NUL in it, and no database has such a text".to_owned());
        }
        if parts == 1 {
            return Ok(Self(Value::String(text.to_owned())));
        }
        let values: Vec<Value> = match serde_json::from_str(text) {
            Ok(Value::Array(values)) => values,
            _ => text.split(',').map(|part| Value::String(part.trim().to_owned())).collect(),
        };
        if values.len() == parts {
            Ok(Self(Value::Array(values)))
        } else {
            Err(format!("a client's key has {parts} parts here, not {}", values.len()))
        }
    }

    pub fn to_json(&self) -> String {
        self.0.to_string()
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match &self.0 {
            Value::String(text) => f.write_str(text),
            other => write!(f, "{other}"),
        }
    }
}

/// What stands in a batch for all clients whose key is NULL.
pub const NO_KEY: &str = "null";

/// A key as the database wrote it as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyJson(pub String);

impl KeyJson {
    /// Reads a JSON text that need not be UTF-8: a text in it that is not becomes `t'43E9'`, its bytes in hexadecimal.
    pub fn from_bytes(json: &[u8]) -> Option<Self> {
        if let Ok(json) = str::from_utf8(json) {
            return Some(Self(json.to_owned()));
        }
        // Each byte as the character of its number, and back.
        let latin: String = json.iter().map(|byte| char::from(*byte)).collect();
        let written = |text: &str| {
            let bytes: Vec<u8> = text.chars().map(|own| u8::try_from(own).unwrap_or(b'?')).collect();
            String::from_utf8(bytes).unwrap_or_else(|error| {
                let hex = error.as_bytes().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02X}"));
                format!("t'{hex}'")
            })
        };
        let read = |own: Value| if let Value::String(text) = &own { Value::String(written(text)) } else { own };
        let Ok(json) = serde_json::from_str(&latin) else { return None };
        let value = match json {
            Value::Array(parts) => Value::Array(parts.into_iter().map(read).collect()),
            one => read(one),
        };
        Some(Self(value.to_string()))
    }
}

/// Keys as JSON, each by itself.
pub fn json_of_keys(keys: &[Key]) -> Vec<String> {
    keys.iter().map(Key::to_json).collect()
}

/// Joins keys that are JSON already into one JSON array.
pub fn join(keys: &[String]) -> String {
    format!("[{}]", keys.join(","))
}

/// Splits a JSON array of keys into its elements, each as it is written: a
/// number of 30 digits stays one. `None` if it is not an array.
pub fn split(keys: &str) -> Option<Vec<String>> {
    let inner = keys.trim().strip_prefix('[')?.strip_suffix(']')?;
    let (mut all, mut from, mut depth, mut in_text, mut escaped) = (Vec::new(), 0, 0_i32, false, false);
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth -= 1,
            b',' if !in_text && depth == 0 => {
                all.push(inner[from..at].trim().to_owned());
                from = at + 1;
            }
            _ => {}
        }
    }
    if !inner.trim().is_empty() {
        all.push(inner[from..].trim().to_owned());
    }
    (depth == 0 && !in_text && all.iter().all(|key| !key.is_empty())).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_of_keys_is_split_as_it_is_written() {
        let split = |keys| split(keys).unwrap();
        assert_eq!(
            split(r#"[12345678901234567890123, "a,]\\\"b", ["x",1] ]"#),
            ["12345678901234567890123", r#""a,]\\\"b""#, r#"["x",1]"#]
        );
        assert!(split("[]").is_empty());
        for bad in ["", "7", "[1,,2]", "[\"a]", "[[1]"] {
            assert_eq!(super::split(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_key_that_is_not_utf8_has_its_bytes_in_hexadecimal() {
        let read = |json: &[u8]| KeyJson::from_bytes(json).map(|KeyJson(json)| json);
        assert_eq!(read(b"\"C\xe9\\n\"").unwrap(), r#""t'43E90A'""#);
        assert_eq!(read(b"[\"A\xc3\xa9\",7,\"\xe9\"]").unwrap(), "[\"A\u{e9}\",7,\"t'E9'\"]");
        assert_eq!(read(b"12345678901234567890123").unwrap(), "12345678901234567890123");
        assert_eq!(read(b"\xe9"), None);
    }

    #[test]
    fn a_composite_key_is_an_array_or_commas() {
        assert_eq!(Key::parse("A, 1", 2).unwrap().to_json(), r#"["A","1"]"#);
        assert_eq!(Key::parse(r#"["A",1]"#, 2).unwrap().to_json(), r#"["A",1]"#);
        assert!(Key::parse("A", 2).unwrap_err().contains("2 parts"));
        assert_eq!(Key::parse("Val2 ", 1).unwrap().to_json(), r#""Val2 ""#);
    }
}
