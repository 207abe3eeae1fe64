//! The customer's card, the people behind it and how to reach them.

use chrono::NaiveDate;

use super::chunk::{Table, Value, row};
use super::company::{Client, Company};
use super::dice::Dice;
use super::fate::Date;
use super::person::Person;
use super::talk;

/// A picture of one grey pixel.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cch\0\0\0\x82\0\x81w\xcdr\xb6\0\0\0\0IEND\xaeB`\x82";

impl Company {
    pub(super) fn card(&mut self, dice: &mut Dice, client: &Client) {
        let Client { person, fate, .. } = client;
        let picture = dice.chance(0.04).then_some(PICTURE);
        let attributes = dice.chance(self.size.extras_share).then(|| talk::web_shop(dice, person, self.today));
        let credit_limit = if person.is_company { f64::from(dice.number(0..=20)) * 5_000.0 } else { 0.0 };
        let date = match fate.date {
            Date::None => Value::Null,
            Date::Empty => "".into(),
            Date::On(day) => day.into(),
        };
        let kind = if person.is_company { "Company" } else { "Person" };
        let terms = *dice.pick(&["30D", "14D", "COD"]);
        let modified = dice.day(fate.last.unwrap_or(fate.created), self.today);
        let modified = dice.moment(modified);
        if let Some(day) = fate.anonymized {
            let email = format!("anonymized-{}@anonymized.invalid", client.no);
            self.chunk.push(
                Table::Customers,
                row![
                    client.no.clone(),
                    kind,
                    "Anonymized customer",
                    "Anonymized",
                    "ANONYMIZED CUSTOMER",
                    "Anonymized",
                    "Anonymized",
                    None::<String>,
                    None::<String>,
                    None::<String>,
                    "Anonymized",
                    None::<String>,
                    None::<String>,
                    None::<String>,
                    email,
                    "https://anonymized.invalid",
                    None::<String>,
                    None::<String>,
                    None::<&'static [u8]>,
                    None::<NaiveDate>,
                    client.posting_group,
                    person.bus_group,
                    None::<String>,
                    terms,
                    credit_limit,
                    "All",
                    date,
                    true,
                    day,
                    fate.created.min(day),
                    modified,
                    None::<String>,
                ],
            );
            return;
        }
        let name_2 = dice.chance(0.06).then(|| *dice.pick(&["att. Bogholderi", "c/o Bakke", "Filial Nord", "🚲"]));
        let contact = client.contacts.first();
        let blocked = if dice.chance(0.01) { "Ship" } else { "" };
        self.chunk.push(
            Table::Customers,
            row![
                client.no.clone(),
                kind,
                person.name.clone(),
                name_2,
                person.name.to_uppercase(),
                person.address.clone(),
                person.address_2,
                person.city,
                person.post_code,
                person.country,
                contact.map(|(_, contact)| contact.name.clone()),
                contact.map(|(no, _)| no.clone()),
                person.phone.clone(),
                person.mobile.clone(),
                person.email.clone(),
                person.home_page.clone(),
                person.vat.clone(),
                person.gln.clone(),
                picture,
                person.birth_date,
                client.posting_group,
                person.bus_group,
                client.payer.as_ref().map(|payer| payer.customer_no.clone()),
                terms,
                credit_limit,
                blocked,
                date,
                false,
                None::<NaiveDate>,
                fate.created,
                modified,
                attributes,
            ],
        );
    }

    /// Contact persons: own ones, and now and then one who serves another customer already.
    pub(super) fn contacts(&mut self, dice: &mut Dice, client: &mut Client) {
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
            self.chunk.push(
                Table::Contacts,
                row![
                    no.clone(),
                    "Person",
                    contact.name.clone(),
                    contact.name.to_uppercase(),
                    job,
                    contact.address.clone(),
                    contact.address_2,
                    contact.city,
                    contact.post_code,
                    contact.country,
                    contact.phone.clone(),
                    contact.mobile.clone(),
                    contact.email.clone(),
                    picture,
                    client.fate.created,
                ],
            );
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

    pub(super) fn contact_points(&mut self, dice: &mut Dice, client: &Client) {
        let person = &client.person;
        let known =
            [("mobile", person.mobile.as_ref()), ("email", person.email.as_ref()), ("phone", person.phone.as_ref())];
        let mut known =
            known.into_iter().filter_map(|(kind, value)| Some((kind, value.filter(|value| !value.is_empty())?)));
        for point in 0..dice.number(self.size.contact_points.clone()) {
            let (kind, value) = known.next().map_or_else(
                || {
                    if dice.chance(0.5) {
                        ("email", format!("{}{}@arbejde.example", person.given.to_lowercase(), dice.number(1..=9_999)))
                    } else {
                        ("phone", dice.digits("+45 ## ## ## ##"))
                    }
                },
                |(kind, value)| (kind, value.clone()),
            );
            let label =
                (point > 0 && dice.chance(0.4)).then(|| *dice.pick(&["work", "summer house", "Mum", "fax/tel."]));
            let verified = dice.chance(0.3).then(|| dice.moment(client.fate.created));
            self.numbers.point += 1;
            let newsletter = kind == "email" && dice.chance(0.4);
            self.chunk.push(
                Table::ContactPoints,
                row![self.numbers.point, client.no.clone(), kind, value, label, newsletter, verified,],
            );
        }
    }
}
