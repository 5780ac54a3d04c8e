// The settings as people read them: --help, --check-config and the reference page.
#include "base/settings_state.h"

#include <fmt/format.h>

namespace weir {
namespace {

const char* type_of(SettingKind kind) {
  switch (kind) {
    case SettingKind::text:
      return "text";
    case SettingKind::secret:
      return "secret";
    case SettingKind::integer:
      return "integer";
    case SettingKind::duration:
      return "duration";
    case SettingKind::flag:
      return "true or false";
    case SettingKind::choice:
      return "choice";
  }
  return "";
}

std::string range_of(const Setting& setting) {
  switch (setting.kind) {
    case SettingKind::integer:
      return fmt::format("{} to {}{}{}", setting.least, setting.most,
                         setting.unit.empty() ? "" : " ", setting.unit);
    case SettingKind::duration:
      return format_duration(Micros(setting.least)) + " to " +
             format_duration(Micros(setting.most));
    case SettingKind::choice:
      return fmt::format("{}", fmt::join(setting.allowed, ", "));
    case SettingKind::text:
    case SettingKind::secret:
    case SettingKind::flag:
      break;
  }
  return "";
}

std::string default_of(const Setting& setting) {
  if (setting.required) return "required";
  if (setting.fallback.empty()) return "";
  return "default " + setting.fallback;
}

std::string in_brackets(const Setting& setting) {
  std::string out = default_of(setting);
  const std::string range = range_of(setting);
  if (!range.empty()) out += (out.empty() ? "" : "; ") + range;
  return out.empty() ? "" : " (" + out + ")";
}

std::string table_cell(std::string_view text) {
  std::string out;
  for (char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

}  // namespace

std::string Settings::effective() const {
  std::string out;
  for (const Setting& setting : state_->settings) {
    out +=
        fmt::format("{:<50} # {}\n", setting.name + " = " + present_value(setting), setting.origin);
  }
  return out;
}

std::string Settings::help() const {
  std::string out =
      "Settings (in the TOML file, as WEIR_TABLE_NAME in the environment, or as a flag):\n";
  for (const Setting& setting : state_->settings) {
    out +=
        fmt::format("  --{}\n      {}{}\n", setting.name, setting.sentence, in_brackets(setting));
    if (setting.kind == SettingKind::secret) {
      out += fmt::format("  --{}_file\n      the file that holds {}\n", setting.name, setting.name);
    }
  }
  return out;
}

std::string Settings::reference() const {
  std::string out = fmt::format(
      "# Settings of {}\n\n"
      "Made from the program's own declarations by `--settings-reference`. Weakest first: "
      "default,\n"
      "TOML file (`--config`), environment, flag. `table.name` is the key `name` in `[table]`, "
      "the\n"
      "variable `WEIR_TABLE_NAME` and the flag `--table.name=VALUE`.\n\n"
      "| name | type | default | range | what it is |\n| --- | --- | --- | --- | --- |\n",
      state_->program);
  for (const Setting& setting : state_->settings) {
    const std::string fallback = setting.required           ? "required"
                                 : setting.fallback.empty() ? ""
                                                            : "`" + setting.fallback + "`";
    std::string sentence = setting.sentence;
    if (setting.kind == SettingKind::secret) {
      sentence += fmt::format(" (or `{}_file`: the file that holds it)", setting.name);
    }
    out += fmt::format("| `{}` | {} | {} | {} | {} |\n", setting.name, type_of(setting.kind),
                       table_cell(fallback), table_cell(range_of(setting)), table_cell(sentence));
  }
  return out;
}

}  // namespace weir
