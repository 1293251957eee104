//! The source: who sent a request, and what it is.
//!
//! Not the words: what is read here is told elsewhere in this folder. Keeps nothing between requests. Layer 2.

use std::borrow::Cow;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wilco_contract::{
    event::{Event, MAX_ID, one_line},
    ids::{Hash, SourceName},
    source::{BadPayload, BadSignature, Decoded, RawHook, Secret, Source, Verified},
};

use super::{dispatch, payload::Body};

/// The longest body, in bytes: GitHub sends none that is longer.
const MAX_BODY: usize = 25 * 1024 * 1024;
/// The longest name of an event's kind that is kept, in characters.
const MAX_KIND: usize = 100;
/// The header with the signature.
const SIGNATURE: &str = "x-hub-signature-256";

/// GitHub, as a sender of webhooks.
#[derive(Debug)]
pub struct GithubSource {
    name: SourceName,
    secrets: Vec<Secret>,
}

impl GithubSource {
    /// A source of this name. Any one of the secrets may have signed a request; without any, none is demanded.
    #[must_use]
    pub fn new(name: SourceName, secrets: Vec<Secret>) -> Self {
        Self { name, secrets }
    }
}

impl Source for GithubSource {
    fn name(&self) -> &SourceName {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "github"
    }

    fn max_body(&self) -> usize {
        MAX_BODY
    }

    fn is_signed(&self) -> bool {
        !self.secrets.is_empty()
    }

    fn verify(&self, hook: &RawHook<'_>) -> Result<Verified, BadSignature> {
        if self.secrets.is_empty() {
            return Ok(Verified { signed: false });
        }
        let given = hook.header(SIGNATURE).ok_or_else(|| BadSignature::Missing(self.missing()))?;
        let digest = given.trim().strip_prefix("sha256=").and_then(digest).ok_or_else(|| {
            BadSignature::Wrong(
                "The header `x-hub-signature-256` is not `sha256=` with 64 hex digits; GitHub writes it so."
                    .to_owned(),
            )
        })?;
        // Every secret is tried, whichever fits, so that the time says nothing about which.
        let fits = self.secrets.iter().fold(false, |fits, secret| fits | signs(secret, hook.body, &digest));
        if fits { Ok(Verified { signed: true }) } else { Err(BadSignature::Wrong(self.wrong())) }
    }

    fn decode(&self, hook: &RawHook<'_>, verified: Verified) -> Result<Decoded, BadPayload> {
        let kind = hook.header("x-github-event").map(|kind| one_line(kind, MAX_KIND));
        let kind = kind.filter(|kind| !kind.is_empty()).ok_or_else(|| absent("x-github-event", "push"))?;
        let delivery = delivery(hook)
            .ok_or_else(|| absent("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"))?;
        let json = json(hook)?;
        let body: Body<'_> = serde_json::from_slice(&json).map_err(|error| {
            BadPayload(format!(
                "The body is no whole JSON object: it goes wrong at line {}, column {}. Send it again from the \
                 webhook's recent deliveries.",
                error.line(),
                error.column()
            ))
        })?;
        let mut event = Event::new(self.name.clone(), delivery.clone(), kind, hook.received_at);
        event.delivery = Some(delivery);
        event.signed = verified.signed;
        Ok(Decoded { events: vec![dispatch::tell(&self.name, &body, event)] })
    }
}

impl GithubSource {
    fn missing(&self) -> String {
        format!(
            "The header `x-hub-signature-256` is missing: the webhook has no secret. Set it in GitHub under Settings, \
             Webhooks, Secret, to the one of `[source.{}]`.",
            self.name
        )
    }

    fn wrong(&self) -> String {
        format!(
            "The signature does not fit any secret of `[source.{}]`. Set the same secret in GitHub under Settings, \
             Webhooks, Secret; during a change list both.",
            self.name
        )
    }
}

/// Whether this secret signed this body. Compares in constant time.
fn signs(secret: &Secret, body: &[u8], digest: &[u8; 32]) -> bool {
    Hmac::<Sha256>::new_from_slice(secret.expose()).is_ok_and(|mut mac| {
        mac.update(body);
        mac.verify_slice(digest).is_ok()
    })
}

/// Reads 64 hex digits of either case.
fn digest(text: &str) -> Option<[u8; 32]> {
    Hash::parse(text).ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_hexdigit())).map(|hash| hash.0)
}

/// The delivery's id; one that is too long or odd is replaced by its hash.
fn delivery(hook: &RawHook<'_>) -> Option<String> {
    let raw = hook.headers.iter().find(|(name, _)| *name == "x-github-delivery")?.1.trim_ascii();
    if raw.is_empty() {
        return None;
    }
    let is_plain = raw.len() <= MAX_ID
        && raw.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':'));
    let plain = std::str::from_utf8(raw).ok().filter(|_| is_plain);
    Some(plain.map_or_else(|| Hash::of(raw).to_string(), str::to_owned))
}

/// The JSON of a body: itself, or its field `payload` where the webhook sends forms.
fn json<'a>(hook: &RawHook<'a>) -> Result<Cow<'a, [u8]>, BadPayload> {
    let is_object = hook.body.trim_ascii_start().first() == Some(&b'{');
    if is_object {
        return Ok(Cow::Borrowed(hook.body));
    }
    let content = hook.header("content-type").unwrap_or("");
    let sort = content.split(';').next().unwrap_or("").trim();
    if !sort.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(BadPayload(
            "The body is no JSON object. Choose `application/json` as the webhook's content type in GitHub."
                .into(),
        ));
    }
    let payload = url::form_urlencoded::parse(hook.body).find(|(name, _)| name == "payload");
    let (_, payload) = payload.ok_or_else(|| {
        BadPayload(
            "The form has no field `payload`. Choose `application/json` as the webhook's content type in GitHub."
                .into(),
        )
    })?;
    if payload.trim_ascii_start().starts_with('{') {
        Ok(Cow::Owned(payload.into_owned().into_bytes()))
    } else {
        Err(BadPayload("The form's field `payload` is no JSON object.".into()))
    }
}

/// What to say when a header is missing.
fn absent(header: &str, example: &str) -> BadPayload {
    BadPayload(format!(
        "The header `{header}` is missing. GitHub sends it with every delivery; by hand it is `{header}: {example}`, \
         and a delivery's id has to be new each time."
    ))
}
