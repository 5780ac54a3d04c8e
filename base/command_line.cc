#include "base/command_line.h"

#include "base/nearest.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <optional>

namespace weir {
namespace {

std::vector<std::string> split_words(const std::string& words) {
  std::vector<std::string> out;
  std::string word;
  for (char c : words + " ") {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      out.push_back(std::exchange(word, ""));
    }
  }
  return out;
}

class CommandOverCli : public Command {
 public:
  explicit CommandOverCli(CLI::App* app) : app_(app) {}

  void positional(const std::string& name, std::string* into, const std::string& sentence,
                  Presence presence) override {
    app_->add_option(name, *into, sentence)->required(presence == Presence::required);
  }
  void positionals(const std::string& name, std::vector<std::string>* into,
                   const std::string& sentence, Presence presence) override {
    app_->add_option(name, *into, sentence)->required(presence == Presence::required);
  }
  void option(const std::string& name, std::string* into, const std::string& sentence) override {
    app_->add_option(name, *into, sentence)->capture_default_str();
  }
  void option(const std::string& name, std::int64_t* into, const std::string& sentence) override {
    app_->add_option(name, *into, sentence)->capture_default_str();
  }
  void option(const std::string& name, std::vector<std::string>* into,
              const std::string& sentence) override {
    app_->add_option(name, *into, sentence)->allow_extra_args(false);
  }
  void flag(const std::string& name, bool* into, const std::string& sentence) override {
    app_->add_flag(name, *into, sentence);
  }
  void settings(Settings* settings) override { settings_ = settings; }
  const std::string& config_path() const override { return config_path_; }
  void run(std::function<ExitCode()> body) override { body_ = std::move(body); }

  bool has_body() const { return body_ != nullptr; }

  /// Settings may be declared after Command::settings(), so their flags are made just before
  /// parsing.
  void declare_setting_flags() {
    if (settings_ == nullptr || std::exchange(declared_, true)) return;
    app_->add_option("--config", config_path_, "the TOML file with the settings");
    app_->add_flag("--check-config", check_only_, "check the settings, print them and end");
    app_->add_flag("--settings-reference", reference_, "print the settings as Markdown and end");
    for (const std::string& name : settings_->names()) {
      // Listed by the footer, with their ranges; so in no group here.
      app_->add_option("--" + name, values_[name])->group("");
    }
    app_->footer(settings_->help());
  }

  ExitCode execute() {
    if (settings_ != nullptr) {
      if (reference_) {
        std::fputs(settings_->reference().c_str(), stdout);
        return ExitCode::done;
      }
      const auto ended = load_settings(*settings_, config_path_, given_flags(), check_only_);
      if (ended) return *ended;
    }
    return body_();
  }

 private:
  std::vector<std::pair<std::string, std::string>> given_flags() const {
    std::vector<std::pair<std::string, std::string>> flags;
    for (const auto& [name, value] : values_) {
      if (app_->count("--" + name) > 0) flags.emplace_back(name, value);
    }
    return flags;
  }

  CLI::App* app_;
  Settings* settings_ = nullptr;
  std::function<ExitCode()> body_;
  std::string config_path_;
  bool check_only_ = false;
  bool reference_ = false;
  bool declared_ = false;
  std::map<std::string, std::string> values_;  // of settings given as flags
};

/// The words that `app` would have understood: options if `wrong` looks like one, else commands.
std::vector<std::string> known_words(const CLI::App& app, bool options) {
  std::vector<std::string> known;
  if (!options) {
    for (const CLI::App* command : app.get_subcommands({})) known.push_back(command->get_name());
    return known;
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  return known;
}

/// The innermost command that was named.
const CLI::App* deepest(const CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

std::string path_of(const CLI::App* app) {
  if (app->get_parent() == nullptr) return app->get_name();
  return path_of(app->get_parent()) + " " + app->get_name();
}

std::string in_one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

}  // namespace

struct CommandLine::State {
  CLI::App root;
  std::map<CLI::App*, std::unique_ptr<CommandOverCli>> commands;

  CommandOverCli& command_of(CLI::App* app) {
    std::unique_ptr<CommandOverCli>& command = commands[app];
    if (!command) command = std::make_unique<CommandOverCli>(app);
    return *command;
  }

  void finish() {
    for (auto& [app, command] : commands) command->declare_setting_flags();
  }

  int complain(const CLI::ParseError& error) const {
    const CLI::App* at = deepest(&root);
    std::string line = in_one_line(error.what());
    const std::vector<std::string> extras = root.remaining(true);
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !extras.empty()) {
      std::string wrong = extras.front();
      if (wrong.starts_with("--")) wrong = wrong.substr(0, wrong.find('='));
      line = "'" + wrong + "' is not known here" +
             nearest_hint(wrong, known_words(*at, wrong.starts_with("-")));
    }
    std::fprintf(stderr, "%s: %s (%s --help says more)\n", path_of(at).c_str(), line.c_str(),
                 path_of(at).c_str());
    return static_cast<int>(ExitCode::usage);
  }

  int run_named() {
    CLI::App* at = const_cast<CLI::App*>(deepest(&root));
    const auto command = commands.find(at);
    if (command == commands.end() || !command->second->has_body()) {
      std::fprintf(stderr, "%s: a command is needed (%s --help lists them)\n", path_of(at).c_str(),
                   path_of(at).c_str());
      return static_cast<int>(ExitCode::usage);
    }
    return static_cast<int>(command->second->execute());
  }
};

CommandLine::CommandLine(std::string program, std::string description)
    : state_(std::make_unique<State>()) {
  state_->root.name(std::move(program));
  state_->root.description(std::move(description));
  state_->root.require_subcommand(0, 1);
}
CommandLine::~CommandLine() = default;

Command& CommandLine::command(const std::string& words, const std::string& sentence) {
  CLI::App* app = &state_->root;
  for (const std::string& word : split_words(words)) {
    const auto bears_it = [&](const CLI::App* sub) { return sub->get_name() == word; };
    const std::vector<CLI::App*> found = app->get_subcommands(bears_it);
    app = found.empty() ? app->add_subcommand(word, "")->require_subcommand(0, 1) : found.front();
  }
  app->description(sentence);
  return state_->command_of(app);
}

int CommandLine::main(int argc, const char* const* argv) {
  state_->finish();
  try {
    state_->root.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(state_->root.help().c_str(), stdout);
    return static_cast<int>(ExitCode::done);
  } catch (const CLI::ParseError& error) {
    return state_->complain(error);
  }
  return state_->run_named();
}

}  // namespace weir
