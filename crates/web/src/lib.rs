//! The HTTP door: page, API, health, metrics.
