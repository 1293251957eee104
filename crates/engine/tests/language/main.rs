//! The language of orders, from what people type to what it means.

mod building;
mod corpus;
mod helping;
mod lines;
mod properties;
mod sample;
