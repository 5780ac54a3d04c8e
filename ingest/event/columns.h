// The column types of RequestBatch.
//
// Codes of a DictColumn are dense and in order of first appearance: 0, 1, 2, … An empty column has
// an empty dictionary. clear() keeps memory; nothing here allocates once warm.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace weir {

/// Strings one after the other in one arena.
class TextColumn {
 public:
  void append(std::string_view text);
  std::string_view at(std::size_t row) const {
    std::size_t begin = row == 0 ? 0 : ends_[row - 1];
    return {bytes_.data() + begin, ends_[row] - begin};
  }
  std::size_t size() const { return ends_.size(); }
  std::size_t bytes() const { return bytes_.size() + ends_.size() * sizeof(std::uint32_t); }
  void clear();
  void truncate(std::size_t rows);
  /// Rows [from, to) of `other`, which is another column.
  void append_range(const TextColumn& other, std::size_t from, std::size_t to);
  /// The arena and, for each row, where its text ends in it: for code that works on whole columns.
  std::span<const char> text_bytes() const { return bytes_; }
  std::span<const std::uint32_t> ends() const { return ends_; }
  /// For decoders: the caller appends the text and the ends of whole rows.
  std::vector<char>& mutable_text_bytes() { return bytes_; }
  std::vector<std::uint32_t>& mutable_ends() { return ends_; }

 private:
  std::vector<char> bytes_;
  std::vector<std::uint32_t> ends_;
};

/// A set of distinct strings, each with its code. Open addressing over XXH3; the arena holds each
/// string once. At most 2^32 - 2 strings and 4 GiB of text.
class Dictionary {
 public:
  using Code = std::uint32_t;
  static constexpr Code kNone = 0xffffffff;

  /// The code of `text`, which is added when it is new.
  Code code_of(std::string_view text);
  /// kNone when it is not in the dictionary.
  Code find(std::string_view text) const;
  std::string_view text_of(Code code) const { return texts_.at(code); }
  std::size_t size() const { return texts_.size(); }
  std::size_t bytes() const;
  void clear();

 private:
  void grow();
  TextColumn texts_;
  std::vector<std::uint64_t> hashes_;  // by code
  std::vector<Code> slots_;            // kNone: free; size is a power of two
};

/// One dictionary code a row.
class DictColumn {
 public:
  void append(std::string_view text) { codes_.push_back(dictionary_.code_of(text)); }
  void append_code(Dictionary::Code code) { codes_.push_back(code); }
  std::string_view at(std::size_t row) const { return dictionary_.text_of(codes_[row]); }
  Dictionary::Code code_at(std::size_t row) const { return codes_[row]; }
  std::span<const Dictionary::Code> codes() const { return codes_; }
  std::vector<Dictionary::Code>& mutable_codes() { return codes_; }
  const Dictionary& dictionary() const { return dictionary_; }
  Dictionary& mutable_dictionary() { return dictionary_; }
  std::size_t size() const { return codes_.size(); }
  std::size_t bytes() const;
  void clear();
  /// Texts that only dropped rows used stay in the dictionary until clear().
  void truncate(std::size_t rows) {
    if (rows < codes_.size()) codes_.resize(rows);
  }
  /// Rows [from, to) of `other`, which is another column; codes are translated.
  void append_range(const DictColumn& other, std::size_t from, std::size_t to);

 private:
  Dictionary dictionary_;
  std::vector<Dictionary::Code> codes_;
  std::vector<Dictionary::Code> remap_;  // of append_range, kept for its memory
};

/// Named quantities, sparse: row i has the entries [begin(i), end(i)).
class QuantityColumn {
 public:
  /// Adds an entry to the row being built.
  void add(std::string_view name, std::int64_t value);
  /// Ends the row; a row may have no entry.
  void end_row() { ends_.push_back(static_cast<std::uint32_t>(values_.size())); }
  std::uint32_t begin(std::size_t row) const { return row == 0 ? 0 : ends_[row - 1]; }
  std::uint32_t end(std::size_t row) const { return ends_[row]; }
  Dictionary::Code name_code(std::uint32_t entry) const { return names_.code_at(entry); }
  std::int64_t value(std::uint32_t entry) const { return values_[entry]; }
  const Dictionary& names() const { return names_.dictionary(); }
  std::size_t size() const { return ends_.size(); }
  std::size_t bytes() const;
  void clear();
  void truncate(std::size_t rows);
  /// Takes back entries added since the last end_row().
  void drop_open_row();
  /// Rows [from, to) of `other`, which is another column.
  void append_range(const QuantityColumn& other, std::size_t from, std::size_t to);
  /// For code that works on whole columns: entries are (name code, value), rows are ends.
  const DictColumn& name_column() const { return names_; }
  DictColumn& mutable_name_column() { return names_; }
  std::span<const std::int64_t> values() const { return values_; }
  std::vector<std::int64_t>& mutable_values() { return values_; }
  std::span<const std::uint32_t> ends() const { return ends_; }
  std::vector<std::uint32_t>& mutable_ends() { return ends_; }

 private:
  DictColumn names_;
  std::vector<std::int64_t> values_;
  std::vector<std::uint32_t> ends_;
};

}  // namespace weir
