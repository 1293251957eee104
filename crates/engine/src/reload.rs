//! Taking over a changed configuration while everything goes on.
//!
//! Not the reading of files, nor when: whoever reads them hands in a [`Setup`]. An operation carries its command with
//! it, so one that runs keeps its definition; a plan that waits and whose command is another one now is voided when
//! it would begin. Layer 1.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use wilco_contract::{
    action::{ActionError, Intent, Outcome},
    command::Command,
    event::some_lines,
    ids::{CommandId, OpId},
    operation::State,
    reply::Reply,
    store::{AuditEntry, Record, StoreError},
};

use crate::{Engine, Setup, catalogue::Collision, core::Core, outbox, tell::Nothing};

/// The longest audit line about a configuration, in bytes.
const LONGEST_LINE: usize = 2_000;

/// Reads the configuration anew when somebody says `reload`.
#[async_trait]
pub trait Reloader: Send + Sync {
    /// Reads it, and takes it over where it is good. `by` is who asked, as [`wilco_contract::principal::Principal::key`].
    ///
    /// # Errors
    /// When the old one goes on: what is wrong, for people to read.
    async fn reload(&self, by: &str) -> Result<String, String>;
}

/// What a new configuration changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Commands that were not there.
    pub added: Vec<CommandId>,
    /// Commands that are gone.
    pub removed: Vec<CommandId>,
    /// Commands that are defined differently.
    pub changed: Vec<CommandId>,
    /// Operations that wait and whose command is not the one that was planned: they have to be asked for anew.
    pub voided: Vec<OpId>,
}

impl Changes {
    fn between(old: &[Command], new: &[Command]) -> Self {
        let by_id = |commands: &'_ [Command]| -> HashMap<CommandId, usize> {
            commands.iter().enumerate().map(|(at, command)| (command.spec.id.clone(), at)).collect()
        };
        let (before, now) = (by_id(old), by_id(new));
        let mut changes = Self::default();
        for command in new {
            let id = &command.spec.id;
            match before.get(id).map(|at| &old[*at]) {
                None => changes.added.push(id.clone()),
                // Where it stands in its file makes no difference, and only who differs is hashed.
                Some(before) if before != command && before.digest() != command.digest() => {
                    changes.changed.push(id.clone());
                }
                Some(_) => {}
            }
        }
        changes.removed = before.into_keys().filter(|id| !now.contains_key(id)).collect();
        changes.removed.sort();
        changes
    }
}

impl Engine {
    /// Takes over a changed configuration. Connectors, actions and sources stay as they are.
    ///
    /// # Errors
    /// When commands collide; the old configuration goes on.
    pub fn reload(&self, mut setup: Setup) -> Result<Changes, Vec<Collision>> {
        let core = &self.0;
        let _one = core.links.changing();
        core.links.join(&mut setup.policy);
        let new = Self::live(setup, Some(&core.live.load()))?;
        let old = core.live.swap(Arc::new(new));
        let new = core.live.load_full();
        let mut changes = Changes::between(&old.setup.commands, &new.setup.commands);
        let waits = |state| {
            matches!(state, State::Planned | State::AwaitingConfirm | State::AwaitingApproval | State::Queued)
        };
        let other = |id| changes.changed.contains(id) || changes.removed.contains(id);
        let living = core.operations();
        let voided = living.iter().filter(|known| waits(known.state) && other(&known.command.spec.id));
        let mut voided: Vec<_> = voided.map(|operation| operation.id.clone()).collect();
        voided.sort();
        changes.voided = voided;
        // Routes may be others: what waits to be routed goes by the new ones.
        core.bell.notify_one();
        // So may schedules be.
        core.schedules.look_again();
        Ok(changes)
    }

    /// Makes `reload` known; without, it says that this Wilco cannot.
    pub fn reload_with(&self, reloader: Arc<dyn Reloader>) {
        // Whoever comes second finds the first.
        let _ = self.0.reloader.set(reloader);
    }

    /// Tells the home room something about Wilco itself, and keeps it for the record. It is shown once, and after a
    /// restart where it was not yet.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn announce(&self, kind: &str, by: &str, reply: Reply) -> Result<(), StoreError> {
        let core = &self.0;
        let home = core.live.load().setup.home.clone();
        let entry = AuditEntry {
            kind: kind.to_owned(),
            who: by.to_owned(),
            account: None,
            operation: None,
            command: None,
            place: Some(home.clone()),
            text: some_lines(&reply.plain(), LONGEST_LINE),
            rule: None,
        };
        let line = outbox::line(core, &home, None, reply);
        core.commit(vec![Record::Audit(entry), line]).await?;
        outbox::ring(core, &home);
        Ok(())
    }
}

/// The word `reload`.
pub(crate) async fn reload(core: &Arc<Core>, intent: &Intent, _: Nothing) -> Result<Outcome, ActionError> {
    let Some(reloader) = core.reloader.get() else {
        return Err(ActionError::failed("this Wilco reads its configuration at its start alone"));
    };
    match reloader.reload(&intent.asker.key()).await {
        Ok(told) => Ok(Outcome { summary: Some(told), ..Outcome::default() }),
        Err(why) => Err(ActionError::failed(why)),
    }
}
