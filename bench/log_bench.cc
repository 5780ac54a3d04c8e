// What does an acknowledged record cost in the file log, beside writing the same bytes and an fsync?
//
//   log_bench [--folder PATH] [--appends N] [--rounds N]
//
// Each round does, in turn, for several sizes of an append and numbers of threads: N appends to a file
// log of four partitions (R16: fsynced, and the end published, before each returns), and N times pwrite
// and fdatasync of as many bytes as the log wrote, one file a thread. With several threads the log
// shares an fsync among those that wait, so it may be the cheaper one. At the end everything is read
// back and checked, else exit 1.
//
// What takes the time: on a volume that really syncs, the fsync; the rest is one CRC32C and one copy of
// each record. A group over four partitions took four of them, one after the other (12 ms); asked for at
// once, from threads, they share a commit of ext4's journal and take less than a lone one (0.8 to 1.1 ms,
// lone 2.0 to 2.7 ms). Figures: bench/README.md.
#include "base/digest.h"
#include "base/log.h"
#include "base/volume/descriptor.h"
#include "bench/must.h"
#include "ingest/file_stream/file_stream_sink.h"
#include "ingest/file_stream/log_keeper.h"
#include "ingest/file_stream/new_log.h"
#include "ingest/spool/file_log.h"
#include "ingest/spool/log_audit.h"
#include "ingest/spool/real_disk.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace weir::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::int32_t kPartitions = 4;

struct Arguments {
  std::string folder = (fs::temp_directory_path() / ("weir-log-bench-" + random_hex(4))).string();
  std::int64_t appends = 400;
  int rounds = 3;
};

struct Load {
  const char* name;
  std::size_t records;  // of an append
  std::size_t bytes;    // of a record's value
  std::int32_t partitions;
  int threads;
};

constexpr Load kLoads[] = {
    {"1 record of 500 B", 1, 500, 1, 1},
    {"100 records of 500 B, one partition", 100, 500, 1, 1},
    {"100 records of 500 B, four partitions", 100, 500, 4, 1},
    {"1 record of 1 MiB", 1, 1 << 20, 1, 1},
    {"1 record of 500 B, 16 threads", 1, 500, 1, 16},
};

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void in_threads(int count, const std::function<void(int)>& work) {
  std::vector<std::jthread> threads;
  for (int i = 1; i < count; ++i) threads.emplace_back(work, i);
  work(0);
}

/// A keeper in a process of its own, as long as it lives.
class KeeperProcess {
 public:
  explicit KeeperProcess(const std::string& folder) : pid_(::fork()) {
    if (pid_ != 0) return;
    start_log("log_bench", "error", "text");
    RealDisk disk;
    Metrics metrics;
    LogKeeperOptions options;
    options.log.folder = folder;
    options.log.bytes_max = std::int64_t{64} << 30;
    const auto keeper = must(LogKeeper::open(disk, std::move(options), system_clock(), metrics));
    keeper->start();
    while (true) ::pause();
  }
  ~KeeperProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  const pid_t pid_;
};

class Bench {
 public:
  explicit Bench(Arguments arguments) : arguments_(std::move(arguments)) {}

  void run() {
    for (int round = 1; round <= arguments_.rounds; ++round) {
      for (const Load& load : kLoads) {
        const double log = log_seconds(load);
        const double socket = socket_seconds(load);
        const double bare = bare_seconds(load);
        const auto appends = static_cast<double>(arguments_.appends);
        fmt::print(
            "{:<40} {:>8.3f} ms an append   baseline {:>8.3f} ms   {:>5.2f} x   by socket {:>8.3f} "
            "ms "
            "  {:>5.2f} x\n",
            load.name, log / appends * 1e3, bare / appends * 1e3, log / bare,
            socket / appends * 1e3, socket / bare);
      }
    }
  }

 private:
  double log_seconds(const Load& load) {
    const std::string folder = arguments_.folder + "/log";
    fs::remove_all(folder);
    FileLogOptions options;
    options.folder = folder;
    options.partitions = kPartitions;
    options.bytes_max = std::int64_t{64} << 30;
    const auto log = must(FileLog::open(disk_, options, system_clock()));
    const std::int64_t empty = log->bytes();
    const std::string value(load.bytes, 'v');
    std::vector<LogRecord> records;
    for (std::size_t i = 0; i < load.records; ++i) {
      const auto p = static_cast<std::int32_t>(i) % load.partitions;
      records.push_back({PartitionId{p}, "application/json", "", value, {}});
    }
    const double seconds = seconds_of([&] {
      in_threads(load.threads, [&](int thread) {
        for (std::int64_t i = thread; i < arguments_.appends; i += load.threads) {
          must(log->append(records, Deadline::in(std::chrono::seconds(60))));
        }
      });
    });
    written_ = log->bytes() - empty;
    check(folder, load);
    return seconds;
  }

  double socket_seconds(const Load& load) {
    const std::string folder = arguments_.folder + "/kept";
    fs::remove_all(folder);
    must(make_file_log(disk_, folder, kPartitions));
    const KeeperProcess keeper(folder);
    const auto sink = must(FileStreamSink::open(disk_, folder, std::chrono::seconds(60)));
    const std::string value(load.bytes, 'v');
    std::vector<OutRecord> records;
    for (std::size_t i = 0; i < load.records; ++i) {
      const auto p = static_cast<std::int32_t>(i) % load.partitions;
      records.push_back({PartitionId{p}, "application/json", value});
    }
    while (::access(writer_socket(folder).c_str(), F_OK) != 0) std::this_thread::yield();
    const double seconds = seconds_of([&] {
      in_threads(load.threads, [&](int thread) {
        for (std::int64_t i = thread; i < arguments_.appends; i += load.threads) {
          must(sink->append(records, Deadline::in(std::chrono::seconds(60))));
        }
      });
    });
    check(folder, load);
    return seconds;
  }

  void check(const std::string& folder, const Load& load) {
    const LogAudit audit = must(audit_log(disk_, folder));
    std::int64_t records = 0;
    for (const PartitionAudit& one : audit.partitions) records += one.records;
    const auto expected = arguments_.appends * static_cast<std::int64_t>(load.records);
    if (!audit.whole() || records != expected) {
      give_up(fmt::format("{} records are there, not {}", records, expected));
    }
  }

  double bare_seconds(const Load& load) {
    const std::string folder = arguments_.folder + "/bare";
    fs::remove_all(folder);
    fs::create_directories(folder);
    const std::string bytes(static_cast<std::size_t>(written_ / arguments_.appends), 'v');
    std::vector<Descriptor> files;
    for (int i = 0; i < load.threads; ++i) {
      files.push_back(must(Descriptor::open(folder + "/" + std::to_string(i), O_RDWR | O_CREAT)));
    }
    return seconds_of([&] {
      in_threads(load.threads, [&](int thread) {
        const int file = files[static_cast<std::size_t>(thread)].get();
        off_t at = 0;
        for (std::int64_t i = thread; i < arguments_.appends; i += load.threads) {
          if (::pwrite(file, bytes.data(), bytes.size(), at) < 0) give_up("cannot write");
          if (::fdatasync(file) != 0) give_up("cannot fsync");
          at += static_cast<off_t>(bytes.size());
        }
      });
    });
  }

  const Arguments arguments_;
  RealDisk disk_;
  std::int64_t written_ = 0;  // by the last log
};

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  weir::bench::Arguments arguments;
  CLI::App app("What an acknowledged record costs in the file log");
  app.add_option("--folder", arguments.folder, "on the volume to be measured; removed at the end");
  app.add_option("--appends", arguments.appends, "of each load")->check(CLI::Range(1, 10'000'000));
  app.add_option("--rounds", arguments.rounds)->check(CLI::Range(1, 1000));
  CLI11_PARSE(app, argc, argv);
  int code = 0;
  try {
    weir::bench::Bench(arguments).run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "log_bench: {}\n", error.what());
    code = 1;
  }
  std::filesystem::remove_all(arguments.folder);
  return code;
}
