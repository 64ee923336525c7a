-- Visits that wait for a node to take them, by workspace: each is served in its turn, whatever others have waiting. Small, and
-- seldom written: a visit that can run at once is never pending.
create index step_execution_pending on step_execution (workspace_id, run_at)
    where status = 'pending' and run_at is not null; -- who has something due? what is due there next?
