//! Labels and names of members before a person's name or address.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::ends::Ends;

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
const PERSONS: &str = "fullname userfullname customerfullname patientfullname employeefullname clientfullname \
    contactfullname firstname lastname givenname familyname surname middlename maidenname forename birthname \
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

/// Labels of persons whatever stands before: `userFirstName`, `billing_last_name`.
const ENDS: [&str; 2] = ["firstname", "lastname"];

static LABELS: LazyLock<BTreeMap<&'static str, Label>> = LazyLock::new(|| {
    let of =
        |list: &'static str, label| list.split_ascii_whitespace().map(move |word| (word, label));
    let all = of(NAMES, Label::Name).chain(of(PERSONS, Label::Person));
    all.chain(of(ADDRESSES, Label::Address)).collect()
});

static LABEL_ENDS: LazyLock<Ends> = LazyLock::new(|| Ends::of(LABELS.keys().copied().chain(ENDS)));

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
    let label = tail(signed).trim_start_matches([' ', '-', '.']);
    Some((of(label)?, quoted))
}

/// The letters, digits and signs of a label that a text ends with.
fn tail(text: &str) -> &str {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | ' ' | '-' | '\'' | '.');
    let letters = text.char_indices().rev().take(LEN_MAX).take_while(|(_, c)| part(*c));
    let start = letters.last().map_or(text.len(), |(at, _)| at);
    text.get(start..).unwrap_or_default()
}

/// Whether a label stands before this sign in JSON, where a line's end within a text is an `n` behind a backslash.
pub(super) fn is_before(json: &str, sign: usize) -> bool {
    let before = json.as_bytes().get(..sign).unwrap_or_default();
    // What of a label is a letter or a digit ends with one.
    let end = |signs: &[u8]| before.iter().rposition(|byte| !signs.contains(byte));
    let letters = end(b" *\\\"'_-.").and_then(|last| before.get(..=last)).unwrap_or_default();
    let ascii = letters.last_chunk::<2>().is_none_or(|last| last.is_ascii());
    if ascii && !LABEL_ENDS.may_end(letters) {
        return false;
    }
    let before = end(b" *\\\"'").and_then(|last| json.get(..=last)).unwrap_or_default();
    let label = tail(before);
    let known = |label: &str| of(label.trim_start_matches([' ', '-', '.'])).is_some();
    let escaped = before.len() > label.len()
        && before.get(..before.len() - label.len()).is_some_and(|text| text.ends_with('\\'));
    known(label) || escaped && label.get(1..).is_some_and(known)
}

/// What a label says.
pub(super) fn of(label: &str) -> Option<Label> {
    if label.len() > LEN_MAX {
        return None;
    }
    let letters = label.chars().filter(|c| c.is_alphanumeric());
    let bare: String = letters.flat_map(char::to_lowercase).collect();
    let ends = || ENDS.iter().any(|end| bare.ends_with(end)).then_some(Label::Person);
    LABELS.get(bare.as_str()).copied().or_else(ends)
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
            ("user.first_name=", Some((Label::Person, false))),
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
