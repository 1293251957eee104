//! The story, with a process that ends before or after each of its commits in turn.

use std::cell::Cell;

use wilco_testkit::aborting_store::Abort;

use crate::{
    ALONE,
    walk::{Story, Walked, walk},
};

/// Walks once to count, then with an end before and after every `each`-th commit, two walks side by side.
async fn end_at_every(each: u64, story: Story, durability: &str) {
    let Walked { commits, .. } = walk(story, durability, None).await;
    println!("The story {story:?} takes {commits} commits with durability `{durability}`.");
    assert!(commits > 20, "a story has many commits");
    // A walk may take a few commits more or less than the first; beyond the last no server ends any more.
    let ends = |n: u64| {
        let commit = 1 + n / 2 * each;
        if n.is_multiple_of(2) { Abort::Before(commit) } else { Abort::After(commit) }
    };
    let (next, ended) = (Cell::new(0), Cell::new(0));
    let walker = async || {
        let mut beyond = false;
        while !beyond {
            let n = next.replace(next.get() + 1);
            let abort = ends(n);
            let walked = walk(story, durability, Some(abort)).await;
            if walked.ended {
                ended.set(ended.get() + 1);
            }
            beyond = !walked.ended && n / 2 * each >= commits;
        }
    };
    futures_util::future::join(walker(), walker()).await;
    let least = 2 * commits.div_ceil(each) * 9 / 10;
    println!("The server ended {} times.", ended.get());
    assert!(ended.get() >= least, "the server ended {} times, and {least} is the least", ended.get());
}

#[tokio::test]
async fn an_end_at_any_commit_loses_nothing_and_repeats_nothing() {
    let _alone = ALONE.lock().await;
    end_at_every(1, Story::Releases, "process").await;
}

#[tokio::test]
async fn an_end_at_any_commit_asks_once_waits_on_counts_once_and_undoes_once() {
    let _alone = ALONE.lock().await;
    end_at_every(1, Story::Waiting, "process").await;
}

#[tokio::test]
async fn an_end_at_some_commits_loses_nothing_with_full_durability() {
    let _alone = ALONE.lock().await;
    end_at_every(7, Story::Releases, "full").await;
}
