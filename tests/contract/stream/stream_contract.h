// What the tests of the stream contract share: a fresh stream of two partitions, of each kind.
#pragma once

#include "tests/contract/stream/contract_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {

inline constexpr PartitionId kFirst{0};
inline constexpr PartitionId kSecond{1};

class StreamContract : public testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override {
    stream = GetParam().make(2);
    ASSERT_NE(stream, nullptr) << "no stream to test";
  }
  Appended append(PartitionId partition, std::string_view value) {
    const OutRecord record{partition, "application/json", value};
    Result<std::vector<Appended>> places = stream->sink().append({&record, 1}, soon());
    EXPECT_TRUE(places) << places.error().text();
    return places ? places->at(0) : Appended{};
  }
  /// A reader that holds both partitions.
  std::unique_ptr<Reader> reader() {
    auto made = std::make_unique<Reader>(*stream);
    EXPECT_TRUE(made->poll_until_held(2));
    return made;
  }

  std::unique_ptr<StreamUnderTest> stream;
};

inline auto every_stream() {
  return testing::Values(
      Implementation{"memory", make_memory_stream}, Implementation{"file", make_file_stream},
      Implementation{"file_group", make_file_group_stream},
      Implementation{"file_near", make_near_stream}, Implementation{"file_far", make_far_stream},
      Implementation{"kafka", make_kafka_stream});
}
inline std::string name_of_stream(const testing::TestParamInfo<Implementation>& tested) {
  return tested.param.name;
}

}  // namespace weir
