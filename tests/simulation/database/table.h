// A table: rows by key, each with the version that is committed and the one that its writer has.
//
// The verbs are PostgreSQL's, for one row: update looks at the version that the statement sees, waits
// for the row, looks at it again and only then changes it; insert waits for a rival's uncommitted key.
// A key whose row is gone keeps its (empty) place.
#pragma once

#include "tests/simulation/database/session.h"

#include <map>
#include <optional>
#include <utility>

namespace weir::simulation {

template <class Row>
class Slot : public Lockable {
 public:
  /// What `by` sees; null for none.
  const Row* seen(const Session& by) const {
    if (writer_ == &by) return next_ ? &*next_ : nullptr;
    if (!by.has_snapshot() || changed_at_ <= by.snapshot()) return now_ ? &*now_ : nullptr;
    for (auto old = history_.rbegin(); old != history_.rend(); ++old) {
      if (old->first <= by.snapshot()) return old->second ? &*old->second : nullptr;
    }
    return nullptr;
  }
  const Row* committed() const { return now_ ? &*now_ : nullptr; }
  /// What the next reader would see, whoever it is: for keys that must be unique.
  bool taken(const Session& by) const {
    return writer_ == &by ? next_.has_value() : now_.has_value();
  }
  /// What stands now for `by`, whatever its snapshot: for unique indexes.
  const Row* current(const Session& by) const {
    if (writer_ == &by) return next_ ? &*next_ : nullptr;
    return now_ ? &*now_ : nullptr;
  }
  /// Does any version, committed or not, bear this?
  template <class Where>
  bool rivals(Where where) const {
    return (now_ && where(*now_)) || (next_ && where(*next_));
  }
  bool changed_since_snapshot(const Session& by) const {
    return by.has_snapshot() && writer_ != &by && changed_at_ > by.snapshot();
  }
  /// The writer's own version, made at its first change. The lock is `by`'s.
  std::optional<Row>& write(Session& by) {
    if (writer_ != &by) next_ = now_;
    by.wrote(*this);
    return next_;
  }

 private:
  void settle(bool commit, const Server& server) override {
    if (commit) {
      if (server.snapshots > 0) {
        history_.emplace_back(changed_at_, std::move(now_));
      } else {
        history_.clear();
      }
      now_ = std::move(next_);
      changed_at_ = server.commits;
    }
    next_.reset();
  }

  std::optional<Row> now_, next_;
  std::uint64_t changed_at_ = 0;
  std::vector<std::pair<std::uint64_t, std::optional<Row>>> history_;
};

inline Error serialization_failure() {
  return {ErrorCode::unavailable, "could not serialize access due to concurrent update [40001]",
          ""};
}
inline Error unique_violation() {
  return {ErrorCode::conflict, "duplicate key value violates unique constraint [23505]", ""};
}
inline Error check_violation() {
  return {ErrorCode::integrity, "violates check constraint [23514]", ""};
}
inline Error foreign_key_violation() {
  return {ErrorCode::integrity, "violates foreign key constraint [23503]", ""};
}

template <class Key, class Row>
class Table {
 public:
  const Row* find(const Session& by, const Key& key) const {
    const auto found = rows_.find(key);
    return found == rows_.end() ? nullptr : found->second.seen(by);
  }

  /// INSERT … ON CONFLICT DO NOTHING: false when the key is taken.
  Result<bool> insert(Session& by, const Key& key, Row row) {
    Slot<Row>& slot = rows_[key];
    WEIR_TRY(by.await_writer(slot));
    if (slot.taken(by)) {
      if (slot.changed_since_snapshot(by)) return serialization_failure();
      return false;
    }
    WEIR_TRY(by.lock(slot, Strength::no_key_update));
    slot.write(by) = std::move(row);
    return true;
  }

  /// INSERT: `conflict` when the key is taken.
  Status insert_new(Session& by, const Key& key, Row row) {
    const Result<bool> inserted = insert(by, key, std::move(row));
    if (!inserted) return inserted.error();
    if (*inserted) return {};
    return unique_violation();
  }

  /// INSERT … ON CONFLICT DO UPDATE: the row, made from `fresh` or found, for `change(row, found)`.
  template <class Change>
  Status upsert(Session& by, const Key& key, Row fresh, Change change) {
    Slot<Row>& slot = rows_[key];
    WEIR_TRY(by.await_writer(slot));
    WEIR_TRY(by.lock(slot, Strength::no_key_update));
    if (slot.changed_since_snapshot(by)) return serialization_failure();
    const bool found = slot.taken(by);
    std::optional<Row>& row = slot.write(by);
    if (!found) row = std::move(fresh);
    change(*row, found);
    return {};
  }

  /// Until nobody else has a version of the row that is not committed.
  Status await(Session& by, const Key& key) { return by.await_writer(rows_[key]); }

  /// UPDATE … WHERE key AND `where`: true when the row was changed.
  template <class Where, class Change>
  Result<bool> update(Session& by, const Key& key, Where where, Change change,
                      Strength strength = Strength::no_key_update) {
    const auto found = rows_.find(key);
    if (found == rows_.end()) return false;
    Slot<Row>& slot = found->second;
    const Row* seen = slot.seen(by);
    if (seen == nullptr || !where(*seen)) return false;
    WEIR_TRY(by.lock(slot, strength));
    if (slot.changed_since_snapshot(by)) return serialization_failure();
    seen = slot.seen(by);
    if (seen == nullptr || !where(*seen)) return false;
    change(*slot.write(by));
    return true;
  }

  /// UPDATE … WHERE `where(key, row)`, in key order; `change(key, row)`. Gives the number of rows.
  template <class Where, class Change>
  Result<std::int64_t> update_all(Session& by, Where where, Change change,
                                  Strength strength = Strength::no_key_update) {
    std::vector<Key> keys;
    each(by, [&](const Key& key, const Row& row) {
      if (where(key, row)) keys.push_back(key);
    });
    std::int64_t changed = 0;
    for (const Key& key : keys) {
      const Result<bool> one = update(
          by, key, [&](const Row& row) { return where(key, row); },
          [&](Row& row) { change(key, row); }, strength);
      if (!one) return one.error();
      changed += *one ? 1 : 0;
    }
    return changed;
  }

  /// DELETE … WHERE key.
  Result<bool> erase(Session& by, const Key& key) {
    const auto found = rows_.find(key);
    if (found == rows_.end() || found->second.seen(by) == nullptr) return false;
    WEIR_TRY(by.lock(found->second, Strength::update));
    if (found->second.changed_since_snapshot(by)) return serialization_failure();
    if (found->second.seen(by) == nullptr) return false;
    found->second.write(by).reset();
    return true;
  }

  /// SELECT … FOR SHARE or FOR UPDATE: the row as it is once it is locked.
  Result<const Row*> lock(Session& by, const Key& key, Strength strength) {
    const auto found = rows_.find(key);
    if (found == rows_.end() || found->second.seen(by) == nullptr) {
      return static_cast<const Row*>(nullptr);
    }
    WEIR_TRY(by.lock(found->second, strength));
    if (found->second.changed_since_snapshot(by)) return serialization_failure();
    return found->second.seen(by);
  }

  /// The same for every row that `where(key, row)`, in key order. The rows live until the next write.
  template <class Where>
  Result<std::vector<std::pair<Key, const Row*>>> lock_all(Session& by, Where where,
                                                           Strength strength) {
    std::vector<Key> keys;
    each(by, [&](const Key& key, const Row& row) {
      if (where(key, row)) keys.push_back(key);
    });
    std::vector<std::pair<Key, const Row*>> locked;
    for (const Key& key : keys) {
      const Result<const Row*> row = lock(by, key, strength);
      if (!row) return row.error();
      if (*row != nullptr && where(key, **row)) locked.emplace_back(key, *row);
    }
    return locked;
  }

  template <class Visit>
  void each(const Session& by, Visit visit) const {
    for (const auto& [key, slot] : rows_) {
      if (const Row* row = slot.seen(by)) visit(key, *row);
    }
  }
  /// Those with first <= key, as long as `visit` returns true.
  template <class Visit>
  void each_from(const Session& by, const Key& first, Visit visit) const {
    for (auto at = rows_.lower_bound(first); at != rows_.end(); ++at) {
      const Row* row = at->second.seen(by);
      if (row != nullptr && !visit(at->first, *row)) return;
    }
  }
  /// What is committed: for whoever looks from outside, without a session.
  template <class Visit>
  void each_committed(Visit visit) const {
    for (const auto& [key, slot] : rows_) {
      if (const Row* row = slot.committed()) visit(key, *row);
    }
  }
  const Row* committed(const Key& key) const {
    const auto found = rows_.find(key);
    return found == rows_.end() ? nullptr : found->second.committed();
  }
  /// The keys in use, those that nobody committed yet included.
  template <class Visit>
  void each_slot(Visit visit) {
    for (auto& [key, slot] : rows_) visit(key, slot);
  }

 private:
  std::map<Key, Slot<Row>> rows_;
};

}  // namespace weir::simulation
