#include "ingest/collector/stamp.h"

#include "ingest/codec/line_fields.h"

namespace weir {
namespace {

// One look at each distinct address, then the codes are translated.
void truncate_clients(DictColumn& client) {
  Dictionary& dictionary = client.mutable_dictionary();
  const std::size_t distinct = dictionary.size();
  std::vector<Dictionary::Code> network_of(distinct);
  std::string network;
  for (Dictionary::Code code = 0; code < distinct; ++code) {
    truncate_address(dictionary.text_of(code), network);
    network_of[code] = network.empty() ? code : dictionary.code_of(network);
  }
  for (Dictionary::Code& code : client.mutable_codes()) code = network_of[code];
}

}  // namespace

void Stamp::apply(RequestBatch& batch) {
  truncate_clients(batch.client);
  add_routes(batch);
}

void Stamp::add_routes(RequestBatch& batch) {
  Dictionary& routes = batch.route.mutable_dictionary();
  const std::lock_guard lock(mutex_);
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (!batch.route.at(row).empty() || batch.path.at(row).empty()) continue;
    batch.route.mutable_codes()[row] = routes.code_of(templates_.of(batch.path.at(row)));
  }
}

std::uint64_t Stamp::overflowed() const {
  const std::lock_guard lock(mutex_);
  return templates_.overflowed();
}

}  // namespace weir
