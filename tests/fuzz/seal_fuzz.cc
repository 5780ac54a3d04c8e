// Seals: what is read is the same when written and read again.
#include "ingest/codec/seal.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const Result<Seal> seal = read_seal(fuzz::text_of(data, size));
  if (seal) {
    const Result<Seal> again = read_seal(write_seal(*seal));
    WEIR_CHECK(again.ok());
    WEIR_CHECK(*again == *seal);
  }
  const auto numbers = read_numbers(fuzz::text_of(data, size));
  if (numbers) {
    const auto again = read_numbers(write_numbers(*numbers));
    WEIR_CHECK(again.ok());
    WEIR_CHECK(*again == *numbers);
  }
  return 0;
}
