//! One walk: a repo, a server in it, two people, and what they were told. When the server ends as it was meant to, it
//! is started again, and the people ask again.

use std::os::unix::process::ExitStatusExt as _;

use serde_json::Value;
use wilco_testkit::aborting_store::Abort;

use crate::{
    child, proof,
    rig::{Client, Repo, Server, client::NoAnswer},
    story, waiting, webhooks,
};

/// The signal by which a process ends itself.
const ABORTED: i32 = 6;

/// Two people at their pages.
#[derive(Clone)]
pub(crate) struct People {
    pub(crate) you: Client,
    pub(crate) ana: Client,
}

pub(crate) struct Walk {
    pub(crate) repo: Repo,
    server: Option<Server>,
    people: Option<People>,
    /// Where the first server was to end.
    meant: Option<Abort>,
    /// Where this server ends, until it did.
    armed: Option<Abort>,
    /// How often it ended.
    pub(crate) deaths: u32,
    /// All messages that were acknowledged, as they were.
    pub(crate) acknowledged: Vec<Value>,
}

/// What a walk came to.
pub(crate) struct Walked {
    /// How many commits its last server began.
    pub(crate) commits: u64,
    /// Whether the server ended where it was meant to.
    pub(crate) ended: bool,
}

/// What people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Story {
    /// They stage, release and roll back, and webhooks come in.
    Releases,
    /// An operation asks, waits and counts; another one takes back what it did.
    Waiting,
}

/// Walks a story on a new repo with a server that ends there, and proves what is left.
pub(crate) async fn walk(story: Story, durability: &str, abort: Option<Abort>) -> Walked {
    let mut walk = Walk {
        repo: Repo::new(durability),
        server: None,
        people: None,
        meant: abort,
        armed: abort,
        deaths: 0,
        acknowledged: Vec::new(),
    };
    walk.repo.hear_github(webhooks::ROUTES);
    walk.start().await;
    match story {
        Story::Releases => story::tell(&mut walk).await,
        Story::Waiting => waiting::tell(&mut walk).await,
    }
    let acknowledged = std::mem::take(&mut walk.acknowledged);
    let left = walk.insist(async |people| proof::look(&people.you).await).await;
    left.holds(&walk.repo, &acknowledged);
    walk.insist(async |people| proof::room_shows_ends(&people.you).await).await;
    match story {
        Story::Releases => walk.insist(async |people| webhooks::are_told_once(&people.you).await).await,
        Story::Waiting => waiting::holds(&mut walk).await,
    }
    proof::audit_is_whole(&walk.repo).await;
    Walked { commits: child::commits(&walk.repo), ended: walk.deaths > 0 }
}

impl Drop for Walk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = self.server.as_ref().map_or_else(String::new, Server::said);
            println!(
                "This walk was to end at {:?}. Its server ended {} times; the last one said:\n{said}",
                self.meant, self.deaths
            );
        }
    }
}

impl Walk {
    /// Asks until there is an answer, whatever happens to the server meanwhile.
    pub(crate) async fn insist<T>(&mut self, ask: impl AsyncFn(&People) -> Result<T, NoAnswer>) -> T {
        loop {
            let people = self.people().await;
            match ask(&people).await {
                Ok(answer) => return answer,
                Err(no_answer) => self.bury(&no_answer).await,
            }
        }
    }

    /// The people, signed in. Their sessions outlive the server.
    async fn people(&mut self) -> People {
        loop {
            if let Some(people) = &self.people {
                return people.clone();
            }
            let secret = self.server.as_ref().expect("a server").secret().to_owned();
            let signed_in = async {
                let you = Client::sign_in(&self.repo, &secret).await?;
                Ok(People { you, ana: Client::invited(&self.repo, "ana").await? })
            };
            match signed_in.await {
                Ok(people) => self.people = Some(people),
                Err(no_answer) => self.bury(&no_answer).await,
            }
        }
    }

    /// Starts a server; again, if it ends where it was meant to.
    async fn start(&mut self) {
        loop {
            match Server::start(child::command(&self.repo, self.armed), &self.repo).await {
                Ok(server) => {
                    self.server = Some(server);
                    return;
                }
                Err((status, said)) => self.ended(status, &said),
            }
        }
    }

    /// There was no answer: the server has ended, as it was meant to. Another one takes its place.
    async fn bury(&mut self, no_answer: &NoAnswer) {
        let mut server = self.server.take().expect("a server");
        assert!(
            self.armed.is_some(),
            "no answer of a server that was to live: {no_answer}\n{}",
            server.said()
        );
        let status = server.ended().await;
        self.ended(status, &server.said());
        self.start().await;
    }

    fn ended(&mut self, status: std::process::ExitStatus, said: &str) {
        let armed = self.armed.take();
        let meant = armed.is_some() && status.signal() == Some(ABORTED);
        assert!(meant, "armed {armed:?}, the server ended with {status}:\n{said}");
        self.deaths += 1;
    }
}
