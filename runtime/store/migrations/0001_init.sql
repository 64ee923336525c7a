-- The first schema. Ids are hyphenated lower-case UUID text, times UTC milliseconds, booleans 0 or 1, JSON text.
-- Every table of a tenant carries workspace_id and every query filters on it. Hot tables (execution, step_execution, wait,
-- journal) refer only to each other: a reference to contact or definition would cost a lookup for each row written.

-- Tenants.
create table workspace (
    id             text   not null primary key,
    name           text   not null,
    disabled       bigint not null default 0, -- 1: no writes over HTTP, running executions are cancelled
    webhook_secret blob   not null,           -- signs outgoing webhooks (Standard Webhooks); never leaves the host
    created_at     bigint not null,
    updated_at     bigint not null
);

-- Secrets of the server itself (link signing, compile cache), made once and then kept.
create table setting (
    name  text not null primary key,
    value blob not null
);

-- API keys. The key itself is shown once and never stored.
create table api_key (
    id           text   not null primary key,
    workspace_id text   not null references workspace (id),
    kind         text   not null check (kind in ('secret', 'public')),
    hash         text   not null unique, -- SHA-256 of the key in hex: the lookup of every request
    prefix       text   not null,        -- the first characters, so that people can tell keys apart
    name         text   not null,
    scopes       text   not null,        -- JSON array of resource:action
    created_at   bigint not null,
    last_used_at bigint,
    revoked_at   bigint
);
create index api_key_workspace on api_key (workspace_id, created_at); -- which keys has a workspace?

-- People.
create table contact (
    id           text   not null primary key,
    workspace_id text   not null,
    email        text   not null, -- trimmed and lower-cased
    subscribed   bigint not null,
    data         text   not null, -- JSON object
    created_at   bigint not null,
    updated_at   bigint not null,
    unique (workspace_id, email) -- who has this address? pages by email; two first events make one contact
);
create index contact_created on contact (workspace_id, created_at, id); -- pages by time
create index contact_every on contact (workspace_id, id); -- going through everybody

-- What happened.
create table event (
    id           text   not null primary key,
    workspace_id text   not null,
    name         text   not null, -- as it was sent; aliases are resolved when it is read
    contact_id   text,
    message_id   text,            -- the outbox message that email.* events are about
    data         text   not null, -- JSON object or null
    created_at   bigint not null
);
create index event_recent on event (workspace_id, created_at); -- what happened last? what is old enough to go?
create index event_name on event (workspace_id, name, created_at); -- names, statistics, the last of a name
create index event_contact on event (workspace_id, contact_id, created_at, name)
    where contact_id is not null; -- what did she do, and how often?

-- Requests that must not be done twice. Freed after a refusal, kept until expires_at otherwise.
create table idempotency_key (
    workspace_id text   not null,
    key          text   not null,
    request      text   not null, -- what the key was used for: method and path
    requested_at bigint not null,
    status_code  bigint,          -- none while the request runs
    expires_at   bigint not null,
    primary key (workspace_id, key)
);
create index idempotency_key_expires on idempotency_key (expires_at); -- which can go?

-- Message templates, unrendered.
create table template (
    id           text   not null primary key,
    workspace_id text   not null,
    name         text   not null,
    description  text,
    subject      text   not null,
    body         text   not null,
    sender       text   not null, -- the sender's address ("from" is a word of SQL)
    sender_name  text,
    reply_to     text,
    kind         text   not null check (kind in ('MARKETING', 'TRANSACTIONAL', 'HEADLESS')),
    created_at   bigint not null,
    updated_at   bigint not null
);
create index template_workspace on template (workspace_id, created_at); -- pages of a workspace

-- Heads of graphs.
create table definition (
    id             text   not null primary key,
    workspace_id   text   not null,
    kind           text   not null,
    name           text   not null,
    description    text,
    enabled        bigint not null,
    trigger_kind   text   not null check (trigger_kind in ('EVENT', 'MANUAL', 'SCHEDULE')),
    trigger_config text   not null, -- JSON as it was given
    event_name     text,            -- the canonical name, set exactly when an event starts it
    reentry        text   not null,
    version        bigint not null, -- the newest version of the graph
    step_count     bigint not null, -- steps of that version, to sort by without reading graphs
    created_at     bigint not null,
    updated_at     bigint not null
);
create index definition_workspace on definition (workspace_id, created_at); -- pages of a workspace
create index definition_event on definition (workspace_id, event_name)
    where enabled = 1 and event_name is not null; -- the router: what does this event start?

-- Graphs. A version never changes, so it may be cached for ever.
create table definition_version (
    workspace_id  text   not null,
    definition_id text   not null references definition (id) on delete cascade,
    version       bigint not null,
    graph         text   not null, -- JSON: steps and transitions
    created_at    bigint not null,
    primary key (definition_id, version)
);

-- Definitions that were deleted while they still had executions. Those go in bounded batches, not in one long transaction.
create table deleted_definition (
    workspace_id  text   not null,
    definition_id text   not null primary key,
    deleted_at    bigint not null
);

-- When definitions with a SCHEDULE trigger fire next. How they fire stands in the definition's trigger_config. A row is there
-- while the definition is to fire.
create table schedule (
    definition_id text   not null primary key references definition (id) on delete cascade,
    workspace_id  text   not null,
    next_at       bigint not null,
    progress      text            -- JSON: how far a firing for many contacts came; none when none is on its way
);
create index schedule_next on schedule (next_at); -- the timer: what fires next?

-- Runs of a definition version.
create table execution (
    id                 text   not null primary key,
    workspace_id       text   not null,
    definition_id      text   not null,
    definition_version bigint not null, -- pinned
    contact_id         text,
    status             text   not null,
    current_step_id    text,
    exit_reason        text,
    event_name         text,
    event              text   not null, -- JSON: what steps see as event.*
    variables          text   not null, -- JSON object
    reentry            text   not null,
    reentry_key        text,            -- while set, nobody else may enter with the same
    row_version        bigint not null, -- every commit is a compare-and-set on it
    journal_length     bigint not null,
    started_at         bigint not null,
    completed_at       bigint,          -- set exactly when it has ended
    created_at         bigint not null,
    updated_at         bigint not null
);
create unique index execution_reentry on execution (definition_id, reentry_key)
    where reentry_key is not null; -- may this contact enter?
create index execution_listing on execution (definition_id, started_at, id); -- pages of a definition
create index execution_status on execution (definition_id, status, started_at, id); -- pages of one status
create index execution_active on execution (definition_id, current_step_id, completed_at)
    where completed_at is null; -- does anything still run, and on which step? (completed_at: answered by the index alone)
create index execution_ended on execution (completed_at) where completed_at is not null; -- retention: what is old enough?

-- Who has entered a definition for good, once the execution that says so has been pruned: once means once.
create table entered (
    workspace_id  text not null,
    definition_id text not null,
    reentry_key   text not null,
    primary key (definition_id, reentry_key)
);

-- Visits to steps.
create table step_execution (
    id           text   not null primary key,
    workspace_id text   not null,
    execution_id text   not null references execution (id) on delete cascade,
    step_id      text   not null,
    status       text   not null,
    attempt      bigint not null,
    run_at       bigint,          -- set exactly while pending or running
    resumes      bigint not null,
    wake         text,            -- JSON: what ended the wait, until the step has been resumed with it
    state        text,            -- JSON: what the plugin gets back
    output       text,            -- JSON
    failure      text,            -- JSON
    due_at       bigint,          -- when the wait ends by time
    plugin       text,            -- the digest of the component that ran
    lease_owner  text,            -- the node that runs it. One node today; the columns are written so that many can follow
    lease_until  bigint,          -- when another node may take it over
    started_at   bigint,
    completed_at bigint,
    created_at   bigint not null,
    updated_at   bigint not null
);
create index step_execution_execution on step_execution (execution_id, created_at); -- the visits of an execution
create index step_execution_due on step_execution (status, run_at)
    where run_at is not null; -- what is due, and what ran when the server stopped?

-- What a visit waits for: a time, an event, a person, or whatever of them comes first. The row goes when the wait is over.
create table wait (
    step_execution_id text   not null primary key references step_execution (id) on delete cascade,
    workspace_id      text   not null,
    execution_id      text   not null,
    contact_id        text,
    due_at            bigint, -- when to stop waiting
    event_name        text,   -- the canonical name, so that an alias finds it
    event             text,   -- JSON: the name as it was written, and the filter
    task              text,   -- JSON: what a person is asked to do
    created_at        bigint not null
);
create index wait_due on wait (due_at) where due_at is not null; -- the timer: what ends next?
create index wait_event on wait (workspace_id, contact_id, event_name)
    where event_name is not null; -- the router: who waits for this?

-- What happened to an execution, append-only, numbered without gaps.
create table journal (
    execution_id      text   not null references execution (id) on delete cascade,
    number            bigint not null,
    workspace_id      text   not null,
    at                bigint not null,
    kind              text   not null,
    step_id           text,
    step_execution_id text,
    data              text,   -- JSON; none for nothing
    primary key (execution_id, number) -- the timeline, and what came after the last entry a reader has seen
);

-- Messages to deliver, and what became of them. Rendered once.
create table outbox_message (
    id                text   not null primary key, -- stable over all attempts; the Message-ID is made from it
    workspace_id      text   not null,
    execution_id      text,
    step_execution_id text,
    step_id           text,
    contact_id        text,            -- out of email, to be found by
    template_id       text,            -- out of email, to count by
    email             text   not null, -- JSON: the rendered message
    status            text   not null,
    attempts          bigint not null,
    next_at           bigint,          -- the next try; while SENDING the end of the lease; none when there is nothing left to try
    error             text,
    opens             bigint not null,
    clicks            bigint not null,
    sent_at           bigint,
    created_at        bigint not null,
    updated_at        bigint not null
);
create index outbox_message_next on outbox_message (next_at) where next_at is not null; -- delivery: what is due?
create index outbox_message_settled on outbox_message (updated_at) where next_at is null; -- retention: what is old enough?
create index outbox_message_execution on outbox_message (execution_id)
    where execution_id is not null; -- what did this execution send?
create index outbox_message_template on outbox_message (template_id)
    where template_id is not null; -- how often was this template sent?

-- What plugins keep. A bucket is '<step type>/<bucket>', so those of different step types never meet.
create table keyvalue (
    workspace_id text   not null,
    bucket       text   not null,
    key          text   not null,
    value        blob   not null,
    primary key (workspace_id, bucket, key)
);

-- Stored credentials, used by name. A guest never sees the secret.
create table connection (
    workspace_id text   not null,
    name         text   not null,
    id           text   not null unique,
    secret       blob   not null,
    hosts        text   not null, -- JSON array: where the secret may be sent
    created_at   bigint not null,
    updated_at   bigint not null,
    primary key (workspace_id, name)
);

-- Addresses that get no marketing messages, whatever the subscription says.
create table suppression (
    workspace_id text   not null,
    email        text   not null, -- trimmed and lower-cased
    reason       text   not null, -- 'bounce', 'complaint', 'manual', …
    created_at   bigint not null,
    primary key (workspace_id, email)
);

-- Components and what they were granted.
create table plugin (
    digest       text   not null, -- SHA-256 of the component in hex
    workspace_id text,            -- none: every workspace may use it
    source       text   not null check (source in ('builtin', 'installed')),
    info         text   not null, -- JSON: step types, imports, size
    grants       text   not null, -- JSON array; apart from info, because an operator changes it
    component    blob   not null,
    installed_at bigint not null
);
create unique index plugin_digest on plugin (digest, coalesce(workspace_id, '')); -- one row an owner; null is no value to SQL

-- What became of the visits to a step, by version. Kept after executions are pruned.
create table step_counter (
    workspace_id  text   not null,
    definition_id text   not null,
    version       bigint not null,
    step_id       text   not null,
    entered       bigint not null default 0,
    completed     bigint not null default 0,
    failed        bigint not null default 0,
    skipped       bigint not null default 0,
    sent          bigint not null default 0, -- messages that the mail server took
    opened        bigint not null default 0, -- messages opened at least once
    clicked       bigint not null default 0, -- messages with at least one click
    bounced       bigint not null default 0,
    primary key (definition_id, version, step_id)
);
