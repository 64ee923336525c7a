-- Executions that people work on: tasks, phases, who and what they are about. One text for SQLite and PostgreSQL.
--
-- What belongs to one execution has keys that begin with the execution, whose ids are ordered by time: it is read and deleted with
-- it, and needs no second index for that. Everything else has keys that begin with the workspace.

-- Set: deleted, and kept because executions still run on it. Nothing finds it or starts it; it goes with the last of them.
alter table definition add column deleted_at bigint;
create index definition_deleted on definition (deleted_at) where deleted_at is not null; -- retention: which may go by now?

-- The template as its surface wrote it (JSON); the graph is made from it. None where the graph says everything.
alter table definition_version add column document text;

-- 0: the graph is that of the pinned version. Otherwise it is the execution's own, in execution_graph.
alter table execution add column graph_revision bigint not null default 0;
-- JSON {executionId, stepExecutionId, taskId, depth}: the visit that started it and waits for its end. None for most.
alter table execution add column parent text;

-- Graphs of single executions, edited while they ran. A revision never changes, so it may be cached; only the newest is kept.
create table execution_graph (
    execution_id text   not null primary key references execution (id) on delete cascade,
    workspace_id text   not null,
    revision     bigint not null,
    graph        text   not null, -- JSON: steps, transitions, phases and the edges as they were drawn
    updated_at   bigint not null
);

-- What people see of an execution as a whole.
create table flow (
    execution_id  text   not null primary key references execution (id) on delete cascade,
    workspace_id  text   not null,
    definition_id text   not null,
    surface       text   not null check (surface in ('flow', 'checklist')),
    name          text   not null,
    status        text   not null check (status in ('started', 'done', 'closed')),
    due_date      text,            -- as it is shown: days and longer units have no time zone
    due_at        bigint,          -- the same as an instant, to sort by
    data          text   not null, -- JSON: phases, assignees, closing reasons, trigger, times, settings of the surface
    created_at    bigint not null,
    updated_at    bigint not null,
    deleted_at    bigint           -- set: kept for audits, and found by no query
);
create index flow_listing on flow (workspace_id, surface, created_at, execution_id)
    where deleted_at is null; -- pages of a workspace, newest first
create index flow_status on flow (workspace_id, surface, status, created_at, execution_id)
    where deleted_at is null; -- pages of one status

-- Who answers for an execution as a whole.
create table flow_assignee (
    workspace_id text not null,
    assignee     text not null,
    execution_id text not null references execution (id) on delete cascade,
    primary key (workspace_id, assignee, execution_id) -- what is hers?
);
create index flow_assignee_execution on flow_assignee (execution_id); -- goes with the execution

-- What an execution is about.
create table flow_context (
    workspace_id text   not null,
    entity_id    text   not null,
    schema       text   not null,
    execution_id text   not null references execution (id) on delete cascade,
    position     bigint not null, -- the order in which they were given
    is_primary   bigint not null, -- 1: conditions and automations read it
    data         text,            -- JSON: more about it, by surface (its title)
    primary key (workspace_id, entity_id, schema, execution_id) -- what is there about this entity?
);
create index flow_context_execution on flow_context (execution_id, position); -- what is this about?
create index flow_context_schema on flow_context (workspace_id, schema, execution_id); -- what is there about any of these?

-- What people see of a step in one execution. Steps that are tasks have one from the start; any other step has one while it waits
-- for a person.
create table task (
    execution_id   text   not null references execution (id) on delete cascade,
    id             text   not null,
    workspace_id   text   not null,
    definition_id  text   not null,
    surface        text   not null check (surface in ('flow', 'checklist', 'workflow', 'sequence')),
    step_id        text   not null,
    key            text   not null, -- the template's id of it
    kind           text   not null check (kind in ('manual', 'automation', 'decision', 'agent')),
    name           text   not null,
    status         text   not null,
    enabled        bigint not null,
    phase          text,            -- the template's id of the phase
    position       bigint not null, -- its place among the tasks of the execution
    current_since  bigint,          -- set exactly while a path stands on it
    due_date       text,
    due_at         bigint,
    schedule_id    text,            -- set while a schedule is armed
    watches        bigint not null, -- 1: something of it depends on what is known of an entity
    added          bigint not null, -- 1: added to the running execution
    data           text   not null, -- JSON: times and people, assignees, what was changed by hand, schedule, result
    created_at     bigint not null,
    updated_at     bigint not null,
    primary key (execution_id, id)
);
create unique index task_id on task (workspace_id, id); -- whose is this task?
create index task_inbox on task (workspace_id, due_at, id)
    where current_since is not null; -- the inbox: what is to be done, and what of it first?
create index task_watching on task (execution_id)
    where watches = 1 and current_since is not null; -- whom does a change of an entity concern?

-- Who is to do a task. Rows are there while it is current; of checklists, whose steps are searched, from the start.
create table task_assignee (
    workspace_id text not null,
    assignee     text not null,
    execution_id text not null,
    task_id      text not null,
    primary key (workspace_id, assignee, task_id), -- the inbox: what is hers?
    foreign key (execution_id, task_id) references task (execution_id, id) on delete cascade
);
create index task_assignee_task on task_assignee (execution_id, task_id); -- goes with the task

-- What people say about a task.
create table task_comment (
    execution_id text   not null,
    task_id      text   not null,
    id           text   not null,
    workspace_id text   not null,
    author       text   not null, -- the key that wrote it, or whom it named
    body         text   not null,
    created_at   bigint not null,
    primary key (execution_id, task_id, id),
    foreign key (execution_id, task_id) references task (execution_id, id) on delete cascade
);

-- Why flows are closed: the catalogue of a workspace.
create table closing_reason (
    workspace_id text   not null,
    id           text   not null,
    title        text   not null,
    status       text   not null check (status in ('ACTIVE', 'INACTIVE')),
    created_at   bigint not null,
    updated_at   bigint not null,
    primary key (workspace_id, id)
);

-- JSON: what has ended the wait, where the commit that did so must not touch the execution: the end of a child execution, a change
-- of an entity. due_at is then in the past, so the timer takes it up at once.
alter table wait add column ended_by text;
