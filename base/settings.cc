#include "base/settings.h"

#include "base/nearest.h"
#include "base/settings_state.h"

#include <algorithm>
#include <fmt/format.h>
#include <unistd.h>

namespace weir {
namespace {

/// `_file` behind the name of a secret.
constexpr std::string_view kFileSuffix = "_file";

bool takes_file(const Setting& setting) { return setting.kind == SettingKind::secret; }

/// Every name that a source may use, for the hint at a wrong one.
std::vector<std::string> names_of(const std::vector<Setting>& settings) {
  std::vector<std::string> names;
  for (const Setting& setting : settings) {
    names.push_back(setting.name);
    if (takes_file(setting)) names.push_back(setting.name + std::string(kFileSuffix));
  }
  return names;
}

std::vector<RawValue> environment_values(const std::vector<Setting>& settings,
                                         const std::map<std::string, std::string>& environment) {
  std::vector<RawValue> values;
  for (const std::string& name : names_of(settings)) {
    const auto found = environment.find(environment_name(name));
    if (found == environment.end()) continue;
    const std::string where = "environment " + found->first;
    values.push_back({found->second, name, where, where});
  }
  return values;
}

std::vector<RawValue> flag_values(const std::vector<std::pair<std::string, std::string>>& flags) {
  std::vector<RawValue> values;
  for (const auto& [name, value] : flags) {
    const std::string where = "flag --" + name;
    values.push_back({value, name, where, where});
  }
  return values;
}

}  // namespace

std::string format_faults(const std::vector<Fault>& faults) {
  std::string out;
  for (const Fault& fault : faults) out += fmt::format("  {} {}\n", fault.where, fault.what);
  return out;
}

Settings::Settings(std::string program) : state_(std::make_unique<State>()) {
  state_->program = std::move(program);
  choice("log.level", &state_->log_level, {"debug", "info", "warn", "error"}, "info",
         "least level of the lines that are logged");
  choice("log.format", &state_->log_format, {"auto", "json", "text"}, "auto",
         "form of the log on standard error; auto is text on a terminal, else json");
}
Settings::~Settings() = default;
Settings::Settings(Settings&&) noexcept = default;
Settings& Settings::operator=(Settings&&) noexcept = default;

Setting* Settings::State::find(std::string_view name) {
  const auto found = std::find_if(settings.begin(), settings.end(),
                                  [&](const Setting& s) { return s.name == name; });
  return found == settings.end() ? nullptr : &*found;
}

void Settings::State::add(Setting setting) {
  if (find(setting.name) != nullptr) {
    fmt::print(stderr, "the setting {} is declared twice\n", setting.name);
    WEIR_CHECK(!"a setting is declared once");
  }
  settings.push_back(std::move(setting));
}

bool Settings::State::is_ignored(std::string_view name) const {
  return std::any_of(ignored_tables.begin(), ignored_tables.end(), [&](const std::string& table) {
    return name == table || name.starts_with(table + ".");
  });
}

void Settings::text(std::string name, std::string* into, std::string fallback,
                    std::string sentence) {
  *into = fallback;
  state_->add({.kind = SettingKind::text,
               .name = std::move(name),
               .sentence = std::move(sentence),
               .fallback = std::move(fallback),
               .unit = "",
               .into = into,
               .allowed = {}});
}

void Settings::secret(std::string name, std::string* into, std::string sentence) {
  into->clear();
  state_->add({.kind = SettingKind::secret,
               .name = std::move(name),
               .sentence = std::move(sentence),
               .fallback = "",
               .unit = "",
               .into = into,
               .allowed = {}});
}

void Settings::integer(std::string name, std::int64_t* into, std::int64_t fallback,
                       std::int64_t least, std::int64_t most, std::string unit,
                       std::string sentence) {
  *into = fallback;
  state_->add({.kind = SettingKind::integer,
               .name = std::move(name),
               .sentence = std::move(sentence),
               .fallback = std::to_string(fallback),
               .unit = std::move(unit),
               .into = into,
               .least = least,
               .most = most,
               .allowed = {}});
}

void Settings::duration(std::string name, Micros* into, Micros fallback, Micros least, Micros most,
                        std::string sentence) {
  *into = fallback;
  state_->add({.kind = SettingKind::duration,
               .name = std::move(name),
               .sentence = std::move(sentence),
               .fallback = format_duration(fallback),
               .unit = "",
               .into = into,
               .least = least.count(),
               .most = most.count(),
               .allowed = {}});
}

void Settings::flag(std::string name, bool* into, bool fallback, std::string sentence) {
  *into = fallback;
  state_->add({.kind = SettingKind::flag,
               .name = std::move(name),
               .sentence = std::move(sentence),
               .fallback = fallback ? "true" : "false",
               .unit = "",
               .into = into,
               .allowed = {}});
}

void Settings::choice(std::string name, std::string* into, std::vector<std::string> allowed,
                      std::string fallback, std::string sentence) {
  *into = fallback;
  state_->add({.kind = SettingKind::choice,
               .name = std::move(name),
               .sentence = std::move(sentence),
               .fallback = std::move(fallback),
               .unit = "",
               .into = into,
               .allowed = std::move(allowed)});
}

void Settings::require(std::string_view name) {
  Setting* setting = state_->find(name);
  WEIR_CHECK(setting != nullptr);
  setting->required = true;
}

void Settings::ignore_table(std::string name) { state_->ignored_tables.push_back(std::move(name)); }

std::vector<Fault> Settings::read(const Sources& sources) {
  std::vector<Fault> faults;
  std::vector<RawValue> values;
  if (!sources.config_path.empty()) values = read_toml_values(sources.config_path, faults);
  const auto take = [&](std::vector<RawValue> more) {
    std::move(more.begin(), more.end(), std::back_inserter(values));
  };
  take(environment_values(state_->settings, sources.environment));
  take(flag_values(sources.flags));

  for (RawValue& raw : values) {
    Setting* setting = state_->find(raw.name);
    if (setting == nullptr && raw.name.ends_with(kFileSuffix)) {
      const std::string_view name(raw.name.data(), raw.name.size() - kFileSuffix.size());
      Setting* owner = state_->find(name);
      if (owner != nullptr && takes_file(*owner)) {
        const std::string wrong = assign_file(*owner, raw);
        if (!wrong.empty()) faults.push_back({raw.where, wrong});
        continue;
      }
    }
    if (setting == nullptr) {
      if (state_->is_ignored(raw.name)) continue;
      const std::string hint = nearest_hint(raw.name, names_of(state_->settings));
      faults.push_back({raw.where, "is no setting of " + state_->program + hint});
      continue;
    }
    const std::string wrong = assign(*setting, raw);
    if (!wrong.empty()) faults.push_back({raw.where, wrong});
  }
  for (const Setting& setting : state_->settings) {
    if (!setting.required || setting.origin != "default") continue;
    faults.push_back({setting.name, fmt::format("is missing; set it in the file, as {} or as --{}",
                                                environment_name(setting.name), setting.name)});
  }
  return faults;
}

const std::string& Settings::program() const { return state_->program; }
const std::string& Settings::log_level() const { return state_->log_level; }
const std::string& Settings::log_format() const { return state_->log_format; }
std::vector<std::string> Settings::names() const { return names_of(state_->settings); }

std::map<std::string, std::string> weir_environment() {
  std::map<std::string, std::string> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (!text.starts_with("WEIR_") || equals == std::string_view::npos) continue;
    out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

}  // namespace weir
