//! `wilco explain`: says of a request in a file what a server would make of it. Starts nothing. Layer 4.
//!
//! Not the judging: [`crate::explain`] asks the engine's own.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use wilco_contract::clock::Clock as _;
use wilco_packs::problem::nearest;
use wilco_runtime::clock::SystemClock;

use super::{Failure, config_path, terminal};
use crate::{
    app, check,
    config::{self, Environment},
    explain::{Request, explain, header},
    registry,
};

/// What is asked.
pub(crate) struct Question {
    /// The source's name.
    pub(crate) source: String,
    /// The file, or `-`.
    pub(crate) file: PathBuf,
    /// Further headers.
    pub(crate) headers: Vec<String>,
    /// The configuration.
    pub(crate) config: Option<PathBuf>,
}

/// Explains and prints.
pub(crate) fn run(question: &Question) -> Result<(), Failure> {
    let mut request = Request::read(&read(&question.file)?);
    for line in &question.headers {
        let header = header(line).ok_or_else(|| {
            Failure::Usage(format!("`{line}` is no header. Write --header 'X-GitHub-Event: push'."))
        })?;
        // What is said here counts before what stands in the file.
        request.headers.insert(0, header);
    }
    let path = config_path(question.config.as_deref()).ok_or_else(|| {
        let what = "There is no `wilco.toml` here. Go to the folder of your ops repo, or name the file with --config.";
        Failure::Failed(what.into())
    })?;
    let config = config::load(&path, &Environment::from_process())
        .map_err(|problems| Failure::Failed(check::told(&problems)))?;
    // Nothing is run, so nobody has to guard it.
    let actions = app::actions(&config, Path::new("wilco"));
    let (pack, problems) = check::read_packs(&config, &actions);
    if check::any_error(&problems) {
        return Err(Failure::Failed(check::told(&problems)));
    }
    let sources = registry::sources(&config);
    let Some(source) = sources.iter().find(|source| source.name().as_str() == question.source) else {
        let known = sources.iter().map(|source| source.name().as_str());
        let near = nearest(&question.source, known).map(|near| format!(" Did you mean `{near}`?"));
        let what = format!("There is no `[source.{}]` in {}.", question.source, path.display());
        return Err(Failure::Failed(what + &near.unwrap_or_default()));
    };
    let setup = app::setup(&config, pack);
    let told =
        explain(&setup.events, source.as_ref(), &request, SystemClock.now()).map_err(Failure::Failed)?;
    terminal::print(&told);
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    std::fs::read(file)
        .map_err(|error| Failure::Failed(format!("{} cannot be read: {error}.", file.display())))
}
