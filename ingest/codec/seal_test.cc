#include "ingest/codec/seal.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

Seal sealed() {
  return {"gw-1.5f3a", Seal::Kind::sealed,          1767225600000000, "spool",
          2,           {{1, {480, 0}}, {2, {3, 7}}}};
}

TEST(Seal, what_is_written_is_read_back) {
  for (const Seal::Kind kind : {Seal::Kind::registration, Seal::Kind::sealed, Seal::Kind::end}) {
    Seal seal = sealed();
    seal.kind = kind;
    if (kind != Seal::Kind::sealed) seal.until_us = 0;
    const Result<Seal> read = read_seal(write_seal(seal));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, seal);
  }
}

TEST(Seal, the_last_one_of_an_epoch_says_so) {
  Seal seal = sealed();
  seal.final = true;
  const std::string json = write_seal(seal);
  EXPECT_NE(json.find("\"final\":true"), std::string::npos) << json;
  const Result<Seal> read = read_seal(json);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, seal);
}

TEST(Seal, the_grammar_stays_as_it_is) {
  EXPECT_EQ(write_seal(sealed()),
            R"({"seal":"gw-1.5f3a","kind":"sealed","until_us":1767225600000000,)"
            R"("accepted_when":"spool","epoch":2,)"
            R"("numbers":[{"epoch":1,"last":[480,0]},{"epoch":2,"last":[3,7]}]})");
}

TEST(Seal, rubbish_is_refused) {
  for (
      const char* json :
      {"", "[]", "{}", "7", R"({"seal":"a"})", R"({"seal":"","kind":"end"})",
       R"({"seal":"a","kind":"other","accepted_when":"","epoch":1,"numbers":[]})",
       R"({"seal":"a","kind":"sealed","accepted_when":"","epoch":1,"numbers":[]})",
       R"({"seal":"a","kind":"end","accepted_when":"","epoch":0,"numbers":[]})",
       R"({"seal":"a","kind":"end","accepted_when":"","epoch":1,"numbers":[{"epoch":1,"last":[-1]}]})",
       R"({"seal":"a","kind":"end","accepted_when":"","epoch":1,"numbers":[{"epoch":2,"last":[]},{"epoch":1,"last":[]}]})",
       R"({"seal":"a","kind":"end","accepted_when":"","epoch":1,"numbers":{}})"}) {
    EXPECT_FALSE(read_seal(json)) << json;
  }
}

}  // namespace
}  // namespace weir
