// The stream of a deployment, from outside: a topic of the run's broker, or a file log of its own.
#include "ingest/connect/connect.h"
#include "ingest/kafka/kafka_admin.h"
#include "tests/integration/deployment.h"
#include "tests/integration/must.h"

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fmt/format.h>
#include <sstream>
#include <string_view>

namespace weir::test {

bool on_file_log() {
  const char* kind = std::getenv("WEIR_TEST_STREAM");
  return kind != nullptr && std::string_view(kind) == "file";
}

void Deployment::kcat(const std::string& keyed_lines, bool java_partitioner) {
  if (on_file_log()) {
    append_keyed(keyed_lines, java_partitioner);
    return;
  }
  const std::string file = folder_ + "/kcat.in";
  write_file(file, keyed_lines);
  const std::string partitioner =
      java_partitioner ? "-X topic.partitioner=murmur2_random" : "-X topic.partitioner=consistent";
  Finished done =
      weir::test::run({"/bin/sh", "-c",
                       fmt::format("exec kcat -P -b {} -t {} {} -K '|' <{}",
                                   environment("WEIR_TEST_KAFKA"), topic_, partitioner, file)},
                      folder_ + "/kcat");
  if (done.exit_code != 0) give_up("kcat: " + done.err);
}

/// What another partitioner than Java's does: it puts an event where nobody looks for its copies.
void Deployment::append_keyed(const std::string& keyed_lines, bool java_partitioner) {
  keep_log();
  const std::int32_t partitions = must(log_->partition_count(soon()));
  std::istringstream lines(keyed_lines);
  std::vector<OutRecord> records;
  std::deque<std::string> values;
  for (std::string line; std::getline(lines, line);) {
    const auto bar = line.find('|');
    PartitionId partition = partition_of(std::string_view(line).substr(0, bar), partitions);
    if (!java_partitioner) partition.value = (partition.value + 1) % partitions;
    records.push_back({partition, "", values.emplace_back(line.substr(bar + 1))});
  }
  must(log_->append(records, soon()));
}

void Deployment::keep_log() {
  if (on_file_log() && log_ == nullptr) log_ = must(connect_keeper(stream(), log_metrics_));
}

StreamOptions Deployment::stream() const {
  StreamOptions options;
  options.kind = on_file_log() ? "file" : "kafka";
  options.folder = folder_ + "/stream";
  options.topic = topic_;
  if (!on_file_log()) options.kafka.brokers = environment("WEIR_TEST_KAFKA");
  return options;
}

void Deployment::delete_topic() {
  log_.reset();
  if (on_file_log()) {
    std::filesystem::remove_all(stream().log_folder());
    return;
  }
  const Status done = must(KafkaAdmin::open(kafka()))->delete_topic(soon());
  if (!done) give_up(done.error().text());
}

std::int64_t Deployment::log_end() {
  const auto log = must(connect_log(stream()));
  const std::int32_t partitions = must(log->partition_count(soon()));
  std::int64_t sum = 0;
  for (const LogBounds& bounds : must(log->all_bounds(partitions, soon()))) {
    sum += bounds.end.value;
  }
  return sum;
}

void Deployment::use_topic(const std::string& topic) {
  log_.reset();
  const std::string path = folder_ + "/weir.toml";
  std::string text = read_whole(path);
  const std::string line = "topic = \"" + topic_ + "\"";
  const auto at = text.find(line);
  if (at == std::string::npos) give_up("no topic stands in " + path);
  write_file(path, text.replace(at, line.size(), "topic = \"" + topic + "\""));
  topic_ = topic;
}

}  // namespace weir::test
