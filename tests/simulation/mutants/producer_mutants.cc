#include "ingest/codec/seal.h"
#include "tests/simulation/mutants/mutant.h"
#include "tests/simulation/mutants/through.h"

#include <deque>

namespace weir::simulation {
namespace {

/// The stream as a producer writes it: seals are what `change` makes of them; nothing: not sent.
class SealsChanged : public RecordSink {
 public:
  using Change = std::function<std::optional<Seal>(Seal)>;
  SealsChanged(RecordSink& real, Change change) : real_(real), change_(std::move(change)) {}
  Result<std::vector<Appended>> append(std::span<const OutRecord> records, Deadline d) override {
    std::deque<std::string> texts;
    std::vector<OutRecord> sent;
    std::vector<std::size_t> place;
    for (std::size_t i = 0; i < records.size(); ++i) {
      OutRecord record = records[i];
      if (const auto seal = read_seal(record.value); seal && !record.origin.numbered()) {
        const std::optional<Seal> changed = change_(*seal);
        if (!changed) continue;
        record.value = texts.emplace_back(write_seal(*changed));
      }
      sent.push_back(record);
      place.push_back(i);
    }
    std::vector<Appended> appended(records.size());
    if (sent.empty()) return appended;
    const auto done = real_.append(sent, d);
    if (!done) return done;
    for (std::size_t i = 0; i < sent.size(); ++i) appended[place[i]] = (*done)[i];
    return appended;
  }
  Result<std::int32_t> partition_count(Deadline d) override { return real_.partition_count(d); }

 private:
  RecordSink& real_;
  Change change_;
};

/// Every life of a gateway calls itself by one name, whatever became of its disk.
class OneName : public RecordSink {
 public:
  explicit OneName(RecordSink& real) : real_(real) {}
  Result<std::vector<Appended>> append(std::span<const OutRecord> records, Deadline d) override {
    std::deque<std::string> texts;
    std::vector<OutRecord> sent(records.begin(), records.end());
    for (OutRecord& record : sent) {
      if (record.origin.numbered()) {
        record.origin.producer = texts.emplace_back(name_of(record.origin.producer));
      } else if (auto seal = read_seal(record.value); seal) {
        seal->producer = name_of(seal->producer);
        record.value = texts.emplace_back(write_seal(*seal));
      }
    }
    return real_.append(sent, d);
  }
  Result<std::int32_t> partition_count(Deadline d) override { return real_.partition_count(d); }

 private:
  static std::string name_of(std::string_view producer) {
    return std::string(producer.substr(0, producer.rfind('-')));
  }
  RecordSink& real_;
};

Mutant sealing(std::string rule, std::string name, std::string history, std::set<Fault> favour,
               SealsChanged::Change change) {
  return {std::move(rule), std::move(name), std::move(history), [favour, change] {
            WorldHooks hooks;
            hooks.favour = favour;
            hooks.gateway_sink = [change](RecordSink& real,
                                          Scheduler&) -> std::unique_ptr<RecordSink> {
              return std::make_unique<SealsChanged>(real, change);
            };
            return hooks;
          }};
}

std::optional<Seal> ahead(Seal seal) {
  if (seal.kind == Seal::Kind::sealed) seal.until_us += 270 * kMicrosPerSecond;  // below the skew
  return seal;
}

std::optional<Seal> without_registration(Seal seal) {
  if (seal.kind == Seal::Kind::registration) return std::nullopt;
  return seal;
}

std::optional<Seal> own_epoch_only(Seal seal) {
  std::erase_if(seal.numbers, [&](const EpochNumbers& of) { return of.epoch != seal.epoch; });
  return seal;
}

}  // namespace

std::vector<Mutant> producer_mutants() {
  return {
      sealing("R13", "not_registered_first",
              "a gateway dies before its first seal: nobody knows that there is one",
              {Fault::dead_collector, Fault::spool_lost}, without_registration),
      sealing("R13", "seal_only_own_epoch",
              "epoch 1 ends with a topic of another shape, the stream loses its last records, and "
              "epoch 2 seals its own numbers alone",
              {Fault::partition_added, Fault::truncation}, own_epoch_only),
      {"R14", "one_name_for_every_disk",
       "the disk with the spool dies, the gateway starts again under its name and seals",
       [] {
         WorldHooks hooks;
         hooks.favour = {Fault::spool_lost, Fault::dead_collector};
         hooks.gateway_sink = through<RecordSink, OneName>();
         return hooks;
       }},
      sealing("R15", "sealed_ahead_of_reading",
              "the seal vouches for minutes whose events were not read yet",
              {Fault::dead_collector, Fault::broker_unreachable, Fault::late_event}, ahead),
  };
}

}  // namespace weir::simulation
