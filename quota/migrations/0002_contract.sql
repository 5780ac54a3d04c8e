-- The SQL contract with billing: quota.v1_* and nothing else.
--
-- Plain views, and functions of one SQL statement each: no control flow. Billing's role may read the
-- views and call the functions; it sees no table. A change that breaks a caller makes a v2 beside it.

create function quota.v1_clock_us() returns bigint
language sql volatile security definer set search_path = quota, pg_temp
as $$ select (extract(epoch from clock_timestamp()) * 1000000)::bigint $$;

create view quota.v1_deployment as
  select d.deployment_id, d.topic, d.cluster_id, d.incarnation, d.partitions, d.bucket_us, d.grace_us,
         d.permitted_future_us, d.delivery_timeout_us, d.partitioner, f.closed_until_us,
         c.version as catalog_version, c.digest as catalog_digest
  from quota.deployment d
  cross join quota.frozen f
  left join lateral (select version, digest from quota.catalog order by version desc limit 1) c on true;

create view quota.v1_progress as
  select incarnation, partition, next, anchor_offset, anchor_digest, anchor_append_us,
         complete_through_us, applied_at_us, received, applied, duplicate, quarantined, unprovable,
         adjusted, horizon_from_us, horizon_us, restamp_window_us
  from quota.progress;

-- Only what is open.
create view quota.v1_blockers as
  select 'gap'::text as kind, id, partition, from_offset, to_offset, reason, opened_at_us
    from quota.gap where accepted_at_us is null
  union all
  select 'quarantine', id, partition, record_offset, record_offset + 1, reason, opened_at_us
    from quota.quarantine where resolved_at_us is null
  union all
  select 'hole', id, partition, from_number, to_number + 1,
         'producer ' || producer || ' epoch ' || epoch, opened_at_us
    from quota.hole where closed_at_us is null
  union all
  select 'lineage', id, partition, null, null, what, opened_at_us
    from quota.integrity_flag where cleared_at_us is null;

create view quota.v1_usage as
  select tenant, subscription, meter, bucket_us, units, incarnation from quota.usage;

create view quota.v1_adjustments as
  select id, tenant, subscription, meter, bucket_us, units, close_id, applied_at_us
  from quota.adjustment;

create view quota.v1_unprovable_count as
  select count(*) as n from quota.unprovable where accepted_at_us is null;

-- R11 step 1: forward only, and to a bucket edge only. No row: somebody closed T or later before.
create function quota.v1_advance_closed_until(t bigint) returns setof bigint
language sql volatile security definer set search_path = quota, pg_temp
as $$
  update quota.frozen set closed_until_us = t
  where closed_until_us < t and t % (select bucket_us from quota.deployment) = 0
  returning closed_until_us
$$;

-- R11 step 2: UPDATEs every progress row of the present incarnation; the rows are locked in the order
-- in which ingest takes them (partition ascending), so that the two never wait for each other in a
-- circle. `next` of the result is the cut N.
create function quota.v1_fence_progress()
returns table (incarnation int, partition int, next bigint, anchor_offset bigint,
               anchor_digest text, anchor_append_us bigint)
language sql volatile security definer set search_path = quota, pg_temp
as $$
  with locked as materialized (
    select p.incarnation, p.partition
    from quota.progress p join quota.deployment d on p.incarnation = d.incarnation
    order by p.partition
    for update of p
  ), fenced as (
    update quota.progress p set fence = p.fence + 1
    from locked l
    where p.incarnation = l.incarnation and p.partition = l.partition
    returning p.incarnation, p.partition, p.next, p.anchor_offset, p.anchor_digest,
              p.anchor_append_us
  )
  select * from fenced order by fenced.partition
$$;

-- Those of `ids` that no close had yet: now they are `close`'s.
create function quota.v1_assign_adjustments(close bigint, ids bigint[]) returns setof bigint
language sql volatile security definer set search_path = quota, pg_temp
as $$
  update quota.adjustment set close_id = close
  where id = any (ids) and close_id is null
  returning id
$$;

do $$
begin
  if not exists (select from pg_roles where rolname = 'weir_billing') then
    raise exception 'role weir_billing does not exist'
      using hint = 'create it first: CREATE ROLE weir_billing LOGIN';
  end if;
end
$$;

revoke all on all functions in schema quota from public;
grant usage on schema quota to weir_billing;
grant select on quota.v1_deployment, quota.v1_progress, quota.v1_blockers, quota.v1_usage,
  quota.v1_adjustments, quota.v1_unprovable_count to weir_billing;
grant execute on function quota.v1_clock_us(), quota.v1_advance_closed_until(bigint),
  quota.v1_fence_progress(), quota.v1_assign_adjustments(bigint, bigint[]) to weir_billing;
