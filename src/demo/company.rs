//! The company as it grows, client by client.

use std::collections::{BTreeMap, VecDeque};

use chrono::{Days, NaiveDate};
use serde_json::Value as Json;

use super::dice::Dice;
use super::fate::{Fate, period_start};
use super::load::Chunk;
use super::person::Person;
use super::size::Size;

/// How near the end a client must stand to be sure of a client it pays for.
const TAIL: u64 = 200;

/// A customer who pays for another and waits for one.
#[derive(Debug, Clone)]
pub(super) struct Payer {
    pub(super) customer_no: String,
    pub(super) name: String,
    /// The last day on which a transaction on its account leaves it as inactive as it is meant to be.
    pub(super) until: NaiveDate,
    /// Whether it is neither due nor inactive itself.
    pub(super) stays: bool,
}

/// A customer at hand.
pub(super) struct Client {
    pub(super) no: String,
    pub(super) person: Person,
    pub(super) fate: Fate,
    pub(super) payer: Option<Payer>,
    pub(super) posting_group: &'static str,
    pub(super) is_largest: bool,
    pub(super) contacts: Vec<(String, Person)>,
}

pub(super) struct Company {
    pub(super) size: Size,
    pub(super) today: NaiveDate,
    /// The numbers given out last, by table.
    numbers: BTreeMap<&'static str, u64>,
    pub(super) chunk: Chunk,
    dice: Dice,
    /// How many digits a number has.
    pub(super) width: usize,
    payers: VecDeque<Payer>,
    /// A contact who waits for a second customer.
    pub(super) shared: Option<(String, Person)>,
    has_largest: bool,
}

impl Company {
    pub(super) fn new(size: Size, seed: u64, today: NaiveDate) -> Self {
        let width = size.clients.to_string().len().max(6);
        let has_largest = size.largest == 0;
        Self {
            size,
            today,
            numbers: BTreeMap::new(),
            chunk: Chunk::default(),
            dice: Dice::new(seed),
            width,
            payers: VecDeque::new(),
            shared: None,
            has_largest,
        }
    }

    /// Adds one client with everything that belongs to it; counted from 0, in order.
    pub(super) fn add(&mut self, client: u64) {
        let mut dice = self.dice.of_client(client);
        let mut fate = Fate::throw(&mut dice, client, &self.size, self.today);
        if fate.reasons.pays_for_others && client + TAIL > self.size.clients {
            fate.reasons.pays_for_others = false;
            fate.reasons.open_documents = true;
        }
        let no = format!("C{:0width$}", client + 1, width = self.width);
        let person = Person::customer(&mut dice, client + 1, self.today);
        let is_largest = !self.has_largest && fate.is_due && !fate.is_bare && !fate.reasons.any();
        self.has_largest |= is_largest;
        let payer = if is_largest { None } else { self.payer_of(&fate, &person) };
        let posting_group = match (person.is_company, dice.number(1..=100)) {
            (true, _) => "B2B",
            (false, 1..=60) => "RETAIL",
            (false, 61..=97) => "WEBSHOP",
            (false, _) => "STAFF",
        };
        let mut client = Client { no, person, fate, payer, posting_group, is_largest, contacts: Vec::new() };
        if !client.fate.is_bare && client.fate.anonymized.is_none() {
            self.contacts(&mut dice, &mut client);
            self.contact_points(&mut dice, &client);
            self.extras(&mut dice, &client);
        }
        self.card(&mut dice, &client);
        if !client.fate.is_bare {
            self.memberships(&mut dice, &client);
            self.tasks(&mut dice, &client);
            self.trade(&mut dice, &client);
        }
        if client.fate.reasons.pays_for_others {
            let start = period_start(self.today);
            let until = if client.fate.is_inactive { start - Days::new(1) } else { self.today };
            let stays = client.fate.stays();
            self.payers.push_back(Payer { customer_no: client.no, name: client.person.name, until, stays });
        }
    }

    /// The next number of a table's rows.
    pub(super) fn next(&mut self, table: &'static str) -> u64 {
        let last = self.numbers.entry(table).or_default();
        *last += 1;
        *last
    }

    pub(super) fn push(&mut self, table: &'static str, row: Json) {
        self.chunk.entry(table).or_default().push(row);
    }

    /// Takes the first who waits for a client such as this. Who is due or
    /// inactive must find a client who stays, or nothing would hold it back.
    fn payer_of(&mut self, fate: &Fate, person: &Person) -> Option<Payer> {
        if fate.is_bare || fate.anonymized.is_some() {
            return None;
        }
        let fits = |payer: &Payer| (fate.stays() || payer.stays) && payer.name != person.name;
        self.payers.iter().position(fits).and_then(|at| self.payers.remove(at))
    }
}
