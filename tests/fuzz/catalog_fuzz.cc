// The catalogue's TOML. One without faults is the same again after a way through JSON.
#include "catalog/catalog.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const CatalogRead read = read_catalog(fuzz::text_of(data, size), "catalog.toml");
  if (!read.faults.empty()) return 0;
  const Result<Catalog> again = read_catalog_json(read.catalog.canonical_json());
  WEIR_CHECK(again.ok());
  WEIR_CHECK(again->digest() == read.catalog.digest());
  WEIR_CHECK(diff_catalogs(read.catalog, *again).empty());
  return 0;
}
