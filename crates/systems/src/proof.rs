//! What senders of webhooks prove themselves with: a secret in a header, or an HMAC over what they send.
//!
//! Not which of them a source demands: each says that itself, and what to do where the proof is missing. All comparing
//! takes the same time whatever is compared. Layer 2.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use wilco_contract::{ids::Hash, source::Secret};

/// Whether a text is one of the secrets. Hashes are compared, so that not even a secret's length shows.
pub(crate) fn is_one_of(given: &[u8], secrets: &[Secret]) -> bool {
    let given = Hash::of(given);
    let mut found = Choice::from(0);
    for secret in secrets {
        found |= Hash::of(secret.expose()).0[..].ct_eq(&given.0[..]);
    }
    found.into()
}

/// The token of an `Authorization` header: `Bearer <token>`.
pub(crate) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, rest) = authorization.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(rest.trim())
}

/// The password of an `Authorization` header, whoever it is for: `Basic <base64 of user:password>`.
pub(crate) fn password(authorization: &str) -> Option<Vec<u8>> {
    let (scheme, rest) = authorization.trim().split_once(' ')?;
    let pair = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(rest.trim()).ok())??;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    Some(pair[colon + 1..].to_vec())
}

/// Whether a signature is the HMAC-SHA256 of these parts in a row.
pub(crate) fn is_hmac(key: &[u8], parts: &[&[u8]], signature: &[u8]) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.verify_slice(signature).is_ok()
}

/// Reads hex digits of either case.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match *pair {
            [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
            _ => None,
        })
        .collect()
}

/// Reads base64, with or without `=` at its end, in either alphabet.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let plain: String = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    base64::engine::general_purpose::STANDARD_NO_PAD.decode(plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_of_several_secrets_will_do_and_nothing_like_them() {
        let secrets = [Secret::new("old"), Secret::new("new")];
        assert!(is_one_of(b"old", &secrets) && is_one_of(b"new", &secrets));
        for wrong in ["", "ol", "oldnew", "NEW", "new\0"] {
            assert!(!is_one_of(wrong.as_bytes(), &secrets), "{wrong}");
        }
        assert!(!is_one_of(b"", &[]));
    }

    #[test]
    fn a_header_gives_a_token_or_a_password() {
        assert_eq!(bearer("bearer  s3cret "), Some("s3cret"));
        assert_eq!(bearer("Basic s3cret"), None);
        assert_eq!(password("Basic d2lsY286YTpi").as_deref(), Some(&b"a:b"[..]));
        for wrong in ["Basic", "Basic ?", "Basic d2lsY28=", "Bearer d2lsY286YTpi"] {
            assert_eq!(password(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_signature_is_read_and_compared() {
        // The second case of RFC 4231.
        let signature = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let bytes = hex(signature).expect("hex");
        assert!(is_hmac(b"Jefe", &[b"what do ya want", b" for nothing?"], &bytes));
        assert!(!is_hmac(b"Jefe", &[b"what do ya want for nothing"], &bytes));
        assert!(!is_hmac(b"Jefe", &[b"what do ya want for nothing?"], &bytes[..31]));
        assert_eq!(hex(&signature.to_uppercase()), Some(bytes.clone()));
        assert_eq!((hex("abc"), hex("zz"), hex("é")), (None, None, None));
        assert_eq!(base64(&STANDARD.encode(&bytes)), Some(bytes));
        assert_eq!(base64("%%"), None);
    }
}
