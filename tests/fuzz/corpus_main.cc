// Runs a fuzz target over its corpus, without libFuzzer: every file as it is, then a fixed number of
// mutations of each, the same ones in every run. The input that stopped the process is printed.
//
//   fuzz_corpus_json CORPUS_FOLDER [MUTATIONS]
#include "tests/fuzz/fuzz.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <unistd.h>

namespace weir::fuzz {
namespace {

using Random = std::mt19937_64;
constexpr int kMutations = 2'000;
constexpr std::size_t kInputBytesMax = 1 << 20;

// For the signal handler: the input in hand, and where it came from.
std::string input;
std::string origin;

void print_input(int signal) {
  std::fprintf(stderr, "\nsignal %d on %s, %zu bytes, in hex:\n", signal, origin.c_str(),
               input.size());
  for (const char c : input) std::fprintf(stderr, "%02x", static_cast<unsigned char>(c));
  std::fprintf(stderr, "\n");
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

std::size_t below(Random& random, std::size_t n) { return n == 0 ? 0 : random() % n; }

const std::string& some_token(Random& random) {
  static const std::string tokens[] = {"\"",
                                       "\\",
                                       "\\u",
                                       "\\ud800",
                                       "{",
                                       "}",
                                       "[",
                                       "]",
                                       ",",
                                       ":",
                                       "null",
                                       "true",
                                       "-",
                                       "1e999",
                                       "-9223372036854775808",
                                       "18446744073709551616",
                                       "%",
                                       "%zz",
                                       "&",
                                       "=",
                                       "\n",
                                       "\r\n",
                                       "\t",
                                       std::string(1, '\0'),
                                       "\xff\xff\xff\xff",
                                       std::string(8, '\xff'),
                                       std::string(4, '\0'),
                                       "\xc3",
                                       "\xef\xbb\xbf",
                                       "\xed\xa0\x80",
                                       "'''",
                                       "[[",
                                       "]]",
                                       "#",
                                       "0x",
                                       "9999-99-99",
                                       "/",
                                       "..",
                                       std::string(300, 'A'),
                                       std::string(100, '[')};
  return tokens[below(random, std::size(tokens))];
}

/// One to four small harms.
std::string mutated(std::string bytes, Random& random) {
  for (std::size_t times = 1 + below(random, 4); times > 0; --times) {
    const std::size_t at = below(random, bytes.size() + 1);
    switch (below(random, 7)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(random());
        break;
      case 1:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(random, 8)));
        break;
      case 2:
        if (below(random, 4) == 0) bytes.resize(at);
        break;
      case 3:
        bytes.insert(at, bytes.substr(below(random, bytes.size() + 1), below(random, 40)));
        break;
      case 4:
        bytes.insert(at, some_token(random));
        break;
      case 5:
        bytes.replace(at, below(random, 8), some_token(random));
        break;
      default:
        bytes.erase(at, below(random, 20));
    }
  }
  if (bytes.size() > kInputBytesMax) bytes.resize(kInputBytesMax);
  return bytes;
}

void run(std::string bytes) {
  input = std::move(bytes);
  // Exactly as long as it is, so that the address sanitizer sees the first byte behind it.
  const std::vector<std::uint8_t> exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int run_corpus(const std::string& folder, int mutations) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) {
    std::fprintf(stderr, "%s holds no file\n", folder.c_str());
    return 1;
  }
  origin = "the empty input";
  run("");
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string bytes = content_of(files[i]);
    origin = files[i].string();
    run(bytes);
    Random random(i + 1);
    for (int n = 1; n <= mutations; ++n) {
      origin = files[i].string() + ", mutation " + std::to_string(n);
      run(mutated(bytes, random));
    }
  }
  std::printf("%zu files, %zu inputs\n", files.size(),
              1 + files.size() * (1 + static_cast<std::size_t>(mutations)));
  return 0;
}

}  // namespace
}  // namespace weir::fuzz

int main(int count, char** words) {
  if (count < 2) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER [MUTATIONS]\n", words[0]);
    return 2;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGBUS}) {
    std::signal(signal, weir::fuzz::print_input);
  }
  return weir::fuzz::run_corpus(words[1], count > 2 ? std::atoi(words[2]) : weir::fuzz::kMutations);
}
