//! What a run said, as a list and live.
//!
//! Not the machinery of streams: `sse` has that. Layer 3.

use std::{collections::VecDeque, sync::Arc};

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response, sse::Event},
};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use wilco_contract::{
    ids::OpId,
    operation::Operation,
    principal::Principal,
    store::{LogLine, Page, StoreError},
};
use wilco_engine::Notice;

use super::Answer;
use crate::{
    door::Door,
    dto::{List, LogRow, OperationDto},
    extract::{Asked, Of, limit},
    guard::Caller,
    problem::Problem,
    sse::{self, Feed},
};

/// How many lines are read at once.
const AT_ONCE: usize = 500;

/// Which lines.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct From {
    /// Those behind this number.
    after: Option<u64>,
    /// The most to return: 100 if absent, at most 500. A stream has no end and takes none.
    limit: Option<usize>,
}

/// An operation's lines, and the operation each time it changes.
struct LogFeed {
    door: Arc<Door>,
    who: Principal,
    id: OpId,
    notices: Receiver<Notice>,
    /// All lines up to this number were told.
    told: u64,
    /// The version of the operation that was told; 0 before the first.
    version: u64,
    lines: VecDeque<LogLine>,
    /// The newest operation that was not told yet.
    operation: Option<Arc<Operation>>,
    /// The store may know more than the notices said.
    behind: bool,
}

pub(super) async fn log(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Of(operation): Of,
    Asked(from): Asked<From>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if !accept.contains("text/event-stream") {
        let most = limit(from.limit);
        let page = Page { after: from.after.unwrap_or(0), limit: most + 1 };
        let lines = door.store.log(&operation.id, page).await?;
        let list = List::page(lines, most, |line| line.number, |line| Some(LogRow::from(line)));
        return Ok(Answer::ok(list).into_response());
    }
    let feed = LogFeed {
        door: Arc::clone(&door),
        who: caller.who.clone(),
        id: operation.id.clone(),
        // Listened to before anything is read, so that nothing falls between.
        notices: door.desk.watch(),
        told: sse::resume(&headers, from.after)?.unwrap_or(0),
        version: 0,
        lines: VecDeque::new(),
        operation: Some(Arc::new(operation)),
        behind: true,
    };
    sse::stream(&door, caller, feed)
}

impl Feed for LogFeed {
    async fn wait(&mut self) {
        loop {
            match self.notices.recv().await {
                Ok(Notice::Line(line)) if line.operation == self.id => self.lines.push_back(line),
                Ok(Notice::Operation(now)) if now.id == self.id => self.operation = Some(now),
                Ok(_) => continue,
                Err(RecvError::Lagged(_)) => self.behind = true,
                // The engine is gone, so nothing will change any more.
                Err(RecvError::Closed) => std::future::pending().await,
            }
            return;
        }
    }

    async fn read(&mut self) -> Result<Vec<Event>, StoreError> {
        let mut events = Vec::new();
        while let Some(line) = self.lines.pop_front() {
            // A number that does not follow means that one was missed; the store has it.
            if line.number == self.told + 1 {
                self.tell(line, &mut events)?;
            } else if line.number > self.told {
                self.behind = true;
            }
        }
        if let Some(now) = self.operation.as_deref() {
            // With the end of a run come its last lines; whoever leaves at the end must have them by then.
            self.behind |= now.state.is_final();
            if self.version == 0 && !now.state.is_final() {
                self.tell_operation(&mut events)?;
            }
        }
        if self.behind {
            self.catch_up(&mut events).await?;
        }
        if !self.behind {
            self.tell_operation(&mut events)?;
        }
        Ok(events)
    }
}

impl LogFeed {
    fn tell(&mut self, line: LogLine, events: &mut Vec<Event>) -> Result<(), StoreError> {
        self.told = line.number;
        events.push(sse::event("line", Some(self.told), &LogRow::from(line))?);
        Ok(())
    }

    /// Tells the operation, if it is another than the one told last.
    fn tell_operation(&mut self, events: &mut Vec<Event>) -> Result<(), StoreError> {
        let Some(now) = self.operation.take().filter(|now| now.version > self.version) else { return Ok(()) };
        self.version = now.version;
        events.push(sse::event(
            "operation",
            None,
            &OperationDto::new(self.door.desk.as_ref(), &now, &self.who),
        )?);
        Ok(())
    }

    /// Tells what the store knows. Lines are written a moment after they are noticed, so it is asked to finish first.
    async fn catch_up(&mut self, events: &mut Vec<Event>) -> Result<(), StoreError> {
        self.door.store.flush().await?;
        let page = Page { after: self.told, limit: AT_ONCE };
        let lines = self.door.store.log(&self.id, page).await?;
        // A full page may have more behind it; the next look tells.
        self.behind = lines.len() == AT_ONCE;
        for line in lines {
            self.tell(line, events)?;
        }
        let seen = self.operation.as_ref().map_or(self.version, |now| now.version);
        if let Some(now) = self.door.store.operation(&self.id).await?.filter(|now| now.version > seen) {
            self.operation = Some(Arc::new(now));
        }
        Ok(())
    }
}
