// The catalogue's JSON, as the database keeps it. What is read is the same when written and read.
#include "catalog/catalog.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const Result<Catalog> read = read_catalog_json(fuzz::text_of(data, size));
  if (!read) return 0;
  const std::string canonical = read->canonical_json();
  const Result<Catalog> again = read_catalog_json(canonical);
  WEIR_CHECK(again.ok());
  WEIR_CHECK(again->canonical_json() == canonical);
  return 0;
}
