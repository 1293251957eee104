//! The API: one list of routes, from which the router and `openapi.json` are both made.
//!
//! Not the handlers: each subject has its own file. A route that is not marked open is behind [`guard::caller`].
//! Layer 3.

mod around;
mod audit;
mod audit_export;
mod calls;
mod commands;
mod connectors;
mod device;
mod events;
mod files;
mod find;
mod invites;
mod locks;
mod log;
mod me;
mod messages;
mod objects;
mod operations;
mod people;
mod routing;
mod session;
mod sessions;
mod sources;
mod stream;
mod tokens;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{MethodRouter, delete, get, post},
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use self::routing::MAX_TRIAL;
use crate::{
    door::Door,
    dto::{
        AuditRow, CommandRow, ConnectorRow, DeviceAsk, DeviceBegun, DeviceLetIn, Done, EventDetail, EventRow,
        InWords, Invited, List, LockRow, LogRow, Me, Message, Messages, MyRoom, ObjectRow, OperationDto,
        PayloadText, PersonRow, RouteRow, Rules, SessionRow, SourceRow, Started, TokenMade, TokenRow, Unread,
        Verified, WouldDo,
    },
    extract::MAX_SIGN_IN,
    guard, openapi,
    packed::packed,
    problem::Problem,
    text::clean_json,
};

/// Where the API begins.
pub(crate) const BASE: &str = "/api/v1";

/// Where orders are given, whole.
pub(crate) const CALLS: &str = "/api/v1/calls";

/// Where files are sent into a room, whole.
pub(crate) const SENDS: &str = "/api/v1/rooms/{place}/files";

/// Below which files are fetched, whole.
pub(crate) const FILES: &str = "/api/v1/files";

/// A way to write a type's schema.
pub(crate) type Describe = fn(&mut SchemaGenerator) -> Schema;

/// A route: what it is called by, what it says, and what answers.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    /// Below [`BASE`].
    pub(crate) path: &'static str,
    pub(crate) about: &'static str,
    /// Whether nobody needs to be signed in.
    pub(crate) open: bool,
    /// Whether terminals ask here, and no page.
    for_terminals: bool,
    pub(crate) query: Option<Describe>,
    pub(crate) body: Option<Describe>,
    /// The answers that are no problems: status, what it means, what it holds.
    pub(crate) answers: Vec<(u16, &'static str, Option<Describe>)>,
    /// Whether the answer may be a stream of events.
    pub(crate) streams: bool,
    pub(crate) handler: MethodRouter<Arc<Door>>,
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Route {
    fn new(
        method: &'static str,
        path: &'static str,
        about: &'static str,
        handler: MethodRouter<Arc<Door>>,
    ) -> Self {
        Self {
            method,
            path,
            about,
            open: false,
            for_terminals: false,
            query: None,
            body: None,
            answers: Vec::new(),
            streams: false,
            handler,
        }
    }

    fn open(mut self) -> Self {
        self.open = true;
        self
    }

    fn for_terminals(mut self) -> Self {
        self.for_terminals = true;
        self.open()
    }

    fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(of::<T>);
        self
    }

    fn body<T: JsonSchema>(mut self) -> Self {
        self.body = Some(of::<T>);
        self
    }

    fn answer<T: JsonSchema>(mut self, status: u16, about: &'static str) -> Self {
        self.answers.push((status, about, Some(of::<T>)));
        self
    }

    fn empty(mut self, status: u16, about: &'static str) -> Self {
        self.answers.push((status, about, None));
        self
    }

    fn streams(mut self) -> Self {
        self.streams = true;
        self
    }
}

/// All routes of the API.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new("get", "/openapi.json", "This description.", get(openapi::describe))
            .open()
            .empty(200, "The description."),
        Route::new("get", "/me", "Who the caller is, and where they are.", get(me::me)).answer::<Me>(200, "It is you."),
        Route::new(
            "post",
            "/session",
            "Makes a page session of a one-time link.",
            post(session::sign_in).layer(DefaultBodyLimit::max(MAX_SIGN_IN)),
        )
            .open()
            .body::<session::SignIn>()
            .empty(204, "Signed in; the cookie is set."),
        Route::new("delete", "/session", "Ends the caller's page session.", delete(session::sign_out))
            .empty(204, "Signed out."),
        Route::new(
            "post",
            "/device",
            "Begins to let a terminal in: a code for a person to type on the page `/login/device`, and a secret to ask \
             with whether they did.",
            post(device::begin).layer(DefaultBodyLimit::max(MAX_SIGN_IN)),
        )
        .for_terminals()
        .body::<device::Client>()
        .answer::<DeviceBegun>(201, "The code and the secret."),
        Route::new(
            "post",
            "/device/token",
            "Asks whether a person let this terminal in, every two seconds; too often is 429, a no is 403, and what was \
             answered or has ended is 410.",
            post(device::poll).layer(DefaultBodyLimit::max(MAX_SIGN_IN)),
        )
        .for_terminals()
        .body::<device::Poll>()
        .answer::<DeviceLetIn>(201, "It is let in: a session, shown this once.")
        .empty(202, "Nobody answered yet."),
        Route::new("post", "/device/look", "What asks with this code. For persons on the page.", post(device::look))
            .body::<device::Typed>()
            .answer::<DeviceAsk>(200, "What asks."),
        Route::new(
            "post",
            "/device/accept",
            "Lets in what was looked at: it gets a session of the caller. Said again by the same person it is the same yes, \
             as long as the code lives. For persons on the page.",
            post(device::accept),
        )
        .body::<device::Answered>()
        .empty(204, "It is let in."),
        Route::new("post", "/device/deny", "Says no to what was looked at. For persons on the page.", post(device::deny))
            .body::<device::Answered>()
            .empty(204, "It was turned away."),
        Route::new("get", "/rooms", "The rooms that the caller may read.", get(me::rooms))
            .answer::<List<MyRoom>>(200, "The rooms."),
        Route::new("get", "/rooms/{place}/messages", "The messages of a room, oldest first.", packs(get(messages::list)))
            .query::<messages::Which>()
            .answer::<Messages>(200, "The messages."),
        Route::new(
            "post",
            "/rooms/{place}/messages",
            "Says something in a room. What a person says may be an order, which is worked off afterwards; its \
             answers stand in the thread of this message. What a program says gives no orders. Honours \
             `Idempotency-Key`.",
            post(messages::say),
        )
        .body::<messages::Words>()
        .answer::<Message>(201, "The message."),
        Route::new(
            "post",
            "/rooms/{place}/files",
            "Sends a file into a room: the body is its bytes, at most 10 MiB, whatever `Content-Type` says; \
             `X-Wilco-Text` may have the words beside it, percent-encoded, which are worked off as a message. Honours \
             `Idempotency-Key`.",
            post(files::send),
        )
        .query::<files::About>()
        .answer::<Message>(201, "The message that shows it."),
        Route::new(
            "get",
            "/files/{id}",
            "The bytes of a file, for whoever may read its room, as long as it is kept. Pictures are shown where they \
             stand; all else is an attachment.",
            get(files::fetch),
        )
        .empty(200, "The bytes."),
        Route::new(
            "get",
            "/rooms/{place}/stream",
            "The messages that are posted or changed from here on, as events `message` with the cursor as `id`. With \
             `around`, also events `here` with the people who are in the room, and `rooms` with the places of other \
             rooms that changed; those have no cursor.",
            get(stream::stream),
        )
        .query::<stream::From>()
        .streams(),
        Route::new(
            "get",
            "/rooms/{place}/search",
            "The messages of a room that have all of some words, newest first. A request looks at 20 000 messages at \
             most: it may find few or none, and `next` as `before` goes on with older ones.",
            packs(get(find::search)),
        )
        .query::<find::What>()
        .answer::<List<Message>>(200, "The messages."),
        Route::new(
            "get",
            "/rooms/{place}/unread",
            "How much was said in a room behind the last message that the caller has read.",
            get(find::unread),
        )
        .query::<find::ReadTo>()
        .answer::<Unread>(200, "The counts."),
        Route::new(
            "get",
            "/operations",
            "Operations, oldest first; with `latest`, the newest first.",
            get(operations::list),
        )
        .query::<operations::Which>()
        .answer::<List<OperationDto>>(200, "The operations."),
        Route::new("get", "/operations/{id}", "An operation.", get(operations::one))
            .answer::<OperationDto>(200, "The operation."),
        Route::new(
            "get",
            "/operations/{id}/log",
            "What a run said, oldest first. With `Accept: text/event-stream`, events `line` with the number as `id`, \
             and `operation` each time it changes.",
            get(log::log),
        )
        .query::<log::From>()
        .answer::<List<LogRow>>(200, "The lines.")
        .streams(),
        press("/operations/{id}/confirm", "The asker confirms their own order.", post(operations::confirm)),
        press("/operations/{id}/approve", "Another person approves.", post(operations::approve)),
        press("/operations/{id}/deny", "A person who could approve says no.", post(operations::deny)),
        press("/operations/{id}/abort", "Stops it.", post(operations::abort)),
        held(
            "/operations/{id}/pause",
            "Pauses it, where the action that runs declares that it can be. None does, so it is refused with 403.",
            post(operations::pause),
        ),
        held(
            "/operations/{id}/resume",
            "Goes on with what was paused. No action can be paused, so it is refused with 403.",
            post(operations::resume),
        ),
        Route::new("get", "/events", "Events, oldest first; with `latest`, the newest first.", get(events::list))
            .query::<events::Which>()
            .answer::<List<EventRow>>(200, "The events."),
        Route::new("get", "/events/{id}", "An event, with where it went and why.", get(events::one))
            .answer::<EventDetail>(200, "The event."),
        Route::new(
            "get",
            "/events/{id}/payload",
            "The body of the request that an event came in, as text. It is kept for a while only: then 410.",
            get(events::payload),
        )
        .query::<events::HowMuch>()
        .answer::<PayloadText>(200, "The body."),
        Route::new("get", "/objects", "The lines of objects in rooms, newest first.", get(objects::list))
            .query::<objects::Which>()
            .answer::<List<ObjectRow>>(200, "The lines."),
        Route::new("get", "/sources", "The sources of events, and how they are.", get(sources::list))
            .answer::<List<SourceRow>>(200, "The sources."),
        Route::new(
            "get",
            "/connectors",
            "How the connections to networks stand, and the servers that are left alone.",
            get(connectors::list),
        )
        .answer::<List<ConnectorRow>>(200, "Connectors, then servers."),
        Route::new("get", "/commands", "The commands that the caller may use.", get(commands::list))
            .query::<commands::At>()
            .answer::<List<CommandRow>>(200, "The commands."),
        Route::new("post", "/calls", "Gives an order and answers it. Honours `Idempotency-Key`.", post(calls::call))
            .body::<calls::Order>()
            .answer::<Done>(200, "A read was answered, or a plan shown.")
            .answer::<Started>(202, "An operation came of it."),
        Route::new(
            "post",
            "/calls/words",
            "What a command with its arguments is in words, before it is given. Nothing is planned or counted.",
            post(calls::words),
        )
        .body::<calls::Form>()
        .answer::<InWords>(200, "The order, and what it lacks."),
        Route::new("get", "/locks", "What is locked, by key.", get(locks::list))
            .answer::<List<LockRow>>(200, "The locks."),
        Route::new("get", "/routes", "Where events go: routes, then sources, then rules.", get(routing::list))
            .answer::<List<RouteRow>>(200, "The routes and rules."),
        Route::new(
            "post",
            "/routes/try",
            "What the routes would say to an event, and what a condition and a line that are sent along would. Nothing is \
             kept, told or set off.",
            post(routing::try_out).layer(DefaultBodyLimit::max(MAX_TRIAL)),
        )
        .body::<routing::Wanted>()
        .answer::<WouldDo>(200, "What would come of it."),
        Route::new(
            "get",
            "/audit",
            "What was decided and done, oldest first; with `latest`, the newest first.",
            get(audit::list),
        )
        .query::<audit::Which>()
        .answer::<List<AuditRow>>(200, "The entries."),
        Route::new(
            "get",
            "/audit/export",
            "All entries that fit, oldest first, as a file: a line of JSON each, or CSV.",
            get(audit_export::export),
        )
        .query::<audit_export::What>()
        .empty(200, "The entries."),
        Route::new("get", "/audit/verify", "How the record stood when it was last walked.", get(audit::verified))
            .answer::<Verified>(200, "How it stood."),
        Route::new(
            "post",
            "/audit/verify",
            "Walks the record from its beginning, unless that was done within the last minute. It goes on by itself.",
            post(audit::verify),
        )
        .answer::<Verified>(202, "It is walked now, or was just now."),
        Route::new("get", "/people", "The people that `wilco.toml` names.", get(people::list))
            .answer::<List<PersonRow>>(200, "The people."),
        Route::new("get", "/rules", "Who may do what, and what it then needs.", get(people::rules))
            .answer::<Rules>(200, "The rules."),
        Route::new("get", "/sessions", "The sessions that are open, the last used first.", get(sessions::list))
            .query::<sessions::Whose>()
            .answer::<List<SessionRow>>(200, "The sessions."),
        Route::new(
            "delete",
            "/sessions/{id}",
            "Ends a session: one's own, or for admins anybody's.",
            delete(sessions::end),
        )
        .empty(204, "Ended."),
        Route::new("post", "/invites", "Makes a one-time link for a person.", post(invites::invite))
            .body::<invites::Whom>()
            .answer::<Invited>(201, "The link."),
        Route::new("get", "/tokens", "All tokens, without their secrets.", get(tokens::list))
            .answer::<List<TokenRow>>(200, "The tokens."),
        Route::new("post", "/tokens", "Makes a token; its secret is shown this once.", post(tokens::make))
            .body::<tokens::Wanted>()
            .answer::<TokenMade>(201, "The token."),
        Route::new("delete", "/tokens/{name}", "Revokes a token.", delete(tokens::revoke)).empty(204, "Revoked."),
    ]
}

/// A route whose answers are long, and are packed for clients that take it.
fn packs(handler: MethodRouter<Arc<Door>>) -> MethodRouter<Arc<Door>> {
    handler.layer(middleware::from_fn(packed))
}

fn press(path: &'static str, about: &'static str, handler: MethodRouter<Arc<Door>>) -> Route {
    Route::new("post", path, about, handler)
        .body::<operations::Seen>()
        .answer::<OperationDto>(200, "The operation as it stands after it.")
}

fn held(path: &'static str, about: &'static str, handler: MethodRouter<Arc<Door>>) -> Route {
    Route::new("post", path, about, handler).body::<operations::Seen>()
}

/// The routes as a router.
pub(crate) fn router(door: &Arc<Door>) -> Router<Arc<Door>> {
    let guarded = middleware::from_fn_with_state(Arc::clone(door), guard::caller);
    let own = middleware::from_fn_with_state(Arc::clone(door), guard::own_page);
    let terminal = middleware::from_fn_with_state(Arc::clone(door), guard::own_terminal);
    let mut router = Router::new();
    for route in routes() {
        // Each route carries its own guard, so that none can be added without one.
        let handler = match (route.open, route.method) {
            (false, _) => route.handler.route_layer(guarded.clone()),
            (true, "get") => route.handler,
            (true, _) if route.for_terminals => route.handler.route_layer(terminal.clone()),
            (true, _) => route.handler.route_layer(own.clone()),
        };
        router = router.route(&format!("{BASE}{}", route.path), handler);
    }
    router
}

/// An answer of JSON, its texts harmless.
pub(crate) struct Answer<T>(pub(crate) StatusCode, pub(crate) T);

impl<T> Answer<T> {
    /// 200.
    pub(crate) fn ok(value: T) -> Self {
        Self(StatusCode::OK, value)
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        match clean_json(&self.1) {
            Ok(json) => {
                let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
                (self.0, kind, json).into_response()
            }
            Err(error) => {
                tracing::error!(%error, "an answer could not be written");
                Problem::internal("The answer could not be written; the server's log says more.")
                    .into_response()
            }
        }
    }
}
