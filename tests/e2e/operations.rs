//! For those who run the server: settings, commands, health, metrics, documents, limits, insight into workflows, retention.

mod bounds;
mod commands;
mod insight;
mod intake;
mod retention;
mod settings;
mod surfaces;
