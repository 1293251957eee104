//! The page's files, inside the binary.
//!
//! Not a file server: there is no path from a request to the disk. Layer 3.

use std::{collections::HashMap, sync::LazyLock};

use axum::{
    extract::{Path, Query},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use wilco_contract::ids::Hash;

use crate::problem::Problem;

macro_rules! assets {
    ($($name:literal)+) => {
        /// All files of `assets/`, by their path in it. A test holds the list to the folder.
        const ASSETS: &[(&str, &[u8])] = &[$(($name, include_bytes!(concat!("../assets/", $name)))),+];
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
    "js/ask.js"
    "js/audit.js"
    "js/blocks.js"
    "js/chart.js"
    "js/command-form.js"
    "js/commands.js"
    "js/completion.js"
    "js/composer.js"
    "js/connectors.js"
    "js/decide.js"
    "js/device.js"
    "js/dom.js"
    "js/door.js"
    "js/events.js"
    "js/json.js"
    "js/log.js"
    "js/main.js"
    "js/markdown.js"
    "js/objects.js"
    "js/operation-list.js"
    "js/operation.js"
    "js/operations.js"
    "js/order.js"
    "js/outside.js"
    "js/people.js"
    "js/room.js"
    "js/routes.js"
    "js/session.js"
    "js/shell.js"
    "js/sources.js"
    "js/theme.js"
    "js/timeline.js"
    "js/words.js"
    "pages.css"
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

struct Asset {
    bytes: &'static [u8],
    kind: &'static str,
    /// Changes when the file does.
    mark: String,
}

static BY_NAME: LazyLock<HashMap<&'static str, Asset>> = LazyLock::new(|| {
    let known = ASSETS.iter().map(|(name, bytes)| {
        let asset = Asset { bytes, kind: kind(name), mark: Hash::of(bytes).short() };
        (*name, asset)
    });
    known.collect()
});

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

/// Which version of a file is wanted.
#[derive(Deserialize)]
pub(crate) struct Version {
    v: Option<String>,
}

/// The page. It is the same file at each of its paths.
pub(crate) async fn page() -> Response {
    match BY_NAME.get(INDEX) {
        Some(asset) => ([(header::CONTENT_TYPE, asset.kind)], asset.bytes).into_response(),
        None => Problem::there_is_no("page", INDEX).into_response(),
    }
}

/// One of the page's files. With its mark as `v` it may be kept for good, without it a browser asks each time.
pub(crate) async fn asset(
    Path(name): Path<String>,
    version: Query<Version>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asset = BY_NAME.get(name.as_str()).ok_or_else(|| Problem::there_is_no("file", &name))?;
    let marked = version.v.as_deref() == Some(asset.mark.as_str());
    let keep = if marked { "public, max-age=31536000, immutable" } else { "no-cache" };
    let tag = format!("\"{}\"", asset.mark);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    let fresh = known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag);
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, asset.kind)], asset.bytes).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
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
        let listed: BTreeSet<_> = ASSETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(listed, found, "crates/web/src/assets.rs lists the files of crates/web/assets");
    }

    #[test]
    fn the_page_asks_for_files_that_are_there_and_has_nothing_inline() {
        for (name, bytes) in ASSETS {
            let text = std::str::from_utf8(bytes).expect("text");
            for part in text.split(['"', '\'']).filter_map(|part| part.strip_prefix("/assets/")) {
                let part = part.split(['?', '#']).next().unwrap_or_default();
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
}
