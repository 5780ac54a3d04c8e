-- Completeness by the producers' own word (R13, R14), and what operators decide (R1, R2, R6, R7).

-- Producers that number and seal. `ended_by`: null while it is registered; 'seal' (its own END) or the
-- operator who retired it. An END counts once every number up to `end_numbers` is applied.
create table quota.producer (
  producer            text   primary key,
  accepted_when       text   not null,
  registered_at_us    bigint not null,  -- append time of its first registration
  epoch               bigint not null,  -- the greatest that it named
  sealed_until_us     bigint,           -- of its newest seal: W
  sealed_append_us    bigint,
  ended_by            text,
  ended_reason        text,
  ended_at_us         bigint,
  end_numbers         text,             -- [{"epoch":1,"last":[480,0]}], every epoch's
  final_numbers       text not null default '[]',  -- of epochs that are over, as its seals named them
  check ((ended_by is null) = (end_numbers is null))
);

-- The first seal with W >= T + G for each bucket edge T: kept until T or a later edge is closed. Any
-- copy of a seal is the seal. `numbers` are its own and the producer's final_numbers, merged.
create table quota.seal (
  producer  text   not null,
  edge_us   bigint not null,  -- the greatest edge T with until_us >= T + grace
  until_us  bigint not null,
  append_us bigint not null,
  numbers   text   not null,
  primary key (producer, edge_us)
);
create index seal_by_edge on quota.seal (edge_us);

-- The greatest number applied; what is missing below it stands in quota.hole. An epoch belongs to one
-- topic, so numbers go on through an adopted incarnation. `newest_*`: where the newest record of them
-- stands; null when only seals named any.
create table quota.producer_number (
  producer           text   not null,
  epoch              bigint not null,
  partition          int    not null,
  highest            bigint not null check (highest >= 1),
  newest_incarnation int,
  newest_offset      bigint,
  primary key (producer, epoch, partition)
) with (fillfactor = 50);

-- What is missing stood between the record that showed it, in the hole's incarnation, and the newest
-- one of its producer and epoch before that (null: none). A gap that ends between them may have
-- swallowed it (R7); of a hole older than these columns nobody can say so.
alter table quota.hole add column accepted_at_us     bigint;
alter table quota.hole add column found_offset       bigint not null default -1;
alter table quota.hole add column behind_incarnation int;
alter table quota.hole add column behind_offset      bigint;
create index hole_open on quota.hole (producer, epoch, partition)
  where closed_at_us is null and accepted_at_us is null;

-- Of `received`: events of records that bear no producer's number.
alter table quota.progress add column unnumbered bigint not null default 0;

-- Anchors kept for an adoption (R1): about one a minute of append time, within the horizon.
create table quota.anchor (
  incarnation   int    not null,
  partition     int    not null,
  record_offset bigint not null,
  digest        text   not null,
  append_us     bigint not null,
  primary key (incarnation, partition, record_offset)
);

-- R7: a quarantined row that is mended is split into one child a (mended event, target partition). The
-- parent is resolved when none of its children is open.
create table quota.redrive (
  id              bigint generated always as identity primary key,
  quarantine_id   bigint not null references quota.quarantine,
  partition       int    not null,
  event           bytea  not null,  -- JSON, as it is appended
  state           text   not null default 'open'
                  check (state in ('open', 'redriven', 'duplicate', 'unprovable', 'quarantined',
                                   'discarded')),  -- by the operator who discarded its parent
  made_at_us      bigint not null,
  decided_at_us   bigint,
  at_incarnation  int,
  at_partition    int,
  at_offset       bigint
);
create index redrive_open on quota.redrive (quarantine_id) where state = 'open';

-- accepted: its units became an adjustment; discarded: they never count.
alter table quota.unprovable add column resolution text check (resolution in ('accepted', 'discarded'));
alter table quota.unprovable add column source text not null default '';

-- Adopting incarnation n + 1 ends the rows of n: no ingest transaction moves an ended row, and for it
-- advance_progress gives no row, as for another `next`. `unheld_until_us`, of a row that an adoption
-- began: C of R6 is no less, since the identity index cannot hold what was applied up to there and the
-- log no longer has. `restamp_short_until_us`: some record with an append time below it was asked of an
-- index that did not hold the whole re-stamp window before it (R6); null: none was.
alter table quota.progress add column ended_at_us bigint;
alter table quota.progress add column unheld_until_us bigint;
alter table quota.progress add column restamp_short_until_us bigint;

-- Each life of the stream after the first (R1).
create table quota.incarnation (
  incarnation  int    primary key,
  topic        text   not null,
  partitions   int    not null,
  began_at_us  bigint not null,
  why          text   not null check (why in ('truncated', 'made anew', 'moved')),
  starts       bigint[] not null,  -- first offset of each partition
  decided_by   text   not null,
  reason       text   not null,
  former_topic text,             -- of one that was moved to (R2)
  inherited_until_us bigint,     -- the greatest append time of what it inherits
  check ((why = 'moved') = (former_topic is not null))
);

-- Which records of the former topic the identity index of a moved incarnation holds, by the former's
-- partitions: to_offset is where the partition ended.
create table quota.inherited (
  incarnation  int    not null references quota.incarnation,
  partition    int    not null,
  from_offset  bigint not null,
  to_offset    bigint not null,
  primary key (incarnation, partition),
  check (from_offset <= to_offset)
);

-- A move to another topic (R2), declared before any producer switches. While one is open nothing is
-- closed. `starts`: where each partition of the new topic began when it was found empty.
create table quota.move (
  id              bigint generated always as identity primary key,
  incarnation     int    not null,  -- in which it was declared
  former_topic    text   not null,
  topic           text   not null,
  starts          bigint[] not null,
  declared_at_us  bigint not null,
  declared_by     text   not null,
  reason          text   not null,
  settled         text   check (settled in ('finished', 'cancelled')),
  settled_at_us   bigint,
  settled_by      text,
  settled_reason  text,
  check ((settled is null) = (settled_at_us is null))
);
create unique index move_open on quota.move ((true)) where settled is null;

-- What the decision was worth, where that can be said: units by meter, offsets, numbers.
alter table quota.audit add column reason text not null default '';
alter table quota.audit add column worth  text not null default '';

-- The contract with billing, second version: v1's views stay for those that do not change.

create view quota.v2_deployment as
  select d.*, f.closed_until_us, c.version as catalog_version, c.digest as catalog_digest,
         pg_is_in_recovery() as replica
  from quota.deployment d
  cross join quota.frozen f
  left join lateral (select version, digest from quota.catalog order by version desc limit 1) c on true;

create view quota.v2_progress as
  select p.incarnation, p.partition, p.next, p.anchor_offset, p.anchor_digest, p.anchor_append_us,
         p.complete_through_us, p.applied_at_us, p.received, p.applied, p.duplicate, p.quarantined,
         p.unprovable, p.adjusted, p.unnumbered, p.horizon_from_us, p.horizon_us, p.restamp_window_us,
         p.restamp_short_until_us
  from quota.progress p;

-- Open, and in every close's way. Holes are not here: only those below a seal's numbers count, which
-- v2_numbers says.
create view quota.v2_blockers as
  select 'gap'::text as kind, id, partition, from_offset, to_offset, reason, opened_at_us
    from quota.gap where accepted_at_us is null
  union all
  select 'quarantine', id, partition, record_offset, record_offset + 1, reason, opened_at_us
    from quota.quarantine where resolved_at_us is null
  union all
  select case when kind in ('overflow', 'after_end') then kind else 'lineage' end,
         id, partition, null, null, what, opened_at_us
    from quota.integrity_flag where cleared_at_us is null
  union all
  select 'move', id, null, null, null,
         'from topic ' || former_topic || ' to ' || topic || ', declared by ' || declared_by,
         declared_at_us
    from quota.move where settled is null;

create view quota.v2_producers as
  select producer, accepted_when, registered_at_us, epoch, sealed_until_us, sealed_append_us,
         ended_by, end_numbers
  from quota.producer;

create view quota.v2_seals as
  select producer, edge_us, until_us, append_us, numbers from quota.seal;

-- All numbers up to `contiguous` are applied, or accepted as lost.
create view quota.v2_numbers as
  select n.producer, n.epoch, n.partition,
         coalesce((select min(h.from_number) - 1 from quota.hole h
                   where h.producer = n.producer and h.epoch = n.epoch and h.partition = n.partition
                     and h.closed_at_us is null and h.accepted_at_us is null),
                  n.highest) as contiguous,
         n.highest
  from quota.producer_number n;

grant select on quota.v2_deployment, quota.v2_progress, quota.v2_blockers, quota.v2_producers,
  quota.v2_seals, quota.v2_numbers to weir_billing;

-- For billing's verification: what was decided about single addresses (row -1: the whole record), and
-- what accepted events added.
create view quota.v2_verdicts as
  select incarnation, partition, record_offset, row, 'quarantined'::text as verdict
    from quota.quarantine
  union all
  select incarnation, partition, record_offset, row, 'unprovable' from quota.unprovable;

create view quota.v2_accepted as
  select u.tenant, u.subscription, m.meter, u.bucket_us, m.units, u.accepted_at_us
  from quota.unprovable u
  cross join lateral unnest(u.meters, u.units) as m (meter, units)
  where u.resolution = 'accepted';

create index adjustment_by_close on quota.adjustment (close_id) where close_id is not null;

grant select on quota.v2_verdicts, quota.v2_accepted to weir_billing;
