// Merging small sealed runs into files of about an hour.
//
// The merged file says all that its inputs say: the smallest place of each identity, the span of
// their append times, and what the lowest knows of the records before it. Until a row names it, the
// inputs count; once one does, they are redundant and expire on the usual path. So a crash at any
// point leaves either or both, and both say the same.
#include "ingest/identity/sealed_set.h"
#include "ingest/identity/sealed_writer.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace weir {
namespace {

constexpr std::size_t kMergeFilesMin = 4;
constexpr std::int64_t kMergeSpanMax = Micros(std::chrono::minutes(75)).count();
constexpr std::int64_t kMergeIdentitiesMax = 4'000'000;  // keeps a merge below about a second

/// Entries of one file in ascending order, each block checked before its first is read.
class Cursor {
 public:
  explicit Cursor(const SealedFile& file) : file_(&file) {}
  Status load() {
    std::uint64_t block_entries = file_->header().block_entries;
    if (!done() && next_ % block_entries == 0) WEIR_TRY(file_->check_block(next_ / block_entries));
    if (!done()) head_ = file_->entry(next_);
    return {};
  }
  bool done() const { return next_ == file_->header().count; }
  const IdentityEntry& head() const { return head_; }
  Status step() {
    ++next_;
    return load();
  }

 private:
  const SealedFile* file_;
  std::uint64_t next_ = 0;
  IdentityEntry head_;
};

/// Takes the least identity off all cursors; the smallest of its places. nullopt at the end.
Result<std::optional<IdentityEntry>> take_least(std::vector<Cursor>& cursors) {
  std::optional<IdentityEntry> least;
  for (const Cursor& cursor : cursors) {
    if (cursor.done()) continue;
    const IdentityEntry& head = cursor.head();
    if (!least || std::pair(head.identity, head.place) < std::pair(least->identity, least->place)) {
      least = head;
    }
  }
  if (!least) return least;
  for (Cursor& cursor : cursors) {
    if (!cursor.done() && cursor.head().identity == least->identity) WEIR_TRY(cursor.step());
  }
  return least;
}

SealedHead head_of_merged(const std::string& volume_id, std::span<const SealedFile* const> inputs) {
  const Generation& lowest = inputs.front()->generation();
  SealedHead head{lowest.incarnation,
                  lowest.partition,
                  lowest.from_offset,
                  lowest.to_offset,
                  lowest.append_min,
                  lowest.append_max,
                  {},
                  0,
                  volume_id};
  head.append_before = inputs.front()->append_before();
  for (const SealedFile* input : inputs) {
    const Generation& generation = input->generation();
    head.to = std::max(head.to, generation.to_offset);
    head.append_min = std::min(head.append_min, generation.append_min);
    head.append_max = std::max(head.append_max, generation.append_max);
    std::uint64_t row_max = (std::uint64_t{1} << (8 * input->header().row_width)) - 1;
    head.row_max = std::max(head.row_max, static_cast<std::uint32_t>(row_max));
  }
  return head;
}

struct Sum {
  std::int64_t identities = 0;
  std::int64_t largest = 0;
  std::optional<std::pair<std::int64_t, std::int64_t>> span;  // append times
  void add(const Generation& generation) {
    identities += generation.identities;
    largest = std::max(largest, generation.identities);
    std::pair own(generation.append_min.value, generation.append_max.value);
    if (!span) span = own;
    span = {std::min(span->first, own.first), std::max(span->second, own.second)};
  }
  bool fits() const {
    return identities <= kMergeIdentitiesMax && span->second - span->first <= kMergeSpanMax;
  }
  /// Rewriting much for little is not worth it.
  bool pays(std::size_t files) const {
    return files >= kMergeFilesMin && largest <= identities / 2;
  }
};

}  // namespace

std::vector<const SealedFile*> SealedSet::mergeable() const {
  for (std::size_t first = 0; first < members_.size(); ++first) {
    std::vector<const SealedFile*> files;
    Sum sum;
    for (std::size_t i = first; i < members_.size(); ++i) {
      const Member& member = members_[i];
      bool adjacent = member.in_run && !member.redundant &&
                      (files.empty() || files.back()->generation().to_offset == of(i).from_offset);
      if (!adjacent) break;
      sum.add(of(i));
      if (!sum.fits()) break;
      files.push_back(&member.file);
      if (sum.pays(files.size())) return files;
    }
  }
  return {};
}

Result<Generation> merge_sealed(const std::string& folder, const std::string& volume_id,
                                std::span<const SealedFile* const> inputs) {
  std::uint64_t entries_max = 0;
  std::vector<Cursor> cursors;
  for (const SealedFile* input : inputs) {
    entries_max += input->header().count;
    cursors.emplace_back(*input);
    WEIR_TRY(cursors.back().load());
  }
  SealedWriter writer(folder, head_of_merged(volume_id, inputs), entries_max);
  for (;;) {
    Result<std::optional<IdentityEntry>> least = take_least(cursors);
    if (!least) return least.error();
    if (!*least) return writer.finish();
    WEIR_TRY(writer.add(**least));
  }
}

}  // namespace weir
