//! The words people, streets and shops are made of, by country.

use std::sync::LazyLock;

use serde::Deserialize;

/// One country's words; commas separate those of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Region {
    /// The code of the country.
    pub(super) country: String,
    /// How many of a hundred customers live here.
    pub(super) weight: u32,
    /// General business posting group.
    pub(super) bus_group: String,
    pub(super) currency: String,
    pub(super) given: String,
    pub(super) family: String,
    pub(super) streets: String,
    /// Whether the number stands before the street.
    pub(super) number_first: bool,
    /// Each post code with its city.
    pub(super) cities: String,
    /// Mobile telephone numbers, `#` for a digit.
    pub(super) mobile: String,
    /// Landline telephone numbers.
    pub(super) phone: String,
    /// VAT registration numbers.
    pub(super) vat: String,
    /// What a company calls itself: `{}` stands for a last name.
    pub(super) companies: String,
    /// Mail providers that do not exist.
    pub(super) mail: String,
}

#[derive(Deserialize)]
struct Regions {
    regions: Vec<Region>,
}

pub(super) static REGIONS: LazyLock<Vec<Region>> = LazyLock::new(|| {
    let read: Regions = toml::from_str(include_str!("regions.toml")).expect("the regions can be read");
    read.regions
});

/// Names as they really turn up, each a trap for some program.
pub(super) const AWKWARD: &[&str] = &[
    "Wilhelm \"Willi\" Krüger",
    "Zoë 🌸 van 't Hoff",
    "Robert'); DROP TABLE customers;--",
    "Αλέξανδρος Παπαδόπουλος",
    "李 小龍",
    "Jennifer Null",
    "Ng",
    "María-José Carreño Quiñones 👩‍👩‍👧",
    "Bo\\Ravn {key} 100% ;-)",
    "  Dobbelt   Mellemrum ",
    "Þórður Æsuson",
    "Mrs. Søren (deceased?)",
    "",
];

/// What is sold: number, description, price.
pub(super) const ITEMS: &[(&str, &str, f64)] = &[
    ("1000", "City bicycle, 7 gears", 4_995.0),
    ("1001", "Touring bicycle", 8_495.0),
    ("1002", "Child seat", 649.0),
    ("1003", "Bell, brass", 89.0),
    ("1100", "Rain jacket", 899.0),
    ("1101", "Wool socks, 2 pairs", 149.0),
    ("1102", "Gloves, waterproof", 299.0),
    ("1200", "Puncture repair kit", 59.0),
    ("1201", "Chain oil, 100 ml", 79.0),
    ("1202", "Pump with gauge", 349.0),
    ("1300", "Helmet, size M", 599.0),
    ("1301", "Front light, USB", 279.0),
    ("1400", "Service, large", 795.0),
    ("1401", "Service, small", 395.0),
    ("1402", "Engraving", 120.0),
    ("1500", "Gift card", 500.0),
];
