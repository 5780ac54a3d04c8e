// The command line of a process, over CLI11 (whose types stop here).
//
//   CommandLine line("weir-quota", "consumes the stream into the usage ledger; answers quota");
//   Command& apply = line.command("catalog apply", "apply a catalogue file");
//   apply.positional("FILE", &path, "the catalogue", Presence::required);
//   apply.flag("--json", &json, "print for machines");
//   apply.run([&] { return apply_catalog(path, json); });
//   return line.main(argc, argv);
//
// Nested commands are named by words with spaces. Every command has --help; an unknown word or a
// missing argument prints one line with the nearest right one and exits 64. Every command also
// takes
// --config FILE, --check-config and every setting as --table.name=VALUE: they are gathered in
// `common()` and handed to load_settings.
#pragma once

#include "base/process.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir {

enum class Presence { optional, required };

class Command {
 public:
  virtual ~Command() = default;
  virtual void positional(const std::string& name, std::string* into, const std::string& sentence,
                          Presence presence) = 0;
  /// The rest of the words.
  virtual void positionals(const std::string& name, std::vector<std::string>* into,
                           const std::string& sentence, Presence presence) = 0;
  virtual void option(const std::string& name, std::string* into, const std::string& sentence) = 0;
  virtual void option(const std::string& name, std::int64_t* into, const std::string& sentence) = 0;
  /// May be given several times: one value each.
  virtual void option(const std::string& name, std::vector<std::string>* into,
                      const std::string& sentence) = 0;
  virtual void flag(const std::string& name, bool* into, const std::string& sentence) = 0;
  /// Declares the settings that this command reads, so that --help lists them and
  /// --table.name=VALUE is known; load_settings(settings, ...) runs before `body`.
  virtual void settings(Settings* settings) = 0;
  /// What --config said, when the body runs; "" without it.
  virtual const std::string& config_path() const = 0;
  virtual void run(std::function<ExitCode()> body) = 0;
};

class CommandLine {
 public:
  CommandLine(std::string program, std::string description);
  ~CommandLine();
  Command& command(const std::string& words, const std::string& sentence);
  int main(int argc, const char* const* argv);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
