//! Which host an address leads to, in all forms that a program's reader of addresses takes for the same.
//!
//! Sources: the address blocks of RFC 3927, RFC 4291, RFC 6052 and RFC 3056; the manuals of the clouds on their metadata
//! services; the forms of IPv4 that `inet_aton` takes.

use core::net::{Ipv4Addr, Ipv6Addr};

use unicode_normalization::UnicodeNormalization as _;

use super::path;

/// The IPv4 addresses of metadata services: AWS, Azure, Google, Oracle, `DigitalOcean` and others; tasks and pods of AWS;
/// Alibaba; Oracle's older one; Azure's own server.
const METADATA_V4: [[u8; 4]; 6] = [
    [169, 254, 169, 254],
    [169, 254, 170, 2],
    [169, 254, 170, 23],
    [100, 100, 100, 200],
    [192, 0, 0, 192],
    [168, 63, 129, 16],
];
/// Those of IPv6: AWS, pods of AWS, Google.
const METADATA_V6: [&str; 3] = ["fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"];
const METADATA_NAMES: [&str; 6] = [
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
    "metadata.tencentyun.com",
    "metadata.packet.net",
];
/// Names under which any address has a name: `169.254.169.254.nip.io`.
const ECHOES: [&str; 4] = [".nip.io", ".sslip.io", ".xip.io", ".localtest.me"];
/// The longest name of a host (RFC 1035).
const HOST_MAX: usize = 255;

/// What is known of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// It hands out a machine's credentials.
    Metadata,
    /// It is on the same link (169.254.0.0/16, `fe80::/10`).
    LinkLocal,
    /// The machine itself.
    Local,
    /// Any other.
    Other,
}

/// The host of an address: `http://user@host:80/path`, `//host/path`, `host:80`. Backslashes are slashes, as browsers read.
#[must_use]
pub fn host_of(address: &str) -> Option<String> {
    let address = address.trim().replace('\\', "/");
    let rest = match address.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        _ => address.as_str(),
    };
    let rest = rest.trim_start_matches('/');
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest.get(..end)?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.split(']').next()?,
        // More than one colon without brackets is an address of IPv6.
        None if host.matches(':').count() > 1 => host,
        None => host.split(':').next()?,
    };
    let host = path::plain(host);
    let mapped = host.chars().map(|c| if matches!(c, '。' | '．' | '｡') { '.' } else { c });
    let host: String = mapped.nfkc().flat_map(char::to_lowercase).collect();
    let host = host.trim_end_matches('.');
    (!host.is_empty() && host.len() <= HOST_MAX).then(|| host.to_owned())
}

/// What is known of a host by its name or address.
#[must_use]
pub fn host(name: &str) -> Host {
    if METADATA_NAMES.contains(&name) {
        return Host::Metadata;
    }
    if name == "localhost" || name.ends_with(".localhost") {
        return Host::Local;
    }
    if let Some(address) = v4(name) {
        return of_v4(address);
    }
    let without_zone = name.split('%').next().unwrap_or_default();
    if let Ok(address) = without_zone.parse::<Ipv6Addr>() {
        return of_v6(address);
    }
    echoed(name).map_or(Host::Other, of_v4)
}

/// Whether a text begins as an address does.
pub(crate) fn is_address(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| is_scheme(scheme) && !rest.is_empty())
}

fn is_scheme(text: &str) -> bool {
    let rest = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.len() < 16 && text.chars().all(rest)
}

fn of_v4(address: Ipv4Addr) -> Host {
    match address.octets() {
        octets if METADATA_V4.contains(&octets) => Host::Metadata,
        [169, 254, ..] => Host::LinkLocal,
        [127, ..] | [0, 0, 0, 0] => Host::Local,
        _ => Host::Other,
    }
}

fn of_v6(address: Ipv6Addr) -> Host {
    if METADATA_V6.iter().any(|known| known.parse() == Ok(address)) {
        return Host::Metadata;
    }
    let [.., e, f, g, h] = address.octets();
    let last = Ipv4Addr::new(e, f, g, h);
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Host::Local,
        // Mapped, compatible and translated addresses of IPv4.
        [0, 0, 0, 0, 0, 0xffff | 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, ..] => {
            of_v4(last)
        }
        [0x2002, high, low, ..] => of_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))),
        [first, ..] if first & 0xffc0 == 0xfe80 => Host::LinkLocal,
        _ => Host::Other,
    }
}

/// One to four numbers, decimal, octal or hexadecimal; the last fills what is left.
fn v4(name: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = name.split('.').collect();
    let (last, rest) = parts.split_last()?;
    if rest.len() > 3 {
        return None;
    }
    let mut address = 0;
    for part in rest {
        address = address << 8 | number(part).filter(|part| *part < 256)?;
    }
    let room = 8 * (4 - u32::try_from(rest.len()).ok()?);
    let last = number(last)?;
    // The last number has as many bits as are left.
    let fits = room == 32 || last >> room == 0;
    fits.then(|| Ipv4Addr::from(address.checked_shl(room).unwrap_or(0) | last))
}

fn number(text: &str) -> Option<u32> {
    let text = text.to_ascii_lowercase();
    let (digits, radix) = match (text.strip_prefix("0x"), text.strip_prefix('0')) {
        (Some(hex), _) => (hex, 16),
        (None, Some(octal)) if !octal.is_empty() => (octal, 8),
        (None, _) => (text.as_str(), 10),
    };
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if plain { u32::from_str_radix(digits, radix).ok() } else { None }
}

/// The address that a name spells before a suffix that answers with it.
fn echoed(name: &str) -> Option<Ipv4Addr> {
    let name = ECHOES.iter().find_map(|echo| name.strip_suffix(echo))?;
    let dotted = name.replace('-', ".");
    let parts: Vec<&str> = dotted.split('.').collect();
    let four = parts.windows(4).rev().find_map(|four| v4(&four.join(".")));
    let last = parts.last().filter(|last| last.len() == 8);
    four.or_else(|| last.and_then(|hex| u32::from_str_radix(hex, 16).ok()).map(Ipv4Addr::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_is_known_in_all_its_forms() {
        for (address, expected) in [
            ("http://169.254.169.254/latest/meta-data/", Host::Metadata),
            ("169.254.169.254:80", Host::Metadata),
            ("http://2852039166/", Host::Metadata),
            ("http://0xa9fea9fe/", Host::Metadata),
            ("http://0xA9.0xFE.0xA9.0xFE", Host::Metadata),
            ("http://0251.0376.0251.0376/", Host::Metadata),
            ("http://169.254.43518/", Host::Metadata),
            ("http://169.16689662", Host::Metadata),
            ("http://[::ffff:169.254.169.254]/", Host::Metadata),
            ("http://[::ffff:a9fe:a9fe]:80/", Host::Metadata),
            ("http://[64:ff9b::a9fe:a9fe]/", Host::Metadata),
            ("http://[2002:a9fe:a9fe::]/", Host::Metadata),
            ("http://[fd00:ec2::254]/latest", Host::Metadata),
            ("http://[FD00:0EC2:0::0254]/latest", Host::Metadata),
            ("http://metadata.google.internal./x", Host::Metadata),
            ("http://METADATA.google.internal/x", Host::Metadata),
            ("http://a@b.com@169.254.169.254/", Host::Metadata),
            ("http://%31%36%39.254.169.254/", Host::Metadata),
            ("http://１６９。２５４。１６９。２５４/", Host::Metadata),
            ("http://169.254.169.254.nip.io/", Host::Metadata),
            ("http://app.169-254-169-254.sslip.io/", Host::Metadata),
            ("http://a9fea9fe.nip.io", Host::Metadata),
            ("http:\\\\169.254.169.254\\x", Host::Metadata),
            ("//100.100.100.200/latest", Host::Metadata),
            ("\\\\169.254.169.254\\share", Host::Metadata),
            ("http://169.254.1.2", Host::LinkLocal),
            ("http://[fe80::1%25eth0]/", Host::LinkLocal),
            ("http://[febf::1]/", Host::LinkLocal),
            ("http://[fec0::1]/", Host::Other),
            ("http://127.1/", Host::Local),
            ("http://0177.0.0.1", Host::Local),
            ("http://localhost:8080", Host::Local),
            ("http://[::1]:80", Host::Local),
            ("https://example.com/169.254.169.254", Host::Other),
            ("https://example.com?x=@169.254.169.254", Host::Other),
            ("https://169.254.169.254.example.com", Host::Other),
            ("1.2.3.4.5", Host::Other),
            ("256.1.1.1", Host::Other),
            ("2852039166000", Host::Other),
        ] {
            assert_eq!(host_of(address).map(|name| host(&name)), Some(expected), "{address}");
        }
        assert_eq!(host_of("http:///"), None);
        assert_eq!(host_of(""), None);
    }
}
