-- Nodes that share this database. A visit that runs is held by the node in its lease_owner for as long as that node gives signs
-- of life: one row written every few seconds, however many visits a node runs.
create table node (
    id          text   not null primary key,
    lease_until bigint not null -- what the node holds may be taken over after this
);
