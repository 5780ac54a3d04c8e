// Members of a group of the test's own over a file log, since nobody else deals partitions there: by
// turns, anew whenever one comes or goes.
#pragma once

#include "ingest/spool/file_log_source.h"
#include "ingest/stream/pass_through_source.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace weir {

class DealtGroup {
 public:
  DealtGroup(LogDisk& disk, std::string folder, std::int32_t partitions)
      : disk_(disk), folder_(std::move(folder)), partitions_(partitions) {}

  std::unique_ptr<Source> join() {
    auto source = FileLogSource::open(disk_, folder_);
    EXPECT_TRUE(source) << source.error().text();
    (*source)->deal({});  // a newcomer holds nothing until it is dealt in
    auto member = std::make_unique<Member>(*this, *std::move(source));
    members_.push_back(member.get());
    deal();
    return member;
  }

 private:
  /// A member that tells the group when it goes.
  class Member : public PassThroughSource {
   public:
    Member(DealtGroup& group, std::unique_ptr<FileLogSource> source)
        : PassThroughSource(*source), group_(group), source_(std::move(source)) {}
    ~Member() override {
      std::erase(group_.members_, this);
      group_.deal();
    }
    void deal(std::vector<PartitionId> share) { source_->deal(std::move(share)); }

   private:
    DealtGroup& group_;
    std::unique_ptr<FileLogSource> source_;
  };

  void deal() {
    for (std::size_t member = 0; member < members_.size(); ++member) {
      std::vector<PartitionId> share;
      for (auto p = static_cast<std::int32_t>(member); p < partitions_;
           p += static_cast<std::int32_t>(members_.size())) {
        share.push_back(PartitionId{p});
      }
      members_[member]->deal(std::move(share));
    }
  }

  LogDisk& disk_;
  const std::string folder_;
  const std::int32_t partitions_;
  std::vector<Member*> members_;
};

}  // namespace weir
