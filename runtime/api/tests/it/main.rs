//! The routes through the router, on a real database, with a scripted host in place of WebAssembly.

mod contacts;
mod events;
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
