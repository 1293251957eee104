//! `wilco login`: a person's session for this terminal, by a code that they accept on the page. Layer 4.
//!
//! Not the page's own sign-in. The session is kept in a file, and never printed.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    Failure,
    client::{Ask, Client, Got},
    logins::{Login, Logins},
    on_runtime, terminal,
};
use crate::config::Personal;

/// How long an answer is waited for at most: the server's own limit is ten minutes.
const PATIENCE: Duration = Duration::from_mins(11);
/// The bounds of the pause between two askings, whatever the server says, in seconds.
const PAUSE: std::ops::RangeInclusive<u64> = 2..=30;

/// Gets a session and keeps it.
pub(crate) fn run() -> Result<(), Failure> {
    on_runtime(async {
        let client = Client::nobody()?;
        let logins = Logins::of(&Personal::from_process())?;
        // Looked at first: nobody should answer for a session that cannot be kept.
        let before = logins.at(&client.key())?;
        if client.is_in_the_clear() {
            terminal::notice(&format!(
                "{} is not encrypted: whoever is on the way there can read the session.",
                client.server()
            ));
        }
        let name = format!("wilco {} on {}", env!("CARGO_PKG_VERSION"), machine());
        let begun = client.done(Method::POST, &["device"], Some(&json!({ "client": name }))).await?;
        let text = |name: &str| begun[name].as_str().filter(|text| !text.is_empty());
        let (Some(code), Some(secret), Some(open)) = (text("user_code"), text("device_secret"), text("open"))
        else {
            return Err(no_code(&client));
        };
        terminal::line(&format!("Open {open} and type this code there:"));
        terminal::line(&format!("  {code}"));
        terminal::notice(&format!(
            "It counts until {}. Whoever lets it in is who acts from this terminal; Ctrl-C ends the waiting.",
            until(&begun)
        ));
        let pause = begun["interval_secs"].as_u64().unwrap_or(*PAUSE.start());
        let waited = timeout(PATIENCE, wait(&client, secret, pause)).await;
        let got = waited.map_err(|_| Failure::Failed("Nobody answered. Nothing was let in.".into()))??;
        let text = |name: &str| got.body[name].as_str().unwrap_or_default();
        let login = Login::new(text("person"), text("session"))?;
        let person = login.person.clone();
        let new = client.with(&login);
        if let Err(error) = logins.keep(&client.key(), login) {
            // Nobody could end it later: its secret is here alone. Where this fails it idles out.
            let _ = new.ask(Method::DELETE, &["session"], None).await;
            return Err(error.into());
        }
        if let Some(before) = before {
            // It is forgotten here already; where this fails it ends by itself.
            let _ = client.with(&before).ask(Method::DELETE, &["session"], None).await;
        }
        new.read(&["me"], &[]).await?;
        terminal::line(&format!("You are @{person} at {} now.", client.server()));
        Ok(())
    })
}

/// The pause after an asking that came too soon.
fn longer(pause: u64) -> u64 {
    (pause + 1).min(*PAUSE.end())
}

/// The pause after an asking that came in time: back towards the first, and never below it.
fn shorter(pause: u64, first: u64) -> u64 {
    pause.saturating_sub(1).max(first)
}

/// Asks until a person answered.
async fn wait(client: &Client, secret: &str, pause: u64) -> Result<Got, Failure> {
    let body = json!({ "device_secret": secret });
    let first = pause.clamp(*PAUSE.start(), *PAUSE.end());
    let mut pause = first;
    let mut is_away = false;
    loop {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        let path = &["device", "token"];
        let ask = Ask { method: Method::POST, path, query: &[], body: Some(&body), key: None };
        match client.send(ask).await {
            Ok(got) if got.status == StatusCode::CREATED => return Ok(got),
            Ok(got) if got.status == StatusCode::ACCEPTED => {
                is_away = false;
                pause = shorter(pause, first);
            }
            Ok(got) if got.status == StatusCode::TOO_MANY_REQUESTS => pause = longer(pause),
            Ok(got) if got.status.is_server_error() => {}
            Ok(got) if got.status.is_success() => return Err(no_code(client)),
            Ok(got) => return Err(got.refused()),
            // A server that comes again says what became of the code.
            Err(away) if !is_away => {
                terminal::notice(&format!("{away} Asking again."));
                is_away = true;
            }
            Err(_) => {}
        }
    }
}

/// Ends the session of this terminal, there and here.
pub(crate) fn end() -> Result<(), Failure> {
    on_runtime(async {
        let client = Client::nobody()?;
        let logins = Logins::of(&Personal::from_process())?;
        let server = client.server();
        let Some(login) = logins.at(&client.key())? else {
            return Err(Failure::Failed(format!("There is no login at {server} here.")));
        };
        let ended = client.with(&login).ask(Method::DELETE, &["session"], None).await;
        match ended {
            Ok(got) if got.status.is_success() => {
                logins.forget(&client.key())?;
                terminal::line(&format!("The login of @{} at {server} has ended.", login.person));
                Ok(())
            }
            Ok(got) if got.status == StatusCode::UNAUTHORIZED => {
                logins.forget(&client.key())?;
                terminal::line(&format!("The login of @{} at {server} had ended already.", login.person));
                Ok(())
            }
            Ok(got) => Err(kept(&got.refusal())),
            Err(Failure::Failed(why)) => Err(kept(&why)),
            Err(other) => Err(other),
        }
    })
}

fn kept(why: &str) -> Failure {
    Failure::Failed(format!("{why}\nThe login is still kept here; say `wilco login --end` again."))
}

fn no_code(client: &Client) -> Failure {
    Failure::Failed(format!("{} made no code; is this the address of a Wilco?", client.server()))
}

fn until(begun: &Value) -> String {
    let at = begun["expires_at"].as_str().unwrap_or_default();
    at.parse::<jiff::Timestamp>().map_or_else(|_| at.to_owned(), |at| at.strftime("%H:%M:%S UTC").to_string())
}

/// What this machine calls itself.
fn machine() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "a machine without a name".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_while_it_is_too_short_and_comes_back() {
        let pauses = |next: fn(u64) -> u64, from: u64| {
            std::iter::successors(Some(from), |pause| Some(next(*pause))).take(40).collect::<Vec<_>>()
        };
        assert_eq!(pauses(longer, 5)[..3], [5, 6, 7]);
        assert_eq!(pauses(longer, 5).last(), Some(&30));
        assert_eq!(pauses(|pause| shorter(pause, 5), 8)[..5], [8, 7, 6, 5, 5]);
        assert_eq!(pauses(|pause| shorter(pause, 2), 3).last(), Some(&2));
    }
}
