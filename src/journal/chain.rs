//! The chain: each record behind the one before it.

use super::Key;
use super::record::{Record, START, open};

/// How far a chain has been followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The last record's number.
    pub number: i64,
    /// Its hash.
    pub hash: String,
    /// Whether a record was written with a key: then all that follow must be.
    sealed: bool,
}

impl Default for Chain {
    fn default() -> Self {
        Self::behind(0, START)
    }
}

/// The first bad record of a journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {number} {what}")]
pub struct Fault {
    /// The number that the record should have.
    pub number: i64,
    pub what: String,
}

impl Chain {
    /// A chain that goes on behind a record.
    #[must_use]
    pub fn behind(number: i64, hash: &str) -> Self {
        Self { number, hash: hash.to_owned(), sealed: false }
    }

    /// Follows the chain through a segment.
    ///
    /// # Errors
    ///
    /// [`Fault`] with the first record that does not belong where it stands.
    pub fn follow(&mut self, segment: &[u8], key: Option<&Key>) -> Result<Vec<Record>, Fault> {
        let text = String::from_utf8_lossy(segment);
        let mut records = Vec::new();
        for line in text.split_terminator('\n') {
            records.push(self.step(line, key)?);
        }
        if !text.ends_with('\n') {
            let number = self.number + i64::from(records.is_empty());
            return Err(Fault { number, what: "is cut off".to_owned() });
        }
        Ok(records)
    }

    fn step(&mut self, line: &str, key: Option<&Key>) -> Result<Record, Fault> {
        let number = self.number + 1;
        let fault = |what: &str| Fault { number, what: what.to_owned() };
        let (record, hash) = open(line, key).map_err(fault)?;
        if record.number != number {
            return Err(fault(&format!("is missing: record {} stands in its place", record.number)));
        }
        if record.previous != self.hash {
            return Err(fault("does not follow the record before it: its `previous` is the hash of another one"));
        }
        if self.sealed && record.key.is_none() {
            return Err(fault("was written without the key that those before it were written with"));
        }
        *self = Self { number, hash, sealed: record.key.is_some() };
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::seal;
    use super::*;

    fn lines(count: i64) -> Vec<String> {
        let mut chain = Chain::default();
        let line = |number| {
            let record = Record {
                number,
                client: Some(format!("C{number}")),
                outcome: "anonymized".to_owned(),
                previous: chain.hash.clone(),
                ..Record::default()
            };
            let (line, hash) = seal(&record, None);
            chain.hash = hash;
            line
        };
        (1..=count).map(line).collect()
    }

    fn verdict(lines: &[String]) -> String {
        let text = lines.join("\n") + "\n";
        match Chain::default().follow(text.as_bytes(), None) {
            Ok(records) => format!("{} records", records.len()),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn the_first_bad_record_is_named() {
        let whole = lines(5);
        assert_eq!(verdict(&whole), "5 records");
        let mut removed = whole.clone();
        removed.remove(2);
        assert_eq!(verdict(&removed), "record 3 is missing: record 4 stands in its place");
        let mut changed = whole.clone();
        changed[3] = changed[3].replace("C4", "C9");
        assert_eq!(verdict(&changed), "record 4 was changed: it does not have its own hash");
        let mut swapped = whole.clone();
        swapped.swap(1, 2);
        assert_eq!(verdict(&swapped), "record 2 is missing: record 3 stands in its place");
        let mut inserted = whole.clone();
        inserted.insert(3, whole[3].clone());
        assert_eq!(verdict(&inserted), "record 5 is missing: record 4 stands in its place");
        let mut forged = whole.clone();
        let record =
            Record { number: 4, client: Some("C4".to_owned()), previous: START.to_owned(), ..Record::default() };
        forged[3] = seal(&record, None).0;
        assert!(verdict(&forged).starts_with("record 4 does not follow the record before it"));
        assert_eq!(verdict(&["what?".to_owned()]), "record 1 is no record");
    }

    #[test]
    fn a_line_that_is_cut_off_is_noticed() {
        let text = lines(2).join("\n");
        let fault = Chain::default().follow(text.as_bytes(), None).unwrap_err();
        assert_eq!(fault.to_string(), "record 2 is cut off");
        let fault = Chain::default().follow(&text.as_bytes()[..text.len() - 9], None).unwrap_err();
        assert_eq!(fault.to_string(), "record 2 is no record");
    }

    #[test]
    fn a_record_without_the_key_cannot_follow_one_with_it() {
        let key = Key::new(&[7; 32]);
        let sealed = |number, previous: &str, mark: Option<&str>| Record {
            number,
            client: mark.is_none().then(|| "C1".to_owned()),
            client_hash: mark.map(|_| "h".to_owned()),
            key: mark.map(str::to_owned),
            previous: previous.to_owned(),
            ..Record::default()
        };
        let mark = key.as_ref().map(Key::mark);
        let (first, hash) = seal(&sealed(1, START, mark), key.as_ref());
        let follow = |second: String| {
            let text = format!("{first}\n{second}\n");
            Chain::default().follow(text.as_bytes(), key.as_ref()).map(|records| records.len())
        };
        assert_eq!(follow(seal(&sealed(2, &hash, mark), key.as_ref()).0), Ok(2));
        let forged = follow(seal(&sealed(2, &hash, None), None).0).unwrap_err().to_string();
        assert_eq!(forged, "record 2 was written without the key that those before it were written with");
        let forged = follow(seal(&sealed(2, &hash, mark), None).0).unwrap_err().to_string();
        assert_eq!(forged, "record 2 was changed: it does not have its own hash");
        let other = Key::new(&[8; 32]);
        let read = Chain::default().follow(format!("{first}\n").as_bytes(), other.as_ref()).unwrap_err().to_string();
        assert_eq!(read, "record 1 was written with another key than `journal.key_file` holds");
    }

    #[test]
    fn an_unknown_field_is_no_record() {
        let line = lines(1)[0].replace("{\"number\"", "{\"name\":\"x\",\"number\"");
        assert_eq!(verdict(&[line]), "record 1 is no record");
    }
}
