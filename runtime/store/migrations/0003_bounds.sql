-- Storage stays bounded: what is large is kept apart, and each workspace keeps so much and no more.

-- Outputs and states that are too large for the rows that every step touches. The column they are of then holds '@' alone, which
-- is no JSON.
create table step_value (
    step_execution_id text   not null references step_execution (id) on delete cascade,
    workspace_id      text   not null,
    kind              text   not null check (kind in ('output', 'state')),
    value             text   not null, -- JSON
    primary key (step_execution_id, kind)
);

-- Bytes of JSON that the step executions of a run keep, so that a bound on them costs no query.
alter table execution add column output_bytes bigint not null default 0;

-- How long, and how many, ended executions a workspace keeps. Null: what the server's settings say; 0: no bound.
alter table workspace add column retention_days bigint;
alter table workspace add column retention_executions bigint;

-- Retention is a matter of each workspace.
drop index execution_ended;
create index execution_ended on execution (workspace_id, completed_at)
    where completed_at is not null; -- retention: how many have ended, and which of them first?
drop index outbox_message_settled;
create index outbox_message_settled on outbox_message (workspace_id, updated_at)
    where next_at is null; -- retention: what is old enough?
