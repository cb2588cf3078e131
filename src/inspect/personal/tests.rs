use proptest::prelude::*;

use super::*;
use crate::inspect::walk;

mod documents;
mod quiet;

/// Kinds and texts of what is found.
fn told(text: &str) -> Vec<(&'static str, &str)> {
    personal(None, text).into_iter().map(|one| (one.kind, text.get(one.span).unwrap())).collect()
}

/// Digits without an order, others for each seed.
fn digits(seed: u64) -> impl Iterator<Item = u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    std::iter::repeat_with(move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u8::try_from(state >> 33 & 0xFF).unwrap()
    })
}

/// A number of this form that passes its check, with the digits and letters that no scanner finds in this file: `#` is any
/// digit, `@` any capital letter.
fn valid(check: &str, form: &str, seed: u64) -> String {
    let check = check::by_name(check).expect(check);
    for round in 0..200_000 {
        let mut random = digits(seed * 1_000_003 + round);
        let text: String = form
            .chars()
            .map(|c| match c {
                '#' => char::from(b'0' + random.next().unwrap() % 10),
                '@' => char::from(b'A' + random.next().unwrap() % 26),
                other => other,
            })
            .collect();
        let id: Vec<u8> = text.bytes().filter(u8::is_ascii_alphanumeric).collect();
        if check(&id) && !number::is_made_up(&id) {
            return text;
        }
    }
    panic!("no number of the form {form}")
}

/// Kinds: the check, forms, the words before it and the name of a member.
const NUMBERS: &[(&str, &str, &[&str], &str, &str)] = &[
    ("us-ssn", "ssn", &["###-##-####", "#########", "### ## ####"], "My SSN is", "ssn"),
    ("us-ssn", "ssn", &["#########"], "social security number:", "socialSecurityNumber"),
    ("us-itin", "itin", &["9##-##-####", "9########"], "ITIN", "itin"),
    ("us-bank-routing", "aba", &["#########"], "The routing number is", "routing_number"),
    ("uk-nino", "nino", &["AB######C", "JG ## ## ## A"], "national insurance no.", "nino"),
    ("uk-nhs-number", "nhs", &["### ### ####", "##########"], "NHS number", "nhs_number"),
    ("de-tax-id", "steuer", &["8##########", "4# ### ### ###"], "Steuer-ID:", "steuerId"),
    ("fr-nir", "nir", &["1##0#75########", "2 ## 11 69 ### ### ##"], "Sécurité sociale :", "nir"),
    ("fr-nir", "nir", &["1##022A########"], "NIR", "numero_nir"),
    ("es-dni", "dni", &["########@", "########-@"], "Mi DNI es", "dni"),
    ("es-nie", "nie", &["Y#######@", "X-#######-@"], "NIE", "nie"),
    ("it-fiscal-code", "fiscal", &["RSSMRA##T##A###@"], "codice fiscale", "codiceFiscale"),
    ("pl-pesel", "pesel", &["###########"], "PESEL:", "pesel"),
    ("nl-bsn", "bsn", &["#########"], "BSN", "bsn"),
    (
        "be-national-number",
        "belgian",
        &["##.##.##-###.##", "###########"],
        "rijksregisternummer",
        "niss",
    ),
    (
        "se-personnummer",
        "swedish",
        &["######-####", "19######-####"],
        "personnummer",
        "personnummer",
    ),
    ("fi-hetu", "finnish", &["######-###@", "######A###@"], "henkilötunnus", "hetu"),
    ("dk-cpr", "danish", &["######-####"], "CPR-nr.", "cpr"),
    (
        "no-fodselsnummer",
        "norwegian",
        &["###########", "###### #####"],
        "fødselsnummer",
        "fodselsnummer",
    ),
    ("ch-ahv", "ean", &["756.####.####.##", "756##########"], "AHV-Nummer", "ahvNummer"),
    ("pt-nif", "nif", &["2########"], "contribuinte", "contribuinte"),
    ("tr-kimlik", "kimlik", &["3##########"], "TC kimlik no", "tckn"),
    ("br-cpf", "cpf", &["###.###.###-##", "###########"], "CPF", "cpf"),
    ("br-cnpj", "cnpj", &["##.###.###/####-##", "@#.@##.###/000#-##"], "CNPJ", "cnpj"),
    ("cl-rut", "rut", &["1#.###.###-#", "1#######-K"], "RUT", "rut"),
    ("ar-cuit", "cuit", &["20-########-#"], "CUIT", "cuit"),
    ("mx-curp", "curp", &["HEGG##0###MVZRRL0#"], "CURP", "curp"),
    ("ca-sin", "luhn", &["1## ### ###", "5########"], "SIN:", "social_insurance_number"),
    ("au-tfn", "tfn", &["### ### ###", "#########"], "tax file number", "tfn"),
    ("za-id", "southafrican", &["######5###08#"], "ID number", "sa_id"),
    ("in-aadhaar", "aadhaar", &["4### #### ####", "8###########"], "Aadhaar", "aadhaarNumber"),
    ("in-pan", "any", &["AB@P@####@"], "PAN card", "pan"),
    ("cn-resident-id", "chinese", &["11010119##0#######"], "身份证号", "id_card"),
    ("kr-rrn", "korean", &["######-1######"], "주민등록번호", "rrn"),
    ("jp-my-number", "mynumber", &["#### #### ####", "############"], "マイナンバーは", "myNumber"),
    ("sg-nric", "nric", &["S#######@"], "NRIC", "nric"),
    ("passport", "any", &["C########", "AB#######"], "passport no.", "passportNumber"),
    ("payment-card", "card", &["4###############", "4### #### #### ####"], "card", "card_number"),
    ("payment-card", "card", &["52##-####-####-####", "37## ###### #####"], "Visa", "creditCard"),
    ("payment-card", "card", &["6011############", "36############"], "card no.", "cc_number"),
];

#[test]
fn numbers_are_told_where_a_word_or_a_name_says_what_they_are() {
    let mut misses = Vec::new();
    for (kind, check, forms, words, member) in NUMBERS {
        for (form, seed) in forms
            .iter()
            .zip([0_u64, 100, 200])
            .flat_map(|(form, from)| (from..from + 12).map(move |seed| (form, seed)))
        {
            let id = valid(check, form, seed);
            let nested = serde_json::json!({ "user": { *member: id, "n": 1 } }).to_string();
            for text in
                [format!("{words} {id}."), format!("Please note: {words} {id}, thanks"), nested]
            {
                if !told(&text).contains(&(*kind, id.as_str())) {
                    misses.push(format!("{kind}: {text}: {:?}", told(&text)));
                }
            }
            let member = personal(Some(member), &id);
            if member.len() != 1 || member[0].kind != *kind || member[0].span != (0..id.len()) {
                misses.push(format!("{kind} {id} as a member: {member:?}"));
            }
        }
    }
    assert!(misses.is_empty(), "{}\n{}", misses.len(), misses.join("\n"));
}

#[test]
fn forms_that_speak_for_themselves_need_no_word() {
    for (kind, check, form) in [
        ("us-ssn", "ssn", "2##-##-####"),
        ("uk-nino", "nino", "JG ## ## ## A"),
        ("de-tax-id", "steuer", "8# ### ### ###"),
        ("fr-nir", "nir", "1##0#75########"),
        ("es-dni", "dni", "########-@"),
        ("es-nie", "nie", "Y#######@"),
        ("it-fiscal-code", "fiscal", "RSSMRA##T##A###@"),
        ("be-national-number", "belgian", "##.##.##-###.##"),
        ("fi-hetu", "finnish", "######-###@"),
        ("ch-ahv", "ean", "756.####.####.##"),
        ("br-cpf", "cpf", "###.###.###-##"),
        ("br-cnpj", "cnpj", "##.###.###/####-##"),
        ("cl-rut", "rut", "1#.###.###-#"),
        ("mx-curp", "curp", "HEGG##0###MVZRRL0#"),
        ("in-pan", "any", "AB@P@####@"),
        ("cn-resident-id", "chinese", "11010119##0#######"),
        ("kr-rrn", "korean", "######-1######"),
        ("payment-card", "card", "4###############"),
        ("payment-card", "card", "54## #### #### ####"),
        ("payment-card", "card", "37## ###### #####"),
    ] {
        for seed in 0..12 {
            let id = valid(check, form, seed);
            let text = format!("The last line has {id} in it.");
            assert_eq!(told(&text), [(kind, id.as_str())], "{text}");
            // In a path, an identifier or a longer number it is none.
            for text in [
                format!("/a/b{id}"),
                format!("x_{id}_y"),
                format!("9{id}7"),
                format!("order no. {id}7"),
            ] {
                assert!(
                    !told(&text).iter().any(|(told, _)| *told == kind),
                    "{text}: {:?}",
                    told(&text)
                );
            }
        }
    }
}

#[test]
fn digits_alone_are_no_number_of_a_person() {
    // Of a checksum of one digit every tenth number passes.
    let mut alarms = 0;
    for seed in 0..3_000 {
        for len in [8, 9, 10, 11, 12, 13, 14, 17, 18, 19, 20] {
            let number: String = digits(seed * 31 + len)
                .take(usize::try_from(len).unwrap())
                .map(|byte| char::from(b'0' + byte % 10))
                .collect();
            for text in
                [format!("row {number} done"), format!("[{number}, 3]"), format!("t={number}")]
            {
                // A region, a day and a checksum are more than one in ten.
                alarms += told(&text).iter().filter(|(kind, _)| *kind != "cn-resident-id").count();
            }
        }
    }
    assert_eq!(alarms, 0);
}

#[test]
fn contacts_are_told() {
    let at = "@";
    for (text, kind, part) in [
        (format!("write to jane.doe{at}corp.com."), "email", "jane.doe@corp.com"),
        (
            format!("<mailto:j.o'neil+news{at}mail.corp.co.uk>"),
            "email",
            "j.o'neil+news@mail.corp.co.uk",
        ),
        ("?to=jane.doe%40corp.com&x=1".to_owned(), "email", "jane.doe%40corp.com"),
        (format!("a\\njane{at}corp.com\\nb"), "email", "jane@corp.com"),
        ("call +49 (0)171 8301649 now".to_owned(), "phone", "+49 (0)171 8301649"),
        ("+33 6 41 73 92 08".to_owned(), "phone", "+33 6 41 73 92 08"),
        ("tel:+14158672309".to_owned(), "phone", "+14158672309"),
        ("ring (415) 867-2309 today".to_owned(), "phone", "(415) 867-2309"),
        ("415-867-2309".to_owned(), "phone", "415-867-2309"),
        ("my phone is 415 867 2309".to_owned(), "phone", "415 867 2309"),
        ("phone: 4158672309".to_owned(), "phone", "4158672309"),
        ("phone: 867-2309".to_owned(), "phone", "867-2309"),
        ("07911 482 613".to_owned(), "phone", "07911 482 613"),
        ("Handy 0171/8301649".to_owned(), "phone", "0171/8301649"),
        ("Tel. 030 8301649".to_owned(), "phone", "030 8301649"),
        ("06.41.73.92.08".to_owned(), "phone", "06.41.73.92.08"),
        (
            "06\u{a0}41\u{a0}73\u{a0}92\u{a0}08".to_owned(),
            "phone",
            "06\u{a0}41\u{a0}73\u{a0}92\u{a0}08",
        ),
        ("090-4173-9208".to_owned(), "phone", "090-4173-9208"),
        ("手机13841739208".to_owned(), "phone", "13841739208"),
        ("(11) 94173-9208".to_owned(), "phone", "(11) 94173-9208"),
        ("teléfono: 641 739 208".to_owned(), "phone", "641 739 208"),
        ("mobile no 9841739208".to_owned(), "phone", "9841739208"),
        ("Call me at (555) 123-4567".to_owned(), "phone", "(555) 123-4567"),
        ("DE89 3704 0044 0532 0130 00".to_owned(), "iban", "DE89 3704 0044 0532 0130 00"),
        ("iban=GB82WEST12345698765432&".to_owned(), "iban", "GB82WEST12345698765432"),
        ("from 91.64.12.7 port".to_owned(), "ip-address", "91.64.12.7"),
        ("[2a02:8109:9a40:1234::7]:443".to_owned(), "ip-address", "2a02:8109:9a40:1234::7"),
        ("ether 3c:22:fb:9a:01:7e txq".to_owned(), "mac-address", "3c:22:fb:9a:01:7e"),
        ("DOB: 1985-03-12".to_owned(), "date-of-birth", "1985-03-12"),
        ("born on 12 March 1985 in".to_owned(), "date-of-birth", "12 March 1985"),
        ("born March 12, 1985".to_owned(), "date-of-birth", "March 12, 1985"),
        ("geboren am 12. März 1985".to_owned(), "date-of-birth", "12. März 1985"),
        ("née le 12/03/1985".to_owned(), "date-of-birth", "12/03/1985"),
        (r#"{"birth_date":"1985-03-12T00:00:00Z"}"#.to_owned(), "date-of-birth", "1985-03-12"),
        ("生年月日：1985年3月12日".to_owned(), "date-of-birth", "1985年3月12日"),
        ("姓名：张三丰，男".to_owned(), "name", "张三丰"),
        ("my name is Jane Doe".to_owned(), "name", "Jane Doe"),
        (r#"{"last_name":"Müller-Lüdenscheidt"}"#.to_owned(), "name", "Müller-Lüdenscheidt"),
        ("{'street': '12 Long Lane'}".to_owned(), "postal-address", "12 Long Lane"),
        (
            "billing_address: Musterweg 12, 10115 Berlin".to_owned(),
            "postal-address",
            "Musterweg 12, 10115 Berlin",
        ),
    ] {
        assert_eq!(told(&text), [(kind, part)], "{text}");
    }
}

#[test]
fn the_name_of_a_member_says_what_its_value_is() {
    for (name, text, kind) in [
        ("phone", "641739208", "phone"),
        ("phoneNumber", "+1 555 234 5678", "phone"),
        ("first_name", "Jane", "name"),
        ("full_name", "李小龙", "name"),
        ("fullName", "Jane van der Doe", "name"),
        ("name", "Jane Doe", "name"),
        ("dob", "12.03.85", "date-of-birth"),
        ("birthday", "19850312", "date-of-birth"),
        ("street_address", "12 Long Lane", "postal-address"),
        ("ip", "91.64.12.7", "ip-address"),
    ] {
        let found = personal(Some(name), text);
        let all: Vec<_> = found.iter().map(|one| (one.kind, one.span.clone())).collect();
        assert_eq!(all, [(kind, 0..text.len())], "{name} {text}");
    }
}

#[test]
fn disguise_is_undone() {
    let wide = |text: &str| -> String {
        let wide = |c: char| char::from_u32(u32::from(c) + 0xFEE0).filter(|_| c.is_ascii_graphic());
        text.chars().map(|c| wide(c).unwrap_or(c)).collect()
    };
    let unseen = |text: &str| -> String { text.chars().flat_map(|c| [c, '\u{200b}']).collect() };
    let card = valid("card", "4### #### #### ####", 5);
    let ssn = valid("ssn", "2##-##-####", 5);
    for (plain, kind) in [
        (card.as_str(), "payment-card"),
        (&ssn, "us-ssn"),
        ("jane@corp.com", "email"),
        ("+49 171 8301649", "phone"),
    ] {
        for hidden in [wide(plain), unseen(plain)] {
            let text = format!("Größe 7\nsee {hidden} there\nand more");
            let found = told(&text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert_eq!(
                (found[0].0, found[0].1.trim_end_matches('\u{200b}')),
                (kind, hidden.trim_end_matches('\u{200b}'))
            );
        }
    }
    let tags: String = ssn.chars().filter_map(|c| char::from_u32(0xE0000 + u32::from(c))).collect();
    let text = format!("SSN {tags}");
    assert_eq!(told(&text), [("us-ssn", tags.as_str())]);
}

#[test]
fn found_is_bounded() {
    let text = "a1b@corp.com ".repeat(FOUND_MAX + 10);
    assert_eq!(personal(None, &text).len(), FOUND_MAX);
}

#[test]
fn kinds_have_a_severity() {
    let all: BTreeMap<_, _> = kinds().collect();
    assert_eq!(all["payment-card"], Severity::Medium);
    assert_eq!(all["email"], Severity::Info);
    assert!(!all.contains_key("not"));
    for (kind, ..) in NUMBERS {
        assert!(all.contains_key(kind), "{kind}");
    }
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[ -~\n]{0,40}",
        "[0-9 ./:+()@-]{0,30}",
        "[0-9a-f:.]{0,30}",
        "[０-９＠ -]{0,12}",
        Just("SSN: ".to_owned()),
        Just("phone +".to_owned()),
        Just("\"full_name\": \"".to_owned()),
        Just("姓名：".to_owned()),
        Just("born ".to_owned()),
        Just("DE89 3704 0044 0532 0130 00".to_owned()),
        Just("jane@corp.com".to_owned()),
        Just("\u{200b}".to_owned()),
        Just("\u{a0}".to_owned()),
    ];
    prop::collection::vec(piece, 0..10).prop_map(|all| all.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn spans_are_parts_of_the_text_in_order(text in pieces(), name in prop::option::of("[a-zA-Z_ ]{0,12}|ssn|phone|full_name|street")) {
        let found = personal(name.as_deref(), &text);
        prop_assert!(found.len() <= FOUND_MAX);
        let mut end = 0;
        for one in &found {
            prop_assert!(one.span.start >= end && one.span.start < one.span.end, "{:?}", found);
            prop_assert!(text.get(one.span.clone()).is_some(), "{:?}", one);
            end = one.span.end;
        }
        prop_assert!(found.is_empty() || may(&text) || name.is_some());
        prop_assert_eq!(&personal(name.as_deref(), &text), &found);
    }

    #[test]
    fn json_with_any_is_worth_a_look(text in pieces(), name in "[a-zA-Z_ ]{0,12}|ssn|phone|full_name|userLastName|street") {
        let plain = serde_json::json!({ &*name: [&text, { "a": &text }] }).to_string();
        // As programs write it that send ASCII alone, and JSON within a text.
        let escaped = |c: char| {
            if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c) & 0xFFFF) }
        };
        let ascii: String = plain.chars().map(escaped).collect();
        let nested = serde_json::json!({ "a": &plain }).to_string();
        for json in [plain, ascii, nested] {
            let all = walk::members(&json);
            let found = all.iter().any(|one| !personal(one.member.as_deref(), &one.text).is_empty());
            prop_assert!(!found || may(&json), "{}", json);
        }
    }
}
