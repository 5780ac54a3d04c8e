-- What was closed, what was billed, what was charged.
--
-- All times are bigint microseconds since the epoch, UTC, in columns named *_us; periods are half-open.
-- Amounts are whole minor units of the currency beside them. Everything about money is append-only:
-- the end of this file takes UPDATE and DELETE away from the owner itself. Tables without those rights
-- cannot be the target of a foreign key (its check needs UPDATE), so references are kept by the code
-- that writes both rows in one transaction, and by unique keys.

-- Locked FOR UPDATE by a close and FOR SHARE by whoever applies a catalogue (R8), so that the one which
-- a close freezes is the one in force.
create table billing.gate (one boolean primary key default true check (one));
insert into billing.gate default values;

create table billing.catalog (
  version       bigint primary key check (version >= 1),
  digest        text   not null,
  canonical     text   not null,
  applied_at_us bigint not null,
  applied_by    text   not null
);

-- R9: written barriers. E is the barrier's offset + 1. A row stands for every later attempt at T.
create table billing.barrier (
  t_us          bigint not null,
  incarnation   int    not null,
  partition     int    not null,
  e             bigint not null check (e > 0),
  append_us     bigint not null,
  d0_us         bigint not null,
  d1_us         bigint not null,
  primary key (t_us, incarnation, partition),
  check (d0_us <= d1_us)
);

-- R11: one row a close. `predecessor` is the digest of the one before ('' for the first): unique, so
-- that the chain never forks. `digest` is the SHA-256 of `certificate`.
create table billing.close (
  id              bigint primary key check (id >= 1),
  t_us            bigint not null unique,
  previous_t_us   bigint not null check (previous_t_us < t_us),  -- usage from here on is in this close
  predecessor     text   not null unique,
  digest          text   not null unique,
  catalog_version bigint not null references billing.catalog,
  incarnation     int    not null,
  certificate     text   not null,
  closed_at_us    bigint not null
);
-- The cut N, the barrier's E, and the log's end as the close saw it.
create table billing.close_partition (
  close_id         bigint not null,
  partition        int    not null,
  n                bigint not null,
  e                bigint not null,
  log_end          bigint not null,
  anchor_offset    bigint not null,
  anchor_digest    text   not null,
  primary key (close_id, partition),
  check (e <= n and n <= log_end)
);

-- What a close added to what is known of a period: usage before T, assigned adjustments, and usage
-- frozen by earlier closes that the catalogue attributes only now.
create table billing.snapshot (
  close_id         bigint not null,
  tenant           text   not null,
  subscription     text   not null,
  meter            text   not null,
  period_from_us   bigint not null,
  period_to_us     bigint not null,
  usage_units      bigint not null check (usage_units >= 0),
  late_units       bigint not null check (late_units >= 0),
  attributed_units bigint not null check (attributed_units >= 0),
  primary key (close_id, tenant, subscription, meter, period_from_us),
  check (period_from_us < period_to_us)
);
create index snapshot_by_period on billing.snapshot (tenant, subscription, period_from_us, close_id);
create index snapshot_by_end on billing.snapshot (period_to_us);

-- Usage of subscriptions that the catalogue of the close did not know, or not at that time.
create table billing.unattributed (
  close_id     bigint not null,
  tenant       text   not null,
  subscription text   not null,
  meter        text   not null,
  bucket_us    bigint not null,
  units        bigint not null check (units >= 0),
  primary key (close_id, tenant, subscription, meter, bucket_us)
);
-- The close that attributed such a row: once.
create table billing.attribution (
  from_close   bigint not null,
  tenant       text   not null,
  subscription text   not null,
  meter        text   not null,
  bucket_us    bigint not null,
  close_id     bigint not null,
  primary key (from_close, tenant, subscription, meter, bucket_us)
);

-- The periods that a close is the first to reach whole: it invoices them, under its catalogue (R12).
create table billing.due_period (
  tenant          text   not null,
  subscription    text   not null,
  period_from_us  bigint not null,
  period_to_us    bigint not null,
  customer        text   not null,
  close_id        bigint not null,
  catalog_version bigint not null references billing.catalog,
  primary key (tenant, subscription, period_from_us),
  check (period_from_us < period_to_us)
);
create index due_period_by_close on billing.due_period (close_id);

-- Closes whose invoices are made: a close without a row here is invoiced by the next run.
create table billing.invoiced (
  close_id bigint primary key,
  at_us    bigint not null
);
-- Gapless numbers: the row is locked until the invoices that took them are in.
create table billing.invoice_counter (
  tenant text   primary key,
  last   bigint not null check (last >= 0)
);
create table billing.invoice (
  id          text   primary key,  -- tenant, '-', number
  tenant      text   not null,
  number      bigint not null,
  close_id    bigint not null,
  customer    text   not null,
  kind        text   not null check (kind in ('usage')),
  currency    text   not null,
  revision    int    not null check (revision >= 1),
  total_minor bigint not null,
  charge_key  text   not null unique,
  made_at_us  bigint not null,
  unique (tenant, number),
  unique (close_id, tenant, customer, kind, currency, revision)
);
create index invoice_by_customer on billing.invoice (tenant, customer, number);
create table billing.invoice_line (
  invoice_id     text   not null,
  line           int    not null check (line >= 1),
  close_id       bigint not null,
  kind           text   not null check (kind in ('base', 'usage', 'late')),
  tenant         text   not null,
  subscription   text   not null,
  period_from_us bigint not null,
  period_to_us   bigint not null,
  meter          text   not null,  -- '' for the base fee
  units          bigint not null,  -- all that were known of the period
  added_units    bigint not null,  -- of those, new with this close
  amount_minor   bigint not null,
  primary key (invoice_id, line),
  unique (close_id, tenant, subscription, period_from_us, meter)
);
create index invoice_line_by_period on billing.invoice_line (tenant, subscription, period_from_us);

-- planned → sent → succeeded | declined | unknown; unknown → sent, or one of the results; held ends a
-- charge that the provider tells another story about. `sent` is committed before the provider is
-- called.
create table billing.charge (
  key           text   primary key,
  invoice_id    text   not null unique,
  tenant        text   not null,
  customer      text   not null,
  currency      text   not null,
  amount_minor  bigint not null check (amount_minor > 0),
  state         text   not null
                check (state in ('planned', 'sent', 'succeeded', 'declined', 'unknown', 'held')),
  reference     text   not null default '',
  detail        text   not null default '',
  attempts      int    not null default 0,
  changed_at_us bigint not null
);
create index charge_open on billing.charge (state) where state in ('planned', 'sent', 'unknown');
create table billing.charge_event (
  id         bigint generated always as identity primary key,
  key        text   not null,
  from_state text   not null,  -- '' for the first
  to_state   text   not null,
  detail     text   not null,
  at_us      bigint not null
);
create index charge_event_by_key on billing.charge_event (key, id);

-- Double entry: each row moves an amount from one account to another, so that a transaction which does
-- not balance cannot be written. (kind, reference) makes each posting happen once.
create table billing.ledger_account (
  id   text primary key,  -- 'receivable/acme/cust-1', 'revenue/acme', 'cash/acme'
  kind text not null check (kind in ('receivable', 'revenue', 'cash'))
);
create table billing.ledger_entry (
  id           bigint generated always as identity primary key,
  kind         text   not null check (kind in ('invoice', 'payment')),
  reference    text   not null,  -- the invoice's id; the charge's key
  debit        text   not null references billing.ledger_account,
  credit       text   not null references billing.ledger_account,
  currency     text   not null,
  amount_minor bigint not null check (amount_minor > 0),
  at_us        bigint not null,
  unique (kind, reference),
  check (debit <> credit)
);

-- Due and not closed: not charged, and here is why. Resolved by the close that reaches the period.
create table billing.held (
  tenant         text   not null,
  subscription   text   not null,
  period_from_us bigint not null,
  period_to_us   bigint not null,
  customer       text   not null,
  reason         text   not null,
  detail         text   not null,
  first_seen_us  bigint not null,
  last_seen_us   bigint not null,
  resolved_at_us bigint,
  resolution     text,
  primary key (tenant, subscription, period_from_us, first_seen_us)
);
create unique index held_open on billing.held (tenant, subscription, period_from_us)
  where resolved_at_us is null;

create table billing.audit (
  id     bigint generated always as identity primary key,
  at_us  bigint not null,
  actor  text   not null,
  action text   not null,
  detail text   not null
);

-- Append-only, for the owner too. TRUNCATE stays away from every table of money.
revoke update, delete, truncate on
  billing.barrier, billing.close, billing.close_partition, billing.snapshot, billing.unattributed,
  billing.attribution, billing.due_period, billing.invoiced, billing.invoice, billing.invoice_line,
  billing.charge_event, billing.ledger_entry, billing.audit from current_user;
revoke delete, truncate on billing.catalog, billing.charge, billing.held, billing.invoice_counter,
  billing.ledger_account from current_user;
