//! A source whose requests are events as JSON already: for tests of what becomes of events.
//!
//! Not a source under test. A signed one takes the header `x-proof: right`. For tests only.

use wilco_contract::{
    event::Event,
    ids::SourceName,
    source::{BadPayload, BadSignature, Decoded, RawHook, Source, Verified},
};

/// The source.
#[derive(Debug)]
pub struct Sender {
    name: SourceName,
    signed: bool,
}

impl Sender {
    /// One that demands a proof.
    ///
    /// # Panics
    /// When the name is none.
    #[must_use]
    pub fn signed(name: &str) -> Self {
        Self { name: SourceName::parse(name).expect("a source's name"), signed: true }
    }

    /// One that takes anything.
    ///
    /// # Panics
    /// When the name is none.
    #[must_use]
    pub fn unsigned(name: &str) -> Self {
        Self { signed: false, ..Self::signed(name) }
    }
}

impl Source for Sender {
    fn name(&self) -> &SourceName {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "sender"
    }

    fn max_body(&self) -> usize {
        1024 * 1024
    }

    fn is_signed(&self) -> bool {
        self.signed
    }

    fn verify(&self, hook: &RawHook<'_>) -> Result<Verified, BadSignature> {
        match (self.signed, hook.header("x-proof")) {
            (false, _) => Ok(Verified { signed: false }),
            (true, Some("right")) => Ok(Verified { signed: true }),
            (true, Some(_)) => Err(BadSignature::Wrong("The proof is wrong.".to_owned())),
            (true, None) => Err(BadSignature::Missing("There is no proof.".to_owned())),
        }
    }

    fn decode(&self, hook: &RawHook<'_>, verified: Verified) -> Result<Decoded, BadPayload> {
        let events: Vec<Event> = serde_json::from_slice(hook.body)
            .map_err(|error| BadPayload(format!("It is no event: {error}.")))?;
        let events = events.into_iter().map(|event| Event {
            source: self.name.clone(),
            signed: verified.signed,
            ..event
        });
        Ok(Decoded { events: events.collect() })
    }
}
