-- Every commit counts, and nodes that run the same workflow would wait for each other's commits at the rows of its counters. So each
-- node counts in rows of its own lane; what is shown is their sum.
alter table step_counter rename to step_counter_before;
create table step_counter (
    workspace_id  text   not null,
    definition_id text   not null,
    version       bigint not null,
    step_id       text   not null,
    lane          bigint not null, -- made of the node's name; 0 on SQLite
    entered       bigint not null default 0,
    completed     bigint not null default 0,
    failed        bigint not null default 0,
    skipped       bigint not null default 0,
    sent          bigint not null default 0, -- messages that the mail server took
    opened        bigint not null default 0, -- messages opened at least once
    clicked       bigint not null default 0, -- messages with at least one click
    bounced       bigint not null default 0,
    primary key (definition_id, version, step_id, lane)
);
insert into step_counter (workspace_id, definition_id, version, step_id, lane, entered, completed, failed, skipped, sent,
    opened, clicked, bounced)
    select workspace_id, definition_id, version, step_id, 0, entered, completed, failed, skipped, sent, opened, clicked, bounced
    from step_counter_before;
drop table step_counter_before;
