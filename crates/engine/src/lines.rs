//! The output of a call: numbered, shown live, kept beside the journal.
//!
//! Not the cap on what a program prints: the action has that. What comes faster than it can be kept is dropped and
//! counted. Layer 1.

use std::{
    borrow::Cow,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::{mpsc, oneshot};
use wilco_contract::{
    action::{Intent, Lines, Stream},
    ids::OpId,
    secrets::Secrets,
    store::{LogLine, Page, Record},
};

use crate::{Notice, core::Core};

/// How many lines may wait to be kept.
const WAITING: usize = 8_192;
/// How many lines are kept at once.
const AT_ONCE: usize = 256;
/// The longest line that is kept, in bytes, with what is said where it is cut.
const MAX_LINE: usize = 4_096;
/// How many bytes of that are for saying so.
const SAID: usize = 48;

/// The numbers of an operation's lines: none is given twice, and they are kept in their order.
#[derive(Clone, Default)]
pub(crate) struct Numbers(Arc<tokio::sync::Mutex<Option<u64>>>);

enum Told {
    Line(Stream, String),
    Close(oneshot::Sender<()>),
}

/// Where a call's output goes, until it is closed.
pub(crate) struct Sink {
    core: Weak<Core>,
    secrets: Secrets,
    tell: Option<mpsc::Sender<Told>>,
    dropped: Arc<AtomicU64>,
}

struct Way {
    core: Weak<Core>,
    secrets: Secrets,
    tell: Option<mpsc::Sender<Told>>,
    dropped: Arc<AtomicU64>,
}

impl Lines for Way {
    fn beginning(&self, stream: Stream, text: &str, more: u64) {
        let Some(tell) = &self.tell else { return };
        let line = Begun { text: Cow::Borrowed(text), more }.hiding(&self.secrets);
        // A program that reads a secret's file itself may print what came after its call began.
        let line = match self.core.upgrade() {
            Some(core) => line.hiding(&core.live.load().setup.secrets),
            None => line,
        };
        if tell.try_send(Told::Line(stream, cut(line.text, line.more))).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The beginning of a line, and how many bytes more it has.
struct Begun<'a> {
    text: Cow<'a, str>,
    more: u64,
}

impl Begun<'_> {
    /// The same without a value of these, nor the beginning of one at the end, where the rest of it was left out.
    fn hiding(self, secrets: &Secrets) -> Self {
        let mut text = secrets.hidden(&self.text).into_owned();
        let mut more = self.more;
        if more > 0 {
            let whole = secrets.whole(&text);
            more = more.saturating_add((text.len() - whole) as u64);
            text.truncate(whole);
        }
        Self { text: Cow::Owned(text), more }
    }
}

/// What is kept of a line that has so many bytes more: all of it where it fits, else its beginning and how much it is not.
fn cut(text: Cow<'_, str>, more: u64) -> String {
    if more == 0 && text.len() <= MAX_LINE {
        return text.into_owned();
    }
    let mut end = text.len().min(MAX_LINE - SAID);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let left = more.saturating_add((text.len() - end) as u64);
    let left = match left {
        1 => "1 byte".to_owned(),
        0..1_000 => format!("{left} bytes"),
        1_000..1_000_000 => format!("{} kB", left.saturating_add(500) / 1_000),
        _ => format!("{} MB", left.saturating_add(500_000) / 1_000_000),
    };
    format!("{} … cut, {left} more", &text[..end])
}

impl Sink {
    /// Opens the way for a call. A call that is taken up again repeats its output from the beginning: as many lines
    /// as are kept already are left out.
    pub(crate) async fn open(core: &Arc<Core>, intent: &Intent, numbers: &Numbers, again: bool) -> Self {
        let dropped = Arc::new(AtomicU64::new(0));
        let secrets = core.live.load().setup.secrets.clone();
        let here = Arc::downgrade(core);
        let Some(operation) = intent.operation.clone() else {
            return Self { core: here, secrets, tell: None, dropped };
        };
        let (tell, told) = mpsc::channel(WAITING);
        let mut next = numbers.0.lock().await;
        if next.is_none() {
            *next = Some(core.store.log_end(&operation).await.unwrap_or(0) + 1);
        }
        drop(next);
        let skip = if again { kept(core, &operation, &intent.step).await } else { 0 };
        let keeper = Keeper {
            core: core.clone(),
            operation,
            step: intent.step.clone(),
            numbers: numbers.clone(),
            skip,
            dropped: dropped.clone(),
        };
        core.spawn.spawn("lines", Box::pin(keeper.keep(told)));
        Self { core: here, secrets, tell: Some(tell), dropped }
    }

    /// The way in.
    pub(crate) fn lines(&self) -> Arc<dyn Lines> {
        Arc::new(Way {
            core: self.core.clone(),
            secrets: self.secrets.clone(),
            tell: self.tell.clone(),
            dropped: self.dropped.clone(),
        })
    }

    /// The secrets of the time when its call began.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Returns once all output so far is handed to the store.
    pub(crate) async fn close(&mut self) {
        let Some(tell) = self.tell.clone() else { return };
        let (done, closed) = oneshot::channel();
        if tell.send(Told::Close(done)).await.is_ok() {
            // A keeper that broke off has nothing more to hand over.
            let _ = closed.await;
        }
    }
}

async fn kept(core: &Core, operation: &OpId, step: &str) -> u64 {
    let (mut count, mut after) = (0, 0);
    loop {
        let lines = core.store.log(operation, Page { after, limit: 500 }).await.unwrap_or_default();
        let Some(last) = lines.last() else { return count };
        after = last.number;
        let same = lines.iter().filter(|line| line.step == step && line.stream != Stream::Note);
        count += u64::try_from(same.count()).unwrap_or(0);
    }
}

struct Keeper {
    core: Arc<Core>,
    operation: OpId,
    step: String,
    numbers: Numbers,
    skip: u64,
    dropped: Arc<AtomicU64>,
}

impl Keeper {
    async fn keep(mut self, mut told: mpsc::Receiver<Told>) {
        let mut batch = Vec::with_capacity(AT_ONCE);
        loop {
            if told.recv_many(&mut batch, AT_ONCE).await == 0 {
                return;
            }
            let numbers = self.numbers.clone();
            let mut next = numbers.0.lock().await;
            let next = next.get_or_insert(1);
            let mut lines = Vec::with_capacity(batch.len());
            let mut closed = None;
            for told in batch.drain(..) {
                match told {
                    Told::Line(stream, _) if self.skip > 0 && stream != Stream::Note => self.skip -= 1,
                    Told::Line(stream, text) => lines.push(self.line(next, stream, text)),
                    Told::Close(done) => closed = Some(done),
                }
            }
            if closed.is_some() {
                let dropped = self.dropped.swap(0, Ordering::Relaxed);
                if dropped > 0 {
                    lines.push(self.line(
                        next,
                        Stream::Note,
                        format!("{dropped} lines came too fast to be kept"),
                    ));
                }
            }
            for line in &lines {
                self.core.tell_pages(Notice::Line(line.clone()));
            }
            if !lines.is_empty()
                && let Err(error) = self.core.commit_soon(lines.into_iter().map(Record::Log).collect()).await
            {
                tracing::warn!(operation = %self.operation, %error, "Output could not be kept.");
            }
            if let Some(done) = closed {
                // Whoever closed it may be gone.
                let _ = done.send(());
                return;
            }
        }
    }

    fn line(&self, next: &mut u64, stream: Stream, text: String) -> LogLine {
        let number = *next;
        *next += 1;
        LogLine {
            operation: self.operation.clone(),
            number,
            at: self.core.clock.now(),
            step: self.step.clone(),
            stream,
            text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_at_the_end_of_a_beginning_is_not_begun() {
        let key = "k3y-".repeat(500);
        let values = [("KEY".to_owned(), wilco_contract::source::Secret::new(key.as_str()))];
        let secrets = Secrets::new(values.into());
        // So often that, once its name stands for it, what was cut of the last one would be kept.
        let printed = key.repeat(5);
        let text = Cow::Borrowed(&printed[..8_192]);
        let Begun { text, more } = Begun { text, more: 10 }.hiding(&secrets);
        assert_eq!(text, "[secret KEY]".repeat(4));
        assert_eq!(more, 10 + 192, "what is not shown is counted");
        let whole = Begun { text: Cow::Borrowed("no more k3y-"), more: 0 }.hiding(&secrets);
        assert_eq!((&*whole.text, whole.more), ("no more k3y-", 0));
    }

    #[test]
    fn a_line_that_is_cut_says_so_and_how_much_is_missing() {
        let whole = "é".repeat(MAX_LINE / 2);
        assert_eq!(cut(Cow::Borrowed(&whole), 0), whole, "what fits is whole");
        for (bytes, more, said) in [
            (MAX_LINE + 1, 0, " … cut, 49 bytes more"),
            (MAX_LINE + 1, 12_000, " … cut, 12 kB more"),
            (8_192, 42_000_000, " … cut, 42 MB more"),
            (10, 1, " … cut, 1 byte more"),
            (10, u64::MAX, " … cut, 18446744073709 MB more"),
        ] {
            let kept = cut(Cow::Owned("x".repeat(bytes)), more);
            assert!(kept.ends_with(said) && kept.len() <= MAX_LINE, "{bytes} {more}: {kept}");
        }
        for shift in 0..4 {
            let kept = cut(Cow::Owned(format!("{}{}", "x".repeat(shift), "👩".repeat(2_000))), 0);
            let (text, said) = kept.split_once(" … ").expect("it is cut");
            assert!(
                kept.len() <= MAX_LINE && text.trim_start_matches('x').chars().all(|c| c == '👩'),
                "{kept}"
            );
            assert_eq!(said, "cut, 4 kB more");
        }
    }
}
