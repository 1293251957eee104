//! The binary: config, registry, wiring, CLI.
