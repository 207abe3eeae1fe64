//! The words people, streets and shops are made of, by country.

/// One country's words; commas separate those of a list.
#[derive(Debug)]
pub(super) struct Region {
    /// The code of the country.
    pub(super) country: &'static str,
    /// How many of a hundred customers live here.
    pub(super) weight: u32,
    /// General business posting group.
    pub(super) bus_group: &'static str,
    pub(super) currency: &'static str,
    pub(super) given: &'static str,
    pub(super) family: &'static str,
    pub(super) streets: &'static str,
    /// Whether the number stands before the street.
    pub(super) number_first: bool,
    /// Each post code with its city.
    pub(super) cities: &'static str,
    /// Mobile telephone numbers, `#` for a digit.
    pub(super) mobile: &'static str,
    /// Landline telephone numbers.
    pub(super) phone: &'static str,
    /// VAT registration numbers.
    pub(super) vat: &'static str,
    /// What a company calls itself: `{}` stands for a last name.
    pub(super) companies: &'static str,
    /// Mail providers that do not exist.
    pub(super) mail: &'static str,
}

/// Where customers live; the weights add up to 100.
pub(super) const REGIONS: &[Region] = &[
    Region {
        country: "DK",
        weight: 44,
        bus_group: "DOMESTIC",
        currency: "DKK",
        given: "Anne, Søren, Mette, Jørgen, Kirsten, Lærke, Rasmus, Freja, Åse, Mikkel, Pernille, Bjørn, Signe, \
                Anders, Ida, Poul, Gitte, Nikolaj, Tove, Emil, Karen Margrethe, Aksel",
        family: "Jensen, Nielsen, Sørensen, Møller, Kjær, Østergaard, Thygesen, Bach, Juul, Nørgaard, Lund-Hansen, \
                 Krogh, Skjødt, Vestergaard, Bundgaard, Friis, Ågård, Holm, Dahl, Brøgger",
        streets: "Nørregade, Søndre Allé, Ærøvej, Gammel Kongevej, Havnegade, Rosenvænget, Skolestien, Østerbrogade, \
                  Møllebakken, Strandvejen",
        number_first: false,
        cities: "2100: København Ø, 8000: Aarhus C, 5000: Odense C, 9000: Aalborg, 6700: Esbjerg, 4600: Køge, \
                 5970: Ærøskøbing, 3000: Helsingør, 7400: Herning",
        mobile: "+45 ## ## ## ##",
        phone: "+45 ## ## ## ##",
        vat: "DK########",
        companies: "{} & Søn ApS, {}s Cykler, Café {}, {} VVS A/S, Blomster {} I/S",
        mail: "postkasse.example, brevdue.example, fibermail.example",
    },
    Region {
        country: "SE",
        weight: 12,
        bus_group: "EU",
        currency: "SEK",
        given: "Åsa, Björn, Märta, Göran, Linnéa, Örjan, Elin, Håkan, Saga, Nils, Ebba, Olle",
        family: "Lindström, Åkesson, Öberg, Sjögren, Hägglund, Nyström, Wallin, Ek, Bergström, Löf",
        streets: "Storgatan, Kungsgatan, Ängsvägen, Björkvägen, Östra Hamngatan, Skeppsbron",
        number_first: false,
        cities: "211 20: Malmö, 411 05: Göteborg, 114 55: Stockholm, 753 20: Uppsala, 702 11: Örebro",
        mobile: "+46 7# ### ## ##",
        phone: "+46 40 ### ## ##",
        vat: "SE##########01",
        companies: "{}s Bageri AB, {} & Partners AB, Handelsboden {} HB",
        mail: "brevlada.example, nordpost.example",
    },
    Region {
        country: "NO",
        weight: 8,
        bus_group: "EXPORT",
        currency: "NOK",
        given: "Øyvind, Ingrid, Håkon, Sigrid, Bjørg, Torbjørn, Åse Marie, Lars, Solveig, Einar",
        family: "Bø, Hansen, Østby, Særheim, Fjeldstad, Grønnevik, Haugen, Lie, Ødegård, Strøm",
        streets: "Storgata, Kirkeveien, Øvre Slottsgate, Fjordgløttvegen, Bryggen",
        number_first: false,
        cities: "0155: Oslo, 5003: Bergen, 7010: Trondheim, 4006: Stavanger, 9008: Tromsø",
        mobile: "+47 9## ## ###",
        phone: "+47 2# ## ## ##",
        vat: "NO#########MVA",
        companies: "{} Sport AS, Fjord & {} AS, {} Rør ANS",
        mail: "fjordpost.example, brevdue.example",
    },
    Region {
        country: "DE",
        weight: 14,
        bus_group: "EU",
        currency: "EUR",
        given: "Jürgen, Käthe, Björn-Ole, Sabine, Günther, Anke, Matthias, Heike, Özlem, Lukas, Zoë",
        family: "Müller, Weiß, von der Heide, Schröder, Böhm, Yılmaz, Größl, Petersen, Jäger, Lüdemann",
        streets: "Bäckerstraße, Am Mühlenteich, Große Straße, Goethestr., Königsallee, An der Förde",
        number_first: false,
        cities: "24937: Flensburg, 20095: Hamburg, 50667: Köln, 80331: München, 90402: Nürnberg",
        mobile: "+49 15# ########",
        phone: "+49 461 ######",
        vat: "DE#########",
        companies: "{} & Söhne GmbH, Bäckerei {} e.K., {} Sanitär GmbH & Co. KG",
        mail: "briefkasten.example, postfach.example",
    },
    Region {
        country: "FR",
        weight: 7,
        bus_group: "EU",
        currency: "EUR",
        given: "Chloé, Jean-François, Hélène, Benoît, Anaïs, Gaël, Noémie, Loïc, Françoise, Théo",
        family: "Lefèvre, D'Angelo, Bélanger, Gauthier, de La Tour, Noël, Lévêque, Garçon, Dupré",
        streets: "rue de l'Église, avenue Jean-Jaurès, place du Marché, rue Saint-Honoré, chemin des Prés",
        number_first: true,
        cities: "75011: Paris, 69003: Lyon, 44000: Nantes, 13002: Marseille, 42000: Saint-Étienne",
        mobile: "+33 6 ## ## ## ##",
        phone: "+33 1 ## ## ## ##",
        vat: "FR###########",
        companies: "Boulangerie {} SARL, Les Frères {} SAS, Chez {}",
        mail: "courrier.example, boiteauxlettres.example",
    },
    Region {
        country: "ES",
        weight: 5,
        bus_group: "EU",
        currency: "EUR",
        given: "José María, Begoña, Iñigo, Núria, Ángel, Lucía, Sofía, Andrés, Concepción",
        family: "Muñoz Ibáñez, García-Peña, Núñez, Etxeberria, López de Haro, Güell, Sánchez Gómez",
        streets: "Calle Mayor, Avda. de la Constitución, Plaza de España, Carrer d'Aragó",
        number_first: false,
        cities: "28013: Madrid, 08015: Barcelona, 48001: Bilbao, 15003: A Coruña, 29005: Málaga",
        mobile: "+34 6## ## ## ##",
        phone: "+34 91 ### ## ##",
        vat: "ESB########",
        companies: "Hermanos {} S.L., Óptica {} S.A., Panadería {}",
        mail: "buzon.example, correoaereo.example",
    },
    Region {
        country: "PL",
        weight: 6,
        bus_group: "EU",
        currency: "PLN",
        given: "Łukasz, Małgorzata, Paweł, Agnieszka, Świętosława, Grzegorz, Żaneta, Wojciech",
        family: "Wójcik, Dąbrowska, Żółtowski, Święcicki, Gołąb, Łęcka, Brzęczyszczykiewicz, Nowak",
        streets: "ul. Długa, ul. Świętojańska, al. Jana Pawła II, ul. Łąkowa, os. Słoneczne",
        number_first: false,
        cities: "80-831: Gdańsk, 90-001: Łódź, 31-042: Kraków, 50-101: Wrocław, 00-950: Warszawa",
        mobile: "+48 ### ### ###",
        phone: "+48 58 ### ## ##",
        vat: "PL##########",
        companies: "{} i Synowie Sp. z o.o., Zakład {} s.c., Piekarnia {}",
        mail: "skrzynka.example, listonosz.example",
    },
    Region {
        country: "IE",
        weight: 4,
        bus_group: "EU",
        currency: "EUR",
        given: "Siobhán, Seán, Róisín, Pádraig, Aoife, Conor, Niamh, Fionnuala",
        family: "O'Brien, O’Sullivan, Ní Dhomhnaill, McCarthy, Fitzgerald, Ó Súilleabháin, D'Arcy",
        streets: "O'Connell Street, St. Stephen's Green, Patrick St, Quay Road",
        number_first: true,
        cities: "D02 AF30: Dublin 2, T12 W8KP: Cork, H91 E2K3: Galway, A96 T2X4: Dún Laoghaire",
        mobile: "+353 8# ### ####",
        phone: "+353 1 ### ####",
        vat: "IE#######T",
        companies: "{}'s Pub Ltd, {} & Daughters Ltd, The {} Bookshop",
        mail: "postbox.example, letterbox.example",
    },
];

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
