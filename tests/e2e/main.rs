//! The whole, from outside: the real binary over HTTP, real SMTP, a real HTTP server behind the webhooks.

mod compatibility;
mod conditions;
mod defects;
mod waits;
mod webhooks;
