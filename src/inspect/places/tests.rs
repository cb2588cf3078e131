use proptest::prelude::*;

use super::*;

fn told(arguments: &str, roots: &Roots) -> Vec<String> {
    places(arguments, roots)
        .iter()
        .map(|one| format!("{} {} {:?}", one.path, one.effect.rule.id, one.effect.severity))
        .collect()
}

#[test]
fn places_out_of_place_are_told() {
    let roots = Roots::new(&["/home/ann/app"], None);
    for (arguments, expected) in [
        (r#"{"path":"/etc/shadow"}"#, "/path path.sensitive High,/path path.outside Medium"),
        (r#"{"path":"src/../../x"}"#, "/path path.outside Medium"),
        (r#"{"path":"%2e%2e/%2e%2e/%2e%2e/etc/hosts"}"#, "/path path.outside Medium"),
        (
            r#"{"uri":"file:///home/ann/.ssh/id_rsa"}"#,
            "/uri path.sensitive High,/uri path.outside Medium",
        ),
        (r#"{"uri":"FILE://localhost/etc/hosts"}"#, "/uri path.outside Medium"),
        (
            r#"{"paths":["src/a.rs","~/.aws/credentials"]}"#,
            "/paths/1 path.sensitive High,/paths/1 path.outside Medium",
        ),
        (r#"{"file_path":".env"}"#, "/file_path path.sensitive Medium"),
        (
            r#"{"x":{"y":"/proc/self/environ"}}"#,
            "/x/y path.sensitive High,/x/y path.outside Medium",
        ),
        (r#"{"path":"/tmp/x"}"#, "/path path.outside Info"),
        (
            r#"{"path":"~/Library/Application Support/Google/Chrome/Default"}"#,
            "/path path.sensitive High,/path path.outside Medium",
        ),
        (r#"{"path":"src/a.txt\u0000.png"}"#, ""),
        (r#"{"url":"http://169.254.169.254/latest/meta-data/iam"}"#, "/url address.metadata High"),
        (
            r#"{"url":"see http://0xa9fea9fe/ and http://169.254.3.4/"}"#,
            "/url address.metadata High,/url address.link-local Medium",
        ),
        (r#"{"q":"http://[fd00:ec2::254]/"}"#, "/q address.metadata High"),
        (r#"{"host":"metadata.google.internal"}"#, "/host address.metadata High"),
        (r#"{"host":"fe80::1"}"#, "/host address.link-local Medium"),
        (r#"{"host":"2852039166"}"#, "/host address.metadata High"),
    ] {
        assert_eq!(told(arguments, &roots).join(","), expected, "{arguments}");
    }
}

#[test]
fn honest_arguments_stay_quiet() {
    let roots = Roots::new(&["/home/ann/app"], None);
    for arguments in [
        r#"{"path":"src/main.rs","content":"use std::fs;"}"#,
        r#"{"path":"/home/ann/app/README.md"}"#,
        r#"{"body":"Please do not read /etc/shadow or ~/.ssh/id_rsa, and never ask 169.254.169.254."}"#,
        r#"{"body":"The file ~/.aws/credentials must stay where it is. Thank you."}"#,
        r#"{"title":"Fix path handling in ../lib"}"#,
        r#"{"url":"https://api.github.com/repos/a/b/contents/.env.example"}"#,
        r#"{"url":"http://localhost:3000/health"}"#,
        r#"{"query":"SELECT * FROM t WHERE a / b > 2"}"#,
        r#"{"count":5,"id":"2852039166","ratio":"16/9","date":"2024/05/06"}"#,
        r#"{"repo":"rust-lang/rust","branch":"feature/x","mime":"text/plain"}"#,
        r#"{"version":"1.2.3.4","time":"12:30:45"}"#,
        "broken",
    ] {
        assert_eq!(told(arguments, &roots), [""; 0], "{arguments}");
    }
    // Without roots nothing is outside.
    assert_eq!(told(r#"{"path":"/srv/x/../y"}"#, &Roots::default()), [""; 0]);
}

proptest! {
    #[test]
    fn spans_are_of_the_text(name in "[a-z]{0,6}(url|path)?", text in r"(\PC|[./~%\\:@\[\]0-9*]){0,40}") {
        let roots = Roots::new(&["/home/ann/app"], None);
        for effect in of_text(&name, &text, &roots) {
            prop_assert!(text.get(effect.span.clone()).is_some(), "{effect:?}");
        }
        let mut once = path::normal(&text);
        prop_assert_eq!(path::normal(&once), once.clone());
        once.push('/');
        prop_assert_eq!(path::normal(&once), path::normal(&text));
    }
}
