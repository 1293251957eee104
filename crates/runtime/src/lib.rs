//! Keeps things alive: clock, tasks, HTTP client, in-memory store.
