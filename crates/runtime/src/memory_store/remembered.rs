//! What commands remember, in memory. Layer 1.

use async_trait::async_trait;
use jiff::Timestamp;
use wilco_contract::{
    memory::{MemoryEvent, Namespace, NamespaceSize, Remembered},
    store::{Memory, StoreError},
};

use super::{MemoryStore, State};

impl State {
    /// Takes in a change that was let in.
    pub(super) fn remember(&mut self, event: MemoryEvent) {
        match event {
            MemoryEvent::Set { entry, .. } => {
                let key = (entry.namespace.to_string(), entry.key.clone());
                self.remembered.insert(key, entry);
            }
            MemoryEvent::Forgot { namespace, key, .. } => {
                self.remembered.remove(&(namespace.to_string(), key));
            }
            MemoryEvent::Swept { before } => self.remembered.retain(|_, entry| !entry.is_over(before)),
        }
    }

    fn there(&self, now: Timestamp) -> impl Iterator<Item = &Remembered> {
        self.remembered.values().filter(move |entry| !entry.is_over(now))
    }
}

#[async_trait]
impl Memory for MemoryStore {
    async fn remembered(&self, namespace: &Namespace, key: &str) -> Result<Option<Remembered>, StoreError> {
        Ok(self.state().remembered.get(&(namespace.to_string(), key.to_owned())).cloned())
    }

    async fn all_remembered(
        &self,
        namespace: &Namespace,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Remembered>, StoreError> {
        let state = self.state();
        let all = state.there(now).filter(|entry| entry.namespace == *namespace);
        Ok(all.take(limit).cloned().collect())
    }

    async fn memory_size(&self, namespace: &Namespace, now: Timestamp) -> Result<NamespaceSize, StoreError> {
        let state = self.state();
        let all = state.there(now).filter(|entry| entry.namespace == *namespace);
        let (keys, bytes) = all.fold((0, 0), |(keys, bytes), entry| (keys + 1, bytes + entry.bytes()));
        Ok(NamespaceSize { namespace: namespace.clone(), keys, bytes })
    }

    async fn memory_sizes(
        &self,
        pack: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<NamespaceSize>, StoreError> {
        let mut sizes: Vec<NamespaceSize> = Vec::new();
        let state = self.state();
        // The values of a namespace stand beside each other.
        for entry in state.there(now).filter(|entry| pack.is_none_or(|pack| entry.namespace.pack == pack)) {
            match sizes.last_mut().filter(|size| size.namespace == entry.namespace) {
                Some(size) => {
                    size.keys += 1;
                    size.bytes += entry.bytes();
                }
                None => {
                    let (namespace, bytes) = (entry.namespace.clone(), entry.bytes());
                    sizes.push(NamespaceSize { namespace, keys: 1, bytes });
                }
            }
        }
        Ok(sizes)
    }

    async fn memory_is_over(&self, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.state().remembered.values().any(|entry| entry.is_over(now)))
    }
}
