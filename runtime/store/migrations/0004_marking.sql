-- Executions may go along several paths at once, and repeat some.

-- JSON: where paths have arrived, and how often loops were repeated. Null where the graph is a single path.
alter table execution add column marking text;
