// What an audit row says, as JSON that a replay can use (R17): by address, never by id alone.
#pragma once

#include "quota/operator/operator_store.h"

#include <span>
#include <string>
#include <vector>

namespace weir {

/// With the children that were still on their way: a replay must not count them.
std::string detail_of_discard(std::span<const QuarantineRow> rows,
                              std::span<const std::int64_t> children);
std::string detail_of_split(const QuarantineRow& parent, std::span<const NewRedrive> children,
                            std::span<const std::int64_t> ids);
std::string detail_of(std::span<const GapRow> gaps, std::span<const HoleRow> holes);
std::string detail_of(std::span<const FlagRow> flags);
/// With the close that they precede: what was closed when it was decided.
std::string detail_of(std::span<const UnprovableRow> rows, std::int64_t closed_until_us);
std::string detail_of(const ProducerRow& producer, const std::vector<EpochNumbers>& final);

/// "acme/requests 17, acme/tokens 900": by tenant and meter.
std::string worth_of(std::span<const UnprovableRow> rows);
/// "120 numbers of 2 producers".
std::string worth_of(std::span<const HoleRow> holes);

}  // namespace weir
