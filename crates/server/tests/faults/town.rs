//! A repo with a running server and three people, and what one does with them in most tests.

use rustix::process::Signal;
use serde_json::Value;
use tokio::time::{Duration, Instant};

use crate::rig::{Client, Repo, Server, client::Answer};

/// How long a server may take from SIGTERM to its end.
const END: Duration = Duration::from_secs(10);

pub(crate) struct Town {
    pub(crate) server: Server,
    pub(crate) repo: Repo,
    /// Admin and developer.
    pub(crate) you: Client,
    /// Lead and developer.
    pub(crate) ana: Client,
    /// Lead.
    pub(crate) ben: Client,
}

/// Replaces something in a repo's `wilco.toml`.
pub(crate) fn change(repo: &Repo, from: &str, to: &str) {
    let path = repo.path("wilco.toml");
    let text = std::fs::read_to_string(&path).expect("a configuration");
    assert!(text.contains(from), "there is `{from}` in it");
    std::fs::write(path, text.replacen(from, to, 1)).expect("written");
}

/// Starts a server that has to start.
pub(crate) async fn up(repo: &Repo) -> Server {
    Server::up(repo).await.unwrap_or_else(|(status, said)| panic!("{status}: {said}"))
}

/// What a server says that must not start; it ends with exit code 1.
pub(crate) async fn refusal(repo: &Repo) -> String {
    match Server::up(repo).await {
        Ok(_) => panic!("it started"),
        Err((status, said)) => {
            assert_eq!(status.code(), Some(1), "{said}");
            said
        }
    }
}

impl Town {
    /// A town with a new repo.
    pub(crate) async fn new() -> Self {
        Self::of(Repo::new("process")).await
    }

    /// A town of this repo.
    pub(crate) async fn of(repo: Repo) -> Self {
        let server = up(&repo).await;
        Self::at(repo, server).await
    }

    /// A town of this repo and its server.
    pub(crate) async fn at(repo: Repo, server: Server) -> Self {
        let you = Client::sign_in(&repo, server.secret()).await.expect("an answer");
        let ana = Client::invited(&repo, "ana").await.expect("an answer");
        let ben = Client::invited(&repo, "ben").await.expect("an answer");
        Self { server, repo, you, ana, ben }
    }

    /// `you` gives an order; its operation as soon as it is in this state.
    pub(crate) async fn order(&self, order: &str, state: &str) -> Value {
        let said = self.you.say(&format!("wilco {order}"), order).await.expect("an answer");
        assert_eq!(said.status, 201, "{said}");
        self.you.operation(order, &[state]).await.expect("an answer")
    }

    /// The operation's end.
    pub(crate) async fn end(&self, operation: &Value) -> Value {
        let id = operation["id"].as_str().expect("an id");
        self.you.follow(id).await.expect("an answer").operation
    }

    /// How many effects this operation had.
    pub(crate) fn effects_of(&self, operation: &Value) -> usize {
        self.repo.effects().iter().filter(|(id, _)| operation["id"] == id.as_str()).count()
    }

    /// Stages, confirms, and waits for the end.
    pub(crate) async fn stage(&self, ticket: &str) -> Value {
        let operation = self.order(&format!("stage red {ticket}"), "awaiting_confirm").await;
        good(&pressed(&self.you, &operation, "confirm").await);
        let end = self.end(&operation).await;
        assert_eq!(end["state"], "succeeded", "{end}");
        end
    }

    /// Stops the server by SIGTERM, as it should end.
    pub(crate) async fn stop(&mut self) {
        let since = Instant::now();
        self.server.signal(Signal::TERM);
        let status = self.server.ended().await;
        assert_eq!(status.code(), Some(0), "{}", self.server.said());
        assert!(since.elapsed() < END, "it took {:?}", since.elapsed());
    }

    /// Stops the server and starts it again.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.server = up(&self.repo).await;
    }
}

/// Somebody presses a button.
pub(crate) async fn pressed(who: &Client, operation: &Value, press: &str) -> Answer {
    who.press(operation, press).await.expect("an answer")
}

/// An answer that is good.
pub(crate) fn good(answer: &Answer) {
    assert!((200..300).contains(&answer.status), "{answer}");
}
