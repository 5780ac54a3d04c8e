// Dependencies point one way. Each check is first shown to find what it is for, on a small tree.
#include "tests/tidy/direction.h"

#include "tests/tidy/tree.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

namespace weir::tidy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(IncludeDirection, no_file_includes_what_its_folder_may_not) {
  EXPECT_THAT(forbidden_includes(TIDY_SOURCE), IsEmpty());
}

TEST(IncludeDirection, a_service_that_includes_another_is_found) {
  TemporaryTree tree;
  tree.add("quota/usage.cc", "#include \"quota/usage.h\"\n#include \"analytics/segment.h\"\n");
  tree.add("analytics/segment.cc", "#include \"quota/usage.h\"\n");
  tree.add("billing/gate.cc", "#include \"quota/progress.h\"\n");
  EXPECT_THAT(forbidden_includes(tree.root()),
              ElementsAre("analytics/segment.cc:1: must not include quota/usage.h",
                          "billing/gate.cc:1: must not include quota/progress.h",
                          "quota/usage.cc:2: must not include analytics/segment.h"));
}

TEST(IncludeDirection, what_lies_below_must_not_look_up) {
  TemporaryTree tree;
  tree.add("base/log.cc", "#include \"base/http/server.h\"\n");
  tree.add("ingest/event/check.cc", "  #  include \"ingest/codec/codec.h\"\n");
  tree.add("ingest/stream/loop.cc", "#include \"ingest/kafka/source.h\"\n");
  tree.add("catalog/catalog.cc", "#include \"storage/postgres/connection.h\"\n");
  EXPECT_EQ(forbidden_includes(tree.root()).size(), 4u);
}

TEST(IncludeDirection, the_allowed_arrows_are_let_through) {
  TemporaryTree tree;
  tree.add("quota/usage.cc", "#include \"ingest/stream/handler.h\"\n#include <vector>\n");
  tree.add("ingest/kafka/source.cc", "#include <librdkafka/rdkafka.h>\n");
  tree.add("tests/integration/all.cc", "#include \"quota/a.h\"\n#include \"analytics/b.h\"\n");
  EXPECT_THAT(forbidden_includes(tree.root()), IsEmpty());
}

TEST(IncludeDirection, a_third_party_outside_its_folder_is_found) {
  TemporaryTree tree;
  tree.add("quota/store.cc", "#include <libpq-fe.h>\n");
  tree.add("analytics/query.cc", "#include <duckdb.h>\n");
  EXPECT_THAT(forbidden_includes(tree.root()),
              ElementsAre("analytics/query.cc:1: must not include duckdb.h",
                          "quota/store.cc:1: must not include libpq-fe.h"));
}

TEST(IncludeDirection, a_new_top_folder_must_enter_the_table) {
  TemporaryTree tree;
  tree.add("misc/helpers.h", "\n");
  EXPECT_THAT(forbidden_includes(tree.root()), ElementsAre(HasSubstr("lies in no folder")));
}

TEST(LinkDirection, no_target_links_what_its_folder_may_not) {
  std::ifstream in(TIDY_BUILD "/links.txt");
  std::stringstream links;
  links << in.rdbuf();
  ASSERT_THAT(links.str(), Not(IsEmpty()));
  EXPECT_THAT(forbidden_links(TIDY_SOURCE, links.str()), IsEmpty());
}

TEST(LinkDirection, a_service_that_links_another_is_found) {
  EXPECT_THAT(forbidden_links("/src",
                              "/src/quota weir-quota /src/base weir_base\n"
                              "/src/quota weir-quota /src/analytics weir_analytics_lib\n"
                              "/src/billing weir-billing /usr/lib somebody_elses\n"),
              ElementsAre("weir-quota must not link weir_analytics_lib"));
}

}  // namespace
}  // namespace weir::tidy
