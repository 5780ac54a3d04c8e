#include "tests/faults/servers.h"

#include "base/digest.h"
#include "tests/faults/commit_proxy.h"
#include "tests/integration/deployment.h"

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace weir::test {
namespace {

namespace fs = std::filesystem;

Finished driver(const std::string& home, const std::vector<std::string>& words) {
  std::vector<std::string> argv = {"/usr/bin/env", "WEIR_HOME=" + home,
                                   environment("WEIR_TEST_DRIVER")};
  argv.insert(argv.end(), words.begin(), words.end());
  return run(argv, home + "/faults-driver");
}

std::string must_shell(const std::string& command) {
  const std::string log = fs::temp_directory_path() / ("weir-shell-" + random_hex(6));
  const Finished done = run({"/bin/bash", "-c", command}, log);
  fs::remove(log + ".out");
  fs::remove(log + ".err");
  if (done.exit_code != 0) throw std::runtime_error(command + ": " + done.err);
  return done.out;
}

std::string value_of(const std::string& environment_lines, const std::string& name) {
  std::istringstream lines(environment_lines);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + "=")) return line.substr(name.size() + 1);
  }
  throw std::runtime_error(name + " is not in: " + environment_lines);
}

/// Where the driver puts a root-run server's volume: a folder that the server's user can enter.
std::string shared_volume(const std::string& home) {
  const std::string digest =
      must_shell(fmt::format("printf %s '{}' | sha256sum | cut -c1-12", home));
  return "/var/lib/weir/" + digest.substr(0, 12);
}

std::string home_with_link() {
  const std::string home = fs::temp_directory_path() / ("weir-private-" + random_hex(6));
  fs::create_directories(home + "/volumes");
  const std::string target = shared_volume(home) + "/volumes/quota";
  fs::create_directories(target);
  fs::create_directory_symlink(target, home + "/volumes/quota");
  return home;
}

}  // namespace

SmallVolume::SmallVolume(std::string folder, int mebibytes) : folder_(std::move(folder)) {
  fs::create_directories(folder_);
  const std::string size = fmt::format("size={}m,mode=0755", mebibytes);
  if (::mount("tmpfs", folder_.c_str(), "tmpfs", 0, size.c_str()) != 0) {
    throw std::runtime_error("mounting a tmpfs on " + folder_ +
                             " failed: run the tests as root, with leave to mount");
  }
}

SmallVolume::~SmallVolume() { ::umount2(folder_.c_str(), MNT_DETACH); }

void SmallVolume::fill() {
  const int file = ::open((folder_ + "/filler").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  std::array<char, 4096> block{};
  while (::write(file, block.data(), block.size()) > 0) {
  }
  ::close(file);
}

void SmallVolume::make_room() { fs::remove(folder_ + "/filler"); }

bool SmallVolume::is_full() const {
  struct statvfs now {};
  return ::statvfs(folder_.c_str(), &now) == 0 && now.f_bavail == 0;
}

PrivatePostgres::PrivatePostgres(int data_mebibytes, int wal_mebibytes)
    : home_(home_with_link()),
      data_(fs::canonical(home_ + "/volumes/quota"), data_mebibytes),
      wal_(shared_volume(home_) + "/wal", wal_mebibytes) {
  must_shell(fmt::format("chown postgres: '{}' '{}'", data_.folder(), wal_.folder()));
  if (!start()) throw std::runtime_error("the private PostgreSQL does not start");
  // Its WAL moves to a volume of its own.
  if (const Finished done = driver(home_, {"stop"}); done.exit_code != 0) {
    throw std::runtime_error("stop: " + done.err);
  }
  must_shell(
      fmt::format("mv '{0}/postgres/pg_wal' '{1}/pg_wal' && "
                  "ln -s '{1}/pg_wal' '{0}/postgres/pg_wal'",
                  data_.folder(), wal_.folder()));
  if (!start()) throw std::runtime_error("the private PostgreSQL does not start");
}

PrivatePostgres::~PrivatePostgres() {
  (void)driver(home_, {"kill", "postgres"});
  (void)driver(home_, {"stop"});
}

bool PrivatePostgres::start() {
  const Finished done = driver(home_, {"start", "postgres"});
  if (done.exit_code != 0) return false;
  admin = value_of(done.out, "WEIR_TEST_POSTGRES_ADMIN");
  quota = value_of(done.out, "WEIR_TEST_POSTGRES_QUOTA");
  billing = value_of(done.out, "WEIR_TEST_POSTGRES_BILLING");
  return true;
}

bool PrivatePostgres::running() {
  return run({"/bin/bash", "-c",
              fmt::format("exec 3<>/dev/tcp/127.0.0.1/{}", conninfo_value(admin, "port"))},
             home_ + "/probe")
             .exit_code == 0;
}

}  // namespace weir::test
