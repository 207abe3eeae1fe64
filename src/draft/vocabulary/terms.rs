//! The words themselves.

use super::Meaning;

/// The words of each meaning, glued together, without accents, in the singular.
pub(super) const VOCABULARY: &[(Meaning, &str)] = &[
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
         payername sendername receivername guestname nomtitulaire titulaire relativename",
    ),
    (
        Meaning::OtherName,
        "middlename mname nickname maidenname birthname secondname surnom nomdejeunefille geburtsname initial initials \
         spitzname mothername fathername spouse spousename",
    ),
    (Meaning::Name, "name bezeichnung label alias"),
    (
        Meaning::Title,
        "salutation greeting longgreeting anrede civilite contacttitle jobtitle titleofcourtesy courtesytitle \
         nameprefix namesuffix honorific",
    ),
    (
        Meaning::Company,
        "company companyname firma firmenname entreprise societe raisonsociale organization organisation",
    ),
    (
        Meaning::Street,
        "street streetnumber streettype address adresse rue strasse streetaddress addressline streetname hausnummer housenumber houseno \
         anschrift addr postaladdress shippingaddress billingaddress mailingaddress apartment streetno voie \
         complementadresse strassenr residence addresszusatz adresszusatz directions",
    ),
    (
        Meaning::City,
        "city town ville ort stadt wohnort commune locality municipality placeofbirth birthplace geburtsort",
    ),
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
        "gender sex race ethnoracial alcohol tobacco smoker smoking geschlecht sexe age alter nationality \
         nationalite citizenship staatsangehorigkeit \
         nationalitat maritalstatus familienstand situationfamiliale profession occupation beruf employer arbeitgeber \
         income salary gehalt einkommen revenu children education hobby jobrole deathdate dateofdeath \
         deceaseddate sterbedatum todesdatum datedece",
    ),
    (
        Meaning::Bank,
        "iban bankaccount bankaccountno accountnumber bankaccountnumber kontonummer kontonr rib comptebancaire \
         creditcard cardnumber creditcardnumber cardno ccnumber cvv cvc bankdetail sepamandate mandate",
    ),
    (Meaning::BankCode, "bic swift swiftcode swiftbic blz bankleitzahl routingnumber sortcode bankname"),
    (
        Meaning::Identity,
        "passport policynumber policyno passeport reisepass ausweis personalausweis ssn socialsecurity nas nir \
         nationalid idcard \
         identitycard identitynumber driverslicense driverlicense drivinglicense drivinglicence fuhrerschein \
         fuehrerschein permisdeconduire sozialversicherung svnr ahv securitesociale numerosecuritesociale sozialversicherungsnummer passnummer ausweisnummer \
         personalausweisnummer versichertennummer versicherungsnummer medicare cpr personnummer nino insurancenumber",
    ),
    (
        Meaning::TaxNumber,
        "vat vatno vatnumber vatid vatregistration vatregistrationno vatregistrationnumber taxid taxno taxnumber \
         taxidentification taxcode steuernummer steuernr steuerid ustid ustidnr steueridentifikationsnummer numerotva siret siren gln \
         glncode tin eori fiscalcode codefiscal registrationno tax tva",
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
         securityquestion privatekey credential passphrase passwordhash recoverycode securekey activationkey resetkey accesscode doorcode activationcode",
    ),
    (
        Meaning::Network,
        "ip ipaddress ipaddr ipadresse useragent deviceid cookie sessionid fingerprint mac macaddress \
         clientip remoteip imei",
    ),
    (Meaning::Login, "login username loginname userlogin benutzername identifiant handle screenname skype"),
    (
        Meaning::Web,
        "homepage website web url link siteweb webseite webpage linkedin twitter facebook instagram socialmedia blog",
    ),
    (
        Meaning::Picture,
        "picture photo image avatar bild foto portrait signature unterschrift thumbnail selfie logo passbild photopath picturepath imagepath avatarpath photourl imageurl avatarurl pictureurl photofile",
    ),
    (
        Meaning::Badge,
        "badge badgecode cardcode loyaltycard kundenkarte cartefidelite licenseplate licenceplate kennzeichen \
         immatriculation numberplate rfid membershipcard vin",
    ),
    (
        Meaning::External,
        "externalid stripeid paypalid googleid facebookid appleid crmid salesforceid hubspotid stripecustomerid \
         externalreference openid oauthid mailchimpid",
    ),
    (Meaning::Geo, "latitude longitude lat lng lon geo geolocation location coordinate gpsposition gps geopoint"),
    (Meaning::Note, "note comment memo remark bemerkung notiz commentaire remarque anmerkung observation kommentar"),
    (
        Meaning::FreeText,
        "description desc text body subject message content detail reason summary feedback beschreibung nachricht \
         betreff sujet objet texte instruction title titel titre question answer review history log",
    ),
    (
        Meaning::Document,
        "json metadata meta setting preference payload attribute customfield extra data document option property \
         rawdata request response xml blob file filename filepath path attachment attachement datei dateiname fichier",
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
        "id no nr num number numero nummer code key uuid guid ref reference kennung sku ean upc gtin isbn serialno rowid fk pk \
         externaldocumentno checksum",
    ),
    (
        Meaning::Plain,
        "type kind status statut etat group gruppe groupe category kategorie categorie segment class level tier grade rank flag \
         count quantity qty amount price total sum cost discount rate percent percentage currency language locale \
         lang date time at on datetime timestamp year month day week version sequence seq sort line lineno \
         balance limit term method unit created updated modified posted paid open closed active enabled blocked \
         deleted verified freight duration size point anonymized anonymised anonymise anonymisiert expired \
         shipped cancelled canceled completed sent vatamount vatrate taxrate taxamount montant quantite prix \
         langue devise taux solde betrag menge preis summe saldo sprache wahrung waehrung datum anzahl typ art mwst \
         rabatt zeit since until due timezone hour minute second millisecond byte index order priority stage mode \
         format currencycode languagecode createdat updatedat visible public ht ttc ordering margin \
         fee salestax subtotal grandtotal deposit revision checked confirmed archived locked \
         productname itemname categoryname trackname articlename coursename eventname statusname typename groupname \
         campaignname currencyname languagename countryname unitname taxname servicename planname stationname \
         tablename columnname productdescription itemdescription paymentterm paymentmethod shippingmethod terms \
         gesamt brutto netto branch filiale anlagedatum erstellt geandert geaendert aktiv gesperrt actif bloque cree modifie",
    ),
];
