//! Pictures of charts that have a link: found by its id, drawn when somebody asks, a few at a time.
//!
//! Not who gets a link: the engine keeps a chart when it is said where nothing is drawn. Whoever has the link sees the
//! picture, with no session, as that is how networks show what is behind one. Nothing of fonts and drawing is touched
//! before the first is asked for. Layer 3.

mod bars;
mod letters;
mod plot;
mod png;
mod scale;
mod sheet;
mod svg;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderName, HeaderValue, Uri, header},
    response::{IntoResponse, Response},
};
use tokio::sync::Semaphore;
use wilco_contract::{
    chart::{Chart, ChartId},
    recent::Recent,
};

use self::sheet::Theme;
use crate::{door::Door, headers::SHOWN_BY, problem::Problem};

/// Where pictures are.
pub(crate) const ROUTE: &str = "/charts/{file}";
/// How many are drawn at once.
const AT_ONCE: usize = 2;
/// How many are kept as they were drawn; one is some 40 kB, and at most some hundred.
const DRAWN: usize = 16;

/// How long others may keep a picture at most, in seconds: it never changes, and its link ends some day.
const MAX_AGE: i64 = 24 * 60 * 60;

type Drawn = Mutex<Recent<(ChartId, Theme), Bytes>>;

/// The pictures that were drawn last, and the right to draw.
pub(crate) struct Pictures {
    drawn: Arc<Drawn>,
    turns: Arc<Semaphore>,
}

impl Default for Pictures {
    fn default() -> Self {
        Self { drawn: Arc::new(Mutex::new(Recent::new(DRAWN))), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Pictures {
    fn known(&self, which: &(ChartId, Theme)) -> Option<Bytes> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner).get(which).cloned()
    }

    /// The picture of a chart: as it was drawn before, or drawn now, in its turn.
    async fn of(&self, id: ChartId, theme: Theme, chart: Chart) -> Result<Bytes, String> {
        let which = (id, theme);
        if let Some(drawn) = self.known(&which) {
            return Ok(drawn);
        }
        let turn = self.turns.clone().acquire_owned().await.map_err(|error| error.to_string())?;
        // Whoever was first in the line may have drawn the same.
        if let Some(drawn) = self.known(&which) {
            return Ok(drawn);
        }
        let kept = self.drawn.clone();
        // Whoever asked may have gone: it is kept, and the turn is over, when it is drawn.
        let drawing = move || {
            let drawn = png::render_png(&svg::draw(&chart, theme)).map(Bytes::from);
            if let Ok(drawn) = &drawn {
                kept.lock().unwrap_or_else(PoisonError::into_inner).put(which, drawn.clone());
            }
            drop(turn);
            drawn
        };
        // A panic in it comes back as an error.
        tokio::task::spawn_blocking(drawing).await.map_err(|error| error.to_string())?
    }
}

/// `GET /charts/<id>.png`, light or with `?theme=dark`.
pub(crate) async fn picture(State(door): State<Arc<Door>>, uri: Uri) -> Result<Response, Problem> {
    let nothing =
        || Problem::not_found("There is no such chart, or not any more: a link is good for seven days.");
    let file = uri.path().rsplit('/').next().unwrap_or_default();
    let id = file.strip_suffix(".png").and_then(ChartId::parse).ok_or_else(nothing)?;
    let now = door.access.now();
    let (chart, until) = door.store.chart(&id, now).await?.ok_or_else(nothing)?;
    let theme = if uri.query() == Some("theme=dark") { Theme::Dark } else { Theme::Light };
    let drawn = door.pictures.of(id, theme, chart).await.map_err(|error| {
        tracing::error!(error, "a chart could not be drawn");
        Problem::internal("The chart could not be drawn; the server's log says more.")
    })?;
    let max_age = until.duration_since(now).as_secs().clamp(0, MAX_AGE);
    let keep = HeaderValue::try_from(format!("public, max-age={max_age}, immutable"))
        .map_err(|error| Problem::internal(error.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/png")),
        (header::CACHE_CONTROL, keep),
        // Pages of other clients may show it, and nobody lists it.
        (SHOWN_BY, HeaderValue::from_static("cross-origin")),
        (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
    ];
    Ok((headers, drawn).into_response())
}
