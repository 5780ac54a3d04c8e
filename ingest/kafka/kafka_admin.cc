#include "ingest/kafka/kafka_admin.h"

#include "ingest/kafka/kafka_log.h"

#include <array>
#include <cstdlib>
#include <thread>

namespace weir {
namespace {

struct QueueDeleter {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
using Queue = std::unique_ptr<rd_kafka_queue_t, QueueDeleter>;
struct EventDeleter {
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
using Event = std::unique_ptr<rd_kafka_event_t, EventDeleter>;
struct AdminOptionsDeleter {
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
};
using AdminOptions = std::unique_ptr<rd_kafka_AdminOptions_t, AdminOptionsDeleter>;
struct NewTopicDeleter {
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
};
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, NewTopicDeleter>;

int millis_left(Deadline deadline) {
  return static_cast<int>(std::max<std::int64_t>(1, deadline.left().count() / 1000));
}

AdminOptions admin_options(rd_kafka_t* handle, rd_kafka_admin_op_t operation, Deadline deadline) {
  AdminOptions options(rd_kafka_AdminOptions_new(handle, operation));
  std::array<char, 256> fault{};
  const int millis = millis_left(deadline);
  rd_kafka_AdminOptions_set_request_timeout(options.get(), millis, fault.data(), fault.size());
  if (operation == RD_KAFKA_ADMIN_OP_CREATETOPICS || operation == RD_KAFKA_ADMIN_OP_DELETETOPICS) {
    // The broker answers when the controller has done it.
    rd_kafka_AdminOptions_set_operation_timeout(options.get(), millis, fault.data(), fault.size());
  }
  return options;
}

rd_kafka_resp_err_t code_of_topics(const rd_kafka_event_t* event) {
  std::size_t count = 0;
  const rd_kafka_topic_result_t** topics = nullptr;
  if (const auto* created =
          rd_kafka_event_CreateTopics_result(const_cast<rd_kafka_event_t*>(event))) {
    topics = rd_kafka_CreateTopics_result_topics(created, &count);
  } else if (const auto* deleted =
                 rd_kafka_event_DeleteTopics_result(const_cast<rd_kafka_event_t*>(event))) {
    topics = rd_kafka_DeleteTopics_result_topics(deleted, &count);
  }
  return count == 1 ? rd_kafka_topic_result_error(topics[0]) : RD_KAFKA_RESP_ERR__FAIL;
}

void take_entry(const rd_kafka_ConfigEntry_t* entry, TopicDescription& into) {
  const std::string name = rd_kafka_ConfigEntry_name(entry);
  const char* text = rd_kafka_ConfigEntry_value(entry);
  const std::string value = text == nullptr ? "" : text;
  if (name == "message.timestamp.type") into.timestamp_type = value;
  if (name == "cleanup.policy") into.cleanup_policy = value;
  if (name == "retention.ms") into.retention = std::chrono::milliseconds(std::atoll(value.c_str()));
  if (name == "retention.bytes") into.retention_bytes = std::atoll(value.c_str());
  if (name == "unclean.leader.election.enable") into.unclean_election = value == "true";
  if (name == "min.insync.replicas") into.min_insync_replicas = std::atoi(value.c_str());
}

}  // namespace

struct KafkaAdmin::State {
  KafkaOptions options;
  std::unique_ptr<KafkaLog> log;

  rd_kafka_t* handle() const { return log->handle().get(); }
  Error error(const std::string& what, rd_kafka_resp_err_t code) const {
    return kafka_error(options, "topic " + options.topic + ": " + what, code);
  }
  /// The answer to what was asked by `queue`; error of the call as a whole.
  Result<Event> answer(const Queue& queue, const std::string& what, Deadline deadline) const {
    Event event(rd_kafka_queue_poll(queue.get(), millis_left(deadline)));
    if (!event) return error(what, RD_KAFKA_RESP_ERR__TIMED_OUT);
    const auto code = rd_kafka_event_error(event.get());
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error(what, code);
    return event;
  }
  Status describe_config(Deadline deadline, TopicDescription& into) const;
  Status wait_until_known(std::int32_t partitions, Deadline deadline) const;
};

KafkaAdmin::KafkaAdmin(std::unique_ptr<State> state) : state_(std::move(state)) {}
KafkaAdmin::~KafkaAdmin() = default;

Result<std::unique_ptr<KafkaAdmin>> KafkaAdmin::open(const KafkaOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  Result<std::unique_ptr<KafkaLog>> log =
      KafkaLog::open(options, std::make_shared<BrokerHealth>(options.brokers));
  if (!log) return log.error();
  state->log = std::move(*log);
  return std::unique_ptr<KafkaAdmin>(new KafkaAdmin(std::move(state)));
}

Status KafkaAdmin::create_topic(const TopicPlan& plan, Deadline deadline) {
  const State& s = *state_;
  std::array<char, 512> fault{};
  NewTopic topic(rd_kafka_NewTopic_new(s.options.topic.c_str(), plan.partitions, plan.replication,
                                       fault.data(), fault.size()));
  if (!topic) return Error{ErrorCode::config, std::string("topic: ") + fault.data(), ""};
  const std::array<std::pair<const char*, std::string>, 4> config = {
      {{"message.timestamp.type", "LogAppendTime"},
       {"cleanup.policy", "delete"},
       {"retention.ms", millis_text(plan.retention)},
       {"min.insync.replicas", std::to_string(plan.min_insync_replicas)}}};
  for (const auto& [name, value] : config) {
    rd_kafka_NewTopic_set_config(topic.get(), name, value.c_str());
  }
  Queue queue(rd_kafka_queue_new(s.handle()));
  AdminOptions options = admin_options(s.handle(), RD_KAFKA_ADMIN_OP_CREATETOPICS, deadline);
  rd_kafka_NewTopic_t* topics[] = {topic.get()};
  rd_kafka_CreateTopics(s.handle(), topics, 1, options.get(), queue.get());
  Result<Event> event = s.answer(queue, "create", deadline);
  if (!event) return event.error();
  const auto code = code_of_topics(event->get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return s.error("create", code);
  return s.wait_until_known(plan.partitions, deadline);
}

/// The controller answers before the brokers' metadata, and this client's, know the partitions.
Status KafkaAdmin::State::wait_until_known(std::int32_t partitions, Deadline deadline) const {
  for (;;) {
    const auto shape = log->shape(deadline);
    if (shape && shape->partitions == partitions) return {};
    if (deadline.passed()) return error("create", RD_KAFKA_RESP_ERR__TIMED_OUT);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Status KafkaAdmin::delete_topic(Deadline deadline) {
  const State& s = *state_;
  std::unique_ptr<rd_kafka_DeleteTopic_t, decltype(&rd_kafka_DeleteTopic_destroy)> topic(
      rd_kafka_DeleteTopic_new(s.options.topic.c_str()), rd_kafka_DeleteTopic_destroy);
  Queue queue(rd_kafka_queue_new(s.handle()));
  AdminOptions options = admin_options(s.handle(), RD_KAFKA_ADMIN_OP_DELETETOPICS, deadline);
  rd_kafka_DeleteTopic_t* topics[] = {topic.get()};
  rd_kafka_DeleteTopics(s.handle(), topics, 1, options.get(), queue.get());
  Result<Event> event = s.answer(queue, "delete", deadline);
  if (!event) return event.error();
  const auto code = code_of_topics(event->get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return s.error("delete", code);
  return {};
}

Status KafkaAdmin::State::describe_config(Deadline deadline, TopicDescription& into) const {
  std::unique_ptr<rd_kafka_ConfigResource_t, decltype(&rd_kafka_ConfigResource_destroy)> resource(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, options.topic.c_str()),
      rd_kafka_ConfigResource_destroy);
  Queue queue(rd_kafka_queue_new(handle()));
  AdminOptions asked = admin_options(handle(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, deadline);
  rd_kafka_ConfigResource_t* resources[] = {resource.get()};
  rd_kafka_DescribeConfigs(handle(), resources, 1, asked.get(), queue.get());
  Result<Event> event = answer(queue, "configuration", deadline);
  if (!event) return event.error();
  std::size_t count = 0;
  const rd_kafka_ConfigResource_t** found = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  if (count != 1) return error("configuration", RD_KAFKA_RESP_ERR__FAIL);
  const auto code = rd_kafka_ConfigResource_error(found[0]);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error("configuration", code);
  std::size_t entries = 0;
  const rd_kafka_ConfigEntry_t** entry = rd_kafka_ConfigResource_configs(found[0], &entries);
  for (std::size_t i = 0; i < entries; ++i) take_entry(entry[i], into);
  return {};
}

Result<TopicDescription> KafkaAdmin::describe(Deadline deadline) {
  TopicDescription description;
  Result<std::string> cluster = state_->log->cluster_id(deadline);
  if (!cluster) return cluster.error();
  description.cluster_id = *cluster;
  Result<KafkaLog::Shape> shape = state_->log->shape(deadline);
  if (!shape) return shape.error();
  description.partitions = shape->partitions;
  description.replication = shape->replication;
  WEIR_TRY(state_->describe_config(deadline, description));
  return description;
}

const std::string& KafkaAdmin::topic() const { return state_->options.topic; }

Result<std::int32_t> KafkaAdmin::partition_count(Deadline deadline) {
  Result<KafkaLog::Shape> shape = state_->log->shape(deadline);
  if (!shape) return shape.error();
  return shape->partitions;
}

Result<LogBounds> KafkaAdmin::bounds(PartitionId partition, Deadline deadline) {
  return state_->log->bounds(partition, deadline);
}

Result<std::vector<LogBounds>> KafkaAdmin::all_bounds(std::int32_t partitions, Deadline deadline) {
  return state_->log->all_bounds(partitions, deadline);
}

Result<std::vector<std::optional<Anchor>>> KafkaAdmin::anchors_at(
    const std::vector<RecordAddress>& addresses, Deadline deadline) {
  const auto records = state_->log->read(addresses, deadline);
  if (!records) return records.error();
  std::vector<std::optional<Anchor>> anchors;
  for (const std::optional<FetchedRecord>& record : *records) {
    anchors.push_back(record ? std::optional(anchor_of(*record)) : std::nullopt);
  }
  return anchors;
}

}  // namespace weir
