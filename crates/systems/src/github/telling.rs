//! An event while it is being told: the payload on one side, what becomes of it on the other.
//!
//! Not the words of any one event; this is what they have in common. Layer 2.

use jiff::Timestamp;
use wilco_contract::{
    event::{Actor, Event, Labels, Level, MAX_FIELD, MAX_LABELS, one_line, web_address},
    ids::{ObjectId, SourceName},
};

use super::{
    lenient::{Many, Number, Part, Text, When},
    payload::{Body, Named},
    words::{cap, fit, key, name, several_lines, spaced},
};

/// An event while it is being told.
pub(super) struct Telling<'a> {
    /// The payload.
    pub(super) body: &'a Body<'a>,
    /// What was done, in GitHub's word; empty where it says nothing.
    pub(super) action: &'a str,
    /// What it is about in short: the repository without its owner, else the organization.
    pub(super) repo: String,
    /// Who did it, or `somebody`.
    pub(super) who: String,
    /// The event.
    pub(super) event: Event,
    /// What objects begin with: the source and the repository in full.
    base: String,
}

impl<'a> Telling<'a> {
    /// Begins with what all events have.
    pub(super) fn new(source: &SourceName, body: &'a Body<'a>, mut event: Event) -> Self {
        let repository = body.repository.get();
        let owner = body.organization.get().map_or("", Named::called);
        let full = repository.and_then(|repository| repository.full_name.get());
        let short = repository.and_then(|repository| repository.name.get());
        let short = short.or_else(|| full.and_then(|full| full.rsplit('/').next()));
        let repo = Some(name(short.unwrap_or(owner))).filter(|repo| !repo.is_empty());
        let login = body.sender.get().map_or("", Named::called);
        let who = Some(name(login)).filter(|who| !who.is_empty());
        let plain =
            |text: Option<&str>, max| text.map(|text| one_line(text, max)).filter(|text| !text.is_empty());
        event.action = plain(body.action.get(), 100);
        event.repo = plain(full, MAX_FIELD);
        event.actor = who.clone().map(|who| Actor { account: one_line(login, MAX_FIELD), name: who });
        event.url = repository.and_then(|repository| web_address(repository.html_url.as_str()));
        Self {
            body,
            action: body.action.as_str(),
            repo: repo.unwrap_or_else(|| "GitHub".to_owned()),
            who: who.unwrap_or_else(|| "somebody".to_owned()),
            base: format!("{source}:{}", key(full.unwrap_or(owner))),
            event,
        }
    }

    /// Sets the line and how loud it is.
    pub(super) fn say(&mut self, level: Level, line: String) {
        self.event.level = level;
        self.event.line = cap(line);
    }

    /// The same, where the line is the object's own as well.
    pub(super) fn say_head(&mut self, level: Level, line: String) {
        self.say(level, line);
        self.event.head = Some(self.event.line.clone());
    }

    /// What was done, as one reads it.
    pub(super) fn done(&self) -> String {
        if self.action.is_empty() { "changed".to_owned() } else { spaced(self.action) }
    }

    /// Tells it in GitHub's words, for what needs no better ones: `webapp: label "bug" created by ana`.
    pub(super) fn plain(&mut self, level: Level, thing: &str, title: &str) {
        let title = if title.is_empty() { String::new() } else { format!("\"{}\"", name(title)) };
        let action = format!(" {}", self.done());
        self.say(
            level,
            fit(&format!("{}: {thing}", self.repo), &title, &format!("{action} by {}", self.who)),
        );
    }

    /// Sets the object, by what follows the repository in its id, and how people call it.
    pub(super) fn about(&mut self, tail: &str, reference: &str) {
        self.event.object = ObjectId::parse(&format!("{}{tail}", self.base)).ok();
        self.event.reference = Some(one_line(reference, MAX_FIELD));
    }

    /// The same for what has a number: `acme/webapp#812`, which people call `webapp#812`.
    pub(super) fn about_number(&mut self, number: Number) -> String {
        let Some(number) = number.0 else { return self.repo.clone() };
        let reference = format!("{}#{number}", self.repo);
        self.event.number = Some(number);
        self.about(&format!("#{number}"), &reference);
        reference
    }

    /// Sets the state.
    pub(super) fn state(&mut self, state: &str, done: bool) {
        self.event.state = Some(one_line(state, 40)).filter(|state| !state.is_empty());
        self.event.done = done;
    }

    /// Sets the title.
    pub(super) fn title(&mut self, title: &str) {
        self.event.title = Some(one_line(title, MAX_FIELD)).filter(|title| !title.is_empty());
    }

    /// Sets the branch.
    pub(super) fn branch(&mut self, branch: &str) {
        self.event.branch = Some(one_line(branch, MAX_FIELD)).filter(|branch| !branch.is_empty());
    }

    /// Sets the address, if it is one.
    pub(super) fn url(&mut self, url: &Text<'_>) {
        if let Some(url) = web_address(url.as_str()) {
            self.event.url = Some(url);
        }
    }

    /// Sets the time to the first of these that is one. Nothing happens after it was told, which is the time before: a
    /// later one would keep all that follows from counting as newer.
    pub(super) fn at(&mut self, times: &[&When<'_>]) {
        if let Some(at) = times.iter().find_map(|time| time.get()) {
            self.event.at = at.min(self.event.at);
        }
    }

    /// Keeps somebody's words; `shown` says whether they are worth reading beside the line.
    pub(super) fn words(&mut self, text: &Text<'_>, shown: bool) {
        self.event.text = several_lines(text.as_str());
        self.event.quote = shown && self.event.text.is_some();
    }

    /// Sets the severity, in GitHub's word.
    pub(super) fn severity(&mut self, severity: &str) {
        self.event.severity = Some(one_line(severity, 40)).filter(|severity| !severity.is_empty());
    }

    /// Sets the labels.
    pub(super) fn labels(&mut self, labels: &Many<Part<Named<'_>>>) {
        let names = labels.kept.iter().filter_map(Part::get).map(|label| one_line(label.called(), 100));
        self.event.labels = Labels::Names(names.filter(|name| !name.is_empty()).take(MAX_LABELS).collect());
    }

    /// Sets what the event is one of: `issues opened in acme/webapp`.
    pub(super) fn family(&mut self, what: &str) {
        let place = self.event.repo.as_deref().unwrap_or(&self.repo);
        self.event.family = Some(one_line(&format!("{what} in {place}"), MAX_FIELD));
    }

    /// The repository's default branch.
    pub(super) fn default_branch(&self) -> Option<&'a str> {
        self.body.repository.get()?.default_branch.get()
    }
}

/// The name of whoever or whatever a part is, empty where it is not there.
pub(super) fn called(part: &Part<Named<'_>>) -> String {
    name(part.get().map_or("", Named::called))
}

/// How many seconds lie between two times of a payload.
pub(super) fn between(from: &When<'_>, to: Option<Timestamp>) -> Option<i64> {
    let seconds = to?.as_second() - from.get()?.as_second();
    (seconds >= 0).then_some(seconds)
}
