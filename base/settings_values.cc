// How one value of a setting is checked, stored and shown.
#include "base/log.h"
#include "base/nearest.h"
#include "base/settings_state.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

namespace weir {
namespace {

std::string shown(const RawValue& raw) {
  if (const auto* text = std::get_if<std::string>(&raw.value)) return "'" + *text + "'";
  if (const auto* number = std::get_if<std::int64_t>(&raw.value)) return std::to_string(*number);
  if (const auto* truth = std::get_if<bool>(&raw.value)) return *truth ? "true" : "false";
  return "something else";
}

std::string assign_text(Setting& setting, const RawValue& raw) {
  const auto* text = std::get_if<std::string>(&raw.value);
  // The value of a secret is not repeated: faults are printed and kept.
  if (text == nullptr) return "must be a text in quotes";
  if (setting.required && text->empty()) return "is empty";
  if (setting.kind == SettingKind::choice &&
      std::find(setting.allowed.begin(), setting.allowed.end(), *text) == setting.allowed.end()) {
    return fmt::format("is '{}'; must be one of {}{}", *text, fmt::join(setting.allowed, ", "),
                       nearest_hint(*text, setting.allowed));
  }
  *std::get<std::string*>(setting.into) = *text;
  return "";
}

std::string assign_integer(Setting& setting, const RawValue& raw) {
  std::int64_t number = 0;
  if (const auto* given = std::get_if<std::int64_t>(&raw.value)) {
    number = *given;
  } else if (const auto* text = std::get_if<std::string>(&raw.value)) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc() || end != text->data() + text->size() || text->empty()) {
      return fmt::format("is '{}'; must be a whole number", *text);
    }
  } else {
    return fmt::format("is {}; must be a whole number", shown(raw));
  }
  if (number < setting.least || number > setting.most) {
    return fmt::format("is {}; must be between {} and {}{}{}", number, setting.least, setting.most,
                       setting.unit.empty() ? "" : " ", setting.unit);
  }
  *std::get<std::int64_t*>(setting.into) = number;
  return "";
}

std::string assign_duration(Setting& setting, const RawValue& raw) {
  const auto* text = std::get_if<std::string>(&raw.value);
  if (text == nullptr) return fmt::format("is {}; must be a duration like \"15m\"", shown(raw));
  const Result<Micros> duration = parse_duration(*text);
  if (!duration) return fmt::format("is '{}'; must be a duration like \"15m\"", *text);
  if (duration->count() < setting.least || duration->count() > setting.most) {
    return fmt::format("is {}; must be between {} and {}", *text,
                       format_duration(Micros(setting.least)),
                       format_duration(Micros(setting.most)));
  }
  *std::get<Micros*>(setting.into) = *duration;
  return "";
}

std::string assign_flag(Setting& setting, const RawValue& raw) {
  const auto* truth = std::get_if<bool>(&raw.value);
  const auto* text = std::get_if<std::string>(&raw.value);
  const bool fits = truth != nullptr || (text != nullptr && (*text == "true" || *text == "false"));
  if (!fits) return fmt::format("is {}; must be true or false", shown(raw));
  *std::get<bool*>(setting.into) = truth != nullptr ? *truth : *text == "true";
  return "";
}

}  // namespace

std::string environment_name(std::string_view setting) {
  std::string out = "WEIR_";
  for (char c : setting) {
    if (c >= 'a' && c <= 'z') {
      out += static_cast<char>(c - 'a' + 'A');
    } else {
      out += c == '.' || c == '-' ? '_' : c;
    }
  }
  return out;
}

std::string present_value(const Setting& setting) {
  switch (setting.kind) {
    case SettingKind::secret:
      return std::get<std::string*>(setting.into)->empty() ? "\"\"" : "\"(secret)\"";
    case SettingKind::integer:
      return std::to_string(*std::get<std::int64_t*>(setting.into));
    case SettingKind::duration:
      return json_quote(format_duration(*std::get<Micros*>(setting.into)));
    case SettingKind::flag:
      return *std::get<bool*>(setting.into) ? "true" : "false";
    case SettingKind::text:
    case SettingKind::choice:
      break;
  }
  return json_quote(*std::get<std::string*>(setting.into));
}

std::string assign(Setting& setting, const RawValue& raw) {
  std::string wrong;
  switch (setting.kind) {
    case SettingKind::integer:
      wrong = assign_integer(setting, raw);
      break;
    case SettingKind::duration:
      wrong = assign_duration(setting, raw);
      break;
    case SettingKind::flag:
      wrong = assign_flag(setting, raw);
      break;
    case SettingKind::text:
    case SettingKind::secret:
    case SettingKind::choice:
      wrong = assign_text(setting, raw);
  }
  setting.origin = raw.origin;  // of a faulty value too: it is present, if wrong
  return wrong;
}

std::string assign_file(Setting& secret, const RawValue& raw) {
  const auto* path = std::get_if<std::string>(&raw.value);
  if (path == nullptr) return "must be the path of a file, in quotes";
  std::ifstream file(*path, std::ios::binary);
  std::ostringstream content;
  if (!file || !(content << file.rdbuf())) {
    return fmt::format("is '{}', which cannot be read or is empty", *path);
  }
  std::string text = content.str();
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) return fmt::format("is '{}', which is empty", *path);
  return assign(secret, {text, secret.name, raw.where, raw.origin});
}

}  // namespace weir
