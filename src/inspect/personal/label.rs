//! Labels and names of members before a person's name or address.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a label says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// It has a name, of a person or of anything else.
    Name,
    /// It is a person's name.
    Person,
    /// It is where somebody lives.
    Address,
}

/// Bytes of a label.
const LEN_MAX: usize = 40;

/// Labels of names of anything, letters alone.
const NAMES: &str = "name names nom navn naam namn fname patient customer client employee contact contactperson applicant \
    student guest passenger recipient beneficiary insured tenant borrower candidate attendee participant member";
/// Labels of persons.
const PERSONS: &str = "fullname firstname lastname givenname familyname surname middlename maidenname forename birthname \
    patientname customername employeename clientname cardholder cardholdername nameoncard accountholder \
    accountholdername recipientname passengername guestname contactname applicantname studentname borrowername \
    tenantname ownername signername legalname holdername billingname shippingname beneficiaryname nomineename \
    spousename mothername mothersname fathername fathersname emergencycontact personname realname \
    vorname nachname familienname prénom prenom nomdefamille nombre apellido apellidos nombrecompleto nome cognome \
    sobrenome nomecompleto voornaam achternaam förnamn efternamn fornavn etternavn imię nazwisko имя фамилия фио";
/// Labels of homes.
const ADDRESSES: &str = "streetaddress address1 addressline1 address1line street homeaddress postaladdress mailingaddress \
    shippingaddress billingaddress deliveryaddress residentialaddress permanentaddress currentaddress strasse straße \
    anschrift adresse direccion dirección indirizzo endereço endereco homeaddr streetaddr";

static LABELS: LazyLock<BTreeMap<&'static str, Label>> = LazyLock::new(|| {
    let of =
        |list: &'static str, label| list.split_ascii_whitespace().map(move |word| (word, label));
    let all = of(NAMES, Label::Name).chain(of(PERSONS, Label::Person));
    all.chain(of(ADDRESSES, Label::Address)).collect()
});

/// What the label at the end of a text says, and whether a quote begins behind it.
pub(super) fn before(text: &str) -> Option<(Label, bool)> {
    let bare = text.trim_end_matches(' ');
    let unquoted =
        bare.strip_suffix(['"', '\'']).map(|bare| bare.strip_suffix('\\').unwrap_or(bare));
    let quoted = unquoted.is_some();
    let bare = unquoted.unwrap_or(bare).trim_end_matches(' ');
    let signed = bare.strip_suffix([':', '=', '：'])?.trim_end_matches([' ', '*']);
    let signed = signed.strip_suffix(['"', '\'']).unwrap_or(signed);
    let signed = signed.strip_suffix('\\').unwrap_or(signed);
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | ' ' | '-' | '\'' | '.');
    let letters = signed.char_indices().rev().take(LEN_MAX).take_while(|(_, c)| part(*c));
    let start = letters.last().map_or(signed.len(), |(at, _)| at);
    let label = signed.get(start..)?.trim_start_matches([' ', '-', '.']);
    Some((of(label)?, quoted))
}

/// What a label says.
pub(super) fn of(label: &str) -> Option<Label> {
    if label.len() > LEN_MAX {
        return None;
    }
    let letters = label.chars().filter(|c| c.is_alphanumeric());
    let bare: String = letters.flat_map(char::to_lowercase).collect();
    LABELS.get(bare.as_str()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_known_as_they_are_written() {
        for (text, said) in [
            ("name: ", Some((Label::Name, false))),
            (r#"{"name": ""#, Some((Label::Name, true))),
            (r#"{\"first_name\":\""#, Some((Label::Person, true))),
            ("Last name = ", Some((Label::Person, false))),
            ("- First Name: ", Some((Label::Person, false))),
            ("**Surname**: ", Some((Label::Person, false))),
            ("homeAddress: '", Some((Label::Address, true))),
            ("file name: ", None),
            ("hostname: ", None),
            ("name ", None),
            (":", None),
            ("", None),
        ] {
            assert_eq!(before(text), said, "{text}");
        }
    }
}
