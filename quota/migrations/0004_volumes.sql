-- The volumes that hold an identity index, and where each is used: a folder that lost its volume (it is
-- not mounted, or another one is) is noticed by this. One row a volume; a place has one volume at a time.
create table quota.volume (
  volume_id       text   primary key,
  host            text   not null,
  folder          text   not null,
  since_us        bigint not null,  -- in this place
  given_up_at_us  bigint,           -- an operator accepted another one in its place
  given_up_by     text,
  check ((given_up_at_us is null) = (given_up_by is null))
);
create unique index volume_in_place on quota.volume (host, folder) where given_up_at_us is null;
