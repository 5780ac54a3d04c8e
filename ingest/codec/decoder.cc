#include "ingest/codec/codec.h"
#include "ingest/codec/json_decoder.h"
#include "ingest/codec/packed_decoder.h"
#include "ingest/codec/row_writer.h"

namespace weir {
namespace {

// "application/json; charset=utf-8" → "application/json".
std::string_view without_parameters(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  std::size_t begin = content_type.find_first_not_of(" \t");
  if (begin == content_type.npos) return {};
  return content_type.substr(begin, content_type.find_last_not_of(" \t") - begin + 1);
}

// Media types do not tell case apart.
bool same_type(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace

struct Decoder::State {
  explicit State(const IdentityKey& identity_key) : key(identity_key), packed(identity_key) {}
  IdentityKey key;
  json::JsonDecoder json;
  PackedDecoder packed;
};

Decoder::Decoder(const IdentityKey& key) : state_(std::make_unique<State>(key)) {}
Decoder::~Decoder() = default;

void Decoder::decode(std::string_view content_type, std::string_view bytes,
                     const DecodeContext& context, RequestBatch& into, DecodeReport& report) {
  report.clear();
  RowWriter writer(state_->key, context, into, report);
  if (bytes.size() > context.record_bytes_max) {
    return writer.whole(reason::kRecordTooLarge, "", "the record is larger than is allowed");
  }
  std::string_view type = without_parameters(content_type);
  if (type.empty() || same_type(type, kJson)) {
    return state_->json.document(bytes, json::Shape::event, writer);
  }
  if (same_type(type, kNdjson)) return state_->json.lines(bytes, json::Shape::event, writer);
  if (same_type(type, kCloudEvent) || same_type(type, kCloudEventBatch)) {
    return state_->json.document(bytes, json::Shape::cloud_event, writer);
  }
  if (same_type(type, kPacked)) return state_->packed.decode(bytes, context, into, report, writer);
  writer.whole(reason::kUnknownContentType, "content-type", type);
}

}  // namespace weir
