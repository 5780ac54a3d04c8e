#include "quota/idempotency.h"

#include "base/digest.h"
#include "quota/ledger.h"

#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace weir {
namespace {

struct Entry {
  std::string name;
  Sha256 body;
  std::optional<HttpResponse> answer;  // nothing: running
  std::chrono::steady_clock::time_point begun;
  std::size_t bytes = 0;
};
using Entries = std::list<Entry>;

std::size_t bytes_of(const Entry& entry) {
  std::size_t bytes = 256 + 2 * entry.name.size();
  if (entry.answer) {
    bytes += entry.answer->body.size();
    for (const auto& [name, value] : entry.answer->headers) bytes += name.size() + value.size();
  }
  return bytes;
}

}  // namespace

struct IdempotencyKeys::State {
  const std::size_t bytes_max;
  const Micros age_max;
  Clock& clock;
  std::mutex mutex;
  Entries by_age;                                              // guarded by mutex; oldest first
  std::unordered_map<std::string, Entries::iterator> by_name;  // guarded by mutex
  std::size_t bytes = 0;                                       // guarded by mutex

  State(std::size_t b, Micros a, Clock& c) : bytes_max(b), age_max(a), clock(c) {}

  void drop(Entries::iterator entry) {
    bytes -= entry->bytes;
    by_name.erase(entry->name);
    by_age.erase(entry);
  }
  void make_room() {
    const auto now = clock.steady_now();
    for (auto entry = by_age.begin(); entry != by_age.end();) {
      const bool old = now - entry->begun > age_max;
      if (!old && bytes <= bytes_max) return;
      const auto next = std::next(entry);
      if (entry->answer) drop(entry);  // a running one is bounded by the server's own queue
      entry = next;
    }
  }
};

IdempotencyKeys::IdempotencyKeys(std::size_t bytes_max, Micros age_max, Clock& clock)
    : state_(new State(bytes_max, age_max, clock)) {}
IdempotencyKeys::~IdempotencyKeys() = default;

IdempotencyKeys::Begun IdempotencyKeys::begin(const std::string& tenant, const std::string& key,
                                              const std::string& body) {
  const std::string name = subscription_key(tenant, key);
  const Sha256 digest = sha256(body);
  std::lock_guard lock(state_->mutex);
  state_->make_room();
  const auto found = state_->by_name.find(name);
  if (found != state_->by_name.end()) {
    const Entry& entry = *found->second;
    if (entry.body != digest) return Refused::other_body;
    if (!entry.answer) return Refused::running;
    return *entry.answer;
  }
  state_->by_age.push_back({name, digest, std::nullopt, state_->clock.steady_now(), 0});
  Entry& entry = state_->by_age.back();
  entry.bytes = bytes_of(entry);
  state_->bytes += entry.bytes;
  state_->by_name.emplace(name, std::prev(state_->by_age.end()));
  return First{};
}

void IdempotencyKeys::finish(const std::string& tenant, const std::string& key,
                             const HttpResponse& answer) {
  std::lock_guard lock(state_->mutex);
  const auto found = state_->by_name.find(subscription_key(tenant, key));
  if (found == state_->by_name.end()) return;
  Entry& entry = *found->second;
  state_->bytes -= entry.bytes;
  entry.answer = answer;
  entry.bytes = bytes_of(entry);
  state_->bytes += entry.bytes;
}

void IdempotencyKeys::forget(const std::string& tenant, const std::string& key) {
  std::lock_guard lock(state_->mutex);
  const auto found = state_->by_name.find(subscription_key(tenant, key));
  if (found != state_->by_name.end()) state_->drop(found->second);
}

}  // namespace weir
