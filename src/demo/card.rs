//! The customer's card, the people behind it and how to reach them.

use serde_json::{Value as Json, json};

use super::company::{Client, Company};
use super::dice::Dice;
use super::person::Person;
use super::talk;

/// A picture of one grey pixel: a PNG in hexadecimal.
const PICTURE: &str = "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c636800000082008177cd72b60000000049454e44ae426082";

/// A row with the fields of both.
fn joined(mut row: Json, other: Json) -> Json {
    if let (Json::Object(row), Json::Object(other)) = (&mut row, other) {
        row.extend(other);
    }
    row
}

impl Company {
    pub(super) fn card(&mut self, dice: &mut Dice, client: &Client) {
        let Client { person, fate, .. } = client;
        let picture = dice.chance(0.04).then_some(PICTURE);
        let attributes = dice.chance(self.size.extras_share).then(|| talk::web_shop(dice, person, self.today));
        let credit_limit = if person.is_company { f64::from(dice.number(0..=20)) * 5_000.0 } else { 0.0 };
        let kind = if person.is_company { "Company" } else { "Person" };
        let terms = dice.pick(&["30D", "14D", "COD"]);
        let modified = dice.day(fate.last.unwrap_or(fate.created), self.today);
        let modified = dice.moment(modified);
        let row = json!({
            "customer_no": client.no, "type": kind, "created_on": fate.created, "last_modified_at": modified,
            "customer_posting_group": client.posting_group, "gen_bus_posting_group": person.region.bus_group,
            "payment_terms_code": terms, "credit_limit": credit_limit, "to_anonymize_on": fate.date,
            "anonymized": fate.anonymized.is_some(), "anonymized_date": fate.anonymized,
        });
        let row = if fate.anonymized.is_some() {
            let own = json!({
                "name": "Anonymized customer", "name_2": "Anonymized", "search_name": "ANONYMIZED CUSTOMER",
                "address": "Anonymized", "address_2": "Anonymized", "contact": "Anonymized", "blocked": "All",
                "email": format!("anonymized-{}@anonymized.invalid", client.no),
                "home_page": "https://anonymized.invalid",
            });
            joined(row, own)
        } else {
            let name_2 = dice.chance(0.06).then(|| dice.pick(&["att. Bogholderi", "c/o Bakke", "Filial Nord", "🚲"]));
            let (contact_no, contact) = client.contacts.first().map(|(no, own)| (no, &own.name)).unzip();
            let blocked = if dice.chance(0.01) { "Ship" } else { "" };
            let payer = client.payer.as_ref().map(|payer| &payer.customer_no);
            let own = json!({
                "name_2": name_2, "search_name": person.name.to_uppercase(), "contact": contact,
                "contact_no": contact_no, "picture": picture, "bill_to_customer_no": payer, "blocked": blocked,
                "attributes": attributes,
            });
            joined(joined(row, json!(person)), own)
        };
        self.push("customers", row);
    }

    /// Contact persons: own ones, and now and then one who serves another customer already.
    pub(super) fn contacts(&mut self, dice: &mut Dice, client: &mut Client) {
        if !dice.chance(self.size.contact_share) {
            return;
        }
        if let Some((no, contact)) = self.shared.take() {
            self.relation(&no, client, "Accountant");
            if dice.chance(0.3) {
                self.shared = Some((no.clone(), contact.clone()));
            }
            client.contacts.push((no, contact));
        }
        for _ in 0..dice.number(1..=2) {
            let number = self.next("contacts");
            let no = format!("CT{number:0width$}", width = self.width);
            let contact = Person::of_region(dice, client.person.region, number);
            let job = dice.chance(0.5).then(|| dice.pick(&["Indkøber", "Bookkeeper", "Geschäftsführerin", "Owner"]));
            let picture = dice.chance(0.05).then_some(PICTURE);
            let own = json!({
                "contact_no": no, "type": "Person", "search_name": contact.name.to_uppercase(), "job_title": job,
                "picture": picture, "created_on": client.fate.created, "other_relation": "",
            });
            self.push("contacts", joined(json!(contact), own));
            self.relation(&no, client, "Purchaser");
            if dice.chance(self.size.extras_share * 0.5) {
                let body = talk::note(dice, &contact);
                self.note(dice, "Contact", &no, &body, client.fate.created);
            }
            client.contacts.insert(0, (no, contact));
        }
        if self.shared.is_none() && dice.chance(0.2) {
            self.shared = client.contacts.first().cloned();
        }
    }

    fn relation(&mut self, contact: &str, client: &Client, role: &str) {
        let row = json!({ "contact_no": contact, "customer_no": client.no, "role": role });
        self.push("contact_business_relations", row);
    }

    pub(super) fn contact_points(&mut self, dice: &mut Dice, client: &Client) {
        let person = &client.person;
        let known = [("mobile", &person.mobile_phone_no), ("email", &person.email), ("phone", &person.phone_no)];
        let mut known = known.into_iter().filter_map(|(kind, value)| {
            let value = value.clone().filter(|value| !value.is_empty())?;
            Some((kind, value))
        });
        for point in 0..dice.number(self.size.contact_points.clone()) {
            let (kind, value) = known.next().unwrap_or_else(|| {
                if dice.chance(0.5) {
                    ("email", format!("{}{}@arbejde.example", person.given.to_lowercase(), dice.number(1..=9_999)))
                } else {
                    ("phone", dice.digits("+45 ## ## ## ##"))
                }
            });
            let label =
                (point > 0 && dice.chance(0.4)).then(|| dice.pick(&["work", "summer house", "Mum", "fax/tel."]));
            let verified = dice.chance(0.3).then(|| dice.moment(client.fate.created));
            let newsletter = kind == "email" && dice.chance(0.4);
            let row = json!({
                "contact_point_id": self.next("contact_points"), "customer_no": client.no, "kind": kind, "value": value,
                "label": label, "newsletter": newsletter, "verified_at": verified,
            });
            self.push("contact_points", row);
        }
    }
}
