// A provider that is a file: one JSON line a charge, on the disk before charge() returns. For the
// demo, for tests, and for whoever collects by hand.
//
//   {"key":"9f…","reference":"file-1","tenant":"acme","customer":"cust-1","invoice":"acme-000001",
//    "amount_minor":1234,"currency":"EUR"}
//
// The file is locked while the provider lives: one process at a time (`conflict`). A line that was
// cut by a crash was never answered for, and is dropped at open; a line that cannot be read or a
// key that stands twice is `integrity`.
#pragma once

#include "base/volume/durable_file.h"
#include "billing/providers/provider.h"

#include <map>
#include <memory>
#include <string>

namespace weir {

class FileProvider : public Provider {
 public:
  static Result<std::unique_ptr<FileProvider>> open(const std::string& path);

  Result<ChargeReceipt> charge(const ChargeOrder& order, Deadline deadline) override;
  Result<std::optional<ChargeReceipt>> find(const std::string& key, Deadline deadline) override;

 private:
  explicit FileProvider(AppendFile file) : file_(std::move(file)) {}
  Status load(const std::string& path);

  AppendFile file_;
  std::map<std::string, ChargeReceipt> by_key_;
  std::optional<Error> failed_;
};

}  // namespace weir
