-- A close inserts a row for each subscription with usage while no usage is applied: one B-tree on the
-- snapshot instead of three. Closes and ends of periods only grow along the table, so that a few bytes a
-- range of pages find them.
alter table billing.snapshot drop constraint snapshot_pkey;
drop index billing.snapshot_by_period;
drop index billing.snapshot_by_end;
alter table billing.snapshot
  add primary key (tenant, subscription, period_from_us, meter, close_id);
create index snapshot_by_close on billing.snapshot using brin (close_id) with (pages_per_range = 32);
create index snapshot_by_end on billing.snapshot using brin (period_to_us)
  with (pages_per_range = 32);

drop index billing.due_period_by_close;
create index due_period_by_close on billing.due_period using brin (close_id)
  with (pages_per_range = 32);
