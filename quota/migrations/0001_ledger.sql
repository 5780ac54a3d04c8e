-- The usage ledger: what the stream added up to, and how far it was read.
--
-- All times are bigint microseconds since the epoch, UTC, in columns named *_us. A bucket is named by
-- its start. Every address is (incarnation, partition, record_offset, row). Rows that block a close
-- are open until something resolves them; nothing here is ever deleted but generation rows.

-- What was decided when the database was created, and what the stream turned out to be. One row.
create table quota.deployment (
  one                 boolean primary key default true check (one),
  deployment_id       text    not null,
  topic               text    not null,
  cluster_id          text    not null default '',
  incarnation         int     not null default 1 check (incarnation >= 1),
  partitions          int     not null default 0 check (partitions >= 0),  -- 0: not seen yet
  bucket_us           bigint  not null check (bucket_us > 0 and 900000000 % bucket_us = 0),
  permitted_future_us bigint  not null check (permitted_future_us >= 0),
  delivery_timeout_us bigint  not null check (delivery_timeout_us >= 0),
  grace_us            bigint  not null,
  partitioner         text    not null check (partitioner in ('murmur2', 'any')),
  created_at_us       bigint  not null,
  check (grace_us >= delivery_timeout_us + permitted_future_us)
);

-- Usage before this moment is frozen. A table of its own, so that reading it FOR SHARE (R8) stands in
-- nobody's way but the close's (R11 step 1).
create table quota.frozen (
  one             boolean primary key default true check (one),
  closed_until_us bigint  not null default 0
);
insert into quota.frozen default values;

-- How far each partition was applied: the truth about positions (R3 step 1), and the cumulative
-- counts: received = applied + duplicate + quarantined + unprovable.
create table quota.progress (
  incarnation         int    not null,
  partition           int    not null check (partition >= 0),
  next                bigint not null default 0 check (next >= 0),
  anchor_offset       bigint,
  anchor_digest       text,
  anchor_append_us    bigint,
  newest_append_us    bigint,
  caught_up_at_us     bigint,  -- latest moment at which the log's end was read and since applied
  complete_through_us bigint,  -- caught_up_at_us less the grace
  applied_at_us       bigint not null,
  received            bigint not null default 0,
  applied             bigint not null default 0,
  duplicate           bigint not null default 0,
  quarantined         bigint not null default 0,
  unprovable          bigint not null default 0,
  adjusted            bigint not null default 0,  -- of `applied`: rows that became adjustments
  unsubscribed        bigint not null default 0,  -- of `applied`: rows that bear no subscription
  horizon_from_us     bigint not null default 0,
  horizon_us          bigint not null default 0,
  restamp_window_us   bigint not null default 0,
  fence               bigint not null default 0,  -- closes that have fenced this row
  primary key (incarnation, partition)
) with (fillfactor = 50);

create table quota.usage (
  tenant       text   not null,
  subscription text   not null,
  meter        text   not null,
  bucket_us    bigint not null,
  incarnation  int    not null,
  units        bigint not null check (units >= 0),
  primary key (tenant, subscription, meter, bucket_us, incarnation)
) with (fillfactor = 70);
create index usage_by_bucket on quota.usage (bucket_us);

-- Usage that came after its bucket was frozen. `close_id` is the close that billed it; once set it
-- stays.
create table quota.adjustment (
  id            bigint generated always as identity primary key,
  tenant        text   not null,
  subscription  text   not null,
  meter         text   not null,
  bucket_us     bigint not null,
  units         bigint not null check (units >= 0),
  incarnation   int    not null,
  applied_at_us bigint not null,
  close_id      bigint
);
create index adjustment_unassigned on quota.adjustment (id) where close_id is null;
create index adjustment_by_subscription on quota.adjustment (tenant, subscription, bucket_us);

-- Records and events that could not be applied. The record's bytes are kept once a record.
create table quota.quarantine_record (
  incarnation    int    not null,
  partition      int    not null,
  record_offset  bigint not null,
  topic          text   not null,
  append_time_us bigint not null,
  content_type   text   not null,
  raw            bytea  not null,
  primary key (incarnation, partition, record_offset)
);
create table quota.quarantine (
  id              bigint generated always as identity primary key,
  incarnation     int    not null,
  partition       int    not null,
  record_offset   bigint not null,
  row             bigint not null check (row >= -1),  -- index in the record; -1: the whole record
  reason          text   not null,
  field           text   not null,
  detail          text   not null,
  opened_at_us    bigint not null,
  resolved_at_us  bigint,
  resolution      text,
  resolved_by     text,
  resolved_reason text,
  unique (incarnation, partition, record_offset, row),
  foreign key (incarnation, partition, record_offset) references quota.quarantine_record
);
create index quarantine_open on quota.quarantine (id) where resolved_at_us is null;

-- Offsets that were never read, half-open.
create table quota.gap (
  id              bigint generated always as identity primary key,
  incarnation     int    not null,
  partition       int    not null,
  from_offset     bigint not null,
  to_offset       bigint not null,
  reason          text   not null,
  opened_at_us    bigint not null,
  accepted_at_us  bigint,
  accepted_by     text,
  accepted_reason text,
  check (from_offset < to_offset),
  unique (incarnation, partition, from_offset, to_offset)
);

-- Numbers of a producer that never arrived (R13), inclusive.
create table quota.hole (
  id              bigint generated always as identity primary key,
  incarnation     int    not null,
  partition       int    not null,
  producer        text   not null,
  epoch           bigint not null,
  from_number     bigint not null,
  to_number       bigint not null,
  opened_at_us    bigint not null,
  closed_at_us    bigint,
  accepted_by     text,
  accepted_reason text,
  check (from_number <= to_number),
  unique (incarnation, partition, producer, epoch, from_number)
);

-- Stored state and stream contradict each other: a lineage break, a sum that left 64 bits.
create table quota.integrity_flag (
  id             bigint generated always as identity primary key,
  kind           text   not null,
  incarnation    int    not null,
  partition      int,
  what           text   not null,
  opened_at_us   bigint not null,
  cleared_at_us  bigint,
  cleared_by     text,
  cleared_reason text
);
create unique index integrity_flag_open
  on quota.integrity_flag (kind, incarnation, coalesce(partition, -1), md5(what))
  where cleared_at_us is null;

-- Events too late for the identity index to tell (R6): once each, with what they would add.
create table quota.unprovable (
  id              bigint generated always as identity primary key,
  identity        bytea    not null unique check (length(identity) = 16),
  incarnation     int      not null,
  partition       int      not null,
  record_offset   bigint   not null,
  row             bigint   not null,
  event_time_us   bigint   not null,
  append_time_us  bigint   not null,
  tenant          text     not null,
  subscription    text     not null,
  bucket_us       bigint   not null,
  meters          text[]   not null,
  units           bigint[] not null,
  opened_at_us    bigint   not null,
  accepted_at_us  bigint,
  accepted_by     text,
  accepted_reason text,
  check (cardinality(meters) = cardinality(units))
);
create index unprovable_open on quota.unprovable (id) where accepted_at_us is null;

-- Files of the identity index that count (R5), by the volume that holds them.
create table quota.generation (
  volume_id     text   not null,
  incarnation   int    not null,
  partition     int    not null,
  from_offset   bigint not null,
  to_offset     bigint not null,
  digest        text   not null,
  append_min_us bigint not null,
  append_max_us bigint not null,
  identities    bigint not null,
  named_at_us   bigint not null,
  primary key (volume_id, incarnation, partition, from_offset, to_offset, digest)
);

-- Catalogues that were applied; the greatest version is in force.
create table quota.catalog (
  version       bigint primary key check (version >= 1),
  digest        text   not null,
  canonical     text   not null,
  applied_at_us bigint not null,
  applied_by    text   not null
);

-- Who decided what. Append-only.
create table quota.audit (
  id     bigint generated always as identity primary key,
  at_us  bigint not null,
  actor  text   not null,
  action text   not null,
  detail text   not null
);
