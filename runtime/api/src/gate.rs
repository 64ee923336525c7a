//! What the server takes on: so many requests at once, so many bytes of bodies in memory. More is refused at once and cheaply.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use crate::error::ApiError;
use crate::state::ApiState;

/// The unit in which body bytes are counted.
const BLOCK: usize = 1024;

/// How many components are compiled at once.
const INSTALLS: usize = 2;

/// Counts requests and body bytes.
pub(crate) struct Gate {
    requests: Arc<Semaphore>,
    blocks: Arc<Semaphore>,
    installs: Semaphore,
}

impl Gate {
    pub(crate) fn new(requests: usize, body_bytes: usize) -> Self {
        let blocks = (body_bytes / BLOCK).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            requests: Arc::new(Semaphore::new(requests.max(1))),
            blocks: Arc::new(Semaphore::new(blocks)),
            installs: Semaphore::new(INSTALLS),
        }
    }

    fn enter(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.requests).try_acquire_owned().map_err(|_| busy())
    }

    /// A turn to compile a component, which takes the server's time and memory for seconds.
    pub(crate) fn enter_install(&self) -> Result<SemaphorePermit<'_>, ApiError> {
        self.installs.try_acquire().map_err(|_| ApiError::unavailable("Other plugins are being installed"))
    }

    /// Room for a body that has grown to `bytes`; `held` is the room it had.
    pub(crate) fn grow(&self, held: &mut Option<OwnedSemaphorePermit>, bytes: usize) -> Result<(), ApiError> {
        let wanted = bytes.div_ceil(BLOCK);
        let had = held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let Ok(more) = u32::try_from(wanted.saturating_sub(had)) else { return Err(busy()) };
        if more == 0 {
            return Ok(());
        }
        let got = Arc::clone(&self.blocks).try_acquire_many_owned(more).map_err(|_| busy())?;
        match held {
            Some(held) => held.merge(got),
            None => *held = Some(got),
        }
        Ok(())
    }
}

fn busy() -> ApiError {
    ApiError::unavailable("The server is busy")
}

/// Lets a request in, or refuses it, and ends it when it takes too long.
pub(crate) async fn admit(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    match state.gate().enter() {
        Ok(_held) => within(state.options().request_timeout, request, next).await,
        Err(error) => error.into_response(),
    }
}

/// As [`admit`], for the few requests that are long work.
pub(crate) async fn admit_long(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    match state.gate().enter() {
        Ok(_held) => within(state.options().long_request_timeout, request, next).await,
        Err(error) => error.into_response(),
    }
}

async fn within(limit: std::time::Duration, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::unavailable("The request took too long").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_share_one_budget_and_give_it_back() {
        let gate = Gate::new(1, 4 * BLOCK);
        let (mut one, mut two) = (None, None);
        gate.grow(&mut one, 1).expect("one block");
        gate.grow(&mut one, 3 * BLOCK).expect("three blocks");
        assert!(gate.grow(&mut two, 2 * BLOCK).is_err());
        drop(one);
        assert!(gate.grow(&mut two, 2 * BLOCK).is_ok());
    }

    #[test]
    fn a_request_too_many_is_refused() {
        let gate = Gate::new(1, 1);
        let held = gate.enter().expect("the first");
        assert_eq!(gate.enter().err().map(|error| error.status().as_u16()), Some(503));
        drop(held);
        assert!(gate.enter().is_ok());
    }
}
