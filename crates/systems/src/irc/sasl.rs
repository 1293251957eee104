//! What is said to prove who we are: SCRAM-SHA-256, PLAIN and EXTERNAL.
//!
//! Not when it is said, which the session knows. With SCRAM no password goes over the line, and the server proves that
//! it knew it, too. Layer 2.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{Sasl, line::command};

/// The longest piece of an answer.
const PIECE: usize = 400;
/// The longest thing that a server says in this, in bytes.
const MOST: usize = 8 * 1_024;
/// The most rounds that a server may have us do: some tens of milliseconds.
const ROUNDS: u32 = 100_000;

type Key = [u8; 32];

/// The mechanisms, as they are called.
const SCRAM: &str = "SCRAM-SHA-256";
const PLAIN: &str = "PLAIN";

/// A proof under way.
#[derive(Debug)]
pub(super) struct Proof {
    sasl: Sasl,
    /// Unpredictable, and new for each proof.
    nonce: String,
    step: Step,
    heard: String,
}

#[derive(Debug)]
enum Step {
    /// All is said at once: this mechanism.
    Once(&'static str),
    /// SCRAM begins.
    First,
    /// The server has our name, and we had this to say.
    Named(String),
    /// The server has our proof, and has to show this.
    Proven(Key),
}

/// What to do with what the server said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Say these lines.
    Say(Vec<String>),
    /// There is more to hear.
    Wait,
    /// The server is not who it should be, or says nonsense.
    Wrong(&'static str),
}

impl Proof {
    /// The strongest proof that the server takes; it takes these, or does not say which.
    pub(super) fn new(sasl: &Sasl, offered: &[&str], nonce: String) -> Self {
        let step = match sasl {
            Sasl::Certificate => Step::Once("EXTERNAL"),
            // What is no ASCII would have to be prepared by tables that are not worth it.
            Sasl::Password { account, password }
                if offered.contains(&SCRAM) && account.is_ascii() && password.expose().is_ascii() =>
            {
                Step::First
            }
            Sasl::Password { .. } => Step::Once(PLAIN),
        };
        Self { sasl: sasl.clone(), nonce, step, heard: String::new() }
    }

    /// The name of the mechanism.
    pub(super) fn mechanism(&self) -> &'static str {
        match self.step {
            Step::Once(name) => name,
            _ => SCRAM,
        }
    }

    /// Another proof, where this one was not taken: services keep some accounts in a form that SCRAM cannot use.
    pub(super) fn other(&self, offered: &[&str]) -> Option<Self> {
        let plain = self.mechanism() == SCRAM && offered.contains(&PLAIN);
        plain.then(|| Self::new(&self.sasl, &[], String::new()))
    }

    /// The server said something.
    pub(super) fn hear(&mut self, piece: &str) -> Next {
        if self.heard.len() + piece.len() > MOST {
            return Next::Wrong("it says too much");
        }
        if piece != "+" {
            self.heard.push_str(piece);
            if piece.len() == PIECE {
                return Next::Wait;
            }
        }
        let heard = STANDARD.decode(std::mem::take(&mut self.heard)).ok();
        let Some(heard) = heard.and_then(|bytes| String::from_utf8(bytes).ok()) else {
            return Next::Wrong("it says what cannot be read");
        };
        match &self.step {
            Step::Once(_) => Next::Say(lines(&self.whole())),
            Step::First => {
                let first = self.first();
                let said = format!("n,,{first}");
                self.step = Step::Named(first);
                Next::Say(lines(said.as_bytes()))
            }
            Step::Named(first) => match self.last(first, &heard) {
                Ok((said, expected)) => {
                    self.step = Step::Proven(expected);
                    Next::Say(lines(said.as_bytes()))
                }
                Err(why) => Next::Wrong(why),
            },
            Step::Proven(expected) => {
                let shown = heard
                    .strip_prefix("v=")
                    .and_then(|shown| STANDARD.decode(shown).ok())
                    .unwrap_or_default();
                if shown.ct_eq(expected).into() {
                    self.step = Step::Once(SCRAM);
                    return Next::Say(vec![command("AUTHENTICATE", &["+"])]);
                }
                Next::Wrong("it does not show that it knew the password")
            }
        }
    }

    /// Whether the server may say that all is well: with SCRAM only once it has shown that it knew the password.
    pub(super) fn may_end(&self) -> bool {
        matches!(self.step, Step::Once(_))
    }

    fn whole(&self) -> Vec<u8> {
        match &self.sasl {
            Sasl::Password { account, password } => {
                let mut said = [account.as_bytes(), account.as_bytes()].join(&0);
                said.push(0);
                said.extend_from_slice(password.expose());
                said
            }
            Sasl::Certificate => Vec::new(),
        }
    }

    fn first(&self) -> String {
        let account = match &self.sasl {
            Sasl::Password { account, .. } => account.replace('=', "=3D").replace(',', "=2C"),
            Sasl::Certificate => String::new(),
        };
        format!("n={account},r={}", self.nonce)
    }

    /// Our proof, and what the server has to show.
    fn last(&self, first: &str, heard: &str) -> Result<(String, Key), &'static str> {
        let Sasl::Password { password, .. } = &self.sasl else { return Err("it wants a password") };
        let part = |name: &str| heard.split(',').find_map(|part| part.strip_prefix(name));
        let (Some(nonce), Some(salt), Some(rounds)) = (part("r="), part("s="), part("i=")) else {
            return Err("it says less than it has to");
        };
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err("it answers somebody else");
        }
        let salt = STANDARD.decode(salt).map_err(|_| "its salt cannot be read")?;
        let rounds = rounds.parse().ok().filter(|rounds| (1..=ROUNDS).contains(rounds));
        let rounds = rounds.ok_or("it wants too many rounds")?;
        let salted = salted(password.expose(), &salt, rounds);
        let client = sign(&salted, &[b"Client Key"]);
        let without_proof = format!("c=biws,r={nonce}");
        let all = [first.as_bytes(), b",", heard.as_bytes(), b",", without_proof.as_bytes()];
        let mut proof = sign(&Sha256::digest(client).into(), &all);
        proof.iter_mut().zip(client).for_each(|(byte, key)| *byte ^= key);
        let expected = sign(&sign(&salted, &[b"Server Key"]), &all);
        Ok((format!("{without_proof},p={}", STANDARD.encode(proof)), expected))
    }
}

fn sign(key: &Key, parts: &[&[u8]]) -> Key {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key fits");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// The password, made slow to guess: PBKDF2 with one block.
fn salted(password: &[u8], salt: &[u8], rounds: u32) -> Key {
    let keyed = Hmac::<Sha256>::new_from_slice(password).expect("any key fits");
    let mut mac = keyed.clone();
    mac.update(salt);
    mac.update(&1_u32.to_be_bytes());
    let mut last: Key = mac.finalize().into_bytes().into();
    let mut all = last;
    for _ in 1..rounds {
        let mut mac = keyed.clone();
        mac.update(&last);
        last = mac.finalize().into_bytes().into();
        all.iter_mut().zip(last).for_each(|(byte, more)| *byte ^= more);
    }
    all
}

/// What is said, as lines.
fn lines(said: &[u8]) -> Vec<String> {
    let encoded = STANDARD.encode(said);
    let mut lines: Vec<String> = encoded
        .as_bytes()
        .chunks(PIECE)
        .map(|piece| command("AUTHENTICATE", &[&String::from_utf8_lossy(piece)]))
        .collect();
    // A full piece says that there is more, so that the end has to be said.
    if encoded.len().is_multiple_of(PIECE) {
        lines.push(command("AUTHENTICATE", &["+"]));
    }
    lines
}

#[cfg(test)]
mod tests {
    use wilco_contract::source::Secret;

    use super::*;

    fn password(account: &str, text: &str) -> Sasl {
        Sasl::Password { account: account.into(), password: Secret::new(text) }
    }

    fn said(next: Next) -> String {
        let Next::Say(lines) = next else { panic!("nothing is said: {next:?}") };
        let [line] = &lines[..] else { panic!("one line: {lines:?}") };
        let bytes = STANDARD.decode(line.strip_prefix("AUTHENTICATE ").expect("an answer")).expect("base64");
        String::from_utf8(bytes).expect("text")
    }

    fn plain(text: &str) -> Vec<String> {
        match Proof::new(&password("wilco", text), &[PLAIN], String::new()).hear("+") {
            Next::Say(lines) => lines,
            other => panic!("nothing is said: {other:?}"),
        }
    }

    #[test]
    fn a_password_is_said_in_pieces_whose_end_shows() {
        assert_eq!(plain("sesame"), ["AUTHENTICATE d2lsY28Ad2lsY28Ac2VzYW1l"]);
        let lengths = |text: &str| plain(text).iter().map(String::len).collect::<Vec<_>>();
        assert_eq!(lengths(&"x".repeat(288)), [13 + PIECE, "AUTHENTICATE +".len()]);
        assert_eq!(lengths(&"x".repeat(289)), [13 + PIECE, 13 + 4]);
        let mut external = Proof::new(&Sasl::Certificate, &["EXTERNAL"], String::new());
        assert_eq!(external.mechanism(), "EXTERNAL");
        assert_eq!(external.hear("+"), Next::Say(vec!["AUTHENTICATE +".into()]));
        assert!(
            !format!("{:?}", Proof::new(&password("wilco", "sesame"), &[], String::new())).contains("sesame")
        );
    }

    /// A server that answers the example of RFC 7677, section 3.
    fn example() -> Proof {
        let mut proof =
            Proof::new(&password("user", "pencil"), &[PLAIN, SCRAM], "rOprNGfwEbeRWgbNEkqO".into());
        assert_eq!(proof.mechanism(), SCRAM);
        assert_eq!(said(proof.hear("+")), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        proof
    }

    const SERVER: &str =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    #[test]
    fn both_sides_prove_that_they_know_the_password() {
        let mut proof = example();
        assert_eq!(
            said(proof.hear(&STANDARD.encode(SERVER))),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        assert!(!proof.may_end(), "it has not shown anything yet");
        let shown = STANDARD.encode("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        assert_eq!(proof.hear(&shown), Next::Say(vec!["AUTHENTICATE +".into()]));
        assert!(proof.may_end());
    }

    #[test]
    fn a_server_that_did_not_know_it_is_not_believed() {
        let mut proof = example();
        proof.hear(&STANDARD.encode(SERVER));
        let shown = STANDARD.encode("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        assert!(matches!(proof.hear(&shown), Next::Wrong(_)) && !proof.may_end());
        for wrong in [
            "",
            "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "r=rOprNGfwEbeRWgbNEkqOx,s=?,i=4096",
            "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999",
        ] {
            assert!(matches!(example().hear(&STANDARD.encode(wrong)), Next::Wrong(_)), "{wrong}");
        }
        assert!(matches!(example().hear("?"), Next::Wrong(_)));
        let mut endless = example();
        let ends = (0..100).map(|_| endless.hear(&"A".repeat(PIECE)));
        assert!(ends.into_iter().any(|next| matches!(next, Next::Wrong(_))));
    }

    #[test]
    fn what_scram_cannot_do_is_done_plainly() {
        let all = [SCRAM, PLAIN];
        assert_eq!(Proof::new(&password("user", "pässword"), &all, String::new()).mechanism(), PLAIN);
        let other = example().other(&all).expect("another proof");
        assert_eq!((other.mechanism(), other.other(&all).is_none()), (PLAIN, true));
        assert!(example().other(&[SCRAM]).is_none());
    }
}
