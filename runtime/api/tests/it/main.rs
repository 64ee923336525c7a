//! The routes through the router, on a real database, with a scripted host in place of WebAssembly.

mod checklists;
mod closing_reasons;
mod contacts;
mod definitions;
mod entities;
mod events;
mod flows;
mod foundation;
mod management;
mod messages;
mod openapi;
mod overload;
mod plugins;
mod public;
mod serve;
mod server;
mod templates;
mod track;
mod workflows;
