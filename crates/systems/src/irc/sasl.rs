//! What is said to prove who we are: PLAIN and EXTERNAL.
//!
//! Not when it is said, which the session knows. Layer 2.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Sasl, line::command};

/// The longest piece of an answer.
const PIECE: usize = 400;

impl Sasl {
    /// The name of the mechanism.
    pub(super) fn mechanism(&self) -> &'static str {
        match self {
            Self::Password { .. } => "PLAIN",
            Self::Certificate => "EXTERNAL",
        }
    }

    /// What is answered when the server says that it listens, as lines.
    pub(super) fn answer(&self) -> Vec<String> {
        let said = match self {
            Self::Password { account, password } => {
                let mut said = [account.as_bytes(), account.as_bytes()].join(&0);
                said.push(0);
                said.extend_from_slice(password.expose());
                said
            }
            Self::Certificate => Vec::new(),
        };
        let encoded = STANDARD.encode(said);
        let mut lines: Vec<String> = encoded
            .as_bytes()
            .chunks(PIECE)
            .map(|piece| command("AUTHENTICATE", &[&String::from_utf8_lossy(piece)]))
            .collect();
        // A full piece says that there is more, so that the end has to be said.
        if encoded.len() % PIECE == 0 {
            lines.push(command("AUTHENTICATE", &["+"]));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use wilco_contract::source::Secret;

    use super::*;

    fn password(text: &str) -> Sasl {
        Sasl::Password { account: "wilco".into(), password: Secret::new(text) }
    }

    #[test]
    fn a_password_is_said_in_pieces_whose_end_shows() {
        assert_eq!(password("sesame").answer(), ["AUTHENTICATE d2lsY28Ad2lsY28Ac2VzYW1l"]);
        let whole: Vec<_> = password(&"x".repeat(288)).answer().iter().map(String::len).collect();
        assert_eq!(whole, [13 + PIECE, "AUTHENTICATE +".len()]);
        let more: Vec<_> = password(&"x".repeat(289)).answer().iter().map(String::len).collect();
        assert_eq!(more, [13 + PIECE, 13 + 4]);
        assert_eq!(Sasl::Certificate.answer(), ["AUTHENTICATE +"]);
        assert!(!format!("{:?}", password("sesame")).contains("sesame"));
    }
}
