#include "ingest/event/identity.h"

#include "ingest/event/test_rows.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <set>

namespace weir {
namespace {

using test::test_key;

TEST(identity, R4_is_of_tenant_source_and_id_and_tells_where_one_ends) {
  IdentityKey key = test_key();
  std::set<Identity> seen;
  const char* parts[][3] = {{"a", "b", "c"},  {"ab", "", "c"}, {"a", "bc", ""}, {"", "ab", "c"},
                            {"", "abc", ""},  {"abc", "", ""}, {"", "", "abc"}, {"a", "c", "b"},
                            {"a", "b-c", ""}, {"a-b", "c", ""}};
  for (const auto& [tenant, source, id] : parts) seen.insert(key.identify(tenant, source, id));
  EXPECT_EQ(seen.size(), std::size(parts));
}

RC_GTEST_PROP(identity, is_the_same_for_equal_fields_and_another_for_others,
              (const std::string& a, const std::string& b, const std::string& c,
               const std::string& d)) {
  IdentityKey key = test_key();
  RC_ASSERT(key.identify(a, b, c) == key.identify(a, b, c));
  RC_ASSERT((key.identify(a, b, c) == key.identify(a, b, d)) == (c == d));
}

TEST(identity, of_another_key_is_another) {
  IdentityKey one = test_key("secret number one ...........");
  IdentityKey two = test_key("secret number two ...........");
  EXPECT_NE(one.identify("t", "s", "i"), two.identify("t", "s", "i"));
  EXPECT_NE(one.fingerprint(), two.fingerprint());
  EXPECT_EQ(one.fingerprint(), test_key("secret number one ...........").fingerprint());
}

// Stored identities outlive the process: the function must never change under a deployment.
TEST(identity, stays_what_it_was) {
  IdentityKey key = test_key();
  Identity identity = key.identify("acme", "gw-1", "17");
  EXPECT_EQ(identity.high, 11884001404042749778u);
  EXPECT_EQ(identity.low, 10167099639537455665u);
  EXPECT_EQ(key.fingerprint(), 14990887863968970574u);
}

TEST(identity, over_the_limits_is_still_one_of_its_own) {
  IdentityKey key = test_key();
  std::string longer(1000, 'a');
  EXPECT_EQ(key.identify(longer, "s", "i"), key.identify(longer, "s", "i"));
  EXPECT_NE(key.identify(longer, "s", "i"), key.identify(longer + "a", "s", "i"));
  // 500 bytes of fields fill the short way's buffer to the last byte; 501 go the long way.
  EXPECT_NE(key.identify(std::string(498, 'a'), "s", "i"),
            key.identify(std::string(499, 'a'), "s", "i"));
}

TEST(identity, needs_a_secret_of_sixteen_bytes) {
  EXPECT_FALSE(IdentityKey::from_secret("fifteen bytes..").ok());
  EXPECT_EQ(IdentityKey::from_secret("").error().code, ErrorCode::config);
  EXPECT_TRUE(IdentityKey::from_secret("sixteen bytes...").ok());
}

}  // namespace
}  // namespace weir
