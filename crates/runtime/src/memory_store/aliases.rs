//! Names for orders, in memory. Layer 1.

use async_trait::async_trait;
use wilco_contract::{
    alias::Alias,
    store::{Aliases, StoreError},
};

use super::MemoryStore;

#[async_trait]
impl Aliases for MemoryStore {
    async fn aliases(&self) -> Result<Vec<Alias>, StoreError> {
        Ok(self.state().aliases.values().cloned().collect())
    }
}
