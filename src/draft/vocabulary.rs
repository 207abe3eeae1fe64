//! What the words of a column's name mean, in English, French and German.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::words::{singular, split};

/// What a column is likely to hold, by its name alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Meaning {
    /// An e-mail address.
    Email,
    /// A telephone or fax number.
    Phone,
    /// A given name.
    FirstName,
    /// A family name.
    LastName,
    /// A whole name of a person.
    FullName,
    /// A second, middle or former name.
    OtherName,
    /// A name, of whom or what is open.
    Name,
    /// A form of address or a job title.
    Title,
    /// A company's name.
    Company,
    /// A street address.
    Street,
    /// A town.
    City,
    /// A postal code.
    Postcode,
    /// A region, state or county.
    Region,
    /// A state: part of an address, or a status.
    State,
    /// A country.
    Country,
    /// A date of birth.
    Birth,
    /// Gender, age, nationality, profession and the like.
    Trait,
    /// A bank account or payment card.
    Bank,
    /// A bank's code.
    BankCode,
    /// A passport, identity card or social security number.
    Identity,
    /// A VAT, tax or location number.
    TaxNumber,
    /// Health, religion and the other special categories of GDPR Art. 9.
    Special,
    /// A password or token.
    Secret,
    /// An IP address, device or session.
    Network,
    /// A login or nickname.
    Login,
    /// A home page or other address in the web.
    Web,
    /// A picture or signature.
    Picture,
    /// A card, badge or number plate that stands for one person.
    Badge,
    /// An id in another system.
    External,
    /// A place on the map.
    Geo,
    /// A note about someone.
    Note,
    /// Free text, about whom or what is open.
    FreeText,
    /// A document of settings or attributes.
    Document,
    /// A consent to be written to.
    Consent,
    /// Who in the house did something.
    Staff,
    /// An id, number or code.
    Number,
    /// Amounts, dates, status codes and the like.
    Plain,
}

impl Meaning {
    /// Whether such a column makes a table look like one of people.
    pub(super) fn points_at_someone(self) -> bool {
        matches!(
            self,
            Self::Email
                | Self::Phone
                | Self::FirstName
                | Self::LastName
                | Self::FullName
                | Self::OtherName
                | Self::Street
                | Self::Postcode
                | Self::Birth
                | Self::Bank
                | Self::Identity
                | Self::TaxNumber
                | Self::Special
                | Self::Secret
                | Self::Login
                | Self::Badge
        )
    }

    /// Whether such a column holds neither names nor numbers of a person, whatever its type.
    pub(super) fn is_plain(self) -> bool {
        matches!(self, Self::Plain | Self::Number | Self::Country)
    }

    /// Whether the word decides wherever it stands in the name.
    fn is_sticky(self) -> bool {
        matches!(self, Self::Special | Self::Secret | Self::Birth | Self::Identity)
    }

    /// Whether `no` or `number` after the word leaves the meaning as it is.
    fn is_numbered(self) -> bool {
        self.is_sticky() || matches!(self, Self::Phone | Self::TaxNumber | Self::Bank | Self::Badge | Self::Street)
    }
}

/// The words of each meaning, glued together, without accents, in the singular.
const VOCABULARY: &[(Meaning, &str)] = &[
    (
        Meaning::Email,
        "email mail emailaddress mailaddress emailadress courriel adressemail adresseemail mel emailid emailadresse",
    ),
    (
        Meaning::Phone,
        "phone telephone tel mobile mobil cell cellphone mobilephone handy telefon fax telefax portable gsm \
         phoneextension landline faxnumber rufnummer telefonnummer telefonnr handynummer whatsapp phonenumber msisdn",
    ),
    (Meaning::FirstName, "firstname forename givenname fname prenom vorname christianname"),
    (
        Meaning::LastName,
        "lastname surname familyname lname nom nachname nomdefamille nomfamille familienname nomclient",
    ),
    (
        Meaning::FullName,
        "fullname contactname customername clientname membername personname patientname donorname shipname billname \
         toname shippingname billingname invoicename deliveryname recipient recipientname addressee holder holdername \
         ownername accountholder cardholder cardholdername kontoinhaber kundenname nomcomplet searchname displayname \
         contact contactperson ansprechpartner beneficiary beneficiaire destinataire empfanger empfaenger payer \
         payername sendername receivername guestname username2 nomtitulaire titulaire lieferame relativename",
    ),
    (
        Meaning::OtherName,
        "middlename nickname maidenname birthname secondname surnom nomdejeunefille geburtsname initial initials \
         spitzname mothername fathername spouse spousename alias",
    ),
    (Meaning::Name, "name bezeichnung label"),
    (
        Meaning::Title,
        "salutation greeting longgreeting anrede civilite contacttitle jobtitle titleofcourtesy courtesytitle \
         nameprefix namesuffix honorific",
    ),
    (Meaning::Company, "company companyname firma firmenname entreprise societe raisonsociale organization organisation"),
    (
        Meaning::Street,
        "street address adresse rue strasse streetaddress addressline streetname hausnummer housenumber houseno \
         anschrift addr postaladdress shippingaddress billingaddress mailingaddress apartment streetno voie \
         complementadresse addressee2 strassenr residence addresszusatz adresszusatz directions",
    ),
    (Meaning::City, "city town ville ort stadt wohnort commune locality municipality placeofbirth birthplace geburtsort"),
    (
        Meaning::Postcode,
        "zip zipcode postalcode postcode plz postleitzahl codepostal cp postalzip zippostalcode zippostal",
    ),
    (Meaning::Region, "region county province district canton kanton departement bundesland stateprovince"),
    (Meaning::State, "state"),
    (Meaning::Country, "country countrycode countryregion countryregioncode countryiso pays codepays land landcode"),
    (
        Meaning::Birth,
        "birth birthdate birthday dob dateofbirth birthyear geburt geburtsdatum geburtstag geburtsjahr naissance \
         datenaissance datedenaissance anniversaire gebdatum yearofbirth",
    ),
    (
        Meaning::Trait,
        "gender sex geschlecht sexe genre age alter nationality nationalite citizenship staatsangehorigkeit \
         nationalitat maritalstatus familienstand situationfamiliale profession occupation beruf employer arbeitgeber \
         income salary gehalt einkommen revenu children education hobby interest jobrole deathdate dateofdeath \
         deceaseddate",
    ),
    (
        Meaning::Bank,
        "iban bankaccount bankaccountno accountnumber bankaccountnumber kontonummer kontonr rib comptebancaire \
         creditcard cardnumber creditcardnumber cardno pan ccnumber cvv cvc bankdetail sepamandate mandate",
    ),
    (Meaning::BankCode, "bic swift swiftcode swiftbic blz bankleitzahl routingnumber sortcode bankname"),
    (
        Meaning::Identity,
        "passport passeport reisepass ausweis personalausweis ssn socialsecurity nas nir nationalid idcard \
         identitycard identitynumber driverslicense driverlicense drivinglicense drivinglicence fuhrerschein \
         fuehrerschein permisdeconduire sozialversicherung svnr ahv cpr personnummer nino insurancenumber",
    ),
    (
        Meaning::TaxNumber,
        "vat vatno vatnumber vatid vatregistration vatregistrationno vatregistrationnumber taxid taxno taxnumber \
         taxidentification taxcode steuernummer steuernr steuerid ustid ustidnr uid numerotva siret siren gln \
         glncode tin eori fiscalcode codefiscal registrationno",
    ),
    (
        Meaning::Special,
        "health medical diagnosis diagnose disease illness allergy allergie medication prescription blood bloodtype \
         disability handicap pregnancy pregnant gesundheit krankheit krankenkasse sante maladie religion religiou \
         konfession confession denomination faith ethnicity ethnic political sexual sexualorientation biometric \
         genetic dna criminal conviction tradeunion gewerkschaft syndicat symptom treatment behandlung",
    ),
    (
        Meaning::Secret,
        "password passwd pwd passwort motdepasse kennwort token secret apikey salt otp pin pincode securityanswer \
         securityquestion privatekey credential passphrase passwordhash hash recoverycode",
    ),
    (
        Meaning::Network,
        "ip ipaddress ipaddr ipadresse useragent device deviceid cookie session sessionid fingerprint mac macaddress \
         clientip remoteip imei",
    ),
    (Meaning::Login, "login username loginname userlogin benutzername identifiant handle screenname skype"),
    (
        Meaning::Web,
        "homepage website web url link siteweb webseite webpage linkedin twitter facebook instagram socialmedia blog",
    ),
    (
        Meaning::Picture,
        "picture photo image avatar bild foto portrait signature unterschrift thumbnail selfie logo passbild",
    ),
    (
        Meaning::Badge,
        "badge badgecode cardcode loyaltycard kundenkarte cartefidelite licenseplate licenceplate plate kennzeichen \
         immatriculation numberplate rfid barcode membershipcard vin",
    ),
    (
        Meaning::External,
        "externalid stripeid paypalid googleid facebookid appleid crmid salesforceid hubspotid stripecustomerid \
         externalreference openid oauthid mailchimpid",
    ),
    (Meaning::Geo, "latitude longitude lat lng lon geo geolocation location coordinate gpsposition gps geopoint"),
    (
        Meaning::Note,
        "note comment memo remark bemerkung notiz commentaire remarque anmerkung observation kommentar",
    ),
    (
        Meaning::FreeText,
        "description desc text body subject message content detail reason summary feedback beschreibung nachricht \
         betreff sujet objet texte instruction title titel titre question answer review history log",
    ),
    (
        Meaning::Document,
        "json metadata meta setting preference payload attribute customfield extra data document option property \
         rawdata request response xml blob",
    ),
    (
        Meaning::Consent,
        "newsletter optin optout consent marketing subscribed emailoptin smsoptin einwilligung consentement mailing \
         marketingconsent gdprconsent allowemail allowsms receivenewsletter",
    ),
    (
        Meaning::Staff,
        "createdby modifiedby updatedby changedby approvedby postedby salesperson salespersoncode clerk sachbearbeiter \
         bearbeiter vendeur operator cashier deletedby assignedto",
    ),
    (
        Meaning::Number,
        "id no nr num number numero nummer code key uuid guid ref reference kennung sku ean isbn serialno rowid fk pk \
         externaldocumentno checksum",
    ),
    (
        Meaning::Plain,
        "type kind status statut etat group gruppe groupe category kategorie categorie segment class level rank flag \
         count quantity qty amount price total sum cost discount rate percent percentage currency language locale \
         lang date time at on datetime timestamp year month day week version sequence seq sort position line lineno \
         balance limit term method unit weight created updated modified posted paid open closed active enabled blocked \
         deleted verified freight duration size score point anonymized anonymised anonymise anonymisiert expired \
         shipped cancelled canceled completed sent tax vatamount vatrate taxrate taxamount montant quantite prix \
         langue devise taux solde betrag menge preis summe saldo sprache wahrung waehrung datum anzahl typ art mwst \
         rabatt zeit since until due timezone hour minute second millisecond byte index order priority stage mode \
         format color colour currencycode languagecode createdat updatedat visible public tva ht ttc ordering margin \
         fee salestax subtotal grandtotal deposit hausnummertyp revision checked confirmed archived locked \
         productname itemname categoryname trackname articlename coursename eventname statusname typename groupname \
         campaignname currencyname languagename countryname unitname taxname servicename planname stationname \
         tablename columnname productdescription itemdescription paymentterm paymentmethod shippingmethod terms \
         gesamt brutto netto anlagedatum erstellt geandert geaendert aktiv gesperrt actif bloque cree modifie",
    ),
];

static MEANINGS: LazyLock<HashMap<&str, Meaning>> = LazyLock::new(|| {
    let entries = VOCABULARY.iter().flat_map(|(meaning, words)| words.split_whitespace().map(|word| (word, *meaning)));
    entries.collect()
});

/// Endings that only say which of several it is: `address_2`, `address_line_1`, `phone_private`.
const FILLERS: &[&str] =
    &["line", "private", "business", "work", "home", "privat", "prive", "primary", "secondary", "raw", "encrypted"];

/// Endings that number something.
const NUMBERS: &[&str] = &["no", "nr", "num", "number", "numero", "nummer"];

/// Endings that say when or how often, not what.
const MOMENTS: &[&str] =
    &["at", "on", "date", "time", "count", "changed", "expires", "expiry", "required", "sent", "attempts", "enabled"];

/// What a column's name says it holds, if it says anything.
///
/// In English and German the last word counts most (`phone_type` is a type),
/// so endings are looked up before words elsewhere in the name, which is where
/// French puts them (`adresse_facturation`). Health, secrets and birth count
/// wherever they stand.
pub(super) fn meaning(name: &str) -> Option<Meaning> {
    let mut words = split(name);
    while words.len() > 1
        && words.last().is_some_and(|last| {
            FILLERS.contains(&last.as_str()) || last.chars().all(char::is_numeric) || last.len() == 1
        })
    {
        words.pop();
    }
    let last = words.last()?.clone();
    let sticky = anywhere(&words, Meaning::is_sticky).filter(|found| {
        // A dated or counted secret is no secret; a dated birth is one.
        *found == Meaning::Birth || !MOMENTS.contains(&last.as_str())
    });
    if sticky.is_some() {
        return sticky;
    }
    if words.len() > 1 && NUMBERS.contains(&last.as_str()) {
        let numbered = ending(&words[..words.len() - 1]).filter(|found| found.is_numbered());
        if numbered.is_some() && ending(&words).is_none_or(|whole| whole == Meaning::Number) {
            return numbered;
        }
    }
    ending(&words).or_else(|| anywhere(&words, |_| true))
}

fn look_up(word: &str) -> Option<Meaning> {
    MEANINGS.get(word).or_else(|| MEANINGS.get(singular(word).as_str())).copied()
}

/// The meaning of the longest known ending.
fn ending(words: &[String]) -> Option<Meaning> {
    (0..words.len()).find_map(|start| look_up(&words[start..].concat()))
}

/// The meaning of the longest known run of words, of those that are wanted.
fn anywhere(words: &[String], wanted: impl Fn(Meaning) -> bool) -> Option<Meaning> {
    (1..=words.len()).rev().find_map(|length| {
        words.windows(length).find_map(|run| look_up(&run.concat()).filter(|found| wanted(*found)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_understood_in_three_languages() {
        let cases = [
            ("Email", Meaning::Email),
            ("e_mail", Meaning::Email),
            ("courriel", Meaning::Email),
            ("HomePhone", Meaning::Phone),
            ("mobile_phone_no", Meaning::Phone),
            ("numero_telephone", Meaning::Phone),
            ("Vorname", Meaning::FirstName),
            ("prénom", Meaning::FirstName),
            ("lastname", Meaning::LastName),
            ("nom", Meaning::LastName),
            ("ContactName", Meaning::FullName),
            ("ship_to_name_2", Meaning::FullName),
            ("Straße", Meaning::Street),
            ("adresse_facturation", Meaning::Street),
            ("BillingPostalCode", Meaning::Postcode),
            ("code_postal", Meaning::Postcode),
            ("date_naissance", Meaning::Birth),
            ("Geburtsdatum", Meaning::Birth),
            ("vat_registration_no", Meaning::TaxNumber),
            ("password_hash", Meaning::Secret),
            ("health_status", Meaning::Special),
            ("passport_no", Meaning::Identity),
            ("ip_address", Meaning::Network),
        ];
        for (name, expected) in cases {
            assert_eq!(meaning(name), Some(expected), "{name}");
        }
    }

    #[test]
    fn the_last_word_of_a_name_decides() {
        for name in ["email_verified", "phone_type", "UnitPrice", "password_changed_at", "name_count", "product_name"] {
            assert_eq!(meaning(name), Some(Meaning::Plain), "{name}");
        }
        for name in ["address_id", "invoice_no", "customer_number"] {
            assert_eq!(meaning(name), Some(Meaning::Number), "{name}");
        }
        assert_eq!(meaning("frobnicated"), None);
    }

    #[test]
    fn no_word_has_two_meanings() {
        let words: usize = VOCABULARY.iter().map(|(_, words)| words.split_whitespace().count()).sum();
        assert_eq!(MEANINGS.len(), words);
    }
}
