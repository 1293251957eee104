//! What is done to the connection in a long run, one incident after the other.
//!
//! Not what must hold meanwhile: `judge.rs` says that. The order of incidents and their lengths follow from a seed.

use std::{sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};
use wilco_testkit::proxy::{Proxy, Whose};

use super::{
    Run,
    crowd::{Guest, lock},
    judge::Incident,
};
use crate::{rig::LOOK, stories::Town};

/// How long Wilco may take until it is back: 90 seconds until it notices, a pause of up to a minute, and some.
const BACK: Duration = Duration::from_secs(240);
/// For so long it has to be there to be back: what it said before a cut may still be under way.
const STEADY: Duration = Duration::from_millis(300);

/// Chance from a seed: the same seed gives the same numbers.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xD134_2543_DE82_EF95))
    }

    /// The next number, by SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(super) fn between(&mut self, (from, to): (u64, u64)) -> u64 {
        from + self.below(to - from + 1)
    }
}

/// A kind of incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing beside what is always a little wrong.
    Calm,
    /// Nothing passes for a while.
    Stall,
    /// Nothing passes for longer than anybody waits.
    LongStall,
    /// The connection is cut, up to three times in a row.
    Cut,
    /// What one side says, or both, is lost without a word.
    Drop,
    /// The server is killed and comes back.
    Kill,
}

impl Kind {
    pub(super) const ALL: &[Self] =
        &[Self::Kill, Self::Stall, Self::Drop, Self::Calm, Self::Cut, Self::LongStall];
    /// Those that are over in a few seconds.
    pub(super) const SHORT: &[Self] = &[Self::Stall, Self::Cut, Self::Kill, Self::Calm];
    /// Of twenty incidents, after the first of each.
    const MIX: [Self; 20] = [
        Self::Cut,
        Self::Stall,
        Self::Cut,
        Self::Kill,
        Self::Cut,
        Self::Calm,
        Self::Cut,
        Self::Stall,
        Self::Drop,
        Self::Cut,
        Self::Stall,
        Self::Kill,
        Self::Cut,
        Self::Calm,
        Self::Cut,
        Self::Stall,
        Self::Kill,
        Self::Cut,
        Self::Stall,
        Self::LongStall,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Stall => "stall",
            Self::LongStall => "long stall",
            Self::Cut => "cut",
            Self::Drop => "drop",
            Self::Kill => "kill",
        }
    }
}

/// What does it.
pub(super) struct Chaos<'a> {
    pub(super) run: &'a Run,
    pub(super) town: &'a tokio::sync::Mutex<Town>,
    pub(super) proxy: &'a Proxy,
    pub(super) guests: &'a [Arc<Guest>],
    pub(super) chance: Chance,
}

impl Chaos<'_> {
    /// Each kind once, and then for so long whatever chance says.
    pub(super) async fn rounds(&mut self, kinds: &[Kind], length: Option<Duration>) {
        for kind in kinds {
            if !self.round(*kind, length.is_some()).await {
                return;
            }
        }
        while length.is_some_and(|length| self.run.now() < length) {
            let kind = Kind::MIX[self.chance.below(20) as usize];
            if !self.round(kind, true).await {
                return;
            }
        }
        self.proxy.change(|faults| (faults.piece, faults.delay, faults.repeat) = (None, None, false));
    }

    /// One incident, and the time after it; whether Wilco came back.
    async fn round(&mut self, kind: Kind, is_long: bool) -> bool {
        // These are always a little wrong, and cost nothing that is said.
        let piece = [None, Some(1), Some(3), Some(64)][self.chance.below(4) as usize];
        let delay =
            [None, Some(1), Some(40), Some(250)][self.chance.below(4) as usize].map(Duration::from_millis);
        let repeat = self.chance.below(2) == 0;
        self.proxy.change(|faults| (faults.piece, faults.delay, faults.repeat) = (piece, delay, repeat));
        let longest = if is_long { 20 } else { 1 };
        let pause = Duration::from_secs(self.chance.between((1, longest)));
        sleep(Duration::from_secs(2)).await;

        let from = self.run.now();
        let cuts = match kind {
            Kind::Calm => 0,
            Kind::Stall => self.stall(pause).await,
            Kind::LongStall => self.stall(Duration::from_secs(100)).await + 1,
            Kind::Cut => self.cut(is_long).await,
            Kind::Drop => self.lose(pause).await,
            Kind::Kill => self.kill(pause).await,
        };
        let until = self.run.now();
        let mut incident = Incident { what: kind.name(), from, until, back: Some(until), cuts };
        if cuts > 0 {
            // Of a cut the last one counts: whoever came in between is gone again.
            let since = if kind == Kind::Cut { until } else { from };
            incident.back = timeout(BACK, self.back(since)).await.is_ok().then(|| self.run.now());
        }
        let is_back = incident.back.is_some();
        lock(&self.run.record).incidents.push(incident);
        // Sometimes it is well for so long that the pauses become short again.
        let well = if is_long { [5, 10, 20, 65][self.chance.below(4) as usize] } else { 1 };
        sleep(Duration::from_secs(well)).await;
        is_back
    }

    async fn stall(&mut self, pause: Duration) -> usize {
        self.proxy.change(|faults| faults.stall = true);
        sleep(pause).await;
        self.proxy.change(|faults| faults.stall = false);
        0
    }

    async fn cut(&mut self, is_long: bool) -> usize {
        let cuts = if is_long { 1 + self.chance.below(3) as usize } else { 1 };
        for cut in 0..cuts {
            if cut > 0 {
                sleep(Duration::from_millis(self.chance.between((50, 3_000)))).await;
            }
            self.proxy.cut();
        }
        cuts
    }

    async fn lose(&mut self, pause: Duration) -> usize {
        let whose = [Whose::Client, Whose::Server, Whose::Both][self.chance.below(3) as usize];
        self.proxy.change(|faults| faults.drop = Some(whose));
        sleep(pause).await;
        self.proxy.change(|faults| faults.drop = None);
        1
    }

    /// Kills the server. Until the witness is there again nothing passes to it: nobody would hear what is said.
    async fn kill(&mut self, pause: Duration) -> usize {
        self.town.lock().await.network.kill();
        sleep(pause).await;
        self.proxy.change(|faults| faults.stall = true);
        self.town.lock().await.network.begin();
        for guest in self.guests {
            guest.is_there().await;
        }
        self.proxy.change(|faults| faults.stall = false);
        1
    }

    /// Waits until Wilco says that it is connected, and the witness sees it in the rooms.
    async fn back(&self, since: Duration) {
        let is_back = || lock(&self.run.notes).is_back(since);
        loop {
            while !is_back() {
                sleep(LOOK).await;
            }
            self.town.lock().await.stands("connected").await;
            sleep(STEADY).await;
            if is_back() {
                return;
            }
        }
    }
}
