#include "ingest/collector/generate_output.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <utility>
#include <vector>

namespace weir {
namespace {

constexpr Micros kWriteTimeout = std::chrono::seconds(30);

class StreamOutput : public GenerateOutput {
 public:
  StreamOutput(RecordSink& sink, const IdentityKey& key, GenerateFormat format)
      : sink_(sink), writer_(sink, key), encoder_(key), format_(format) {}

  Status write_rows(const RequestBatch& batch) override {
    Deadline deadline = Deadline::in(kWriteTimeout);
    if (partitions_ == 0) {
      Result<std::int32_t> partitions = sink_.partition_count(deadline);
      if (!partitions) return partitions.error();
      partitions_ = *partitions;
    }
    if (format_ == GenerateFormat::mixed) return writer_.write(batch, deadline);
    encode(batch);
    return append(deadline);
  }
  /// Spread over the partitions, so that each meets some.
  Status write_poison(std::span<const std::string> poison) override {
    made_.clear();
    for (const std::string& body : poison) {
      std::int64_t place = poison_written_ + static_cast<std::int64_t>(made_.size());
      made_.push_back({PartitionId(static_cast<std::int32_t>(place % partitions_)), kJson, body});
    }
    Status sent = append(Deadline::in(kWriteTimeout));
    if (sent) poison_written_ += static_cast<std::int64_t>(poison.size());
    return sent;
  }
  Status finish() override { return {}; }

 private:
  struct Made {
    PartitionId partition;
    std::string_view content_type;
    std::string value;
  };

  /// One event a record as JSON, or the rows of each partition as packed records.
  void encode(const RequestBatch& batch) {
    made_.clear();
    std::vector<std::vector<std::uint32_t>> rows(static_cast<std::size_t>(partitions_));
    for (std::uint32_t row = 0; row < batch.rows(); ++row) {
      PartitionId partition = partition_of(batch.subscription.at(row), partitions_);
      if (format_ == GenerateFormat::packed) {
        rows[static_cast<std::size_t>(partition.value)].push_back(row);
        continue;
      }
      made_.push_back({partition, kJson, {}});
      encoder_.json(batch, row, row + 1, made_.back().value);
    }
    for (std::size_t partition = 0; partition < rows.size(); ++partition) {
      for (std::span<const std::uint32_t> rest = rows[partition]; !rest.empty();) {
        std::size_t count = std::min(rest.size(), kRecordRowsMax);
        made_.push_back({PartitionId(static_cast<std::int32_t>(partition)), kPacked, {}});
        encoder_.packed_rows(batch, rest.first(count), made_.back().value);
        rest = rest.subspan(count);
      }
    }
  }

  Status append(Deadline deadline) {
    std::vector<OutRecord> out;
    for (const Made& made : made_) out.push_back({made.partition, made.content_type, made.value});
    if (out.empty()) return {};
    Result<std::vector<Appended>> appended = sink_.append(out, deadline);
    return appended ? Status{} : Status{appended.error()};
  }

  RecordSink& sink_;
  BatchWriter writer_;
  Encoder encoder_;
  GenerateFormat format_;
  std::int32_t partitions_ = 0;
  std::int64_t poison_written_ = 0;
  std::deque<Made> made_;
};

class FileOutput : public GenerateOutput {
 public:
  FileOutput(std::FILE* file, std::string path, const IdentityKey& key)
      : file_(file), path_(std::move(path)), encoder_(key) {}
  ~FileOutput() override {
    if (file_ != nullptr && file_ != stdout) std::fclose(file_);
  }

  Status write_rows(const RequestBatch& batch) override {
    encoder_.ndjson(batch, 0, batch.rows(), text_);
    return write_text();
  }
  Status write_poison(std::span<const std::string> poison) override {
    text_.clear();
    for (const std::string& body : poison) text_.append(body).push_back('\n');
    return write_text();
  }
  Status finish() override {
    std::FILE* file = std::exchange(file_, nullptr);
    bool done = file == stdout ? std::fflush(file) == 0 : std::fclose(file) == 0;
    return done ? Status{} : failed();
  }

 private:
  Status write_text() {
    bool whole = std::fwrite(text_.data(), 1, text_.size(), file_) == text_.size();
    return whole ? Status{} : failed();
  }
  Status failed() const {
    int number = errno;
    ErrorCode code = number == ENOSPC ? ErrorCode::full : ErrorCode::unavailable;
    return Error{code, path_ + ": " + std::strerror(number), ""};
  }
  std::FILE* file_;
  std::string path_;
  Encoder encoder_;
  std::string text_;
};

}  // namespace

std::unique_ptr<GenerateOutput> stream_output(RecordSink& sink, const IdentityKey& key,
                                              GenerateFormat format) {
  return std::make_unique<StreamOutput>(sink, key, format);
}

Result<std::unique_ptr<GenerateOutput>> file_output(const std::string& path,
                                                    const IdentityKey& key) {
  std::FILE* file = path == "-" ? stdout : std::fopen(path.c_str(), "wb");
  if (file == nullptr) {
    ErrorCode code = errno == EACCES || errno == EROFS ? ErrorCode::denied : ErrorCode::unavailable;
    return Error{code, path + ": " + std::strerror(errno), "name a file that can be written"};
  }
  return std::unique_ptr<GenerateOutput>(std::make_unique<FileOutput>(file, path, key));
}

}  // namespace weir
