//! The page's files, inside the binary.
//!
//! Not a file server: there is no path from a request to the disk. Layer 3.

use std::{collections::HashMap, sync::LazyLock};

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use wilco_contract::ids::Hash;

use crate::{packed::takes_gzip, problem::Problem};

macro_rules! assets {
    ($($name:literal)+) => {
        /// All files of `assets/` as `build.rs` made them, by their path: as they are, and with gzip. A test holds the
        /// list to the folder.
        const ASSETS: &[(&str, &[u8], &[u8])] = &[$((
            $name,
            include_bytes!(concat!(env!("OUT_DIR"), "/assets/", $name)),
            include_bytes!(concat!(env!("OUT_DIR"), "/assets/", $name, ".gz")),
        )),+];
    };
}

assets! {
    "console.css"
    "favicon.svg"
    "forms.css"
    "index.html"
    "js/access.js"
    "js/afterwards.js"
    "js/announce.js"
    "js/api.js"
    "js/aside.js"
    "js/ask.js"
    "js/attach.js"
    "js/audit.js"
    "js/beside.js"
    "js/blocks.js"
    "js/called.js"
    "js/changed.js"
    "js/chart.js"
    "js/command-form.js"
    "js/commands.js"
    "js/completion.js"
    "js/composer.js"
    "js/connect.js"
    "js/connectors.js"
    "js/decide.js"
    "js/device.js"
    "js/dialog.js"
    "js/dom.js"
    "js/door.js"
    "js/events.js"
    "js/find.js"
    "js/here.js"
    "js/history.js"
    "js/idle.js"
    "js/ids.js"
    "js/json.js"
    "js/kept.js"
    "js/log.js"
    "js/main.js"
    "js/markdown.js"
    "js/message.js"
    "js/narrow.js"
    "js/objects.js"
    "js/operation-list.js"
    "js/operation.js"
    "js/operations.js"
    "js/order.js"
    "js/output.js"
    "js/outside.js"
    "js/pages.js"
    "js/palette.js"
    "js/people.js"
    "js/picture.js"
    "js/pieces.js"
    "js/room.js"
    "js/routes.js"
    "js/session.js"
    "js/sheet.js"
    "js/shell.js"
    "js/shortcuts.js"
    "js/sources.js"
    "js/table.js"
    "js/theme.js"
    "js/timeline.js"
    "js/unread.js"
    "js/words.js"
    "nowhere.html"
    "pages.css"
    "rooms.css"
    "tokens.css"
}

/// The paths that the page itself takes apart.
pub(crate) const PAGES: [&str; 17] = [
    "/",
    "/login",
    "/login/device",
    "/r/{place}",
    "/o/{id}",
    "/waiting",
    "/commands",
    "/operations",
    "/events",
    "/events/{id}",
    "/objects",
    "/sources",
    "/connectors",
    "/routes",
    "/audit",
    "/people",
    "/access",
];

const INDEX: &str = "index.html";
const NOWHERE: &str = "nowhere.html";
/// The name of this version of all files. It is the first part of their addresses in the page.
const MARK: &str = env!("ASSETS_MARK");

struct Asset {
    bytes: &'static [u8],
    packed: &'static [u8],
    kind: &'static str,
    /// Changes when the file does.
    tag: String,
}

static BY_NAME: LazyLock<HashMap<&'static str, Asset>> = LazyLock::new(|| {
    let known = ASSETS.iter().map(|(name, bytes, packed)| {
        let asset = Asset { bytes, packed, kind: kind(name), tag: Hash::of(bytes).short() };
        (*name, asset)
    });
    known.collect()
});

impl Asset {
    /// The file as this client takes it.
    fn answer(&self, headers: &HeaderMap) -> Response {
        let packs = takes_gzip(headers);
        let bytes = if packs { self.packed } else { self.bytes };
        let mut response = ([(header::CONTENT_TYPE, self.kind)], bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if packs {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "png" => "image/png",
        _ => "application/octet-stream",
    }
}

/// The page. It is the same file at each of its paths.
pub(crate) async fn page(headers: HeaderMap) -> Response {
    match BY_NAME.get(INDEX) {
        Some(asset) => asset.answer(&headers),
        None => Problem::there_is_no("page", INDEX).into_response(),
    }
}

/// What a person sees at an address where nothing is.
pub(crate) fn nowhere(headers: &HeaderMap) -> Response {
    match BY_NAME.get(NOWHERE) {
        Some(asset) => (StatusCode::NOT_FOUND, asset.answer(headers)).into_response(),
        None => Problem::there_is_no("page", NOWHERE).into_response(),
    }
}

/// One of the page's files. Below the mark of this version it may be kept for good, elsewhere a browser asks each time:
/// a page that was opened before an update finds the newer files under the address of the older ones.
pub(crate) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let (mark, name) = match path.split_once('/') {
        Some((mark, name)) if is_mark(mark) => (Some(mark), name),
        _ => (None, path.as_str()),
    };
    let asset = BY_NAME.get(name).ok_or_else(|| Problem::there_is_no("file", &path))?;
    let keep = if mark == Some(MARK) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let tag = format!("W/\"{}\"", asset.tag);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    let fresh = known.split(',').any(|known| known.trim() == tag);
    let mut response = if fresh { StatusCode::NOT_MODIFIED.into_response() } else { asset.answer(&headers) };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

fn is_mark(text: &str) -> bool {
    text.len() == MARK.len() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    fn files(folder: &Path, root: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("the folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                files(&path, root, found);
            } else {
                let name = path.strip_prefix(root).expect("below the root").to_str().expect("a plain name");
                found.insert(name.to_owned());
            }
        }
    }

    #[test]
    fn the_list_is_the_folder() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
        let mut found = BTreeSet::new();
        files(&root, &root, &mut found);
        let listed: BTreeSet<_> = ASSETS.iter().map(|(name, ..)| (*name).to_owned()).collect();
        assert_eq!(listed, found, "crates/web/src/assets.rs lists the files of crates/web/assets");
    }

    #[test]
    fn the_page_asks_for_files_that_are_there_and_has_nothing_inline() {
        for (name, bytes, _) in ASSETS {
            let text = std::str::from_utf8(bytes).expect("text");
            for part in text.split(['"', '\'']).filter_map(|part| part.strip_prefix("/assets/")) {
                let part = part.strip_prefix(MARK).map_or(part, |part| part.trim_start_matches('/'));
                assert!(BY_NAME.contains_key(part), "{name} names {part}");
            }
            if name.ends_with(".html") {
                for inline in [" style=", " onclick=", "<style", "javascript:"] {
                    assert!(!text.contains(inline), "{name} has {inline}, which the policy refuses");
                }
                assert!(!text.contains("<script>"), "{name} has a script inline, which the policy refuses");
            }
            assert_ne!(kind(name), "application/octet-stream", "{name} needs a type");
        }
    }

    /// What a browser fetches before the first room is shown, but for the messages.
    #[test]
    fn the_first_page_is_small_and_fetched_at_once() {
        let page = std::str::from_utf8(BY_NAME[INDEX].bytes).expect("text");
        let mut first: BTreeSet<_> = page
            .split('"')
            .filter_map(|part| part.strip_prefix("/assets/")?.strip_prefix(MARK)?.strip_prefix('/'))
            .collect();
        for (name, bytes, _) in ASSETS.iter().filter(|(name, ..)| first.contains(name)) {
            let text = std::str::from_utf8(bytes).expect("text");
            for line in text.lines().filter(|line| line.starts_with("import ") || line.starts_with("} from"))
            {
                let other = line.rsplit_once("\"./").expect("a module beside it").1.trim_end_matches("\";");
                assert!(first.contains(format!("js/{other}").as_str()), "{name} needs {other} later on");
            }
        }
        assert!(first.contains("js/room.js") && !first.contains("js/operation.js"), "{first:?}");
        first.insert(INDEX);
        let size: usize = first.iter().map(|name| BY_NAME[name].packed.len()).sum();
        assert!(size < 90_000, "the first page has {size} bytes, and a room's messages come on top");
    }
}
