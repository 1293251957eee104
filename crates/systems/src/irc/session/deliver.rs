//! Lines that wait to be sent, and whether the server took them.
//!
//! IRC acknowledges nothing by itself. A server that labels its answers says of each line what became of it. To others a
//! `PING` goes behind what we say: a server works off a connection in order, and its `PONG` says that all before it was
//! taken, or refused by an error that came before. Layer 2.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use wilco_contract::{connector::SendError, retry::Retry};
use wilco_runtime::rate::{Bucket, Rate};

use super::super::line::command;

/// How long a server may take to confirm what it was sent.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How many urgent lines wait at most before nothing more is read.
const URGENT: usize = 1_024;

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Next {
    /// Send this line.
    Line(String),
    /// Wait so long: the rate allows no more.
    Wait(Duration),
    /// Nothing waits.
    Nothing,
}

/// What waits.
#[derive(Debug)]
pub(super) struct Queue {
    /// What keeps the connection alive goes first and past the rate.
    urgent: VecDeque<String>,
    lines: VecDeque<(u64, String)>,
    posts: VecDeque<Post>,
    bucket: Bucket,
    /// Whether the server labels its answers.
    labels: bool,
    /// Which post the last `PING` stands behind, and the pings that were not answered, with their time.
    covered: u64,
    pings: VecDeque<(u64, Duration)>,
}

/// A post of which the end is not known.
#[derive(Debug)]
struct Post {
    number: u64,
    target: Arc<str>,
    lines: usize,
    written: usize,
    /// How many of the written lines had a label, which of them were answered, and when the last was written.
    labelled: usize,
    answered: BTreeSet<usize>,
    at: Duration,
    refused: Vec<(String, Retry)>,
    id: Option<String>,
}

/// What became of a post.
pub(super) type Done = (u64, Result<String, SendError>);

impl Queue {
    pub(super) fn new(rate: Option<Rate>) -> Self {
        Self {
            urgent: VecDeque::new(),
            lines: VecDeque::new(),
            posts: VecDeque::new(),
            bucket: Bucket::new(rate),
            labels: false,
            covered: 0,
            pings: VecDeque::new(),
        }
    }

    /// Whether what is said from now on has a label.
    pub(super) fn set_labels(&mut self, labels: bool) {
        self.labels = labels;
    }

    pub(super) fn urgent(&mut self, line: String) {
        self.urgent.push_back(line);
    }

    /// Takes in a post. Numbers grow.
    pub(super) fn post(&mut self, number: u64, target: Arc<str>, lines: &[String]) {
        debug_assert!(self.posts.back().is_none_or(|last| last.number < number), "numbers grow");
        let said = |text: &String| (number, command("PRIVMSG", &[&target, text]));
        self.lines.extend(lines.iter().map(said));
        self.posts.push_back(Post {
            number,
            target,
            lines: lines.len(),
            written: 0,
            labelled: 0,
            answered: BTreeSet::new(),
            at: Duration::ZERO,
            refused: Vec::new(),
            id: None,
        });
    }

    /// Whether more of what is urgent waits than any server makes wait.
    pub(super) fn is_behind(&self) -> bool {
        self.urgent.len() > URGENT
    }

    /// How many lines wait.
    pub(super) fn len(&self) -> usize {
        self.lines.len() + self.urgent.len()
    }

    pub(super) fn next(&mut self, up: Duration) -> Next {
        if let Some(line) = self.urgent.pop_front() {
            return Next::Line(line);
        }
        if self.lines.is_empty() {
            // A label asks for an answer by itself.
            let asks = |post: &&Post| post.written == post.lines && post.labelled < post.lines;
            let last = self.posts.iter().rev().find(asks).map_or(0, |post| post.number);
            if last <= self.covered {
                return Next::Nothing;
            }
            self.covered = last;
            self.pings.push_back((last, up));
            return Next::Line(command("PING", &[&format!("w{last}")]));
        }
        if let Err(wait) = self.bucket.take(up) {
            return Next::Wait(wait);
        }
        let Some((number, mut line)) = self.lines.pop_front() else { return Next::Nothing };
        let labels = self.labels;
        if let Some(post) = self.post_of(number) {
            if labels {
                line = format!("@label=p{number}.{} {line}", post.written);
                post.labelled += 1;
            }
            post.written += 1;
            post.at = up;
        }
        Next::Line(line)
    }

    /// The server answered a `PING`: all posts before it are done.
    pub(super) fn answered(&mut self, token: &str) -> Vec<Done> {
        let Some(last) = token.strip_prefix('w').and_then(|number| number.parse::<u64>().ok()) else {
            return Vec::new();
        };
        self.pings.retain(|(number, _)| *number > last);
        self.finish(|post| post.number <= last)
    }

    /// The server answered the line with this label.
    pub(super) fn answered_label(&mut self, label: &str) -> Vec<Done> {
        if let Some((post, line)) = self.labelled(label) {
            post.answered.insert(line);
        }
        self.finish(|_| false)
    }

    /// The server refused the line with this label; whether it is one of ours.
    pub(super) fn refused_label(&mut self, label: &str, why: &str, retry: Retry) -> bool {
        let Some((post, line)) = self.labelled(label) else { return false };
        if !post.answered.contains(&line) && post.refused.len() < post.written {
            post.refused.push((why.to_owned(), retry));
        }
        true
    }

    /// The line with this label came back, with the id that the network gave it.
    pub(super) fn echoed_label(&mut self, label: &str, id: &str) {
        if let Some((post, _)) = self.labelled(label) {
            post.id.get_or_insert_with(|| id.to_owned());
        }
    }

    /// The post of this number, while its end is not known. There may be thousands, and numbers grow.
    fn post_of(&mut self, number: u64) -> Option<&mut Post> {
        let at = self.posts.binary_search_by_key(&number, |post| post.number).ok()?;
        self.posts.get_mut(at)
    }

    /// The post that a label stands for, and which of its lines.
    fn labelled(&mut self, label: &str) -> Option<(&mut Post, usize)> {
        let (number, line) = label.strip_prefix('p')?.split_once('.')?;
        let (number, line) = (number.parse::<u64>().ok()?, line.parse::<usize>().ok()?);
        let post = self.post_of(number)?;
        (line < post.written).then_some((post, line))
    }

    /// Takes what was written for taken: nobody reads what the server would say about it.
    pub(super) fn trust(&mut self) -> Vec<Done> {
        self.pings.clear();
        self.finish(|_| true)
    }

    fn finish(&mut self, is_done: impl Fn(&Post) -> bool) -> Vec<Done> {
        let mut done = Vec::new();
        let is_done = |post: &Post| post.written == post.lines && (post.is_answered() || is_done(post));
        while self.posts.front().is_some_and(is_done) {
            done.extend(self.posts.pop_front().map(|post| (post.number, post.end())));
        }
        done
    }

    /// The server refused something that was said to this target.
    pub(super) fn refused(&mut self, is_target: impl Fn(&str) -> bool, why: &str, retry: Retry) -> bool {
        let open = |post: &&mut Post| is_target(&post.target) && post.refused.len() < post.written;
        let Some(post) = self.posts.iter_mut().find(open) else { return false };
        post.refused.push((why.to_owned(), retry));
        true
    }

    /// Our own words came back, with the id that the network gave them.
    pub(super) fn echoed(&mut self, is_target: impl Fn(&str) -> bool, id: &str) {
        let open = |post: &&mut Post| is_target(&post.target) && post.written > 0 && post.id.is_none();
        if let Some(post) = self.posts.iter_mut().find(open) {
            post.id = Some(id.to_owned());
        }
    }

    /// Whether the server owes an answer for too long.
    pub(super) fn is_overdue(&self, up: Duration) -> bool {
        let labelled = |post: &Post| post.written == post.lines && post.labelled == post.lines;
        self.pings.front().is_some_and(|(_, at)| *at + PATIENCE <= up)
            || self.posts.front().is_some_and(|post| labelled(post) && post.at + PATIENCE <= up)
    }

    /// The connection ended: what was begun may have arrived, what was not did not.
    pub(super) fn lost(&mut self) -> Vec<Done> {
        self.lines.clear();
        let end = |post: Post| match post.written {
            0 => {
                let what = "the connection ended before".to_owned();
                (post.number, Err(SendError::NotSent { what, retry: Retry::Backoff }))
            }
            _ => {
                let what = "the connection ended before the server said that it had it".to_owned();
                (post.number, Err(SendError::Unknown { what }))
            }
        };
        self.posts.drain(..).map(end).collect()
    }
}

impl Post {
    /// Whether each of its lines was answered by its label.
    fn is_answered(&self) -> bool {
        self.lines > 0 && self.answered.len() == self.lines
    }

    fn end(self) -> Result<String, SendError> {
        let Some((what, retry)) = self.refused.first().cloned() else {
            return Ok(self.id.unwrap_or_else(|| self.number.to_string()));
        };
        if self.refused.len() < self.lines {
            let what = format!("the server refused a part of it: {what}");
            return Err(SendError::Unknown { what });
        }
        Err(SendError::NotSent { what, retry })
    }
}
