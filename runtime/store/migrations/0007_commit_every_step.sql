-- 1: each step of the definition's executions is stored before the next one runs, for comparison and for debugging.
alter table definition add column commit_every_step bigint not null default 0;
