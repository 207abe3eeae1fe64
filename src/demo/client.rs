//! The company as it grows, client by client: the card and what hangs on it.

use std::collections::VecDeque;

use chrono::{Days, NaiveDate};

use super::chunk::{Chunk, Table, row};
use super::dice::Dice;
use super::fate::{Date, Fate, period_start};
use super::person::{Person, another_address};
use super::size::Size;
use super::talk;

/// A picture of one grey pixel.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cch\0\0\0\x82\0\x81w\xcdr\xb6\0\0\0\0IEND\xaeB`\x82";

/// How near the end a client must stand to be sure of somebody it pays for.
const TAIL: u64 = 200;

/// The numbers given out last.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) contact: u64,
    pub(super) point: i64,
    pub(super) membership: u64,
    pub(super) task: i64,
    pub(super) note: i64,
    pub(super) order: u64,
    pub(super) invoice: u64,
    pub(super) entry: i64,
    pub(super) journal: i64,
}

/// A customer who pays for another and waits for one.
#[derive(Debug, Clone)]
pub(super) struct Payer {
    pub(super) customer_no: String,
    pub(super) name: String,
    /// The last day on which a transaction on its account leaves it as inactive as it is meant to be.
    pub(super) until: NaiveDate,
}

/// A customer at hand.
pub(super) struct Client {
    pub(super) no: String,
    pub(super) person: Person,
    pub(super) fate: Fate,
    pub(super) payer: Option<Payer>,
    pub(super) posting_group: &'static str,
    pub(super) is_largest: bool,
    contacts: Vec<(String, Person)>,
}

/// The company as it grows.
pub(super) struct Company {
    pub(super) size: Size,
    pub(super) today: NaiveDate,
    pub(super) numbers: Numbers,
    pub(super) chunk: Chunk,
    dice: Dice,
    width: usize,
    payers: VecDeque<Payer>,
    shared: Option<(String, Person)>,
    has_largest: bool,
}

impl Company {
    pub(super) fn new(size: Size, seed: u64, today: NaiveDate) -> Self {
        let width = size.clients.to_string().len().max(6);
        let has_largest = size.largest == 0;
        Self {
            size,
            today,
            numbers: Numbers::default(),
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
        let payer = self.payers.pop_front_if(|payer| fate.stays() && !fate.is_bare && payer.name != person.name);
        let is_largest = !self.has_largest && fate.is_due && !fate.is_bare && !fate.reasons.any();
        self.has_largest |= is_largest;
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
            self.payers.push_back(Payer { customer_no: client.no, name: client.person.name, until });
        }
    }

    fn card(&mut self, dice: &mut Dice, client: &Client) {
        let Client { person, fate, .. } = client;
        let picture = dice.chance(0.04).then_some(PICTURE);
        let attributes = dice.chance(self.size.extras_share).then(|| talk::web_shop(dice, person, self.today));
        let credit_limit = if person.is_company { f64::from(dice.number(0..=20)) * 5_000.0 } else { 0.0 };
        let date = match fate.date {
            Date::None => super::chunk::Value::Null,
            Date::Empty => "".into(),
            Date::On(day) => day.into(),
        };
        let kind = if person.is_company { "Company" } else { "Person" };
        let terms = *dice.pick(&["30D", "14D", "COD"]);
        let modified = dice.day(fate.last.unwrap_or(fate.created), self.today);
        let modified = dice.moment(modified);
        if let Some(day) = fate.anonymized {
            let email = format!("anonymized-{}@anonymized.invalid", client.no);
            self.chunk.push(Table::Customers, row![
                client.no.clone(), kind, "Anonymized customer", "Anonymized", "ANONYMIZED CUSTOMER", "Anonymized",
                "Anonymized", None::<String>, None::<String>, None::<String>, "Anonymized", None::<String>,
                None::<String>, None::<String>, email, "https://anonymized.invalid", None::<String>, None::<String>,
                None::<&'static [u8]>, None::<NaiveDate>, client.posting_group, person.bus_group, None::<String>,
                terms, credit_limit, "All", date, true, day, fate.created.min(day), modified, None::<String>,
            ]);
            return;
        }
        let name_2 = dice.chance(0.06).then(|| *dice.pick(&["att. Bogholderi", "c/o Bakke", "Filial Nord", "🚲"]));
        let contact = client.contacts.first();
        let blocked = if dice.chance(0.01) { "Ship" } else { "" };
        self.chunk.push(Table::Customers, row![
            client.no.clone(), kind, person.name.clone(), name_2, person.name.to_uppercase(), person.address.clone(),
            person.address_2, person.city, person.post_code, person.country,
            contact.map(|(_, contact)| contact.name.clone()), contact.map(|(no, _)| no.clone()),
            person.phone.clone(), person.mobile.clone(), person.email.clone(), person.home_page.clone(),
            person.vat.clone(), person.gln.clone(), picture, person.birth_date, client.posting_group,
            person.bus_group, client.payer.as_ref().map(|payer| payer.customer_no.clone()), terms, credit_limit,
            blocked, date, false, None::<NaiveDate>, fate.created, modified, attributes,
        ]);
    }

    /// Contact persons: own ones, and now and then one who serves another customer already.
    fn contacts(&mut self, dice: &mut Dice, client: &mut Client) {
        if !dice.chance(self.size.contact_share) {
            return;
        }
        if let Some((no, contact)) = self.shared.take() {
            self.chunk.push(Table::Relations, row![no.clone(), client.no.clone(), "Accountant"]);
            if dice.chance(0.3) {
                self.shared = Some((no.clone(), contact.clone()));
            }
            client.contacts.push((no, contact));
        }
        for _ in 0..dice.number(1..=2) {
            self.numbers.contact += 1;
            let no = format!("CT{:0width$}", self.numbers.contact, width = self.width);
            let contact = Person::contact(dice, client.person.country, self.numbers.contact);
            let job = dice.chance(0.5).then(|| *dice.pick(&["Indkøber", "Bookkeeper", "Geschäftsführerin", "Owner"]));
            let picture = dice.chance(0.05).then_some(PICTURE);
            self.chunk.push(Table::Contacts, row![
                no.clone(), "Person", contact.name.clone(), contact.name.to_uppercase(), job, contact.address.clone(),
                contact.address_2, contact.city, contact.post_code, contact.country, contact.phone.clone(),
                contact.mobile.clone(), contact.email.clone(), picture, client.fate.created,
            ]);
            self.chunk.push(Table::Relations, row![no.clone(), client.no.clone(), "Purchaser"]);
            if dice.chance(self.size.extras_share * 0.5) {
                let body = talk::note(dice, &contact);
                self.note(dice, "Contact", no.clone(), body, client.fate.created);
            }
            client.contacts.insert(0, (no, contact));
        }
        if self.shared.is_none() && dice.chance(0.2) {
            self.shared = client.contacts.first().cloned();
        }
    }

    fn contact_points(&mut self, dice: &mut Dice, client: &Client) {
        let person = &client.person;
        let known = [("mobile", person.mobile.as_ref()), ("email", person.email.as_ref()), ("phone", person.phone.as_ref())];
        let mut known = known.into_iter().filter_map(|(kind, value)| Some((kind, value.filter(|value| !value.is_empty())?)));
        for point in 0..dice.number(self.size.contact_points.clone()) {
            let (kind, value) = known.next().map_or_else(
                || if dice.chance(0.5) {
                    ("email", format!("{}{}@arbejde.example", person.given.to_lowercase(), dice.number(1..=9_999)))
                } else {
                    ("phone", dice.digits("+45 ## ## ## ##"))
                },
                |(kind, value)| (kind, value.clone()),
            );
            let label = (point > 0 && dice.chance(0.4)).then(|| *dice.pick(&["work", "summer house", "Mum", "fax/tel."]));
            let verified = dice.chance(0.3).then(|| dice.moment(client.fate.created));
            self.numbers.point += 1;
            let newsletter = kind == "email" && dice.chance(0.4);
            self.chunk.push(Table::ContactPoints, row![
                self.numbers.point, client.no.clone(), kind, value, label, newsletter, verified,
            ]);
        }
    }

    /// Delivery addresses, attributes and notes.
    fn extras(&mut self, dice: &mut Dice, client: &Client) {
        let (person, fate, share) = (&client.person, &client.fate, self.size.extras_share);
        if dice.chance(share * 0.4) {
            for code in ["HOME", "COTTAGE"].into_iter().take(dice.number(1..=2) as usize) {
                let address = another_address(dice, person.country);
                self.chunk.push(Table::ShipTo, row![
                    client.no.clone(), code, person.name.clone(), address, None::<String>, person.city,
                    person.post_code, person.country, person.mobile.clone(),
                ]);
            }
        }
        if dice.chance(share) {
            for (attribute, value) in talk::attributes(dice, person) {
                if dice.chance(0.35) {
                    let day = dice.day(fate.created, self.today);
                    self.chunk.push(Table::Attributes, row![client.no.clone(), attribute, value, day]);
                }
            }
        }
        if dice.chance(share * 0.5) {
            let body = talk::note(dice, person);
            self.note(dice, "Customer", client.no.clone(), body, fate.created);
        }
    }

    pub(super) fn note(&mut self, dice: &mut Dice, owner: &'static str, no: String, body: String, day: NaiveDate) {
        self.numbers.note += 1;
        let user = *dice.pick(&["HANNE", "TORBEN", "WEBSHOP", "POS-04"]);
        let moment = dice.moment(day);
        self.chunk.push(Table::Notes, row![self.numbers.note, owner, no, body, user, moment]);
    }

    fn memberships(&mut self, dice: &mut Dice, client: &Client) {
        let (fate, person) = (&client.fate, &client.person);
        let yesterday = self.today - Days::new(1);
        let (status, until) = if fate.reasons.active_membership {
            ("Active", match dice.number(1..=10) {
                1..=5 => None,
                6 => Some(self.today),
                _ => Some(self.today + Days::new(dice.number(1..=700).into())),
            })
        } else if dice.chance(self.size.extras_share * 0.6) {
            let until = dice.day(fate.created.min(yesterday), yesterday);
            (*dice.pick(&["Expired", "Expired", "Cancelled", "Active"]), Some(until))
        } else {
            return;
        };
        self.numbers.membership += 1;
        let no = format!("M{:07}", self.numbers.membership);
        let gone = fate.anonymized.is_some();
        let name = if gone { "Anonymized member".to_owned() } else { person.name.clone() };
        let card = (!gone && dice.chance(0.7)).then(|| dice.digits("2790 #### #### ####"));
        let code = *dice.pick(&["CLUB", "CLUB-GOLD", "FAMILY"]);
        self.chunk.push(Table::Memberships, row![
            no, client.no.clone(), code, name, card, status, fate.created, until, i64::from(dice.number(0..=9_000)),
        ]);
    }

    fn tasks(&mut self, dice: &mut Dice, client: &Client) {
        let last = client.fate.last.unwrap_or(client.fate.created);
        for _ in 0..dice.number(self.size.tasks.clone()) {
            self.numbers.task += 1;
            let contact = client.contacts.first().filter(|_| dice.chance(0.6));
            let (kind, subject) = talk::task(dice, contact.map_or(&client.person, |(_, contact)| contact));
            let gone = client.fate.anonymized.is_some();
            let subject = if gone { "Anonymized".to_owned() } else { subject };
            let status = if gone { "done" } else { *dice.pick(&["done", "done", "open", "waiting"]) };
            let created = dice.day(client.fate.created, last);
            let closed = (status == "done").then(|| dice.day(created, last));
            let of_contact_only = contact.is_some() && dice.chance(0.3);
            let customer = (!of_contact_only).then(|| client.no.clone());
            let contact = contact.map(|(no, _)| no.clone());
            self.chunk.push(Table::Tasks, row![self.numbers.task, customer, contact, kind, subject, status, created, closed]);
        }
    }
}
