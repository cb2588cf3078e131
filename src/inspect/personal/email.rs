//! Addresses of mail that are a person's.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

static TLDS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| words(TLDS_TEXT));
static ROLES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| words(ROLES_TEXT));

fn words(text: &'static str) -> BTreeSet<&'static str> {
    super::kinds::lines(text).flat_map(str::split_ascii_whitespace).collect()
}

const TLDS_TEXT: &str = include_str!("tlds.txt");
const ROLES_TEXT: &str = include_str!("roles.txt");

/// Bytes before the sign, and behind it (RFC 5321, section 4.5.3.1).
const LOCAL_MAX: usize = 64;
const DOMAIN_MAX: usize = 255;

/// Names that stand for another one, wherever they are.
const NOBODY: &str = "you example sender recipient someone somebody username user.name user_name firstname.lastname first.last \
    foo bar baz foobar xxx xxxx name.surname firstname lastname local_part local-part rijndael-cbc";
/// And those that do so at a domain that does so itself.
const ANYBODY: &str = "user name email mail me test tester testuser abc a b c x y u user1 user2 your john jane alice bob \
    johndoe janedoe john.doe jane.doe john.smith";
const ANYWHERE: &str = "domain.com domain.org domain.tld yourdomain.com mydomain.com company.com mycompany.com mail.com \
    email.com test.com test.org foo.com foo.org foo.bar bar.com bar.org b.com b.co c.com a.com x.com y.com host.com site.com \
    website.com server.com provider.com some.com xxx.com gmail.com abc.com";

/// The address around the sign `@`, or around `%40`, at this place.
pub(super) fn email(text: &str, sign: Range<usize>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let before = bytes.get(..sign.start)?.iter().rev().take(LOCAL_MAX + 1);
    let local = before.take_while(|byte| is_local(**byte)).count();
    let behind = bytes.get(sign.end..)?.iter().take(DOMAIN_MAX + 1);
    let len = behind.take_while(|byte| is_domain(**byte)).count();
    if local == 0 || local > LOCAL_MAX || len > DOMAIN_MAX {
        return None;
    }
    let mut start = sign.start - local;
    // Of a word that is escaped or quoted before it nothing belongs to it.
    while bytes.get(start).is_some_and(|byte| b".-'+%=&".contains(byte)) {
        start += 1;
    }
    // In text that is escaped once more a line's end is `\\n`.
    let escaped = bytes.get(..start).is_some_and(|before| before.ends_with(b"\\"));
    start += usize::from(escaped && bytes.get(start).is_some_and(|byte| b"nrt".contains(byte)));
    let domain = text.get(sign.end..sign.end + len)?.trim_end_matches(['.', '-']);
    let end = sign.end + domain.len();
    let name = text.get(start..sign.start)?;
    let good = !name.is_empty()
        && !name.contains("..")
        && is_host(domain)
        && !is_remote(text, start, end)
        && !is_nobody(name, domain);
    good.then_some(start..end)
}

const fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'')
}

const fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')
}

/// A host with a top-level domain that there is.
fn is_host(domain: &str) -> bool {
    let Some((rest, tld)) = domain.rsplit_once('.') else { return false };
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    let second = rest.rsplit('.').next().unwrap_or_default();
    // `icon@2x.rs`
    let scale = second.len() == 2 && second.starts_with(|c: char| c.is_ascii_digit());
    rest.split('.').all(label) && !scale && is_tld(tld)
}

fn is_tld(tld: &str) -> bool {
    tld.starts_with("xn--") || TLDS.contains(tld.to_ascii_lowercase().as_str())
}

/// Whether it is part of an address of something else: `scheme://user:password@host`, `user@host:path`, a message's name.
fn is_remote(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let stop = |c: char| c.is_whitespace() || "\"'<>()[]{},;".contains(c);
    let mut from = start.saturating_sub(LOCAL_MAX);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let window = before.get(from..).unwrap_or_default();
    let word = window.rfind(stop).and_then(|at| window.get(at..)).unwrap_or(window);
    // In `https://host/path?mail=a@b.org` it is an argument.
    let login = word
        .rfind("://")
        .and_then(|at| word.get(at + 3..))
        .is_some_and(|rest| !rest.contains(['/', '?', '#', '&']));
    let behind = text.get(end..).unwrap_or_default();
    let path = behind.strip_prefix(':').is_some_and(|path| {
        let end = path.char_indices().nth(LOCAL_MAX).map_or(path.len(), |(at, _)| at);
        let path = path
            .get(..end)
            .unwrap_or_default()
            .split(|c: char| c.is_whitespace() || "\"'<>,;".contains(c))
            .next();
        path.is_some_and(|path| path.starts_with('~') || path.contains('/'))
    });
    let goes_on = behind.starts_with(['@', '_', '\\']) && !behind.starts_with("\\n");
    let message = window.trim_end_matches(['<', ' ']).to_ascii_lowercase();
    let message = ["message-id:", "in-reply-to:", "references:", "content-id:", "cid:"]
        .iter()
        .any(|head| message.ends_with(head));
    let joined = before.ends_with(['@', '$']);
    login || path || goes_on || message || joined
}

/// Whether nobody is written to there: what stands in documentation, machines, lists, and addresses of offices.
fn is_nobody(name: &str, domain: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let domain = domain.to_ascii_lowercase();
    is_documented(&domain)
        || is_message(&name)
        || is_role(&name)
        || is_machine(&domain)
        || is_placeholder(&name, &domain)
}

/// RFC 2606 and RFC 6761: domains for documentation and tests.
fn is_documented(domain: &str) -> bool {
    let mut labels = domain.rsplit('.');
    let (last, second, third) = (labels.next(), labels.next(), labels.next());
    let reserved =
        matches!(last, Some("example" | "test" | "invalid" | "localhost" | "local" | "internal"));
    let example = |label: Option<&str>| {
        label.is_some_and(|label| label == "example" || label.starts_with("example-"))
    };
    reserved || example(second) || second.is_some_and(|second| second.len() <= 3) && example(third)
}

/// The name of a message: `142480216486.20800.1652@host`, or a UUID.
fn is_message(name: &str) -> bool {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let parts = name.bytes().filter(|byte| matches!(byte, b'.' | b'-')).count();
    let hex = name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    name.len() >= 16 && parts > 0 && (digits * 10 >= name.len() * 6 || hex && parts == 4)
}

/// What a program sends as, and what an office reads (RFC 2142): nobody's own.
fn is_role(name: &str) -> bool {
    let bare = name.split(['+', '%']).next().unwrap_or_default();
    let joined: String = bare.chars().filter(char::is_ascii_alphanumeric).collect();
    ROLES.contains(joined.as_str())
        || joined.contains("noreply")
        || joined.contains("donotreply")
        || bare.rsplit_once('-').is_some_and(|(_, last)| ROLES.contains(last))
        || bare.starts_with("bounce")
}

fn is_machine(domain: &str) -> bool {
    const MACHINES: [&str; 11] = [
        "g.us",
        "noreply.github.com",
        "iam.gserviceaccount.com",
        "developer.gserviceaccount.com",
        "group.calendar.google.com",
        "noreply.gitlab.com",
        "s.whatsapp.net",
        "googlegroups.com",
        "vger.kernel.org",
        // Names of algorithms (RFC 4251, section 6): `aes256-gcm@openssh.com`.
        "openssh.com",
        "libssh.org",
    ];
    const HEADS: [&str; 2] = ["noreply.", "lists."];
    MACHINES.iter().any(|machine| domain.ends_with(machine))
        || HEADS.iter().any(|head| domain.starts_with(head))
}

/// `you@gmail.com`, `user@domain.com`: somebody else is to be put in.
fn is_placeholder(name: &str, domain: &str) -> bool {
    let listed = |list: &str, word: &str| list.split_ascii_whitespace().any(|one| one == word);
    let label = domain.split('.').next().unwrap_or_default();
    name.starts_with("your") && !name.starts_with("youri")
        || listed(NOBODY, name)
        || listed(ANYBODY, name) && (listed(ANYWHERE, domain) || domain.starts_with("your"))
        || name.len() == 1 && label.len() == 1
}
