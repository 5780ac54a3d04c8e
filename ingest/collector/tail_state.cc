#include "ingest/collector/tail_state.h"

#include "base/digest.h"
#include "base/volume/durable_file.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <sstream>

namespace weir {
namespace {

constexpr std::size_t kStateBytesMax = 4096;
constexpr std::size_t kLostBytesMax = 4u << 20;

// "SOURCE POSITION LINE\n": three words, so no parser is needed to read back what was written here.
std::optional<TailPosition> parse(std::string_view text) {
  const auto first = text.find(' ');
  const auto second = text.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  if (text.back() != '\n') return std::nullopt;
  TailPosition at;
  at.source = text.substr(0, first);
  auto number = [](std::string_view digits, std::int64_t& into) {
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), into);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  if (!number(text.substr(first + 1, second - first - 1), at.position)) return std::nullopt;
  if (!number(text.substr(second + 1, text.size() - second - 2), at.line)) return std::nullopt;
  return at;
}

}  // namespace

TailState::TailState(const std::string& folder, const std::string& tailed_path)
    : path_(fmt::format("{}/tail-{}.state", folder, sha256_hex(tailed_path).substr(0, 16))) {}

Result<std::optional<TailPosition>> TailState::read() const {
  Result<std::string> text = read_file(path_, kStateBytesMax);
  if (!text && text.error().code == ErrorCode::not_found) return std::optional<TailPosition>();
  if (!text) return text.error();
  std::optional<TailPosition> position = parse(*text);
  if (position) return position;
  return Error{ErrorCode::integrity, path_ + ": is damaged",
               "remove it: the tail then reads its file from the start, and lines that are on the "
               "stream already add nothing"};
}

Status TailState::write(const TailPosition& at) const {
  return write_file_durably(path_, fmt::format("{} {} {}\n", at.source, at.position, at.line));
}

Status TailState::mark_lost(const std::string& what) const {
  Result<std::vector<std::string>> known = losses();
  if (!known) return known.error();
  if (std::find(known->begin(), known->end(), what) != known->end()) return {};
  known->push_back(what);
  return write_file_durably(lost_path(), fmt::format("{}\n", fmt::join(*known, "\n")));
}

Result<std::vector<std::string>> TailState::losses() const {
  std::vector<std::string> found;
  Result<std::string> text = read_file(lost_path(), kLostBytesMax);
  if (!text && text.error().code == ErrorCode::not_found) return found;
  if (!text) return text.error();
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) found.push_back(line);
  return found;
}

// Also when an operator has emptied the file instead of removing it.
Result<bool> TailState::lost() const {
  Result<std::string> text = read_file(lost_path(), kLostBytesMax);
  if (text) return true;
  if (text.error().code == ErrorCode::not_found) return false;
  return text.error();
}

}  // namespace weir
