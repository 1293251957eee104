//! Saying who we are: capabilities, SASL, nick.
//!
//! Not what is said once we are known. Layer 2.

use std::collections::BTreeSet;

use wilco_contract::{retry::Retry, source::Secret};

use super::{Line, SILENCE, Session, Stage, account, command, history::HISTORY, labels::LABELS};
use crate::irc::{
    Sasl,
    sasl::{Next, Proof},
};

/// What we ask a server for, where it offers it.
const WANTED: [&str; 11] = [
    "account-notify",
    "account-tag",
    "away-notify",
    "batch",
    "chghost",
    HISTORY,
    "echo-message",
    "extended-join",
    LABELS,
    "message-tags",
    "server-time",
];
/// How many other nicks are tried.
const NICKS: usize = 5;
/// How many capabilities of a server are kept.
pub(super) const OFFERED: usize = 200;
/// The longest list of capabilities in one request, in bytes.
const REQUEST: usize = 400;

/// How servers say that the password is wrong, where they end the connection instead of saying it by a number.
const WRONG_PASSWORD: [&str; 4] =
    ["bad password", "invalid password", "password incorrect", "wrong password"];
/// What they say beside it where time heals it.
const FOR_NOW: [&str; 5] = ["too many", "try again", "throttl", "banned", "-line"];

/// How far it is.
#[derive(Debug, Default)]
pub(super) struct Register {
    pub(super) offered: BTreeSet<String>,
    /// The mechanisms of SASL that the server names.
    mechanisms: Vec<String>,
    proof: Option<Proof>,
    /// How many requests were not answered.
    open: usize,
    sasl: bool,
    /// Whether the server was told its password.
    password: bool,
    nicks: usize,
}

/// Whether the last words of a server say that its password was not said, or another one.
pub(super) fn is_about_password(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    let has = |any: &[&str]| any.iter().any(|said| words.contains(said));
    has(&WRONG_PASSWORD) && !has(&FOR_NOW)
}

impl Register {
    fn mechanisms(&self) -> Vec<&str> {
        self.mechanisms.iter().map(String::as_str).collect()
    }
}

impl Session {
    /// The first words.
    pub(super) fn begin(&mut self, password: Option<&Secret>) {
        if let Some(password) = password {
            self.queue.urgent(command("PASS", &[&String::from_utf8_lossy(password.expose())]));
            self.register.password = true;
        }
        self.queue.urgent(command("CAP", &["LS", "302"]));
        self.queue.urgent(command("NICK", &[&self.nick]));
        self.queue.urgent(command("USER", &[&self.settings.nick.to_ascii_lowercase(), "0", "*", "Wilco"]));
    }

    pub(super) fn registering(&mut self, line: &Line<'_>) {
        match &*line.command {
            "CAP" => self.capabilities(line),
            "AUTHENTICATE" if self.stage == Stage::Registering => {
                match self.register.proof.as_mut().map(|proof| proof.hear(line.param(0))) {
                    Some(Next::Say(lines)) => lines.into_iter().for_each(|line| self.queue.urgent(line)),
                    Some(Next::Wrong(why)) => self.end(
                        &format!("the server may be another one than it says: asked who we are, {why}"),
                        Retry::After(SILENCE),
                    ),
                    Some(Next::Wait) | None => {}
                }
            }
            "903" if self.register.proof.as_ref().is_some_and(|proof| !proof.may_end()) => self.end(
                "the server may be another one than it says: it takes us without showing that it knew the password",
                Retry::After(SILENCE),
            ),
            "903" => {
                self.register.sasl = true;
                self.queue.urgent(command("CAP", &["END"]));
            }
            "900" => self.account = account(line.param(2)),
            "901" => self.account = None,
            "001" => {
                line.param(0).clone_into(&mut self.nick);
                // `Welcome … nick!user@host`, where the server says it.
                let mask = line.last().rsplit(' ').next().and_then(|mask| mask.split_once('!'));
                self.address = mask.map(|(_, address)| format!("!{address}"));
                if self.settings.sasl.is_some() && !self.register.sasl {
                    self.end(
                        "the server lets us in without asking for the account that `sasl` names, so nobody could tell that it is us",
                        Retry::After(SILENCE),
                    );
                }
            }
            _ => {}
        }
    }

    fn capabilities(&mut self, line: &Line<'_>) {
        let (what, more) = (line.param(1).to_ascii_uppercase(), line.param(2) == "*");
        let listed = line.last().split_whitespace();
        match what.as_str() {
            "LS" | "NEW" => {
                for cap in listed {
                    let (name, value) = cap.split_once('=').unwrap_or((cap, ""));
                    if name == "sasl" {
                        self.register.mechanisms = value.split(',').map(ToOwned::to_owned).collect();
                    }
                    if self.register.offered.len() < OFFERED {
                        self.register.offered.insert(name.to_owned());
                    }
                }
                if !more {
                    self.ask(what == "LS");
                }
            }
            "ACK" => {
                for cap in listed {
                    match cap.strip_prefix('-') {
                        Some(gone) => self.caps.remove(gone),
                        None if WANTED.contains(&cap) || cap == "sasl" => self.caps.insert(cap.to_owned()),
                        None => false,
                    };
                }
                self.answered_capabilities();
            }
            "NAK" => {
                // One that is refused takes the others with it, so each is asked for by itself.
                let refused: Vec<String> = listed.map(ToOwned::to_owned).collect();
                if refused.len() > 1 {
                    self.register.open += refused.len();
                    refused.iter().for_each(|cap| self.queue.urgent(command("CAP", &["REQ", cap])));
                }
                self.answered_capabilities();
            }
            "DEL" => {
                for cap in listed {
                    self.caps.remove(cap);
                    self.register.offered.remove(cap);
                }
            }
            _ => {}
        }
        self.queue.set_labels(self.caps.contains(LABELS) && self.caps.contains("batch"));
    }

    /// Asks for what is offered, wanted and not had.
    fn ask(&mut self, first: bool) {
        let sasl = self.settings.sasl.is_some().then_some("sasl");
        let wanted = WANTED.into_iter().chain(sasl.filter(|_| first));
        let wanted: Vec<&str> =
            wanted.filter(|cap| self.register.offered.contains(*cap) && !self.caps.contains(*cap)).collect();
        let mut request = String::new();
        for cap in wanted {
            if request.len() + cap.len() > REQUEST {
                self.request(&std::mem::take(&mut request));
            }
            request.push_str(cap);
            request.push(' ');
        }
        self.request(&request);
        if first && self.register.open == 0 {
            self.prove();
        }
    }

    fn request(&mut self, caps: &str) {
        if !caps.is_empty() {
            self.register.open += 1;
            self.queue.urgent(command("CAP", &["REQ", caps.trim_end()]));
        }
    }

    fn answered_capabilities(&mut self) {
        self.register.open = self.register.open.saturating_sub(1);
        if self.register.open == 0 && self.stage == Stage::Registering && !self.register.sasl {
            self.prove();
        }
    }

    /// Says which account is ours, where we have one; else all is said.
    fn prove(&mut self) {
        let Some(sasl) = &self.settings.sasl else {
            return self.queue.urgent(command("CAP", &["END"]));
        };
        if self.caps.contains("sasl") {
            let proof = Proof::new(sasl, &self.register.mechanisms(), self.nonce.clone());
            return self.begin_proof(proof);
        }
        self.end(
            "the server does not offer SASL now, so we cannot say which account is ours; its services may be away",
            Retry::After(SILENCE),
        );
    }

    fn begin_proof(&mut self, proof: Proof) {
        self.queue.urgent(command("AUTHENTICATE", &[proof.mechanism()]));
        self.register.proof = Some(proof);
    }

    /// The server says no before we are known.
    pub(super) fn not_registered(&mut self, number: &str, why: &str) {
        match number {
            // A server without capabilities: it goes on by itself.
            "410" | "421" | "451" if self.settings.sasl.is_none() => {}
            "433" | "436" | "437" if self.register.nicks < NICKS => {
                self.register.nicks += 1;
                self.nick.push('_');
                self.queue.urgent(command("NICK", &[&self.nick]));
            }
            "433" | "436" | "437" => {
                self.end(
                    &format!("the nick `{}` and those beside it are in use", self.settings.nick),
                    Retry::After(SILENCE),
                );
            }
            "432" => self.end(
                &format!("the server does not take the nick `{}`: {why}; choose another `nick`", self.nick),
                Retry::Never,
            ),
            "464" if self.register.password => self.end(
                &format!("the server does not take its password: {why}; correct `password` in `wilco.toml`"),
                Retry::Never,
            ),
            "464" => self.end(
                &format!(
                    "the server wants a password: {why}; write `password` into its table in `wilco.toml`"
                ),
                Retry::Never,
            ),
            "465" | "466" => self.end(&format!("the server bans us: {why}"), Retry::After(SILENCE * 10)),
            other => tracing::debug!(number = other, why, "The server refused something."),
        }
    }

    /// The server says no to the account.
    pub(super) fn not_proven(&mut self, number: &str, why: &str) {
        let proof = self.register.proof.as_ref();
        if let Some(other) = proof.and_then(|proof| proof.other(&self.register.mechanisms())) {
            return self.begin_proof(other);
        }
        let account = match &self.settings.sasl {
            Some(Sasl::Password { account, .. }) => format!("the account `{account}`"),
            _ => "our certificate".to_owned(),
        };
        match number {
            // The services did not answer; they may later.
            "906" => self.end(&format!("the server stopped asking for {account}: {why}"), Retry::Backoff),
            _ => self.end(
                &format!("the server does not take {account}: {why}; correct `sasl` in `wilco.toml`"),
                Retry::Never,
            ),
        }
    }
}
