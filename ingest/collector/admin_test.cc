// `keys new`: each key that was printed is in the file.
#include "ingest/collector/admin.h"

#include "base/digest.h"
#include "base/http/api_keys.h"
#include "base/volume/durable_file.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <thread>
#include <vector>

namespace weir {
namespace {

namespace fs = std::filesystem;

// Two at once: both read, both wrote, and one of the printed keys was in no file.
TEST(NewKeys, keys_that_are_made_at_once_are_all_kept) {
  const fs::path folder = fs::temp_directory_path() / ("weir-keys-" + random_hex(6));
  fs::create_directories(folder);
  const std::string file = (folder / "keys.toml").string();
  std::vector<std::thread> makers;
  for (int i = 0; i < 16; ++i) {
    makers.emplace_back(
        [&, i] { EXPECT_EQ(new_key("acme", "key-" + std::to_string(i), file), ExitCode::done); });
  }
  for (std::thread& maker : makers) maker.join();
  const std::string text = *read_file(file, 1 << 20);
  for (int i = 0; i < 16; ++i) {
    EXPECT_THAT(text, testing::HasSubstr("\"key-" + std::to_string(i) + "\""));
  }
  EXPECT_TRUE(ApiKeys::read(file));
  EXPECT_EQ(list_folder(folder.string())->size(), 1U);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace weir
