use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

/// Characters without an order, of which secrets for tests are made: no scanner sees one in this file.
const MIXED: &str = "k3J9sQ0pTzW7vB2nM8xL5cR1dF6gHaYt4uEoZqPiSwNbVjKrGmClXfDhUyAeIO";
const HEX: &str = "9f3a07c5e1b86d42";
const UPPER: &str = "Q7MZ2XKD5RTB3WNC6VPH4YLGJSFAUEIO";

/// So many of these characters, from another place on for another seed.
fn some(of: &str, len: usize) -> String {
    // Steps of a number that shares no factor with the length keep neighbours apart.
    let all: Vec<char> = of.chars().collect();
    (0..len).map(|at| all[(at * 7 + at / all.len() * 3) % all.len()]).collect()
}

fn mixed(len: usize) -> String {
    some(MIXED, len)
}

fn hex(len: usize) -> String {
    (0..len).map(|at| HEX.as_bytes()[(at * 5 + at / 16 * 3) % 16] as char).collect()
}

fn checked(prefix: &str) -> String {
    let body = mixed(30);
    format!("{prefix}{body}{}", checksum::sum_of(&body))
}

fn uuid() -> String {
    let digits = hex(32);
    let part = |range: Range<usize>| digits.get(range).unwrap_or_default();
    format!("{}-{}-4{}-a{}-{}", part(0..8), part(8..12), part(13..16), part(17..20), part(20..32))
}

fn jwt() -> String {
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    format!(
        "{}.{}.{}",
        part(r#"{"alg":"HS256","typ":"JWT"}"#),
        part(r#"{"sub":"u-4711","iat":1}"#),
        mixed(43)
    )
}

/// What is found: kinds and texts.
fn told(text: &str) -> Vec<(String, String)> {
    let found = secrets(text, &Pack::builtin());
    found
        .into_iter()
        .map(|one| (one.kind.into_owned(), text.get(one.span).unwrap().to_owned()))
        .collect()
}

fn one(kind: &str, secret: &str) -> Vec<(String, String)> {
    vec![(kind.to_owned(), secret.to_owned())]
}

/// Tokens of all providers.
fn tokens() -> Vec<(&'static str, String)> {
    [of_clouds_and_models(), of_registries_and_services()].concat()
}

fn of_clouds_and_models() -> Vec<(&'static str, String)> {
    let (m, h) = (mixed, hex);
    let upper = |len| some(UPPER, len);
    vec![
        ("aws-access-key", format!("AKIA{}", some("Q7MZ2XKD5RTB3WNC6VPH4YLGJSFAUEIO", 16))),
        ("aws-access-key", format!("ASIA{}", upper(16))),
        ("aws-bedrock-key", format!("ABSK{}", m(120))),
        ("github-token", checked("ghp_")),
        ("github-token", checked("gho_")),
        ("github-token", format!("ghs_{}", m(36))),
        ("github-fine-grained-token", format!("github_pat_{}_{}", m(22), m(59))),
        ("gitlab-token", format!("glpat-{}", m(20))),
        ("gitlab-token", format!("glpat-{}.01.{}", m(27), h(9))),
        ("gitlab-token", format!("gldt-{}", m(20))),
        ("gitlab-runner-token", format!("GR13489{}{}", 41, m(20))),
        ("anthropic-key", format!("sk-ant-api03-{}AA", m(93))),
        ("openai-key", format!("sk-proj-{}T3Blbk{}{}", m(74), "FJ", m(74))),
        ("openai-key", format!("sk-{}T3Blbk{}{}", m(20), "FJ", m(20))),
        ("openai-key", format!("sk-{}", m(48))),
        ("openrouter-key", format!("sk-or-v1-{}", h(64))),
        ("langfuse-key", format!("sk-lf-{}", uuid())),
        ("ai-provider-key", format!("sk-{}", h(32))),
        ("google-api-key", format!("AIza{}", m(35))),
        ("google-oauth-secret", format!("GOCSPX-{}", m(28))),
        ("google-oauth-token", format!("ya29.{}", m(120))),
        ("google-refresh-token", format!("1//0{}", m(60))),
        ("azure-client-secret", format!("{}8Q~{}", m(3), m(34))),
        ("azure-devops-token", format!("{}AZ{}{}", m(76), "DO", m(4))),
        ("slack-token", format!("xoxb-{}-{}-{}", 1_234_509_876, 9_876_501_234_u64, m(24))),
        ("slack-app-token", format!("xapp-1-A{}-{}-{}", upper(10), 1_234_509_876, h(64))),
        ("stripe-key", format!("sk_live_{}", m(24))),
        ("stripe-key", format!("rk_live_{}", m(99))),
        ("stripe-test-key", format!("sk_test_{}", m(24))),
        ("stripe-webhook-secret", format!("whsec_{}", m(32))),
        ("twilio-api-key", format!("SK{}", h(32))),
        ("sendgrid-key", format!("SG.{}.{}", m(22), m(43))),
        ("mailgun-key", format!("key-{}", h(32))),
        ("mailchimp-key", format!("{}-us12", h(32))),
        ("brevo-key", format!("xkeysib-{}-{}", h(64), m(16))),
        ("resend-key", format!("re_{}_{}", m(8), m(24))),
    ]
}

fn of_registries_and_services() -> Vec<(&'static str, String)> {
    let (m, h) = (mixed, hex);
    let upper = |len| some(UPPER, len);
    let letters = |len: usize| some("kJsQpTzWvBnMxLcRdFgHaYtuEoZqPiSwNbVj", len);
    vec![
        ("npm-token", checked("npm_")),
        ("pypi-token", format!("pypi-AgEIcHlwaS5vcmc{}", m(90))),
        ("crates-io-token", format!("cio{}", m(32))),
        ("rubygems-key", format!("rubygems_{}", h(48))),
        ("nuget-key", format!("oy2{}", some("k3j9sq0ptzw7vb2nm8xl5cr1df6gha", 43))),
        ("docker-token", format!("dckr_pat_{}", m(27))),
        ("artifactory-key", format!("AKCp{}", m(69))),
        ("digitalocean-token", format!("dop_v1_{}", h(64))),
        ("heroku-key", format!("HRKU-AA{}", m(58))),
        ("cloudflare-token", format!("cfut_{}", m(48))),
        ("cloudflare-origin-ca-key", format!("v1.0-{}-{}", h(24), h(146))),
        ("vercel-token", format!("vcp_{}", m(56))),
        ("netlify-token", format!("nfp_{}", m(36))),
        ("fly-token", format!("fm2_{}", m(200))),
        ("supabase-token", format!("sbp_{}", h(40))),
        ("supabase-secret-key", format!("sb_secret_{}", m(31))),
        ("planetscale-token", format!("pscale_tkn_{}", m(43))),
        ("databricks-token", format!("dapi{}", h(32))),
        ("newrelic-key", format!("NRAK-{}", upper(27))),
        ("newrelic-key", format!("{}NRAL", h(36))),
        ("sentry-token", format!("sntryu_{}", h(64))),
        ("grafana-token", format!("glsa_{}_{}", m(32), h(8))),
        ("dynatrace-token", format!("dt0c01.{}.{}", upper(24), upper(64))),
        ("atlassian-token", format!("ATATT3{}", m(186))),
        ("linear-key", format!("lin_api_{}", m(40))),
        ("notion-token", format!("ntn_{}{}", 40_912_837_465_u64, m(35))),
        ("figma-token", format!("figd_{}", m(40))),
        ("airtable-token", format!("pat{}.{}", m(14), h(64))),
        ("hubspot-token", format!("pat-na1-{}", uuid())),
        ("shopify-token", format!("shpat_{}", h(32))),
        ("square-token", format!("sq0atp-{}", m(22))),
        ("braintree-token", format!("access_token$production${}${}", h(16), h(32))),
        ("telegram-bot-token", format!("{}:AA{}", 471_108_151, m(33))),
        ("hugging-face-token", format!("hf_{}", letters(34))),
        ("replicate-token", format!("r8_{}", m(37))),
        ("groq-key", format!("gsk_{}", m(52))),
        ("perplexity-key", format!("pplx-{}", m(48))),
        ("xai-key", format!("xai-{}", m(80))),
        ("pinecone-key", format!("pcsk_{}_{}", m(6), m(63))),
        ("langsmith-key", format!("lsv2_pt_{}_{}", h(32), h(10))),
        ("elevenlabs-key", format!("sk_{}", h(48))),
        ("vault-token", format!("hvs.{}", m(91))),
        ("terraform-token", format!("{}.atlasv1.{}", m(14), m(67))),
        ("doppler-token", format!("dp.pt.{}", m(43))),
        ("1password-token", format!("ops_eyJ{}", m(260))),
        (
            "age-secret-key",
            format!("AGE-SECRET-KEY-1{}", some("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)),
        ),
        ("pulumi-token", format!("pul-{}", h(40))),
        ("postman-key", format!("PMAK-{}-{}", h(24), h(34))),
        ("tailscale-key", format!("tskey-auth-{}-{}", m(12), m(32))),
        ("jwt", jwt()),
    ]
}

#[test]
fn tokens_of_every_provider_are_told_wherever_they_stand() {
    let all = tokens();
    for (kind, token) in &all {
        for text in [
            token.clone(),
            format!("Use {token} for that."),
            format!("TOKEN={token}\nNEXT=1"),
            format!("{{\"key\":\"{token}\",\"n\":1}}"),
            format!("{{\\\"key\\\":\\\"{token}\\\"}}"),
            format!("first line\\n{token}\\nnext"),
            format!("curl -H 'Authorization: Bearer {token}' https://api.example.org/v1"),
            format!("ключ {token}。"),
        ] {
            assert_eq!(told(&text), one(kind, token), "{text}");
        }
    }
    let kinds: std::collections::BTreeSet<&str> = all.iter().map(|(kind, _)| *kind).collect();
    assert!(kinds.len() >= 60, "{}", kinds.len());
}

#[test]
fn a_token_in_a_longer_word_is_none() {
    for (_, token) in tokens() {
        let text = format!("x{token}");
        assert!(told(&text).iter().all(|(_, found)| *found != token), "{text}");
    }
    assert_eq!(told(&format!("AKIA{}x", some(UPPER, 16))), []);
}

#[test]
fn what_is_called_a_secret_is_told_by_its_name() {
    let (aws, key, hex32) = (mixed(40), mixed(32), hex(32));
    for (text, kind, secret) in [
        (format!("aws_secret_access_key = {aws}"), "aws-secret-key", aws.as_str()),
        (format!("AWS_SECRET_ACCESS_KEY=\"{aws}\""), "aws-secret-key", &aws),
        (format!("secretAccessKey: '{aws}',"), "aws-secret-key", &aws),
        (format!("DD_API_KEY={hex32}"), "datadog-key", &hex32),
        (format!("twilio.auth_token: {hex32}"), "twilio-auth-token", &hex32),
        (format!("MISTRAL_API_KEY={key}"), "mistral-key", &key),
        (format!("HEROKU_API_KEY={}", uuid()), "heroku-key", &uuid()),
        (format!("api_key: \"{key}\""), "api-key", &key),
        (format!("const API_KEY: &str = \"{key}\";"), "api-key", &key),
        (format!("x-api-key: {key}"), "api-key", &key),
        (format!("--token {key}"), "secret", &key),
        (format!("Authorization: Bearer {key}"), "secret", &key),
        (format!("<clientSecret>{key}</clientSecret>"), "client-secret", &key),
        (format!("https://x.example.org/v1?access_token={key}&n=1"), "api-key", &key),
        ("password = 'Tr0ub4dor&3'".to_owned(), "password", "Tr0ub4dor&3"),
        ("DB_PASSWORD=s3cr3tpw9".to_owned(), "password", "s3cr3tpw9"),
        ("\"password\": \"k1tten-42\"".to_owned(), "password", "k1tten-42"),
        ("The password is k1tten42.".to_owned(), "password", "k1tten42"),
        ("mysql --password k1tten42".to_owned(), "password", "k1tten42"),
        ("postgres://app:k1tten42@db.internal/x".to_owned(), "url-password", "k1tten42"),
        ("redis://:k1tten42@cache:6379/0".to_owned(), "url-password", "k1tten42"),
        ("redis://:k1tt@en42@cache:6379/0".to_owned(), "url-password", "k1tt@en42"),
    ] {
        assert_eq!(told(&text), one(kind, secret), "{text}");
    }
    let code = STANDARD.encode("ann:k1tten42");
    assert_eq!(told(&format!("Authorization: Basic {code}")), one("basic-auth", &code));
    let storage = format!("{}==", mixed(86));
    let text = format!(
        "DefaultEndpointsProtocol=https;AccountName=x;AccountKey={storage};EndpointSuffix=y"
    );
    assert_eq!(told(&text), one("azure-storage-key", &storage));
    let text = format!("https://x.blob.core.windows.net/c?sv=2022-11-02&sp=r&sig={}%3D", mixed(43));
    assert_eq!(told(&text), one("azure-sas-token", &format!("{}%3D", mixed(43))));
}

#[test]
fn a_members_name_says_what_its_value_is() {
    let of = |name: &str, text: &str| {
        let found = secrets_of(Some(name), text, &Pack::builtin());
        found
            .into_iter()
            .map(|one| (one.kind.into_owned(), text.get(one.span).unwrap().to_owned()))
            .collect::<Vec<_>>()
    };
    let key = mixed(40);
    for (name, text, kind, secret) in [
        ("aws_secret_access_key", key.as_str(), "aws-secret-key", key.as_str()),
        ("password", "swordfish", "password", "swordfish"),
        ("Password", "1234", "password", "1234"),
        ("api_key", &key, "api-key", &key),
        ("authorization", &format!("Bearer {key}"), "secret", &key),
        (
            "note",
            &format!("AKIA{}", some(UPPER, 16)),
            "aws-access-key",
            &format!("AKIA{}", some(UPPER, 16)),
        ),
    ] {
        assert_eq!(of(name, text), one(kind, secret), "{name}: {text}");
    }
    for (name, text) in [
        ("password", "string"),
        ("password", "Passwort"),
        ("password", "Mot de passe"),
        ("password", "${DB_PASSWORD}"),
        ("password", "<your password>"),
        ("password", ""),
        ("api_key", "The key of the service, from its settings."),
        ("next_token", &key),
        ("token_type", "Bearer"),
        ("commit", &key),
        ("id", &key),
    ] {
        assert_eq!(of(name, text), [], "{name}: {text}");
    }
}

fn armour(label: &str, lines: usize, end: &str) -> String {
    let body: String = (0..lines).map(|at| mixed(64 - at % 2) + end).collect();
    format!("-----{} {label}-----{end}{body}-----{} {label}-----", "BEGIN", "END")
}

#[test]
fn private_keys_are_told_as_whole_blocks() {
    for (label, kind) in [
        ("RSA PRIVATE KEY", "private-key"),
        ("PRIVATE KEY", "private-key"),
        ("EC PRIVATE KEY", "private-key"),
        ("ENCRYPTED PRIVATE KEY", "private-key"),
        ("OPENSSH PRIVATE KEY", "openssh-private-key"),
        ("PGP PRIVATE KEY BLOCK", "pgp-private-key"),
    ] {
        for end in ["\n", "\r\n", "\\n", "\\r\\n"] {
            let block = armour(label, 12, end);
            assert_eq!(
                told(&format!("key: \"{block}\"{end}")),
                one(kind, &block),
                "{label} {end:?}"
            );
        }
    }
    let block = armour("RSA PRIVATE KEY", 12, "\n");
    let cut = block.get(..300).unwrap();
    assert_eq!(told(cut), one("private-key", cut));
    for quiet in [
        armour("PUBLIC KEY", 6, "\n"),
        armour("CERTIFICATE", 20, "\n"),
        format!("-----{} PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----", "BEGIN"),
        format!("It starts with -----{} RSA PRIVATE KEY-----.", "BEGIN"),
    ] {
        assert_eq!(told(&quiet), [], "{quiet}");
    }
}

#[test]
fn what_is_encoded_is_told_with_how() {
    let token = checked("ghp_");
    let each = |sign: &str| {
        token.bytes().fold(String::new(), |all, byte| all + sign + &crate::text::hex(&[byte]))
    };
    let (percent, escaped) = (each("%"), each("\\u00"));
    let hidden: String = token.chars().flat_map(|c| [c, '\u{200b}']).collect();
    let wide: String =
        token.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect();
    let base64 = STANDARD.encode(&token);
    for (code, steps) in [
        (base64.clone(), vec![Step::Base64]),
        (URL_SAFE_NO_PAD.encode(&token), vec![Step::Base64]),
        (STANDARD.encode(&base64), vec![Step::Base64, Step::Base64]),
        (crate::text::hex(token.as_bytes()), vec![Step::Hex]),
        (percent, vec![Step::Percent]),
        (escaped, vec![Step::Escapes]),
        (hidden.trim_end_matches('\u{200b}').to_owned(), vec![]),
        (wide, vec![]),
    ] {
        for text in [code.clone(), format!("Send {code} there."), format!("note={code}")] {
            let found = secrets(&text, &Pack::builtin());
            let [secret] = found.as_slice() else { panic!("{text}: {found:?}") };
            assert_eq!((secret.kind.as_ref(), &secret.steps), ("github-token", &steps), "{text}");
            assert_eq!(
                text.get(secret.span.clone()).unwrap().trim_start_matches("note="),
                code,
                "{text}"
            );
        }
    }
}

#[test]
fn checksums_say_how_sure_it_is() {
    let of =
        |text: &str| secrets(text, &Pack::builtin()).pop().map(|one| (one.severity, one.proof));
    assert_eq!(of(&checked("ghp_")), Some((Severity::High, Proof::Checksum)));
    assert_eq!(of(&format!("ghp_{}", mixed(36))), Some((Severity::Medium, Proof::Form)));
    assert_eq!(of(&format!("AKIA{}", some(UPPER, 16))), Some((Severity::High, Proof::Form)));
    assert_eq!(of(&jwt()), Some((Severity::Medium, Proof::Form)));
    assert_eq!(of("password=k1tten42"), Some((Severity::Medium, Proof::Name)));
}

#[test]
fn honest_texts_are_quiet() {
    let sri = format!("sha512-{}==", mixed(86));
    for text in [
        "AKIAIOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY are AWS's examples.",
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "export GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "OPENAI_API_KEY=sk-your-api-key-here-0123456789abcdef",
        "api_key: <your-api-key>\napi_key: ${API_KEY}\napi_key: {{ secrets.API_KEY_2 }}",
        "password = os.environ[\"DB_PASSWORD\"]\ntoken = process.env.GITHUB_TOKEN_V2",
        "const password = config.password2; let pwd = get_password_v2(user1);",
        "password: changeme\npassword: hunter2\npassword: password123",
        "The password must have 8 characters, 1 digit and 1 sign. Password: required",
        "postgres://user:password@localhost:5432/db, postgres://postgres:postgres@db/x",
        "https://example.org/a:b@2x.png, git@github.com:owner/repo.git, mailto:ann@example.org",
        "commit 8b2f6e1c9d0a4f5e7b3c2d1e0f9a8b7c6d5e4f3a\ntoken count: 12345678901234567890",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "id: 550e8400-e29b-41d4-a716-446655440000, secret_id: 7d444840-9dc0-11d1-b245-5ffdce74fad2",
        &format!(
            "\"integrity\": \"{sri}\", \"resolved\": \"https://registry.npmjs.org/a/-/a-1.2.3.tgz\""
        ),
        &format!("checksum = \"{}\"", hex(64)),
        &format!("<img src=\"data:image/png;base64,iVBORw0KGgo{}\">", mixed(400)),
        &format!("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{} ann@host", mixed(43)),
        &format!("next_page_token: {}\nnonce: {}", mixed(40), mixed(32)),
        "Authorization: Bearer <token>\nAuthorization: Bearer $TOKEN\nAuthorization: Basic <credentials>",
        "Basic authentication is used by default. Basic Internationalization of names.",
        "getUserByIdAndOrganizationIdentifier2 com.example.app1.SecretTokenProvider",
        "token: node_modules/@babel/core/lib/index2.js\nsecret: kubernetes.io/service-account-token2",
        "eyJhbGciOiJIUzI1NiJ9 is a header; a token has three parts.",
        "سلام دنیا\u{200c}ی من، 日本語のテキスト：パスワードは設定してください。ＡＢＣ",
        "",
    ] {
        assert_eq!(told(text), [], "{text}");
    }
}

fn pieces() -> impl Strategy<Value = String> {
    let keywords: Vec<String> = tokens().into_iter().map(|(_, token)| token).collect();
    let piece = prop_oneof![
        prop::sample::select(keywords),
        "[A-Za-z0-9_./+=%-]{0,60}",
        "(password|secret|api_key|token|Bearer|Basic|://|@|-----BEGIN |PRIVATE KEY-----)",
        "[\"'=: \n\\\\<>(]{1,4}",
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..10).prop_map(|all| all.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn spans_are_parts_of_the_text_in_order_and_apart(text in pieces(), name in proptest::option::of("[a-z_]{0,12}")) {
        let found = secrets_of(name.as_deref(), &text, &Pack::builtin());
        let mut end = 0;
        for secret in &found {
            prop_assert!(secret.span.start >= end && !secret.span.is_empty(), "{found:?}");
            prop_assert!(text.get(secret.span.clone()).is_some(), "{found:?}");
            end = secret.span.end;
        }
    }

    #[test]
    fn a_planted_token_is_always_covered(before in "[ -~]{0,40}", at in 0..80_usize, behind in "[ -~]{0,40}") {
        let all = tokens();
        let (_, token) = &all[at % all.len()];
        let text = format!("{before} {token} {behind}");
        let place = before.len() + 1..before.len() + 1 + token.len();
        let found = secrets(&text, &Pack::builtin());
        let covered = found.iter().any(|one| one.span.start <= place.start && place.end <= one.span.end);
        prop_assert!(covered, "{text}: {found:?}");
    }
}
