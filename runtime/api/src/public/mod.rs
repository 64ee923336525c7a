//! Links in messages: no key, a signed token in the path. What is opened only shows; what is posted changes.

pub(crate) mod click;
pub(crate) mod manage;
pub(crate) mod open;
mod page;
pub(crate) mod subscribe;
pub(crate) mod unsubscribe;
