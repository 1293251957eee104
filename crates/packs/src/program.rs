//! The programs that a step with `exec.run` names, and the pack's files that it hands to them: whether they are there.
//!
//! Not their running, and not the search of `PATH`: whoever reads the packs knows it. Layer 2.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Component, Path},
};

use crate::{
    problem::Problem,
    sheet::{Text, Value},
    step::Around,
};

/// How names of scripts end.
const SCRIPTS: [&str; 5] = ["py", "sh", "rb", "pl", "js"];

/// Whether the programs of a `with` can be run, the plan's too. What may be missing is only warned of.
pub(crate) fn are_there(with: &Value<'_>, around: &Around<'_>) -> bool {
    let json = with.json();
    let (mut well, mut told) = (true, Vec::new());
    for key in ["argv", "plan"] {
        let words = json[key].as_array().map_or(0, Vec::len);
        for at in (0..words).filter(|at| json[key][at].is_string()) {
            let Some(text) = with.below(&[key, &at.to_string()]).text("") else { continue };
            if told.contains(&text.text) {
                continue;
            }
            if at == 0 {
                well &= is_there(&text, around);
            } else if json["cwd"].is_null() {
                // Elsewhere, a relative name is none of the pack's.
                script_is_there(&text, around.folder);
            }
            told.push(text.text);
        }
    }
    well
}

/// Whether this program is there and may be run, if the pack itself brings it.
fn is_there(text: &Text<'_>, around: &Around<'_>) -> bool {
    let folder = around.folder;
    if is_template(text.text) || text.text.starts_with('/') {
        return true;
    }
    if !text.text.contains('/') {
        if folder.join(text.text).is_file() {
            let what =
                format!("`{}` is looked for among the machine's programs, not in this folder", text.text);
            let remedy = format!("Write `./{}` if the pack's own file is meant.", text.text);
            text.add(Problem::at(&text.origin(), what, remedy).warning());
        } else if !(around.known.programs)(text.text) {
            let what = format!("`{}` is not in PATH here", text.text);
            let remedy = "Correct the name, install it where Wilco runs, or write its full path.";
            text.add(Problem::at(&text.origin(), what, remedy).warning());
        }
        return true;
    }
    if text.text.split('/').any(|part| part == "..") {
        text.wrong(format!("`{}` leaves the pack's folder", text.text), "Put the program into the pack.");
        return false;
    }
    let own = text.text.strip_prefix("./").unwrap_or(text.text);
    let path = folder.join(own);
    match fs::metadata(&path) {
        Ok(found) if found.is_file() && found.permissions().mode() & 0o111 != 0 => true,
        Ok(found) if found.is_file() => {
            text.wrong(
                format!("`{}` may not be run", text.text),
                format!("Run `chmod +x {own}` in the pack's folder."),
            );
            false
        }
        _ => {
            let files = beside(&path);
            let problem = Problem::at(
                &text.origin(),
                format!("there is no program `{}` in the pack's folder", text.text),
                "Put it there, or correct the name.",
            );
            text.add(problem.near(text.text, files.iter().map(String::as_str)));
            false
        }
    }
}

/// Warns of a word that looks like a script of the pack, where there is none.
fn script_is_there(text: &Text<'_>, folder: &Path) {
    let path = Path::new(text.text);
    let looks = path.extension().is_some_and(|end| SCRIPTS.iter().any(|script| end == *script))
        && path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        && !is_template(text.text)
        && !text.text.starts_with('-')
        && !text.text.contains("://")
        && !text.text.contains(char::is_whitespace);
    if !looks || folder.join(path).exists() {
        return;
    }
    let what = format!("there is no `{}` in the pack's folder", text.text);
    let problem = Problem::at(&text.origin(), what, "Put it there, or correct the name.").warning();
    let files = beside(&folder.join(path));
    let files = files.iter().map(|name| name.trim_start_matches("./"));
    text.add(problem.near(text.text.trim_start_matches("./"), files));
}

fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

fn beside(path: &Path) -> Vec<String> {
    let entries = path.parent().and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok()).take(1_000);
    names.map(|name| format!("./{name}")).collect()
}
