// R2: what a moved incarnation inherits lies below its first record, and is a part of the index like any
// other: held over a restart, filled where it was cut off, expired from its lower end.
#include "ingest/identity/index_fixture.h"

namespace weir {
namespace {

constexpr std::int32_t kMoved = 2;
constexpr std::int64_t kStart = 1'700'000'000'000'000;

class Inherits : public testing::Test {
 protected:
  Inherits() {
    options_.folder = folder_.path();
    options_.volume_id = "volume-a";
    options_.horizon = Micros(24 * kHour);
    options_.restamp_window = Micros(kHour);
    options_.skew = Micros(5 * kMinute);
    options_.open_age_max = Micros(1000 * kHour);
  }
  void open(std::int64_t readable_from) {
    auto opened = IdentityIndex::open(options_, kMoved, 0, rows_, readable_from);
    ASSERT_TRUE(opened.ok()) << opened.error().text();
    index_.emplace(std::move(*opened));
  }
  Verdict see(std::int64_t offset, std::int64_t append_time, std::uint64_t id,
              std::int64_t event_time) {
    const Identity identity[] = {id_of(id)};
    const EventTime time[] = {EventTime{event_time}};
    const std::uint32_t row[] = {0};
    Verdict out[1] = {Verdict::dropped};
    EXPECT_TRUE(index_->classify(offset, AppendTime{append_time}, identity, time, row, out));
    index_->advance_to(offset + 1, AppendTime{append_time});
    return out[0];
  }
  void seal(std::int64_t below) {
    const auto sealed = index_->seal(below, true);
    ASSERT_TRUE(sealed.ok() && *sealed);
    rows_.push_back(**sealed);
    ASSERT_TRUE(index_->named(**sealed));
  }
  /// Records -6 to -1, identities 1 to 6, named in files of two.
  void inherit(std::int64_t to) {
    for (std::int64_t at = -6; at < to; ++at) {
      EXPECT_EQ(see(at, kStart, static_cast<std::uint64_t>(at + 7), kStart), Verdict::fresh);
      if (at % 2 != 0) seal(at + 1);
    }
  }

  TestFolder folder_;
  IdentityOptions options_;
  std::vector<Generation> rows_;
  std::optional<IdentityIndex> index_;
};

TEST_F(Inherits, R2_a_copy_of_what_was_inherited_is_a_duplicate_and_nothing_else_is_in_doubt) {
  open(-6);
  index_->begin_at(-6, true);
  inherit(0);
  open(0);
  EXPECT_EQ(index_->covered().from, -6);
  EXPECT_EQ(index_->covered().to, 0);
  EXPECT_EQ(index_->horizon_from(), AppendTime(0));
  for (std::uint64_t id = 1; id <= 6; ++id) {
    EXPECT_EQ(see(0, kStart + kMinute, id, kStart), Verdict::duplicate) << id;
  }
  EXPECT_EQ(see(1, kStart + kMinute, 7, kStart), Verdict::fresh);
  seal(2);
  open(0);
  EXPECT_EQ(index_->covered().from, -6);
  EXPECT_EQ(index_->covered().to, 2);
  EXPECT_EQ(see(2, kStart + kMinute, 7, kStart), Verdict::duplicate);
}

TEST_F(Inherits, R5_an_inheritance_that_was_cut_off_goes_on_behind_its_files) {
  open(-6);
  index_->begin_at(-6, true);
  inherit(-2);
  open(-6);
  EXPECT_EQ(index_->covered().from, -6);
  EXPECT_EQ(index_->covered().to, -2);
  EXPECT_EQ(index_->horizon_from(), AppendTime(0));
}

TEST_F(Inherits, R5_a_lost_file_of_the_inheritance_shortens_the_horizon) {
  open(-6);
  index_->begin_at(-6, true);
  inherit(0);
  see(0, kStart + kHour, 20, kStart + kHour);
  seal(1);
  std::filesystem::remove(folder_.path() + "/" + rows_[1].file_name());
  open(0);
  EXPECT_EQ(index_->covered().from, -2);
  EXPECT_EQ(index_->covered().to, 1);
  EXPECT_EQ(see(1, kStart + kHour, 99, kStart), Verdict::unprovable);
  EXPECT_EQ(see(2, kStart + kHour, 1, kStart), Verdict::duplicate) << "it is still asked";
}

TEST_F(Inherits, R6_it_expires_with_the_horizon_and_then_nothing_so_old_is_called_new) {
  open(-6);
  index_->begin_at(-6, true);
  inherit(0);
  see(0, kStart + 30 * kHour, 20, kStart + 30 * kHour);
  seal(1);
  const std::vector<Generation> gone = index_->expirable();
  EXPECT_EQ(gone.size(), 3u);
  ASSERT_TRUE(index_->forgotten(gone));
  EXPECT_EQ(index_->horizon_from(), AppendTime(kStart + 1));
  EXPECT_EQ(see(1, kStart + 30 * kHour, 1, kStart), Verdict::unprovable);
}

}  // namespace
}  // namespace weir
