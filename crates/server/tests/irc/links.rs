//! People link their accounts on IRC to themselves.

use rustix::process::Signal;
use serde_json::Value;

use crate::{
    people::Person,
    rig::Client,
    servers::Network,
    stories::{Town, up},
};

/// The newest code that somebody was told alone on the page.
async fn code(page: &Client, person: &str) -> String {
    let told = page.all(&format!("rooms/web%3A%40{person}/messages")).await.expect("an answer");
    let mut codes = told.iter().filter_map(|message| {
        let text = message.to_string();
        let code = text.split_once("`link ")?.1.split_once('`')?.0.to_owned();
        Some(code)
    });
    codes.next_back().unwrap_or_else(|| panic!("no code: {told:#?}"))
}

fn text(answer: &Value) -> String {
    answer["text"].as_str().map_or_else(|| answer.to_string(), ToOwned::to_owned)
}

/// Says something to Wilco alone, and waits for this in what it answers.
async fn asks(person: &Person, words: &str, answer: &str) {
    person.say("wilco", words).await;
    assert_eq!(person.hears(answer).await.target, person.nick, "what is said to one alone is answered so");
}

/// Who has a code from the page is that person on IRC as well, from then on, until somebody ends it.
#[tokio::test]
async fn a_code_from_the_page_links_an_account_and_both_sides_are_told() {
    let mut town = Town::new(Network::inspircd(), "").await;
    let page = Client::invited(&town.repo, "ana").await.expect("an answer");
    let (ana, zed) = (town.person("anushka").await, town.person("zed").await);
    ana.register().await;
    asks(&ana, "whoami", "Guest irc:anushka may not use `wilco.whoami`").await;
    // Neither somebody whom the network does not know nor a code that was never given links anything.
    let given = page.call("link me on irc", "1").await.expect("an answer");
    assert!(
        text(&given.body).contains("You have a code in web:@ana") && !text(&given.body).contains("`link "),
        "{given}"
    );
    let first = code(&page, "ana").await;
    asks(&zed, &format!("link {first}"), "Nobody can tell whose irc:~zed is").await;
    asks(&zed, "whoami", "Guest irc:~zed may not use `wilco.whoami`").await;
    asks(&ana, "link AAAA-AAAA", "This code was used, has ended, or never was for irc").await;
    // The newest code counts alone, and once.
    page.call("link me on irc", "2").await.expect("an answer");
    let second = code(&page, "ana").await;
    assert_ne!(first, second);
    asks(&ana, &format!("link {first}"), "has ended, or never was for irc; say `link me on irc`").await;
    asks(&ana, &format!("link {}", second.to_lowercase()), "You are @ana from now on, by irc:anushka").await;
    let told = page.all("rooms/web%3A%40ana/messages").await.expect("an answer");
    assert!(
        told.last()
            .is_some_and(|message| message.to_string().contains("irc:anushka is linked to you from now on")),
        "{told:#?}"
    );
    asks(&ana, &format!("link {second}"), "irc:anushka is @ana's already").await;
    // It outlives a restart and a configuration that is read anew.
    town.server.signal(Signal::TERM);
    town.server.ended().await;
    town.server = up(&town.repo).await;
    ana.meets("wilco", "#ops").await;
    town.you.call("reload", "3").await.expect("an answer");
    asks(&ana, "whoami", "You are @ana (Ana Lima), by irc:anushka").await;
    let page = Client::invited(&town.repo, "ana").await.expect("an answer");
    let listed = page.call("links", "4").await.expect("an answer");
    assert!(text(&listed.body).contains("irc:anushka"), "{listed}");
    // Both accounts stand in the record, which shows what was said in private to admins alone.
    let audit: Vec<Value> = town.you.all("audit").await.expect("an answer");
    let linked = audit.iter().find(|entry| entry["kind"] == "account.linked");
    let linked = linked.unwrap_or_else(|| panic!("{audit:#?}"));
    assert_eq!(linked["who"], "@ana");
    assert!(
        ["irc:anushka", "web:ana"].iter().all(|account| linked.to_string().contains(account)),
        "{linked}"
    );
    // It ends at once.
    let ended = page.call("unlink irc:anushka", "5").await.expect("an answer");
    assert!(text(&ended.body).contains("is not @ana's any more"), "{ended}");
    asks(&ana, "whoami", "Guest irc:anushka may not use `wilco.whoami`").await;
}
