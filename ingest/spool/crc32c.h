// CRC32C (Castagnoli; polynomial 0x1edc6f41, reflected), as iSCSI, ext4 and Kafka use it.
//
// By the processor's own instruction where it has one (SSE 4.2), else by a table; both give the
// same. crc32c(b, crc32c(a)) is the checksum of a followed by b.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);
/// Always by the table; for the test that compares the two.
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before = 0);

}  // namespace weir
