// Gateways: the production Producer over a disk in memory. A gateway accepts a request by appending
// it, and forwards and seals in steps; each life opens the spool that the last one left.
#include "ingest/producer/producer.h"
#include "ingest/stream/sink.h"
#include "tests/simulation/sim_disk.h"
#include "tests/simulation/world.h"

#include <algorithm>

namespace weir::simulation {
namespace {

constexpr std::size_t kRequestsAtOnce = 3;

/// What a Producer gave for a number to each record is told to Truth.
class NumberTap : public RecordSink {
 public:
  NumberTap(World& world, Producer& producer) : world_(world), producer_(producer) {}

  Result<std::vector<Appended>> append(std::span<const OutRecord> records,
                                       Deadline deadline) override {
    auto places = producer_.append(records, deadline);
    if (!places) return places;
    const ProducerStanding standing = producer_.standing();
    for (std::size_t i = 0; i < records.size(); ++i) {
      for (TrueEvent* event : world_.truth.in(records[i].value)) {
        event->numbers.push_back({standing.id, standing.epoch, records[i].partition.value,
                                  (*places)[i].offset.value + 1, world_.engine.true_us()});
      }
    }
    return places;
  }
  Result<std::int32_t> partition_count(Deadline deadline) override {
    return producer_.partition_count(deadline);
  }

 private:
  World& world_;
  Producer& producer_;
};

/// The network between one gateway and the broker.
class CutOffSink : public RecordSink {
 public:
  CutOffSink(World& world, World::GatewayState& state)
      : world_(world), state_(state), network_(world.stream) {}
  Result<std::vector<Appended>> append(std::span<const OutRecord> records,
                                       Deadline deadline) override {
    WEIR_TRY(cut());
    return network_.append(records, deadline);
  }
  Result<std::int32_t> partition_count(Deadline deadline) override {
    WEIR_TRY(cut());
    return network_.partition_count(deadline);
  }

 private:
  Status cut() {
    if (world_.engine.true_us() >= state_.cut_off_until_us) return {};
    world_.engine.sleep(Micros(kMicrosPerSecond));
    return Error{ErrorCode::unavailable, "no way to the broker", ""};
  }
  World& world_;
  World::GatewayState& state_;
  SimSink network_;
};

class GatewayLife {
 public:
  GatewayLife(World& world, World::GatewayState& state)
      : world_(world),
        state_(state),
        clock_(world.engine, *state.process),
        clock_used_(world.hooks.clock, clock_, world.engine),
        network_(world, state),
        sink_(world.hooks.gateway_sink, network_, world.engine),
        memory_(world.hooks.gateway_disk, state.disk, world.engine),
        disk_(*memory_, world.engine) {}
  ~GatewayLife() { state_.producer = nullptr; }

  void live() {
    auto opened = Producer::open(disk_, *sink_, options(), *clock_used_, metrics_);
    if (!opened) {
      world_.trace("cannot open its spool: " + opened.error().text());
      world_.engine.sleep(Micros(kMinuteUs));
      return;
    }
    producer_ = *std::move(opened);
    state_.producer = producer_.get();
    NumberTap tap(world_, *producer_);
    writer_.emplace(tap, identity_key());
    std::int64_t seal_due = world_.engine.true_us();
    while (!told_to_restart_) {
      const auto asked = [this] { return !world_.inbox.empty(); };
      if (world_.engine.wait("gateway.idle", Micros(kMinuteUs), asked)) accept();
      forward();
      if (world_.engine.true_us() < seal_due) continue;
      seal();
      seal_due = world_.engine.true_us() + world_.random.between(2, 6) * kMinuteUs;
    }
  }

 private:
  Deadline soon() const { return Deadline::in(std::chrono::seconds(10)); }

  ProducerOptions options() const {
    ProducerOptions options;
    options.folder = "spool";
    options.topic = world_.deployment.topic;
    options.name = state_.process->name;
    options.segment_bytes = 4096;
    options.batch_records_max = 8;
    return options;
  }

  void accept() {
    RequestBatch batch;
    std::vector<Request> taken;
    while (!world_.inbox.empty() && taken.size() < kRequestsAtOnce) {
      taken.push_back(world_.inbox.front());
      world_.inbox.pop_front();
    }
    const InHand in_hand(world_, taken);
    for (const Request& request : taken) add_row(batch, *request.event, request.time_us);
    world_.engine.step("gateway.accept");
    const Status written = writer_->write(batch, soon());
    if (!written) {
      world_.trace("refuses: " + written.error().text());
      // Somebody does what it says, once the topic is what it should be.
      told_to_restart_ = world_.stream.log().partitions() == world_.plan.partitions &&
                         written.error().text().find("restart weir-ingest") != std::string::npos;
      world_.engine.sleep(Micros(20 * kMicrosPerSecond));
      return;
    }
    world_.engine.step("gateway.answer");
    for (const Request& request : taken) {
      if (!request.event->accepted_us) request.event->accepted_us = world_.engine.true_us();
      world_.trace("accepts " + request.event->id + " of " + request.event->subscription +
                   ", time " + format_rfc3339(request.time_us));
    }
    taken.clear();
  }

  /// Whoever gets no 202 sends again, to whichever gateway takes it.
  struct InHand {
    World& world;
    std::vector<Request>& taken;
    InHand(World& of, std::vector<Request>& requests) : world(of), taken(requests) {
      ++world.in_hand;
    }
    ~InHand() {
      --world.in_hand;
      world.inbox.insert(world.inbox.end(), taken.begin(), taken.end());
    }
  };

  void forward() {
    for (int batches = 0; batches < 8; ++batches) {
      const Result<bool> sent = producer_->forward(soon());
      if (!sent) world_.trace("cannot forward: " + sent.error().text());
      if (!sent || !*sent) return;
    }
  }

  void seal() {
    const Result<bool> sealed = producer_->seal(soon());
    if (!sealed) {
      world_.trace("cannot seal: " + sealed.error().text());
    } else if (*sealed && world_.engine.tracing()) {
      const auto until = producer_->standing().sealed_until;
      world_.trace("seals until " + (until ? format_rfc3339(until->value) : std::string("?")));
    }
  }

  World& world_;
  World::GatewayState& state_;
  ProcessClock clock_;
  Wrapped<Clock> clock_used_;
  CutOffSink network_;
  Wrapped<RecordSink> sink_;
  Wrapped<LogDisk> memory_;
  SimDisk disk_;
  Metrics metrics_;
  std::unique_ptr<Producer> producer_;
  std::optional<BatchWriter> writer_;
  bool told_to_restart_ = false;
};

/// A foreign producer: no numbers, no spool, sends until it has its ack.
void live_foreign(World& world) {
  SimSink sink(world.stream);
  BatchWriter writer(sink, identity_key());
  for (;;) {
    const auto asked = [&] { return !world.foreign_inbox.empty(); };
    if (!world.engine.wait("foreign.idle", Micros(10 * kMinuteUs), asked)) continue;
    const Request request = world.foreign_inbox.front();
    RequestBatch batch;
    add_row(batch, *request.event, request.time_us);
    if (!writer.write(batch, Deadline::in(std::chrono::seconds(10)))) {
      world.engine.sleep(Micros(15 * kMicrosPerSecond));
      continue;
    }
    world.foreign_inbox.pop_front();
    if (!request.event->accepted_us) request.event->accepted_us = world.engine.true_us();
    world.trace("appends " + request.event->id + " of " + request.event->subscription);
  }
}

}  // namespace

void add_row(RequestBatch& batch, const TrueEvent& event, std::int64_t time_us) {
  RequestRow row;
  row.tenant = event.tenant;
  row.source = "gateways";
  row.id = event.name;
  row.client = event.id;
  row.subscription = event.subscription;
  row.time = EventTime{time_us};
  const RequestRow::Quantity tokens{"tokens", event.tokens};
  row.quantities = {&tokens, 1};
  row.status = 200;
  append_row(batch, row, identity_key());
}

void spawn_lives(World& world, Process& process, std::function<void()> live) {
  world.engine.spawn(process, [&world, &process, live = std::move(live)] {
    while (!world.engine.stopping()) {
      bool died = false;
      try {
        world.engine.sleep_until(world.down_until_us[&process]);
        live();
      } catch (const Crashed&) {
        died = true;
      }
      if (world.engine.stopping()) return;
      if (!died) continue;
      const std::int64_t again = world.engine.true_us() + world.random.between(1, 90) * 1'000'000;
      std::int64_t& until = world.down_until_us[&process];
      until = std::max(until, again);
    }
  });
}

void spawn_gateway(World& world, int number) {
  World::GatewayState& state = world.gateways.emplace_back();
  state.process = &world.engine.process("gateway-" + std::to_string(number + 1));
  spawn_lives(world, *state.process, [&world, &state] {
    if (state.spool_gone) {
      state.spool_gone = false;
      state.disk = MemoryDisk();
    }
    GatewayLife(world, state).live();
  });
}

void spawn_foreign_producer(World& world) {
  spawn_lives(world, world.engine.process("foreign"), [&world] { live_foreign(world); });
}

}  // namespace weir::simulation
