#include "ingest/codec/seal.h"

#include "base/log.h"

#include <array>
#include <simdjson.h>

namespace weir {
namespace {

namespace dom = simdjson::dom;

constexpr std::array kKinds = {Seal::Kind::registration, Seal::Kind::sealed, Seal::Kind::end};
constexpr std::size_t kSealBytesMax = 1u << 20;

Error wrong(std::string_view member) {
  return Error{ErrorCode::invalid, "seal: " + std::string(member) + " is missing or wrong", ""};
}

Result<std::vector<EpochNumbers>> numbers_of(const dom::element& json) {
  std::vector<EpochNumbers> numbers;
  dom::array entries;
  if (json.get(entries) != simdjson::SUCCESS) return wrong("numbers");
  for (const dom::element entry : entries) {
    EpochNumbers& made = numbers.emplace_back();
    dom::array last;
    if (entry["epoch"].get(made.epoch) != simdjson::SUCCESS || made.epoch < 1) {
      return wrong("numbers.epoch");
    }
    if (numbers.size() > 1 && numbers[numbers.size() - 2].epoch >= made.epoch) {
      return wrong("numbers.epoch (ascending)");
    }
    if (entry["last"].get(last) != simdjson::SUCCESS) return wrong("numbers.last");
    for (const dom::element one : last) {
      std::int64_t number = 0;
      if (one.get(number) != simdjson::SUCCESS || number < 0) return wrong("numbers.last");
      made.last.push_back(number);
    }
  }
  return numbers;
}

Result<dom::element> parse(dom::parser& parser, std::string_view json) {
  if (json.size() > kSealBytesMax) return wrong("size");
  dom::element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
    return Error{ErrorCode::invalid, "seal: no JSON", ""};
  }
  return root;
}

}  // namespace

const char* name_of(Seal::Kind kind) {
  switch (kind) {
    case Seal::Kind::registration:
      return "registration";
    case Seal::Kind::sealed:
      return "sealed";
    case Seal::Kind::end:
      return "end";
  }
  return "";
}

std::string write_numbers(const std::vector<EpochNumbers>& numbers) {
  std::string json = "[";
  for (const EpochNumbers& entry : numbers) {
    if (json.size() > 1) json += ",";
    json += "{\"epoch\":" + std::to_string(entry.epoch) + ",\"last\":[";
    for (std::size_t i = 0; i < entry.last.size(); ++i) {
      if (i > 0) json += ",";
      json += std::to_string(entry.last[i]);
    }
    json += "]}";
  }
  return json + "]";
}

std::string write_seal(const Seal& seal) {
  std::string json = "{\"seal\":" + json_quote(seal.producer) + ",\"kind\":\"";
  json += name_of(seal.kind);
  json += "\",";
  if (seal.kind == Seal::Kind::sealed)
    json += "\"until_us\":" + std::to_string(seal.until_us) + ",";
  if (seal.final) json += "\"final\":true,";
  json += "\"accepted_when\":" + json_quote(seal.accepted_when) +
          ",\"epoch\":" + std::to_string(seal.epoch) +
          ",\"numbers\":" + write_numbers(seal.numbers) + "}";
  return json;
}

Result<std::vector<EpochNumbers>> read_numbers(std::string_view json) {
  dom::parser parser;
  const Result<dom::element> root = parse(parser, json);
  if (!root) return root.error();
  return numbers_of(*root);
}

Result<Seal> read_seal(std::string_view json) {
  dom::parser parser;
  const Result<dom::element> root = parse(parser, json);
  if (!root) return root.error();
  Seal seal;
  std::string_view text;
  if ((*root)["seal"].get(text) != simdjson::SUCCESS || text.empty()) return wrong("seal");
  seal.producer = text;
  if ((*root)["kind"].get(text) != simdjson::SUCCESS) return wrong("kind");
  bool known = false;
  for (const Seal::Kind kind : kKinds) {
    if (text != name_of(kind)) continue;
    seal.kind = kind;
    known = true;
  }
  if (!known) return wrong("kind");
  if (seal.kind == Seal::Kind::sealed &&
      (*root)["until_us"].get(seal.until_us) != simdjson::SUCCESS) {
    return wrong("until_us");
  }
  bool final = false;
  seal.final = (*root)["final"].get(final) == simdjson::SUCCESS && final;
  if (seal.final && seal.kind != Seal::Kind::sealed) return wrong("final");
  if ((*root)["accepted_when"].get(text) != simdjson::SUCCESS) return wrong("accepted_when");
  seal.accepted_when = text;
  if ((*root)["epoch"].get(seal.epoch) != simdjson::SUCCESS || seal.epoch < 1) {
    return wrong("epoch");
  }
  dom::element entries;
  if ((*root)["numbers"].get(entries) != simdjson::SUCCESS) return wrong("numbers");
  Result<std::vector<EpochNumbers>> numbers = numbers_of(entries);
  if (!numbers) return numbers.error();
  seal.numbers = *std::move(numbers);
  return seal;
}

}  // namespace weir
