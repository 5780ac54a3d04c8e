-- A person's word in the place of a proof: append-only. A row with `revokes` ends another one.
create table billing.override (
  id         bigint generated always as identity primary key,
  code       text   not null,
  producer   text   not null default '',
  until_us   bigint not null,  -- closes at T <= until_us; the greatest bigint: until it is revoked
  made_at_us bigint not null,
  made_by    text   not null check (made_by <> ''),
  reason     text   not null check (reason <> ''),
  revokes    bigint unique
);

-- Of a decision: why, and what it was worth (units, numbers, seconds), where that can be said.
alter table billing.audit add column reason text not null default '';
alter table billing.audit add column worth  text not null default '';

revoke update, delete, truncate on billing.override from current_user;

-- What ends a hold, in the words of the reason that stands first.
alter table billing.held add column next_action text not null default '';
