#include "billing/providers/file_provider.h"

#include "base/log.h"
#include "billing/providers/flat_json.h"

#include <charconv>

namespace weir {
namespace {

std::string line_of(const ChargeOrder& order, const std::string& reference) {
  return "{\"key\":" + json_quote(order.key) + ",\"reference\":" + json_quote(reference) +
         ",\"tenant\":" + json_quote(order.tenant) + ",\"customer\":" + json_quote(order.customer) +
         ",\"invoice\":" + json_quote(order.invoice) +
         ",\"amount_minor\":" + std::to_string(order.amount.minor.value) +
         ",\"currency\":" + json_quote(order.amount.currency) + "}";
}

/// The key and the receipt that a line stands for.
Result<std::pair<std::string, ChargeReceipt>> read_line(std::string_view line) {
  Result<std::map<std::string, std::string>> fields = parse_flat_json(line);
  if (!fields) return fields.error();
  for (const char* name : {"key", "reference", "amount_minor", "currency"}) {
    if (!fields->contains(name)) {
      return Error{ErrorCode::invalid, "lacks " + std::string(name), ""};
    }
  }
  const std::string& amount = fields->at("amount_minor");
  std::int64_t minor = 0;
  const auto [end, error] = std::from_chars(amount.data(), amount.data() + amount.size(), minor);
  if (error != std::errc() || end != amount.data() + amount.size()) {
    return Error{ErrorCode::invalid, "amount_minor is no 64-bit number", ""};
  }
  return std::pair(fields->at("key"),
                   ChargeReceipt{ChargeReceipt::Outcome::succeeded, fields->at("reference"),
                                 Money{MoneyMinor(minor), fields->at("currency")}, ""});
}

}  // namespace

Result<std::unique_ptr<FileProvider>> FileProvider::open(const std::string& path) {
  Result<AppendFile> file = AppendFile::open(path);
  if (!file) return file.error();
  std::unique_ptr<FileProvider> provider(new FileProvider(*std::move(file)));
  WEIR_TRY(provider->load(path));
  return provider;
}

Status FileProvider::load(const std::string& path) {
  std::optional<Error> wrong;
  std::int64_t number = 0;
  WEIR_TRY(file_.for_each_line([&](std::string_view line) {
    ++number;
    if (wrong) return;
    auto charge = read_line(line);
    const std::string where = path + ":" + std::to_string(number);
    if (!charge) {
      wrong = Error{ErrorCode::integrity, where + ": " + charge.error().what, ""};
    } else if (!by_key_.insert(*std::move(charge)).second) {
      wrong = Error{ErrorCode::integrity, where + ": its key was charged before", ""};
    }
  }));
  return wrong ? Status(*wrong) : Status();
}

Result<ChargeReceipt> FileProvider::charge(const ChargeOrder& order, Deadline) {
  if (order.key.empty() || order.amount.minor.value <= 0) {
    return Error{ErrorCode::invalid, "a charge needs a key and an amount above zero", ""};
  }
  if (const auto known = by_key_.find(order.key); known != by_key_.end()) return known->second;
  const std::string reference = "file-" + std::to_string(by_key_.size() + 1);
  if (failed_) return *failed_;
  if (const Status written = file_.append_line(line_of(order, reference)); !written) {
    failed_ = written.error();  // whether the line is on the disk is not known: reopen to see
    return *failed_;
  }
  const ChargeReceipt receipt{ChargeReceipt::Outcome::succeeded, reference, order.amount, ""};
  by_key_.emplace(order.key, receipt);
  return receipt;
}

Result<std::optional<ChargeReceipt>> FileProvider::find(const std::string& key, Deadline) {
  if (failed_) return *failed_;
  const auto known = by_key_.find(key);
  if (known == by_key_.end()) return std::optional<ChargeReceipt>();
  return std::optional<ChargeReceipt>(known->second);
}

}  // namespace weir
