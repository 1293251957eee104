//! Packs the page's files: each as it is and with gzip, under an address that changes when any of them does.
//!
//! Not a bundler: the modules stay what they are. The page only says which of them it will need, so that a browser
//! fetches them at once and not one after the other finds the next. Layer 3.
#![expect(clippy::disallowed_methods, reason = "it is how Cargo talks to a build script")]

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

const PAGE: &str = "index.html";
/// What stands at an address where nothing is.
const NOWHERE: &str = "nowhere.html";
const FIRST: &str = "js/main.js";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=assets");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("assets");
    let out = PathBuf::from(env::var("OUT_DIR")?).join("assets");
    let mut files = BTreeMap::new();
    read(&root, &root, &mut files)?;
    let mut hash = Sha256::new();
    for (name, bytes) in &files {
        hash.update(name.as_bytes());
        hash.update(u64::try_from(bytes.len())?.to_be_bytes());
        hash.update(bytes);
    }
    let mark: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    println!("cargo::rustc-env=ASSETS_MARK={mark}");
    let page = String::from_utf8(files.get(PAGE).ok_or("there is no page")?.clone())?;
    files.insert(PAGE.to_owned(), page_of(&page, &mark, &files)?.into_bytes());
    let nowhere = String::from_utf8(files.get(NOWHERE).ok_or("there is no page for nowhere")?.clone())?;
    files.insert(NOWHERE.to_owned(), marked(&nowhere, &mark).into_bytes());
    for (name, bytes) in &files {
        let file = out.join(name);
        fs::create_dir_all(file.parent().ok_or("a file has a folder")?)?;
        fs::write(&file, bytes)?;
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(bytes)?;
        fs::write(out.join(format!("{name}.gz")), packed.finish()?)?;
    }
    Ok(())
}

fn read(folder: &Path, root: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, root, files)?;
        } else {
            let name = path.strip_prefix(root).map_err(io::Error::other)?;
            files.insert(name.to_string_lossy().replace('\\', "/"), fs::read(&path)?);
        }
    }
    Ok(())
}

/// The page, which asks for this version of its files, and for the modules that the first of them needs.
fn page_of(page: &str, mark: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<String, Box<dyn Error>> {
    let mut modules = vec![FIRST.to_owned()];
    let mut at = 0;
    while let Some(name) = modules.get(at) {
        let text = std::str::from_utf8(files.get(name).ok_or_else(|| format!("there is no {name}"))?)?;
        for line in text.lines().filter(|line| line.starts_with("import ") || line.starts_with("} from ")) {
            let other = line.rsplit_once("\"./").and_then(|(_, rest)| rest.split('"').next());
            if let Some(other) = other.map(|other| format!("js/{other}"))
                && !modules.contains(&other)
            {
                modules.push(other);
            }
        }
        at += 1;
    }
    let links: String = modules
        .iter()
        .skip(1)
        .map(|name| format!("  <link rel=\"modulepreload\" href=\"/assets/{name}\">\n"))
        .collect();
    let page = page.replacen("</head>", &format!("{links}</head>"), 1);
    Ok(marked(&page, mark))
}

/// A page that asks for this version of its files.
fn marked(page: &str, mark: &str) -> String {
    page.replace("\"/assets/", &format!("\"/assets/{mark}/"))
}
