//! Who a request comes from, and whether it may come this way.
//!
//! Not the gate: that decides about orders. This decides whether a request is heard at all, and it fails closed: a
//! route is behind it unless `api` says that it is open. Layer 3.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, Method, header, request::Parts},
    middleware::Next,
    response::Response,
};
use wilco_contract::{
    ids::PersonId,
    principal::{Principal, Scope},
};

use crate::{
    access::{Proof, Secret, same},
    door::Door,
    problem::Problem,
    public_url::{HostPort, PublicUrl},
};

/// The header in which a page proves that a request is its own.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";

/// Whoever sent a request that was let in.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Who they are.
    pub(crate) who: Principal,
    /// How they proved it.
    pub(crate) proof: Proof,
    /// What their page has to send with everything that changes something; none where no page asks.
    pub(crate) csrf: Option<String>,
}

impl Caller {
    /// The person who sits before the page; a terminal's session and a token are nobody's page.
    pub(crate) fn at_the_page(&self) -> Option<&PersonId> {
        self.csrf.as_ref().and_then(|_| self.who.person())
    }

    /// Whether this is a token that may only look.
    pub(crate) fn only_reads(&self) -> bool {
        matches!(self.who, Principal::Token { scope: Scope::Read, .. })
    }
}

impl FromRequestParts<Arc<Door>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Door>) -> Result<Self, Problem> {
        // Only [`caller`] puts it there; a route that is not behind it has no caller.
        parts.extensions.get::<Self>().cloned().ok_or_else(not_signed_in)
    }
}

/// Lets in whoever has a session, a token or the operator's key.
pub(crate) async fn caller(
    State(door): State<Arc<Door>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let headers = request.headers();
    let caller = match headers.get(header::AUTHORIZATION) {
        Some(value) => by_bearer(&door, value.to_str().unwrap_or_default()).await?,
        None => {
            let host = own_host(&door, headers)?;
            let caller = by_cookie(&door, headers).await?;
            same_site(headers, request.method(), &host)?;
            if !request.method().is_safe() {
                let given =
                    headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
                if !caller.csrf.as_deref().is_some_and(|csrf| same(csrf, given)) {
                    return Err(Problem::foreign(
                        "The header `X-CSRF-Token` has to be the `csrf` of `/api/v1/me`. Reload the page.",
                    ));
                }
            }
            caller
        }
    };
    if !request.method().is_safe() && !door.ready.is_set() {
        // What was under way before a restart is taken up first: an order taken now could be taken up twice.
        return Err(Problem::unavailable("Wilco is starting; nothing was done. Try again in a moment."));
    }
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// Lets a page and the sign-in through, if they are asked for by our own name and not by another site.
pub(crate) async fn own_page(
    State(door): State<Arc<Door>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let host = own_host(&door, request.headers())?;
    if !request.method().is_safe() {
        same_site(request.headers(), request.method(), &host)?;
    }
    Ok(next.run(request).await)
}

/// Lets a terminal through that has nothing to prove itself with yet. Its host may be a loopback name with any port:
/// nothing here goes by a cookie, and what a browser sends for another site is refused all the same.
pub(crate) async fn own_terminal(
    State(door): State<Arc<Door>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let headers = request.headers();
    let public = door.access.public_url();
    let host = public.terminals_host(named_host(headers)).ok_or_else(|| {
        Problem::wrong_host(format!(
            "Terminals are let in under {public}, or under a loopback name on the server's machine. Set `WILCO_URL` to \
             one of them."
        ))
    })?;
    same_site(headers, request.method(), &host)?;
    Ok(next.run(request).await)
}

/// The cookie's name. A `__Host-` cookie cannot be set by another host or without encryption.
pub(crate) fn cookie_name(public_url: &PublicUrl) -> &'static str {
    if public_url.is_https() { "__Host-wilco" } else { "wilco" }
}

fn not_signed_in() -> Problem {
    Problem::not_signed_in(
        "Sign in on the page with a link from `wilco invite PERSON`, or send a token as `Authorization: Bearer …`.",
    )
}

async fn by_bearer(door: &Door, header: &str) -> Result<Caller, Problem> {
    let bad = || {
        Problem::not_signed_in(
            "The token is unknown, was revoked or has ended; `wilco token create` makes one.",
        )
    };
    let given = match header.split_once(' ') {
        Some((scheme, given)) if scheme.eq_ignore_ascii_case("bearer") => given.trim(),
        _ => return Err(Problem::not_signed_in("`Authorization` has to be `Bearer`, a space, and a token.")),
    };
    if door.operator_key.as_ref().is_some_and(|key| key.is(given)) {
        return Ok(Caller { who: Principal::Operator, proof: Proof::Operator, csrf: None });
    }
    if let Some(secret) = Secret::read_terminal(given) {
        // No browser sends this by itself, so nothing has to prove that a page sent it.
        let found = door.access.session(secret.terminal_hash()).await?;
        let (session, who) = found.ok_or_else(|| {
            Problem::not_signed_in("This login has ended, or its person is gone; say `wilco login` again.")
        })?;
        return Ok(Caller { who, proof: Proof::Session(session), csrf: None });
    }
    let secret = Secret::read_token(given).ok_or_else(bad)?;
    let who = door.access.token(&secret).await?.ok_or_else(bad)?;
    Ok(Caller { who, proof: Proof::Token(secret.hash()), csrf: None })
}

async fn by_cookie(door: &Door, headers: &HeaderMap) -> Result<Caller, Problem> {
    let name = cookie_name(door.access.public_url());
    let secret = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(given, value)| (given == name).then(|| Secret::read(value)).flatten());
    let secret = secret.ok_or_else(not_signed_in)?;
    let (session, who) = door.access.session(secret.hash()).await?.ok_or_else(not_signed_in)?;
    Ok(Caller { who, csrf: Some(secret.csrf()), proof: Proof::Session(session) })
}

fn named_host(headers: &HeaderMap) -> &str {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
}

fn own_host(door: &Door, headers: &HeaderMap) -> Result<HostPort, Problem> {
    let public = door.access.public_url();
    public.own_host(named_host(headers)).ok_or_else(|| {
        Problem::wrong_host(format!(
            "This page is at {public}. If it should be found under another name, set `public_url` in `wilco.toml`."
        ))
    })
}

/// A browser says where a request comes from, and says it truly: believe it when it speaks of another site.
fn same_site(headers: &HeaderMap, method: &Method, host: &HostPort) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let foreign = |what: &str| Problem::foreign(format!("A request from {what} is not heard."));
    if let Some(site) = text("sec-fetch-site")
        && !matches!(site, "same-origin" | "none")
    {
        return Err(foreign("another site"));
    }
    match text("origin") {
        Some(origin) if !method.is_safe() && !PublicUrl::is_origin_of(origin, host) => {
            Err(foreign("another origin"))
        }
        _ => Ok(()),
    }
}
