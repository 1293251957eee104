//! Any sender of JSON or forms as a source: `wilco.toml` says what proves it, and what of it is an event's id, object,
//! state and line.
//!
//! Not a place for vendors: one that deserves words of its own has a folder of its own. Layer 2.

mod fields;
mod settings;

use serde_json::{Map, Value};
use url::form_urlencoded;
use wilco_contract::{
    event::{Event, MAX_FIELD, MAX_ID, one_line},
    ids::{Hash, SourceName},
    source::{BadPayload, BadSignature, Decoded, RawHook, Secret, Source, Verified},
};

use self::settings::Templates;
pub use self::settings::{
    DEFAULT_TOLERANCE_SECS, Encoding, FIELDS, HmacProof, Proof, Settings, Stamp, is_header,
};
use crate::proof;

/// The longest request, in bytes.
const MAX_BODY: usize = 1 << 20;
/// The header with the id of a request, by Standard Webhooks.
const WEBHOOK_ID: &str = "webhook-id";

/// The source.
#[derive(Debug, Clone)]
pub struct GenericSource {
    name: SourceName,
    secrets: Vec<Secret>,
    proof: Proof,
    templates: Templates,
}

impl GenericSource {
    /// A source of this name. Without secrets it takes requests from anybody.
    ///
    /// # Errors
    /// What is wrong with which of the settings: `secret`, or one of [`FIELDS`].
    pub fn new(
        name: SourceName,
        secrets: Vec<Secret>,
        settings: Settings,
    ) -> Result<Self, Vec<(String, String)>> {
        let Settings { proof, event } = settings;
        let (secrets, templates) = (settings::keys(secrets, &proof), settings::templates(event));
        match (secrets, templates) {
            (Ok(secrets), Ok(templates)) => Ok(Self { name, secrets, proof, templates }),
            (secrets, templates) => Err(secrets.err().into_iter().chain(templates.err()).flatten().collect()),
        }
    }
}

impl Source for GenericSource {
    fn name(&self) -> &SourceName {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "generic"
    }

    fn max_body(&self) -> usize {
        MAX_BODY
    }

    fn is_signed(&self) -> bool {
        !self.secrets.is_empty()
    }

    fn verify(&self, hook: &RawHook<'_>) -> Result<Verified, BadSignature> {
        if !self.is_signed() {
            return Ok(Verified { signed: false });
        }
        match &self.proof {
            Proof::Bearer { header } => self.verify_bearer(hook, header.as_deref()),
            Proof::Hmac(hmac) => self.verify_hmac(hook, hmac),
            Proof::StandardWebhooks => self.verify_standard(hook),
        }?;
        Ok(Verified { signed: true })
    }

    fn decode(&self, hook: &RawHook<'_>, verified: Verified) -> Result<Decoded, BadPayload> {
        let payload = payload(hook)?;
        let delivery = match &self.proof {
            Proof::StandardWebhooks => hook.header(WEBHOOK_ID).filter(|id| !id.is_empty()),
            _ => None,
        };
        let own = delivery.filter(|id| id.len() <= MAX_ID).map(str::to_owned);
        let id = own.unwrap_or_else(|| self.hashed(hook, verified).to_string());
        let event = fields::event(&self.templates, &self.name, &payload, id, hook.received_at);
        let delivery = delivery.map(|id| one_line(id, MAX_FIELD));
        Ok(Decoded { events: vec![Event { signed: verified.signed, delivery, ..event }] })
    }
}

/// The body as a value, whatever the sender calls it.
fn payload(hook: &RawHook<'_>) -> Result<Value, BadPayload> {
    let kind = hook.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let fields = form_urlencoded::parse(hook.body);
        let fields = fields.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
        return Ok(Value::Object(fields.collect::<Map<_, _>>()));
    }
    serde_json::from_slice(hook.body).map_err(|error| {
        BadPayload(format!(
            "The body is no JSON: {error}. Send JSON, or a form with `Content-Type: \
             application/x-www-form-urlencoded`."
        ))
    })
}

impl GenericSource {
    /// What requests have in common that count as one where nothing says an id: what the signature covers. Without a
    /// time in it that is the body alone, and no span would do in its place: the end of any falls between a request
    /// and its repeat.
    fn hashed(&self, hook: &RawHook<'_>, verified: Verified) -> Hash {
        let stamp = match &self.proof {
            Proof::Hmac(HmacProof { timestamp: Some(stamp), .. }) if verified.signed => {
                hook.header(&stamp.header)
            }
            _ => None,
        };
        stamp.map_or_else(
            || Hash::of(hook.body),
            |time| Hash::of(&[time.trim().as_bytes(), b".", hook.body].concat()),
        )
    }

    fn verify_bearer(&self, hook: &RawHook<'_>, header: Option<&str>) -> Result<(), BadSignature> {
        let name = header.unwrap_or("authorization");
        let how = match header {
            Some(name) => format!("the header `{name}`"),
            None => "`Authorization`, after `Bearer`,".to_owned(),
        };
        let given = needed(hook, name, || format!("The sender puts the source's secret into {how}"))?;
        let token = if header.is_some() { Some(given.trim()) } else { proof::bearer(given) };
        match token {
            Some(token) if proof::is_one_of(token.as_bytes(), &self.secrets) => Ok(()),
            _ => Err(BadSignature::Wrong(format!(
                "What stands in `{name}` is none of the source's secrets. The sender puts the secret into {how} as it \
                 is."
            ))),
        }
    }

    fn verify_hmac(&self, hook: &RawHook<'_>, wanted: &HmacProof) -> Result<(), BadSignature> {
        let written = match wanted.encoding {
            Encoding::Hex => "hex digits",
            Encoding::Base64 => "base64",
        };
        let covered = if wanted.timestamp.is_some() { "time, a dot and the body" } else { "the body" };
        let prefix = &wanted.prefix;
        let how =
            || format!("The sender puts `{prefix}` and the HMAC-SHA256 of {covered} in {written} there");
        let given = needed(hook, &wanted.header, how)?;
        let stamp = match &wanted.timestamp {
            Some(stamp) => {
                let time = || "The sender puts the time in seconds since 1970 there".to_owned();
                Some((needed(hook, &stamp.header, time)?.trim(), stamp.tolerance_secs))
            }
            None => None,
        };
        let encoded = given.trim().strip_prefix(prefix.as_str());
        let signature = encoded.and_then(|encoded| match wanted.encoding {
            Encoding::Hex => proof::hex(encoded),
            Encoding::Base64 => proof::base64(encoded),
        });
        let parts: Vec<&[u8]> = match stamp {
            Some((time, _)) => vec![time.as_bytes(), b".", hook.body],
            None => vec![hook.body],
        };
        if !signature.is_some_and(|signature| self.is_signature(&parts, &signature)) {
            return Err(BadSignature::Wrong(format!(
                "The signature in `{}` does not fit the body and the source's secret. {}.",
                wanted.header,
                how()
            )));
        }
        stamp.map_or(Ok(()), |(time, tolerance)| fresh(hook, time, tolerance))
    }

    fn verify_standard(&self, hook: &RawHook<'_>) -> Result<(), BadSignature> {
        let how = || "The sender signs as Standard Webhooks has it".to_owned();
        let id = needed(hook, WEBHOOK_ID, how)?;
        let time = needed(hook, "webhook-timestamp", how)?;
        let given = needed(hook, "webhook-signature", how)?;
        let parts: [&[u8]; 5] = [id.as_bytes(), b".", time.as_bytes(), b".", hook.body];
        // A sender whose key is being changed gives several.
        let signatures = given.split(' ').filter_map(|one| proof::base64(one.strip_prefix("v1,")?)).take(8);
        if !signatures.into_iter().any(|signature| self.is_signature(&parts, &signature)) {
            return Err(BadSignature::Wrong(
                "No signature in `webhook-signature` fits the body and the source's secret. Compare the secret at the \
                 sender with that in `wilco.toml`."
                    .to_owned(),
            ));
        }
        fresh(hook, time, DEFAULT_TOLERANCE_SECS)
    }

    /// Whether one of the secrets made it; all of them are tried.
    fn is_signature(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        let fits = |secret: &Secret| proof::is_hmac(secret.expose(), parts, signature);
        self.secrets.iter().filter(|secret| fits(secret)).count() > 0
    }
}

/// A header that has to be there.
fn needed<'a>(hook: &RawHook<'a>, name: &str, how: impl Fn() -> String) -> Result<&'a str, BadSignature> {
    hook.header(name).ok_or_else(|| BadSignature::Missing(format!("There is no header `{name}`. {}.", how())))
}

/// Whether a time that a signature covers is near enough to now.
fn fresh(hook: &RawHook<'_>, time: &str, tolerance_secs: u64) -> Result<(), BadSignature> {
    let Ok(seconds) = time.parse::<i64>() else {
        return Err(BadSignature::Wrong(
            "The time that was signed is no number of seconds since 1970.".to_owned(),
        ));
    };
    let off = hook.received_at.as_second().abs_diff(seconds);
    if off <= tolerance_secs {
        return Ok(());
    }
    Err(BadSignature::Stale(format!(
        "The signature is right, but it was made {off} s from now, and {tolerance_secs} s are allowed: it may be a \
         repeat. If it is not, set the clocks of both machines."
    )))
}
