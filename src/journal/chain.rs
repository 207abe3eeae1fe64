//! The chain: each record behind the one before it.

use super::Key;
use super::record::{OF_A_KEY, Record, START, open};

/// How far a chain has been followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The last record's number.
    pub number: i64,
    pub hash: String,
    /// The mark of the key that the next record must be sealed with; `None` where any configured key will do.
    pub mark: Option<String>,
}

impl Default for Chain {
    fn default() -> Self {
        Self::behind(0, START, None)
    }
}

/// The first bad record of a journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {number} {what}")]
pub struct Fault {
    /// The number that the record should have.
    pub number: i64,
    pub what: Flaw,
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    #[error("was written without a key, and one is configured")]
    Unsealed,
    #[error("was written with a key, and `journal.key_file` names none")]
    NoKey,
    #[error("was written with another key than `journal.key_file` holds")]
    OtherKey,
    #[error("{0}")]
    Bad(String),
}

impl Flaw {
    pub(super) fn bad(what: &str) -> Self {
        Self::Bad(what.to_owned())
    }
}

impl Chain {
    /// A chain that goes on behind a record, under the key with this mark.
    #[must_use]
    pub fn behind(number: i64, hash: &str, mark: Option<&str>) -> Self {
        Self { number, hash: hash.to_owned(), mark: mark.map(str::to_owned) }
    }

    /// Follows the chain through a segment. Where a key is configured or was
    /// used before, every record must be sealed.
    pub fn follow(&mut self, segment: &[u8], keys: &[Key]) -> Result<Vec<Record>, Fault> {
        let mut records = Vec::new();
        self.each(segment, keys, |record| records.push(record))?;
        Ok(records)
    }

    /// The same, record by record: a segment of thousands is not held twice.
    pub fn each(&mut self, segment: &[u8], keys: &[Key], mut each: impl FnMut(Record)) -> Result<(), Fault> {
        let next = self.number + 1;
        let text = std::str::from_utf8(segment)
            .map_err(|_| Fault { number: next, what: Flaw::bad("or one after it is not UTF-8") })?;
        for line in text.split_terminator('\n') {
            each(self.step(line, keys)?);
        }
        if !text.ends_with('\n') {
            let number = self.number.max(next);
            return Err(Fault { number, what: Flaw::bad("is cut off") });
        }
        Ok(())
    }

    /// What is wrong with the configured key, if the fault at which the chain ended is only that: where the ledger knows
    /// that the records before were sealed, one without a key is forged.
    #[must_use]
    pub fn wrong_key(&self, fault: &Fault) -> Option<&'static str> {
        match &fault.what {
            Flaw::Unsealed if self.mark.is_none() => Some("was begun without a key, and `journal.key_file` names one"),
            Flaw::NoKey => Some("is sealed with a key, and `journal.key_file` names none"),
            Flaw::OtherKey => Some("is sealed with another key than `journal.key_file` holds"),
            Flaw::Unsealed | Flaw::Bad(_) => None,
        }
    }

    fn step(&mut self, line: &str, keys: &[Key]) -> Result<Record, Fault> {
        let number = self.number + 1;
        let fault = |what: &str| Fault { number, what: Flaw::bad(what) };
        let (record, hash) = open(line, keys).map_err(|what| Fault { number, what })?;
        if record.number != number {
            return Err(fault(&format!("is missing: record {} is in its place", record.number)));
        }
        if record.previous != self.hash {
            return Err(fault("does not follow the record before it: its `previous` is the hash of another one"));
        }
        match (&self.mark, &record.key) {
            (Some(_), None) => return Err(fault("was written without the key of the records before it")),
            (Some(mark), Some(key)) if mark != key => {
                return Err(fault("was written with another key than the records before it"));
            }
            _ => {}
        }
        let mark = if record.kind == OF_A_KEY { Some(record.plan.clone()) } else { record.key.clone() };
        *self = Self { number, hash, mark };
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
        match Chain::default().follow(text.as_bytes(), &[]) {
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
        assert_eq!(verdict(&removed), "record 3 is missing: record 4 is in its place");
        let mut changed = whole.clone();
        changed[3] = changed[3].replace("C4", "C9");
        assert_eq!(verdict(&changed), "record 4 was changed: it does not have its own hash");
        let mut swapped = whole.clone();
        swapped.swap(1, 2);
        assert_eq!(verdict(&swapped), "record 2 is missing: record 3 is in its place");
        let mut inserted = whole.clone();
        inserted.insert(3, whole[3].clone());
        assert_eq!(verdict(&inserted), "record 5 is missing: record 4 is in its place");
        let mut forged = whole.clone();
        let record =
            Record { number: 4, client: Some("C4".to_owned()), previous: START.to_owned(), ..Record::default() };
        forged[3] = seal(&record, None).0;
        assert!(verdict(&forged).starts_with("record 4 does not follow the record before it"));
        assert_eq!(verdict(&["what?".to_owned()]), "record 1 is not a valid record");
    }

    #[test]
    fn a_line_that_is_cut_off_is_noticed() {
        let text = lines(2).join("\n");
        let fault = Chain::default().follow(text.as_bytes(), &[]).unwrap_err();
        assert_eq!(fault.to_string(), "record 2 is cut off");
        let fault = Chain::default().follow(&text.as_bytes()[..text.len() - 9], &[]).unwrap_err();
        assert_eq!(fault.to_string(), "record 2 is not a valid record");
    }

    fn key(text: &str) -> Key {
        Key::new(text.as_bytes()).unwrap()
    }

    fn sealed(number: i64, previous: &str, key: Option<&Key>) -> (String, String) {
        let mark = key.map(|key| key.mark().to_owned());
        let client = mark.is_none().then(|| "C1".to_owned());
        let client_hash = mark.is_some().then(|| "h".to_owned());
        let previous = previous.to_owned();
        seal(&Record { number, client, client_hash, key: mark, previous, ..Record::default() }, key)
    }

    #[test]
    fn a_record_without_the_key_cannot_follow_one_with_it_nor_any_that_the_ledger_knows_as_sealed() {
        let (key, other) = (key("0123456789abcdef0123456789abcdef"), key("another key of 32 characters, yes"));
        let (first, hash) = sealed(1, START, Some(&key));
        let follow = |mut chain: Chain, text: &str, keys: &[&Key]| {
            let keys: Vec<Key> = keys.iter().map(|key| (*key).clone()).collect();
            chain.follow(text.as_bytes(), &keys).map(|records| records.len()).map_err(|fault| fault.to_string())
        };
        let two = |second: String| format!("{first}\n{second}\n");
        assert_eq!(follow(Chain::default(), &two(sealed(2, &hash, Some(&key)).0), &[&key]), Ok(2));
        let plain = sealed(2, &hash, None).0;
        let refused = Err("record 2 was written without a key, and one is configured".to_owned());
        assert_eq!(follow(Chain::default(), &two(plain.clone()), &[&key]), refused);
        let behind = || Chain::behind(1, &hash, Some(key.mark()));
        assert_eq!(follow(behind(), &format!("{plain}\n"), &[&key]), refused);
        let refused = Err("record 2 was written without the key of the records before it".to_owned());
        assert_eq!(follow(behind(), &format!("{plain}\n"), &[]), refused);
        let blamed = |keys: &[Key]| {
            let mut chain = Chain::default();
            let fault = chain.follow(format!("{first}\n").as_bytes(), keys).unwrap_err();
            chain.wrong_key(&fault)
        };
        assert!(blamed(std::slice::from_ref(&other)).is_some() && blamed(&[]).is_some());
        let read = follow(Chain::default(), &format!("{first}\n"), &[&other]);
        assert_eq!(read, Err("record 1 was written with another key than `journal.key_file` holds".to_owned()));
        let changed = two(sealed(2, &hash, Some(&other)).0);
        let refused = Err("record 2 was written with another key than the records before it".to_owned());
        assert_eq!(follow(Chain::default(), &changed, &[&key, &other]), refused);
    }

    #[test]
    fn a_rotation_is_sealed_with_the_old_key_and_what_follows_with_the_new() {
        let (old, new) = (key("0123456789abcdef0123456789abcdef"), key("another key of 32 characters, yes"));
        let (first, hash) = sealed(1, START, Some(&old));
        let rotation = |by: &Key| {
            let (client_hash, key) = (Some(new.mark().to_owned()), Some(by.mark().to_owned()));
            let (kind, plan, previous) = (OF_A_KEY.to_owned(), new.mark().to_owned(), hash.clone());
            seal(&Record { number: 2, kind, plan, client_hash, key, previous, ..Record::default() }, Some(by))
        };
        let follow = |(second, hash): (String, String), by: &Key| {
            let text = format!("{first}\n{second}\n{}\n", sealed(3, &hash, Some(by)).0);
            let keys = [new.clone(), old.clone()];
            Chain::default().follow(text.as_bytes(), &keys).map(|records| records.len()).map_err(|fault| fault.number)
        };
        assert_eq!(follow(rotation(&old), &new), Ok(3));
        assert_eq!(follow(rotation(&old), &old), Err(3));
        assert_eq!(follow(rotation(&new), &new), Err(2), "only the old key's holder can name another");
    }

    #[test]
    fn an_unknown_field_is_not_valid() {
        let line = lines(1)[0].replace("{\"number\"", "{\"name\":\"x\",\"number\"");
        assert_eq!(verdict(&[line]), "record 1 is not a valid record");
    }
}
