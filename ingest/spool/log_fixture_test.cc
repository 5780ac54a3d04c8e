#include "ingest/spool/log_fixture.h"

#include "ingest/spool/log_folder.h"

namespace weir {

std::vector<std::string> read_all(LogReader& reader, PartitionId partition, Offset from) {
  std::vector<std::string> all;
  for (Offset offset = from;; ++offset) {
    const auto record = reader.read(partition, offset);
    if (!record) {
      all.push_back("error: " + std::string(name_of(record.error().code)));
      return all;
    }
    if (!*record) return all;
    EXPECT_EQ((*record)->offset, offset);
    EXPECT_EQ((*record)->partition, partition);
    all.emplace_back((*record)->value);
  }
}

void LogTest::open() {
  log_.reset();
  auto opened = try_open();
  ASSERT_TRUE(opened) << opened.error().text();
  log_ = *std::move(opened);
}

Result<std::vector<Appended>> LogTest::try_append(PartitionId partition,
                                                  const std::vector<std::string>& values) {
  std::vector<LogRecord> records;
  for (const std::string& value : values) records.push_back({partition, "text", "", value, {}});
  return log_->append(records, soon());
}

Offset LogTest::append(PartitionId partition, const std::string& value) {
  const auto places = try_append(partition, {value});
  EXPECT_TRUE(places) << places.error().text();
  return places ? places->at(0).offset : Offset{-1};
}

std::unique_ptr<LogReader> LogTest::reader() {
  auto opened = LogReader::open(disk_, options_.folder);
  EXPECT_TRUE(opened) << opened.error().text();
  return *std::move(opened);
}

std::vector<std::string> LogTest::values(PartitionId partition, Offset from) {
  return read_all(*reader(), partition, from);
}

std::string LogTest::tail_path(PartitionId partition) {
  return segment_path(options_.folder, partition,
                      list_segments(disk_, options_.folder, partition)->back());
}

}  // namespace weir
