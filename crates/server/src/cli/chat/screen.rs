//! The terminal: a line that is edited, and what is printed above it meanwhile.
//!
//! Not what is said there. The editor reads in a thread of its own; another prints, as both may wait for the terminal.
//! Layer 4.

use std::{
    borrow::Cow,
    fs,
    io::Write as _,
    os::unix::fs::DirBuilderExt as _,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::{
    Config, Context, Editor, ExternalPrinter as _, Helper, completion::Completer, error::ReadlineError,
    highlight::Highlighter, hint::Hinter, history::FileHistory, validate::Validator,
};
use tokio::sync::mpsc;

use super::{complete::Known, said::Colours};
use crate::{cli::Failure, config::Personal};

/// How many lines are remembered.
const HISTORY: usize = 1_000;
/// How many texts wait to be printed.
const WAITING: usize = 256;
/// Tells a terminal that pasted text is no longer marked.
const NO_MARKED_PASTE: &str = "\u{1b}[?2004l";

/// What was typed.
pub(super) enum Typed {
    /// A line.
    Line(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D.
    End,
    /// The terminal cannot be read, and why.
    Broke(String),
}

/// The terminal.
pub(super) struct Screen {
    /// What was typed.
    typed: mpsc::Receiver<Typed>,
    /// The prompt of the next line; the editor waits for it after each.
    next: std::sync::mpsc::Sender<String>,
    print: Option<mpsc::Sender<String>>,
    printing: Option<JoinHandle<()>>,
    /// How the terminal was before.
    before: Option<Termios>,
    /// Whether the editor has given it back.
    is_over: bool,
}

/// What the editor asks while a line is typed.
struct Help {
    known: Arc<Mutex<Known>>,
    colours: Colours,
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn open(
        personal: &Personal,
        known: Arc<Mutex<Known>>,
        colours: Colours,
    ) -> Result<Self, Failure> {
        let config = Config::builder()
            .max_history_size(HISTORY)?
            .history_ignore_space(true)
            .history_ignore_dups(true)?
            .auto_add_history(false)
            .build();
        let mut editor: Editor<Help, FileHistory> = Editor::with_config(config)?;
        editor.set_helper(Some(Help { known, colours }));
        let history = history(personal);
        if let Some(path) = &history {
            // There may be none yet, and what cannot be remembered is not worth an end.
            let _ = editor.load_history(path);
        }
        let before = tcgetattr(std::io::stdin()).ok();
        let (print, mut texts) = mpsc::channel::<String>(WAITING);
        let mut printer = editor.create_external_printer().ok();
        let printing = thread::Builder::new().name("print".into()).spawn(move || {
            while let Some(text) = texts.blocking_recv() {
                let text = text + "\n";
                let printed = match &mut printer {
                    Some(printer) => printer.print(text).is_ok(),
                    // A terminal that can do nothing gets plain lines.
                    None => std::io::stdout().write_all(text.as_bytes()).is_ok(),
                };
                if !printed {
                    break;
                }
            }
        })?;
        let (tell, typed) = mpsc::channel(1);
        let (next, prompts) = std::sync::mpsc::channel();
        thread::Builder::new()
            .name("edit".into())
            .spawn(move || read(editor, &prompts, &tell, history.as_ref()))?;
        Ok(Self { typed, next, print: Some(print), printing: Some(printing), before, is_over: false })
    }

    /// What is typed next. An editor that ended without saying so broke.
    pub(super) async fn next(&mut self) -> Typed {
        self.typed.recv().await.unwrap_or_else(|| Typed::Broke("the editor of lines ended by itself".into()))
    }

    /// Lets the next line be typed, behind this prompt.
    pub(super) fn prompt(&self, prompt: String) {
        // An editor that has ended reads no more.
        let _ = self.next.send(prompt);
    }

    /// Prints above the line that is being typed.
    pub(super) async fn print(&self, text: String) {
        if let Some(print) = &self.print {
            // A terminal that is gone shows nothing.
            let _ = print.send(text).await;
        }
    }

    /// Says that the editor has ended by itself, and waits until all is printed.
    pub(super) fn over(&mut self) {
        self.is_over = true;
        self.print = None;
        if let Some(printing) = self.printing.take() {
            let _ = printing.join();
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        // The editor still reads; the terminal is given back as it was, in its place.
        if let Some(before) = &self.before {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
            let _ = std::io::stdout().write_all(format!("{NO_MARKED_PASTE}\r\n").as_bytes());
            let _ = std::io::stdout().flush();
        }
    }
}

/// Where lines are remembered: a file of its owner's alone, in a folder that is made.
fn history(personal: &Personal) -> Option<PathBuf> {
    let folder = personal.state.as_ref()?.join("wilco");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).ok()?;
    Some(folder.join("chat_history"))
}

fn read(
    mut editor: Editor<Help, FileHistory>,
    prompts: &std::sync::mpsc::Receiver<String>,
    tell: &mpsc::Sender<Typed>,
    history: Option<&PathBuf>,
) {
    while let Ok(prompt) = prompts.recv() {
        let typed = match editor.readline(&prompt) {
            Ok(line) => {
                let added = editor.add_history_entry(line.as_str()).unwrap_or(false);
                if let Some(path) = history.filter(|_| added) {
                    // After each line, as a terminal may be closed at any moment.
                    let _ = editor.append_history(path);
                }
                Typed::Line(line)
            }
            Err(ReadlineError::Interrupted) => Typed::Interrupted,
            Err(ReadlineError::Eof) => Typed::End,
            Err(error) => Typed::Broke(error.to_string()),
        };
        let is_end = matches!(typed, Typed::End);
        if tell.blocking_send(typed).is_err() || is_end {
            return;
        }
    }
}

impl Help {
    fn known<T>(&self, ask: impl FnOnce(&Known) -> T) -> T {
        ask(&self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Completer for Help {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let next = self.known(|known| known.next(&line[..pos]));
        Ok((next.start, next.candidates))
    }
}

impl Hinter for Help {
    type Hint = String;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<String> {
        if pos < line.len() { None } else { self.known(|known| known.hint(line)) }
    }
}

impl Highlighter for Help {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(self.colours.faint(hint))
    }
}

impl Validator for Help {}
impl Helper for Help {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_editor_that_died_is_no_end_of_what_is_typed() {
        let (tell, typed) = mpsc::channel(1);
        let (next, _prompts) = std::sync::mpsc::channel();
        let mut screen = Screen { typed, next, print: None, printing: None, before: None, is_over: true };
        assert!(tell.send(Typed::End).await.is_ok(), "there is room");
        drop(tell);
        assert!(matches!(screen.next().await, Typed::End));
        assert!(matches!(screen.next().await, Typed::Broke(_)));
    }
}
