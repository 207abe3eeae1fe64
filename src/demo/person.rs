//! A person: name, address, numbers.

use chrono::NaiveDate;
use serde::Serialize;

use super::dice::Dice;
use super::names::{AWKWARD, REGIONS, Region};

/// A customer or a contact; its fields are the columns of either's card that have the same names.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Person {
    #[serde(skip)]
    pub(super) region: &'static Region,
    #[serde(skip)]
    pub(super) is_company: bool,
    pub(super) name: String,
    #[serde(skip)]
    pub(super) given: &'static str,
    #[serde(skip)]
    pub(super) family: &'static str,
    pub(super) address: String,
    address_2: Option<&'static str>,
    pub(super) post_code: &'static str,
    pub(super) city: &'static str,
    pub(super) country: &'static str,
    pub(super) phone_no: Option<String>,
    pub(super) mobile_phone_no: Option<String>,
    pub(super) email: Option<String>,
    home_page: Option<String>,
    vat_registration_no: Option<String>,
    gln: Option<String>,
    birth_date: Option<NaiveDate>,
}

impl Person {
    /// A customer; `number` keeps the mail address unique, since no name ends in a digit.
    pub(super) fn customer(dice: &mut Dice, number: u64, today: NaiveDate) -> Self {
        let is_company = dice.chance(0.22);
        let region = region(dice.number(1..=100));
        let mut own = Self::of_region(dice, region, number);
        if is_company {
            own.incorporate(dice);
        } else {
            own.birth_date = dice.chance(0.6).then(|| dice.before(today, 18 * 365..=88 * 365));
            if dice.chance(0.01) {
                own.name = dice.pick(AWKWARD).to_owned();
            }
        }
        own
    }

    /// A person, such as a contact of a customer.
    pub(super) fn of_region(dice: &mut Dice, region: &'static Region, number: u64) -> Self {
        let (given, family) = (dice.word(&region.given), dice.word(&region.family));
        let (post_code, city) = dice.word(&region.cities).split_once(": ").unwrap_or_default();
        let login = format!("{}.{}{number}", ascii(given), ascii(family));
        let mail = dice.word(&region.mail);
        let email = match dice.number(1..=100) {
            1..=12 => None,
            13..=14 => Some(format!("{login}@{mail}").to_uppercase()),
            _ => Some(format!("{login}@{mail}")),
        };
        Self {
            region,
            is_company: false,
            name: format!("{given} {family}"),
            given,
            family,
            address: address(dice, region),
            address_2: dice
                .chance(0.12)
                .then(|| dice.pick(&["2. tv.", "c/o Bakke", "Hinterhaus", "Apt 4B", "🏡 bagved"])),
            post_code,
            city,
            country: &region.country,
            phone_no: number_or_nothing(dice, &region.phone, 0.5),
            mobile_phone_no: number_or_nothing(dice, &region.mobile, 0.8),
            email,
            home_page: dice.chance(0.03).then(|| format!("https://www.{}{number}.example", ascii(family))),
            vat_registration_no: None,
            gln: None,
            birth_date: None,
        }
    }

    fn incorporate(&mut self, dice: &mut Dice) {
        self.is_company = true;
        self.name = dice.word(&self.region.companies).replace("{}", self.family);
        self.vat_registration_no = dice.chance(0.9).then(|| dice.digits(&self.region.vat));
        self.gln = dice.chance(0.2).then(|| dice.digits("57###########"));
    }

    /// The street and number of another address in the same country.
    pub(super) fn another_address(&self, dice: &mut Dice) -> String {
        address(dice, self.region)
    }
}

/// Small letters of the English alphabet only, as mail addresses have them.
fn ascii(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for letter in name.chars().flat_map(char::to_lowercase) {
        match letter {
            'a'..='z' => folded.push(letter),
            'å' => folded.push_str("aa"),
            'æ' | 'ä' => folded.push_str("ae"),
            'ø' | 'ö' => folded.push_str("oe"),
            'ü' => folded.push_str("ue"),
            'ß' => folded.push_str("ss"),
            'á' | 'à' | 'â' | 'ã' | 'ą' => folded.push('a'),
            'ç' | 'ć' => folded.push('c'),
            'é' | 'è' | 'ê' | 'ë' | 'ę' => folded.push('e'),
            'í' | 'ì' | 'î' | 'ï' | 'ı' => folded.push('i'),
            'ł' => folded.push('l'),
            'ñ' | 'ń' => folded.push('n'),
            'ó' | 'ò' | 'ô' => folded.push('o'),
            'ś' => folded.push('s'),
            'ú' | 'ù' => folded.push('u'),
            'ż' | 'ź' => folded.push('z'),
            _ => {}
        }
    }
    folded
}

/// The region in which the given one of a hundred customers lives.
fn region(percent: u32) -> &'static Region {
    let mut seen = 0;
    let here = |region: &&Region| {
        seen += region.weight;
        percent <= seen
    };
    REGIONS.iter().find(here).unwrap_or(&REGIONS[0])
}

fn address(dice: &mut Dice, region: &'static Region) -> String {
    let (street, number) = (dice.word(&region.streets), dice.number(1..=199));
    if region.number_first { format!("{number} {street}") } else { format!("{street} {number}") }
}

/// A telephone number, NULL, or now and then an empty text, as forms leave it.
fn number_or_nothing(dice: &mut Dice, pattern: &str, share: f64) -> Option<String> {
    if dice.chance(share) { Some(dice.digits(pattern)) } else { dice.chance(0.3).then(String::new) }
}
