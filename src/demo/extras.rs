//! What some customers have: delivery addresses, attributes, notes, memberships, tasks.

use chrono::{Days, NaiveDate};

use super::chunk::{Table, row};
use super::company::{Client, Company};
use super::dice::Dice;
use super::person::another_address;
use super::talk;

impl Company {
    /// Delivery addresses, attributes and notes.
    pub(super) fn extras(&mut self, dice: &mut Dice, client: &Client) {
        let (person, fate, share) = (&client.person, &client.fate, self.size.extras_share);
        if dice.chance(share * 0.4) {
            for code in ["HOME", "COTTAGE"].into_iter().take(dice.number(1..=2) as usize) {
                let address = another_address(dice, person.country);
                self.chunk.push(
                    Table::ShipTo,
                    row![
                        client.no.clone(),
                        code,
                        person.name.clone(),
                        address,
                        None::<String>,
                        person.city,
                        person.post_code,
                        person.country,
                        person.mobile.clone(),
                    ],
                );
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

    pub(super) fn memberships(&mut self, dice: &mut Dice, client: &Client) {
        let (fate, person) = (&client.fate, &client.person);
        let yesterday = self.today - Days::new(1);
        let (status, until) = if fate.reasons.active_membership {
            (
                "Active",
                match dice.number(1..=10) {
                    1..=5 => None,
                    6 => Some(self.today),
                    _ => Some(self.today + Days::new(dice.number(1..=700).into())),
                },
            )
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
        self.chunk.push(
            Table::Memberships,
            row![
                no,
                client.no.clone(),
                code,
                name,
                card,
                status,
                fate.created,
                until,
                i64::from(dice.number(0..=9_000)),
            ],
        );
    }

    pub(super) fn tasks(&mut self, dice: &mut Dice, client: &Client) {
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
            self.chunk
                .push(Table::Tasks, row![self.numbers.task, customer, contact, kind, subject, status, created, closed]);
        }
    }
}
