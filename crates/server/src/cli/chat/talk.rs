//! The talk in a terminal: what is typed is said, what others say is printed above the line.
//!
//! Not the terminal itself, nor the room. Layer 4.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    task::JoinSet,
};

use super::{
    complete::{Known, LOCAL},
    feed::News,
    room::{Outcome, Room},
    screen::{Screen, Typed},
};
use crate::{
    cli::{Failure, client::Client},
    config::Personal,
};

/// A talk.
struct Talk {
    room: Room,
    screen: Screen,
    news: mpsc::Receiver<News>,
    known: Arc<Mutex<Known>>,
    learning: JoinSet<()>,
}

/// Whether it goes on.
enum Then {
    On,
    End,
}

/// Talks until Ctrl-D, `/quit`, a signal, or what no other try would help.
pub(super) async fn talk(room: Room, personal: &Personal) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let rooms = room.me.rooms.iter().map(|room| room.place.clone()).collect();
    let known = Arc::new(Mutex::new(Known::new(&room.me.wilco.name, rooms)));
    let (_, nothing) = mpsc::channel(1);
    let screen = Screen::open(personal, Arc::clone(&known), room.colours)?;
    let mut talk = Talk { room, screen, news: nothing, known, learning: JoinSet::new() };
    let hello = format!(
        "{} `/re` answers Wilco where it asks, `/help` says what else there is; Ctrl-D ends.",
        talk.room.me.introduced()
    );
    talk.print(hello).await;
    talk.enter().await?;
    talk.ask();
    loop {
        let then = tokio::select! {
            typed = talk.screen.next() => match typed {
                Typed::Line(line) => tokio::select! {
                    then = talk.line(&line) => then?,
                    // What is on its way may arrive; nobody waits for it.
                    _ = terminate.recv() => return Ok(()),
                    _ = hang_up.recv() => return Ok(()),
                },
                Typed::Interrupted => {
                    talk.print("Ctrl-D or `/quit` ends.".into()).await;
                    talk.ask();
                    Then::On
                }
                Typed::Broke(why) => {
                    return Err(Failure::Failed(format!("The terminal cannot be read: {why}")));
                }
                Typed::End => Then::End,
            },
            Some(news) = talk.news.recv() => talk.hear(news).await?,
            _ = terminate.recv() => return Ok(()),
            _ = hang_up.recv() => return Ok(()),
        };
        if matches!(then, Then::End) {
            talk.screen.over();
            return Ok(());
        }
    }
}

impl Talk {
    async fn print(&self, text: String) {
        self.screen.print(text).await;
    }

    async fn note(&self, text: String) {
        let faint = self.room.colours.faint(&text);
        self.print(faint).await;
    }

    fn ask(&self) {
        self.screen.prompt(format!("{}> ", self.room.place));
    }

    /// Shows what was said last in the room, and follows it from there on.
    async fn enter(&mut self) -> Result<(), Failure> {
        let (before, cursor) = self.room.before().await?;
        for said in &before {
            if let Some(text) = self.room.shown.tell(said) {
                self.screen.print(text).await;
            }
        }
        self.news = self.room.follow(cursor);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).is_direct = self.room.is_direct();
        // What is on its way may be of the place that was left.
        self.learning = JoinSet::new();
        self.learn();
        Ok(())
    }

    /// Asks anew what may be said here, beside all else.
    fn learn(&mut self) {
        while self.learning.try_join_next().is_some() {}
        if !self.learning.is_empty() {
            return;
        }
        let (client, place) = (self.room.client.clone(), self.room.place.clone());
        self.learning.spawn(learn(client, place, Arc::clone(&self.known)));
    }

    async fn hear(&mut self, news: News) -> Result<Then, Failure> {
        match news {
            News::Said(said) => {
                let told = self.room.shown.tell(&said);
                if said.state.is_some() && told.is_some() {
                    // What waits for a decision may be another now.
                    self.learn();
                }
                if let Some(text) = told {
                    self.print(text).await;
                }
            }
            News::Lost(why) => self.note(format!("{why}. Trying again.")).await,
            News::Back => {
                self.note(format!("{} is there again; nothing is missing.", self.room.client.server())).await;
                self.learn();
            }
            News::Older => {
                let note = "The record there is older than what was shown here, as after a backup was restored. \
                            This is what it has:";
                self.note(note.into()).await;
                self.room.shown.forget();
                self.room.last = None;
                self.enter().await?;
            }
            News::Over(why) => return Err(Failure::Failed(why)),
        }
        Ok(Then::On)
    }

    async fn line(&mut self, line: &str) -> Result<Then, Failure> {
        let text = line.trim();
        let (thread, text) = match text.split_once(char::is_whitespace).unwrap_or((text, "")) {
            ("", _) => {
                self.ask();
                return Ok(Then::On);
            }
            ("/quit", _) => return Ok(Then::End),
            ("/re", rest) if !rest.trim().is_empty() => match self.room.last.clone() {
                Some(thread) => (Some(thread), rest.trim().to_owned()),
                None => {
                    self.note("You have said nothing yet that could be gone on with.".into()).await;
                    self.ask();
                    return Ok(Then::On);
                }
            },
            (word, rest) if word.starts_with('/') && !word.starts_with("//") => {
                self.local(word, rest.trim()).await?;
                self.ask();
                return Ok(Then::On);
            }
            _ => {
                (None, text.strip_prefix('/').filter(|text| text.starts_with('/')).unwrap_or(text).to_owned())
            }
        };
        // The next line may be typed while this one is on its way.
        self.ask();
        let screen = &self.screen;
        let late = async |text| screen.print(text).await;
        match self.room.say(&text, thread.as_deref(), late).await? {
            Outcome::Said(said) => {
                self.room.shown.remember(&said);
                let lacks_name = self.room.me.is_person()
                    && thread.is_none()
                    && self.known.lock().unwrap_or_else(PoisonError::into_inner).lacks_name(&text);
                if lacks_name {
                    let (place, name) = (&self.room.place, &self.room.me.wilco.name);
                    self.note(format!(
                        "Said to the people in {place}. To give it as an order, put `{name}` in front."
                    ))
                    .await;
                }
            }
            Outcome::Not(why) => self.print(format!("Not said: {why}")).await,
            Outcome::Unknown(why) => {
                self.print(format!("It may or may not have been said: {why} Look before you say it again."))
                    .await;
            }
        }
        Ok(Then::On)
    }

    async fn local(&mut self, word: &str, rest: &str) -> Result<(), Failure> {
        match word {
            "/help" => {
                let width = LOCAL.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
                let lines = LOCAL.iter().map(|(name, about)| format!("{name:width$}  {about}"));
                let mut lines: Vec<_> = lines.collect();
                let name = &self.room.me.wilco.name;
                lines.push(format!(
                    "All else is said in the room. `{name} help` lists the orders; Tab completes; `//` says a `/`."
                ));
                self.print(lines.join("\n")).await;
            }
            "/rooms" => {
                let lines = self.room.me.rooms.iter().map(|room| {
                    let here = if room.place == self.room.place { "*" } else { " " };
                    format!("{here} {}  {}", room.place, room.topic)
                });
                self.print(lines.collect::<Vec<_>>().join("\n")).await;
            }
            "/who" => {
                let server = self.room.client.server();
                self.print(format!("{} This is {} at {server}.", self.room.me.introduced(), self.room.place))
                    .await;
            }
            "/join" if !rest.is_empty() => match self.room.me.place(Some(rest)) {
                Ok(place) => {
                    let before = std::mem::replace(&mut self.room.place, place);
                    let last = self.room.last.take();
                    if let Err(Failure::Failed(why)) = self.enter().await {
                        self.room.place = before;
                        self.room.last = last;
                        self.print(format!("You stay in {}: {why}", self.room.place)).await;
                    }
                }
                Err(Failure::Failed(why)) => self.print(why).await,
                Err(other) => return Err(other),
            },
            _ => {
                self.print(format!(
                    "There is no `{word}` like this here; `/help` says what there is. `//` says a `/`."
                ))
                .await;
            }
        }
        Ok(())
    }
}

/// Learns what may be said in a place, and what waits for a decision. What cannot be learnt stays as it was.
async fn learn(client: Client, place: String, known: Arc<Mutex<Known>>) {
    let commands = client.read(&["commands"], &[("place", &place)]).await;
    let waiting = [("state", "awaiting_confirm,awaiting_approval,running"), ("limit", "200")];
    let waiting = client.read(&["operations"], &waiting).await;
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Ok(commands) = commands {
        known.learn_commands(&commands);
    }
    if let Ok(waiting) = waiting {
        known.learn_waiting(&waiting);
    }
}
