//! Honest texts: what they are full of, and what is nobody's.

use super::{personal, told};

#[test]
fn honest_texts_are_quiet() {
    for text in QUIET {
        assert_eq!(told(text), [], "{text}");
    }
    for (name, text) in [
        ("name", "Read File"),
        ("name", "my-server"),
        ("first_name", "string"),
        ("full_name", "The full name of the user"),
        ("phone", "The phone number with its country code"),
        ("street", "string"),
        ("id", "123456789"),
        ("order_id", "4539148803436467"),
        ("birth_date", "YYYY-MM-DD"),
        ("created", "1985-03-12"),
        ("version", "91.64.12.7"),
    ] {
        assert_eq!(personal(Some(name), text), [], "{name} {text}");
    }
}

/// What texts are full of and what is nobody's.
const QUIET: &[&str] = &[
    "git clone git@github.com:owner/repo.git; ssh deploy@host.corp.com:/srv/app",
    "user@example.com, jane@example.org, a@b.test, x@mail.invalid, jane@example.co.uk",
    "noreply@corp.com, no-reply@corp.com, support@corp.com, 1+x@users.noreply.github.com",
    "you@gmail.com, your.name@corp.com, user@domain.com, {{email}}, <email>",
    "https://user:pa55word@db.corp.com/x, postgres://app@db.corp.com:5432/app",
    "npm i react@18.2.0 @types/node@20.1.0 left-pad@1.0.0; icon@2x.png; actions/checkout@v4",
    "Message-ID: <20240101120000.4711@mx.corp.com>",
    "@media (min-width: 600px) { @include foo; } @app.route('/a') @Override",
    "call 555-0123, (212) 555-0147 or +1 212 555 0199; 1-800-867-2309 is free",
    "+44 20 7946 0958, 07700 900123, 01 99 00 12 34",
    "+1234567890, 123-456-7890, 555-555-5555, 000-000-0000",
    "4242 4242 4242 4242, 4111111111111111, 5555-5555-5555-4444, 378282246310005",
    "id 550e8400-e29b-41d4-a716-446655440000, sha 8b2f6e1c9d0a4f5e7b3c2d1e0f9a8b7c6d5e4f3a",
    "2024-01-02 10:20:30, 1704189630, 1704189630123, 20240102T102030Z, 12:30:45.123",
    "ISBN 978-3-16-148410-0, ISBN 0306406152, ISSN 2049-3630, doi:10.1000/182",
    "order 4711-08-1512, invoice no. 123-45-6789, ticket 219-08-4673",
    "52.520008, 13.404954; lat 48.858370, lon 2.294481",
    "v1.2.3.4, version 10.15.7.3, 1.2.3.4, Chrome/120.0.6099.71 Safari/537.36, pkg==91.64.12.7",
    "127.0.0.1, 0.0.0.0, 10.0.0.7, 192.168.1.20, 172.16.4.2, 169.254.169.254, 8.8.8.8, 255.255.255.0",
    "192.0.2.44, 198.51.100.7, 203.0.113.9, 2001:db8::1, fe80::1ff:fe23:4567:890a, ::1",
    "91.64.12.0/24 and 2a02:8109::/32",
    "00:11:22:33:44:55, aa:bb:cc:dd:ee:ff, ff:ff:ff:ff:ff:ff, 02:42:ac:11:00:02",
    "SHA256:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48",
    "std::vec::Vec, a::b, 12:30, 1:2:3",
    "2019 2020 2021 2022 and 4539 1488 0343 6466 7012",
    "| 2019 | 4,100 | 120 | 3.5 % | 17-20 | 5–1 |",
    "@@ -123,7 +123,8 @@ fn main() { +1 -1 }",
    "0x4539148803436467, 4539148803436467.25, 0.4539148803436467",
    "const A: [u32; 4] = [3223876369, 1073741824, 4294967295, 2147483648];",
    "Buffer <01 02 03 04 05>, 00 11 22 33 44",
    "- name: Run Tests\n  uses: actions/setup-node@v4\n  with:\n    name: Build Image",
    "name: Default Profile, Name: Untitled Document, hostname: Server",
    "The born-again project was released on 2024-03-01. Updated: 1985-03-12.",
    "Mr. President, the U.S. budget; 15 ms. Then Dr. and Mrs.",
    "sin(123456782) + cos(046454286)",
    "phone_number_id=105954558954427, WHATSAPP_PHONE_ID: 1059545589",
    "222-33-4444, 078-05-1120, 219-09-9999",
    "phone model 4711, page 123456789 of the phone book",
    "width=123456789 height=4158672309 size=021000021",
    // Mail of machines and lists, and what only looks like mail.
    "ciphers aes256-gcm@openssh.com,chacha20-poly1305@openssh.com curve25519-sha256@libssh.org",
    "xml-sig@lists.corp.org, openssl-users@openssl.org, dev@lists.corp.org, majordomo@corp.org",
    "johndoe@gmail.com, local_part@domain.com, user@host, root@localhost, admin@printer.local",
    "pip install 'pkg @ git+ssh://git@code.corp.com/a/b.git@v1.2.3'",
    "ssh://git@code.corp.com:2222/a.git; scp user@host.corp.com:/tmp/a .; git@code.corp.com:a/b",
    "import { a } from '@scope/pkg'; npx @scope/tool@latest; docker pull a/b@sha256:0f3c",
    "@param text @returns {string} @dataclass @property @pytest.mark.slow @Component({})",
    // Rows of constants, addresses in memory, keys.
    "[1994165897297032, 2245000007398739, 837766094556764, 374555092627893]",
    "ED25519 = ObjectIdentifier(\"1.3.101.112\"), keyUsage 2.5.29.37, 2.23.133.8",
    "const SMS_ATN: u32 = 536916224; static PHONE_BUF: usize = 4158672309;",
    "de:ad:be:ef:00:01, 00:de:ad:be:ef:00, ca:fe:ba:be:00:01",
    "SURNAME = Identifier(\"2.5.4.4\"); lastName = String(value)",
    "0x7ffd5e8a1b2c 7f3a9c1d-0e4b rax=00007ffd5e8a1b2c",
    "AKIA0000 sha512-6ZgQ0yT4m8n2b1v5c7x9z3l1k5j7h9g1f3d5s7a9 integrity",
    "00000000-0000-4000-8000-000000000000 c56a4180-65aa-42ec-a945-5fd21dec0538",
    // Times.
    "backup-20240131-1530.tar.gz, log 240131-1530, run 20240131-153000, 2024-W05-3",
    "2024-01-31T15:30:00.123456Z; Wed, 31 Jan 2024 15:30:00 +0000; 1706715000.123456",
    "uptime 123456789 s, took 1234.5678 ms at 15:30:00,123",
    "Copyright 1998-2024; born2code; The firm was founded on 12 March 1985.",
    "Created: 12/03/1985, expires 2031-03-12, released March 12, 2021",
    // Counts, sums, codes.
    "order number 4539148803436467, tracking 9841739208412, invoice 219084673",
    "$1,234,567.89, 1.234.567,89 EUR, 12 345 678 rows, 1_000_000_000",
    "article 4 006381 333931, EAN 4006381333931, UPC 036000291452, ASIN B00005N5PF",
    "issue 4158672309, PR 123456789, build 20240131.12, run id 7712345678",
    "48.8583701, 2.2944813; POINT(13.404954 52.520008); bbox=-0.510375,51.28676,0.334015,51.691874",
    "2341 2341 2345 is none, and 8 4 4 numbers like 1234 5678 9012",
    "219-09-467, 2190-94-673, 21909-4673-1, part 219-09-4673-B",
    "RFC 5322, ISO 8601-1:2019, IEC 61850-7-420, EN 301 549 V3.2.1",
    "10115 Berlin has 3 900 000 people; ZIP 94103-1234; postal code 75 001",
    "HTTP/1.1 200 OK, 404 Not Found, exit code 137, signal 9, SQLSTATE 42P01",
    "chr1:123456789-123460000, rs7903146, NM_000546.6, CAS 58-08-2, PMID 12345678",
    "matrix [[1, 0, 0], [0, 1, 0]], rgba(12, 34, 56, 0.78), #4158672309, 1e-9",
    "progress 4158672/8672309 (48.0 %) at 12.5 MB/s, 100.64.12.7 is shared",
    "ver. 91.64.12.7, driver 31.0.15.4601, Firefox/115.0.2.1, >=91.64.12.7, fw: 9.1.22.4",
    "Mr and Mrs, the Dr. is in; MS Office; Dear Sir or Madam, dear all",
    "my name is irrelevant; name: my-service; name = \"build\"; display name: Save As",
    "nginx: 2024/01/31 15:30:00 [error] 1234#5678: *90 open() failed",
    "tel: none, phone: yes, mobile: true, fax: n/a, phone: +XX XXX XXX",
    "Routing table has 021000022 routes; route 66; router 12",
    "Pan 35 degrees; PAN zoom 12; pan-and-scan 4:3; SIN of 45; tin can 12345",
];
