//! The fake of `wasi:http`: scripted answers, recorded requests.

use super::state::with;
use crate::http::{Error, Request, Response};

pub(crate) fn send(request: &Request) -> Result<Response, Error> {
    with(|state| {
        state.requests.push(request.clone());
        let unscripted = Err(Error::Connection("the test scripted no further answer".to_owned()));
        let mut answer = state.answers.pop_front().unwrap_or(unscripted)?;
        answer.truncated |= answer.body.len() > request.body_limit;
        answer.body.truncate(request.body_limit);
        Ok(answer)
    })
}
