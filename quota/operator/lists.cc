// The lists of what blocks a close, of what is kept apart, and of what was decided. Oldest first.
#include "quota/operator/listing.h"

namespace weir {

using enum Column::Kind;

const Listing kQuarantineList{
    "quarantine",
    "SELECT q.id, q.opened_at_us, q.incarnation, q.partition, q.record_offset, "
    "  CASE WHEN q.row < 0 THEN 'all' ELSE q.row::text END, q.reason, q.field, q.detail, "
    "  length(r.raw), CASE WHEN q.resolved_at_us IS NOT NULL THEN coalesce(q.resolution, '') || "
    "    coalesce(' by ' || q.resolved_by, '') "
    "  WHEN c.n > 0 THEN 'redriving: ' || c.waiting || ' of ' || c.n || ' open' ELSE 'open' END, "
    "  r.topic, r.content_type, q.resolved_at_us, q.resolved_reason "
    "FROM quota.quarantine q "
    "JOIN quota.quarantine_record r USING (incarnation, partition, record_offset) "
    "LEFT JOIN LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE state = 'open') AS waiting "
    "  FROM quota.redrive WHERE quarantine_id = q.id) c ON true "
    "WHERE q.resolved_at_us IS NULL OR $1 ORDER BY q.id LIMIT $2",
    {{"id", number},
     {"age", age},
     {"incarnation", number},
     {"partition", number},
     {"offset", number},
     {"event"},
     {"reason"},
     {"field"},
     {"detail"},
     {"bytes", number},
     {"state"},
     {"topic", hidden},
     {"content_type", hidden},
     {"resolved_at_us", hidden},
     {"why", hidden}},
    "no record is in quarantine",
    "weir-quota quarantine show ID, then redrive ID [--file MENDED] or discard ID"};

const Listing kGapsList{
    "gaps",
    "SELECT id, opened_at_us, incarnation, partition, from_offset, to_offset, "
    "  to_offset - from_offset, reason, "
    "  CASE WHEN accepted_at_us IS NULL THEN 'open' ELSE 'accepted by ' || accepted_by END, "
    "  accepted_reason "
    "FROM quota.gap WHERE accepted_at_us IS NULL OR $1 ORDER BY id LIMIT $2",
    {{"id", number},
     {"age", age},
     {"incarnation", number},
     {"partition", number},
     {"from", number},
     {"to", number},
     {"records_most", number},
     {"reason"},
     {"state"},
     {"why", hidden}},
    "no gap is open",
    "weir-quota gaps accept ID --reason TEXT: what was lost there will never be billed"};

const Listing kHolesList{
    "holes",
    "SELECT id, opened_at_us, producer, epoch, partition, from_number, to_number, "
    "  to_number - from_number + 1, "
    "  CASE WHEN accepted_at_us IS NOT NULL THEN 'accepted by ' || accepted_by "
    "  WHEN closed_at_us IS NOT NULL THEN 'filled' ELSE 'open' END, accepted_reason "
    "FROM quota.hole WHERE (closed_at_us IS NULL AND accepted_at_us IS NULL) OR $1 "
    "ORDER BY id LIMIT $2",
    {{"id", number},
     {"age", age},
     {"producer"},
     {"epoch", number},
     {"partition", number},
     {"from", number},
     {"to", number},
     {"numbers", number},
     {"state"},
     {"why", hidden}},
    "no number is missing",
    "a producer that still has them sends them; else: weir-quota holes accept ID --reason TEXT"};

const Listing kFlagsList{
    "flags",
    "SELECT id, opened_at_us, kind, incarnation, coalesce(partition::text, 'all'), what, "
    "  CASE WHEN cleared_at_us IS NULL THEN 'open' ELSE 'cleared by ' || cleared_by END, "
    "  cleared_reason "
    "FROM quota.integrity_flag WHERE cleared_at_us IS NULL OR $1 ORDER BY id LIMIT $2",
    {{"id", number},
     {"age", age},
     {"kind"},
     {"incarnation", number},
     {"partition"},
     {"what"},
     {"state"},
     {"why", hidden}},
    "no integrity flag is raised",
    "lineage: weir-quota lineage show; any other: weir-quota flags clear ID --reason TEXT"};

const Listing kUnprovableList{
    "unprovable",
    "SELECT u.id, u.opened_at_us, u.partition, u.record_offset, u.row, u.tenant, u.subscription, "
    "  u.source, u.event_time_us, u.append_time_us, (SELECT string_agg(m.meter || ' ' || m.units, "
    "  ', ' ORDER BY m.meter) FROM unnest(u.meters, u.units) AS m (meter, units)), "
    "  CASE WHEN u.accepted_at_us IS NULL THEN 'open' "
    "  ELSE coalesce(u.resolution, 'accepted') || ' by ' || u.accepted_by END, u.accepted_reason, "
    "  encode(u.identity, 'hex') "
    "FROM quota.unprovable u WHERE u.accepted_at_us IS NULL OR $1 ORDER BY u.id LIMIT $2",
    {{"id", number},
     {"age", age},
     {"partition", number},
     {"offset", number},
     {"event", number},
     {"tenant"},
     {"subscription"},
     {"source"},
     {"event_time", time},
     {"append_time", time},
     {"units"},
     {"state"},
     {"why", hidden},
     {"identity", hidden}},
    "no event is kept apart as unprovable",
    "they block nothing and are not billed: weir-quota unprovable accept|discard ID --reason TEXT"};

const Listing kAuditList{
    "audit",
    "SELECT id, at_us, actor, action, worth, reason, CASE WHEN detail LIKE '{%' "
    "  THEN detail ELSE to_json(detail)::text END FROM quota.audit "
    "WHERE $1 OR id > (SELECT coalesce(max(id), 0) - 50 FROM quota.audit) ORDER BY id LIMIT $2",
    {{"id", number}, {"at", time}, {"who"}, {"action"}, {"worth"}, {"reason"}, {"detail", in_json}},
    "nothing was decided yet",
    ""};

}  // namespace weir
