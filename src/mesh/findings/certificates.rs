//! Whether a Secret holds a certificate that a gateway can serve now.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::schema::fields;

/// Whether certificate and key are there, and every certificate of the first PEM block can be
/// read and is valid at `now`. The key and the certificate authority are not looked at.
pub fn is_fit(secret: &Value, now: Timestamp) -> bool {
    let pair = |cert: &str, key: &str| {
        let cert = entry(secret, cert).filter(|bytes| !bytes.is_empty())?;
        entry(secret, key).filter(|bytes| !bytes.is_empty())?;
        Some(cert)
    };
    let Some(pem) = pair("cert", "key").or_else(|| pair("tls.crt", "tls.key")) else {
        return false;
    };
    let Some(der) = first_block(&String::from_utf8_lossy(&pem)) else { return false };
    let mut rest = der.as_slice();
    while !rest.is_empty() {
        match validity(&mut rest) {
            Some((from, until)) if from <= now && now <= until => {}
            _ => return false,
        }
    }
    true
}

/// A Secret's entry: plain in `stringData`, else base64 in `data`.
fn entry(secret: &Value, name: &str) -> Option<Vec<u8>> {
    match fields::of(fields::of(secret, "stringData"), name).as_str() {
        Some(text) => Some(text.as_bytes().to_vec()),
        None => base64(fields::of(fields::of(secret, "data"), name).as_str()?),
    }
}

/// The bytes between the first BEGIN and END lines.
fn first_block(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    let (_, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    base64(body).filter(|der| !der.is_empty())
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for c in text.bytes().filter(|c| !c.is_ascii_whitespace() && *c != b'=') {
        let six = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = (held << 6 | u32::from(six)) & 0x3_FFFF;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
        }
    }
    Some(bytes)
}

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xA0;

/// Takes one certificate (RFC 5280, section 4.1) off `bytes` and reads its validity.
fn validity(bytes: &mut &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (_, mut certificate) = element(bytes).filter(|(tag, _)| *tag == SEQUENCE)?;
    let (_, mut body) = element(&mut certificate).filter(|(tag, _)| *tag == SEQUENCE)?;
    if body.first() == Some(&VERSION) {
        element(&mut body)?;
    }
    for _ in ["serialNumber", "signature", "issuer"] {
        element(&mut body)?;
    }
    let (_, mut validity) = element(&mut body).filter(|(tag, _)| *tag == SEQUENCE)?;
    Some((time(&mut validity)?, time(&mut validity)?))
}

/// Takes one DER element off `bytes`: its tag and its contents.
fn element<'a>(bytes: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let mut length = usize::from(*first);
    if length >= 0x80 {
        let (digits, after) = rest.split_at_checked(length & 0x7F).filter(|(d, _)| d.len() <= 4)?;
        length = digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
        rest = after;
    }
    let (contents, after) = rest.split_at_checked(length)?;
    *bytes = after;
    Some((*tag, contents))
}

/// `YYMMDDhhmmssZ` (years 1950 to 2049) or `YYYYMMDDhhmmssZ`.
fn time(bytes: &mut &[u8]) -> Option<Timestamp> {
    let (tag, text) = element(bytes)?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let year: i16 = text.get(..2)?.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, text.get(2..)?)
        }
        GENERALIZED_TIME => (text.get(..4)?.parse().ok()?, text.get(4..)?),
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2)?.parse::<i8>().ok();
    let at = DateTime::new(year, part(0)?, part(2)?, part(4)?, part(6)?, part(8)?, 0).ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
}
