-- Things that flows are about and that are no contacts: any JSON object, by the slug of its schema. Contacts are in contact.

create table entity (
    workspace_id text   not null,
    schema       text   not null, -- the slug: opportunity, order, …
    id           text   not null,
    data         text   not null, -- JSON object: the attributes
    created_at   bigint not null,
    updated_at   bigint not null,
    primary key (workspace_id, schema, id)
);
