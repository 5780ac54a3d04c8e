// TenantShares: how many bytes of bodies each tenant has under way, and a bound on them.
//
// A share is held for as long as its object lives, so that no way out of a call keeps it. A tenant's
// first body is always admitted, however large. What is not under way takes no memory: a tenant is
// known while it holds a share, be it of an empty body. Threads: any; shares do not outlive this.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace weir {

class TenantShares {
  struct UnderWay {
    std::int64_t bodies = 0, bytes = 0;
  };
  using Tenants = std::map<std::string, UnderWay, std::less<>>;

 public:
  explicit TenantShares(std::int64_t bytes_max) : bytes_max_(bytes_max) {}

  class Share {
   public:
    Share(Share&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), tenant_(other.tenant_), bytes_(other.bytes_) {}
    Share& operator=(Share&&) = delete;
    ~Share() {
      if (of_ != nullptr) of_->give_back(tenant_, bytes_);
    }

   private:
    friend class TenantShares;
    Share(TenantShares& of, Tenants::iterator tenant, std::int64_t bytes)
        : of_(&of), tenant_(tenant), bytes_(bytes) {}
    TenantShares* of_;
    Tenants::iterator tenant_;
    std::int64_t bytes_;
  };

  /// nullopt: the tenant has its share under way.
  std::optional<Share> take(const std::string& tenant, std::int64_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto at = tenants_.try_emplace(tenant).first;
    UnderWay& held = at->second;
    if (held.bytes > 0 && held.bytes + bytes > bytes_max_) return std::nullopt;
    ++held.bodies;
    held.bytes += bytes;
    return Share(*this, at, bytes);
  }
  std::size_t tenants() const {
    const std::lock_guard lock(mutex_);
    return tenants_.size();
  }

 private:
  void give_back(Tenants::iterator tenant, std::int64_t bytes) {
    const std::lock_guard lock(mutex_);
    tenant->second.bytes -= bytes;
    if (--tenant->second.bodies == 0) tenants_.erase(tenant);
  }

  const std::int64_t bytes_max_;
  mutable std::mutex mutex_;
  Tenants tenants_;  // guarded by mutex_
};

}  // namespace weir
