//! The pack format and the transcript format.
