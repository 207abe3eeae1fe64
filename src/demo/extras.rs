//! What some customers have: delivery addresses, attributes, notes, memberships, tasks.

use chrono::{Days, NaiveDate};
use serde_json::json;

use super::company::{Client, Company};
use super::dice::Dice;
use super::talk;

impl Company {
    /// Delivery addresses, attributes and notes.
    pub(super) fn extras(&mut self, dice: &mut Dice, client: &Client) {
        let (person, fate, share) = (&client.person, &client.fate, self.size.extras_share);
        if dice.chance(share * 0.4) {
            for code in ["HOME", "COTTAGE"].into_iter().take(dice.number(1..=2) as usize) {
                let address = person.another_address(dice);
                let row = json!({
                    "customer_no": client.no, "code": code, "name": person.name, "address": address,
                    "city": person.city, "post_code": person.post_code, "country": person.country,
                    "phone_no": person.mobile_phone_no,
                });
                self.push("ship_to_addresses", row);
            }
        }
        if dice.chance(share) {
            for (attribute, value) in talk::attributes(dice, person) {
                if dice.chance(0.35) {
                    let day = dice.day(fate.created, self.today);
                    let row = json!({
                        "customer_no": client.no, "attribute": attribute, "value": value, "changed_on": day
                    });
                    self.push("customer_attributes", row);
                }
            }
        }
        if dice.chance(share * 0.5) {
            let body = talk::note(dice, person);
            self.note(dice, "Customer", &client.no, &body, fate.created);
        }
    }

    pub(super) fn note(&mut self, dice: &mut Dice, owner: &str, no: &str, body: &str, day: NaiveDate) {
        let user = dice.pick(&["HANNE", "TORBEN", "WEBSHOP", "POS-04"]);
        let moment = dice.moment(day);
        let row = json!({
            "note_id": self.next("notes"), "owner_type": owner, "owner_no": no, "body": body, "user_id": user,
            "written_at": moment,
        });
        self.push("notes", row);
    }

    pub(super) fn memberships(&mut self, dice: &mut Dice, client: &Client) {
        let (fate, person) = (&client.fate, &client.person);
        let yesterday = self.today - Days::new(1);
        let (status, until) = if fate.reasons.active_membership {
            let until = match dice.number(1..=10) {
                1..=5 => None,
                6 => Some(self.today),
                _ => Some(self.today + Days::new(dice.number(1..=700).into())),
            };
            ("Active", until)
        } else if dice.chance(self.size.extras_share * 0.6) {
            let until = dice.day(fate.created.min(yesterday), yesterday);
            (dice.pick(&["Expired", "Expired", "Cancelled", "Active"]), Some(until))
        } else {
            return;
        };
        let gone = fate.anonymized.is_some();
        let name = if gone { "Anonymized member" } else { &person.name };
        let card = (!gone && dice.chance(0.7)).then(|| dice.digits("2790 #### #### ####"));
        let code = dice.pick(&["CLUB", "CLUB-GOLD", "FAMILY"]);
        let row = json!({
            "membership_no": format!("M{:07}", self.next("memberships")), "customer_no": client.no,
            "membership_code": code, "display_name": name, "external_card_no": card, "status": status,
            "valid_from": fate.created, "valid_until": until, "points": dice.number(0..=9_000),
        });
        self.push("memberships", row);
    }

    pub(super) fn tasks(&mut self, dice: &mut Dice, client: &Client) {
        let last = client.fate.last.unwrap_or(client.fate.created);
        for _ in 0..dice.number(self.size.tasks.clone()) {
            let contact = client.contacts.first().filter(|_| dice.chance(0.6));
            let (kind, subject) = talk::task(dice, contact.map_or(&client.person, |(_, contact)| contact));
            let gone = client.fate.anonymized.is_some();
            let subject = if gone { "Anonymized" } else { &subject };
            let status = if gone { "done" } else { dice.pick(&["done", "done", "open", "waiting"]) };
            let created = dice.day(client.fate.created, last);
            let closed = (status == "done").then(|| dice.day(created, last));
            let of_contact_only = contact.is_some() && dice.chance(0.3);
            let customer = (!of_contact_only).then_some(&client.no);
            let row = json!({
                "task_no": self.next("tasks"), "customer_no": customer, "main_contact_no": contact.map(|own| &own.0),
                "task_type": kind, "subject": subject, "status": status, "created_on": created, "closed_on": closed,
            });
            self.push("tasks", row);
        }
    }
}
