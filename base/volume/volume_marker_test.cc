#include "base/volume/volume_marker.h"

#include "base/digest.h"
#include "base/volume/durable_file.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace weir {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class Marker : public testing::Test {
 protected:
  Marker() : folder_(fs::temp_directory_path() / ("weir-marker-" + random_hex(6))) {
    fs::create_directories(folder_);
  }
  ~Marker() override { fs::remove_all(folder_); }

  static VolumeClaim claim(const std::string& id = "") {
    return {"quota", "quota.volume", "acme-1", id, "the quota database", {"lock", "postgres*"}};
  }
  VolumeMarker claimed() const {
    Result<VolumeMarker> marker = claim_volume(folder_, claim());
    if (!marker) ADD_FAILURE() << marker.error().text();
    return marker ? *marker : VolumeMarker{};
  }
  std::string refusal(const VolumeClaim& by) const {
    Result<VolumeMarker> marker = claim_volume(folder_, by);
    EXPECT_FALSE(marker.ok());
    if (marker) return "";
    EXPECT_EQ(marker.error().code, ErrorCode::config);
    return marker.error().text();
  }
  void put(const std::string& name, const std::string& text = "x") const {
    std::ofstream(folder_ + "/" + name) << text;
  }
  std::vector<std::string> names() const { return *list_folder(folder_); }

  const std::string folder_;
};

TEST_F(Marker, is_written_at_the_first_use_and_stays) {
  const VolumeMarker first = claimed();
  EXPECT_EQ(first.id.size(), 32u);
  EXPECT_EQ(first.side, "quota");
  EXPECT_EQ(first.deployment, "acme-1");
  put("index");
  EXPECT_EQ(claimed(), first);
  EXPECT_THAT(names(), testing::ElementsAre("index", "weir-volume"));
  ASSERT_TRUE(claim_volume(folder_, claim(first.id)).ok());
}

TEST_F(Marker, a_folder_with_something_in_it_is_not_taken_for_a_new_volume) {
  put("somebodys-data");
  EXPECT_THAT(refusal(claim()), AllOf(HasSubstr("quota.volume"), HasSubstr("somebodys-data"),
                                      HasSubstr("weir-quota volume accept")));
  EXPECT_THAT(names(), testing::ElementsAre("somebodys-data")) << "and nothing was written";
}

TEST_F(Marker, what_belongs_to_a_new_volume_is_in_nobodys_way) {
  put("lock");
  put(".hidden");
  fs::create_directory(folder_ + "/postgres.new");
  fs::create_directory(folder_ + "/lost+found");
  claimed();
}

TEST_F(Marker, the_other_sides_volume_is_refused_and_never_given_over) {
  claimed();
  VolumeClaim other = claim();
  other.side = "analytics";
  other.setting = "analytics.volume";
  EXPECT_THAT(refusal(other),
              AllOf(HasSubstr("is the volume of quota, not of analytics"), HasSubstr("swapped")));
  EXPECT_FALSE(accept_volume(folder_, other).ok());
  EXPECT_EQ((*read_marker(folder_))->side, "quota");
}

TEST_F(Marker, another_deployments_volume_is_refused_until_an_operator_accepts_it) {
  const std::string before = claimed().id;
  VolumeClaim other = claim();
  other.deployment = "globex-7";
  EXPECT_THAT(refusal(other), AllOf(HasSubstr("acme-1"), HasSubstr("globex-7")));
  ASSERT_TRUE(accept_volume(folder_, other).ok());
  Result<VolumeMarker> after = claim_volume(folder_, other);
  ASSERT_TRUE(after.ok());
  EXPECT_NE(after->id, before) << "its files are not this deployment's";
}

TEST_F(Marker, a_volume_that_is_not_mounted_is_missed_and_its_folder_stays_empty) {
  EXPECT_THAT(refusal(claim("4711")),
              AllOf(HasSubstr("has no marker"), HasSubstr("the quota database knows volume 4711"),
                    HasSubstr("is it mounted?")));
  EXPECT_THAT(names(), IsEmpty());
  ASSERT_TRUE(accept_volume(folder_, claim("4711")).ok());
  claimed();
}

TEST_F(Marker, a_volume_with_another_id_than_is_remembered_is_refused) {
  const std::string id = claimed().id;
  EXPECT_THAT(refusal(claim("4711")), AllOf(HasSubstr(id), HasSubstr("4711")));
}

TEST_F(Marker, a_copy_on_another_file_system_is_refused_until_an_operator_accepts_it) {
  if (filesystem_of(folder_)->empty()) {
    // Where the file system has no name that lasts, nothing may be concluded from it.
    EXPECT_EQ(claimed().filesystem, "");
    return;
  }
  const VolumeMarker marker = claimed();
  std::string text = *read_file(marker_path(folder_), 4096);
  text.replace(text.find(marker.filesystem), marker.filesystem.size(), "ef53-00000000000000aa");
  put("weir-volume", text);
  EXPECT_THAT(refusal(claim()), AllOf(HasSubstr("ef53-00000000000000aa"), HasSubstr("copy")));
  Result<VolumeMarker> accepted = accept_volume(folder_, claim());
  ASSERT_TRUE(accepted.ok());
  EXPECT_EQ(accepted->id, marker.id) << "it is the same volume, elsewhere";
  EXPECT_EQ(claimed(), *accepted);
}

TEST_F(Marker, half_a_marker_is_no_marker_and_no_empty_folder) {
  put("weir-volume", "side quota\n");
  EXPECT_THAT(refusal(claim()), HasSubstr("not a whole marker"));
}

TEST_F(Marker, of_many_processes_at_once_one_marks_and_all_agree) {
  std::vector<std::string> ids(16);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      threads.emplace_back([&, i] {
        Result<VolumeMarker> marker = claim_volume(folder_, claim());
        ids[i] = marker ? marker->id : marker.error().text();
        put("index-" + std::to_string(i));  // as soon as it may
      });
    }
  }
  for (const std::string& id : ids) EXPECT_EQ(id, ids.front());
  EXPECT_EQ(ids.front().size(), 32u) << ids.front();
}

}  // namespace
}  // namespace weir
