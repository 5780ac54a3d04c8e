-- A close inserts a row for each subscription with usage while no usage is applied: one B-tree on the
-- snapshot instead of three, and the one that a close only appends to, so that it costs the same however
-- many closes a period has. What is known of a period is found by way of the closes since its beginning.
drop index billing.snapshot_by_period;
drop index billing.snapshot_by_end;

-- Its version is its close's, which has the reference: none is checked again for each row.
alter table billing.due_period drop constraint due_period_catalog_version_fkey;
drop index billing.due_period_by_close;
create index due_period_by_close on billing.due_period using brin (close_id)
  with (pages_per_range = 32);
