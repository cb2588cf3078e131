//! Kinds as they stand in sentences, tables, forms and calls, with numbers that are made by their checksums.

use super::{personal, told, valid, walk};

/// A text in which `{}` stands for a number: its kind, the check and the form.
const SENTENCES: &[(&str, &str, &str, &str)] = &[
    ("in-aadhaar", "aadhaar", "4### #### ####", "Linked to {} since May."),
    ("in-aadhaar", "aadhaar", "7###########", "| Aadhaar no. | {} |"),
    ("se-personnummer", "swedish_form", "######-####", "Kund {} har betalat."),
    ("se-personnummer", "swedish_form", "19######-####", "{}; Anna"),
    ("payment-card", "card", "4### #### #### ####", "Pay with {} today."),
    ("payment-card", "card", "4###############", "csv,1704189630123,{},x"),
    ("payment-card", "card", "37#############", "Amex: {}"),
    ("us-ssn", "ssn", "5##-##-####", "1. {} (spouse)"),
    ("us-bank-routing", "aba", "0########", "Routing: {}, account on file"),
    ("uk-nhs-number", "nhs", "### ### ####", "NHS number is {}."),
    ("de-tax-id", "steuer", "6##########", "Steuer-ID {}"),
    ("pl-pesel", "pesel", "###########", "PESEL {}"),
    ("nl-bsn", "bsn", "#########", "bsn={}"),
    ("br-cpf", "cpf", "###.###.###-##", "Cliente {} ativo"),
    ("br-cnpj", "cnpj", "##.###.###/0001-##", "Empresa {}"),
    ("ca-sin", "luhn", "5## ### ###", "Social Insurance Number: {}"),
    ("cn-resident-id", "chinese", "31010119##0#######", "id: {}"),
    ("mx-curp", "curp", "GOML##0###HDFRRS0#", "La CURP es {}."),
    ("in-pan", "any", "AB@P@####@", "PAN: {}"),
];

#[test]
fn numbers_are_told_in_sentences() {
    for (kind, check, form, sentence) in SENTENCES {
        for seed in 20..28 {
            let id = valid(check, form, seed);
            let text = sentence.replace("{}", &id);
            assert_eq!(told(&text), [(*kind, id.as_str())], "{text}");
        }
    }
}

#[test]
fn every_one_of_many_is_told() {
    let cards: Vec<String> = (0..9).map(|seed| valid("card", "4###############", seed)).collect();
    for sign in [",", ", ", ",\n", "\n", " | "] {
        let text = cards.join(sign);
        assert_eq!(told(&text).len(), cards.len(), "{text}");
    }
    let json = serde_json::json!({ "cards": cards }).to_string();
    assert_eq!(told(&json).len(), cards.len());
}

#[test]
fn a_call_is_told_by_its_members() {
    let ssn = valid("ssn", "5########", 3);
    let aba = valid("aba", "0########", 3);
    let call = serde_json::json!({
        "customer": {
            "userFirstName": "Qora", "billing_last_name": "Xilmen", "customerFullName": "Qora Xilmen",
            "email": format!("qora{}corp.com", '@'), "mobile": "641 739 208", "dob": "1985-03-12",
            "ssn": ssn, "bank": { "routing_number": aba },
        },
        "order": { "id": "4158672309", "created": "2024-01-02", "version": "91.64.12.7" },
        "font": { "serviceFullName": "Launch Wizard" },
    });
    let json = call.to_string();
    let mut kinds = Vec::new();
    for one in walk::members(&json).iter().filter(|one| !one.name) {
        kinds.extend(personal(one.member.as_deref(), &one.text).iter().map(|found| found.kind));
    }
    let all =
        ["name", "name", "name", "email", "phone", "date-of-birth", "us-ssn", "us-bank-routing"];
    assert_eq!(kinds, all);
}
