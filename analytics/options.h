// The settings of weir-analytics, all subcommands alike.
#pragma once

#include "analytics/api.h"
#include "analytics/compact.h"
#include "analytics/engine.h"
#include "analytics/handler.h"
#include "analytics/segment_writer.h"
#include "base/http/server.h"
#include "base/settings.h"
#include "ingest/connect/stream_options.h"
#include "ingest/stream/consumer_loop.h"

#include <string>

namespace weir {

struct AnalyticsOptions {
  StreamOptions stream;
  std::string identity_secret;
  std::string keys_file;
  std::string volume;
  std::string volume_id;           // that its marker must bear; "": any
  std::int64_t warn_percent = 80;  // of the volume; the first of its marks
  HttpServerOptions http;
  std::string consumer_listen;  // health and metrics of consume
  std::string compact_listen;   // and of compact
  std::string partitioner;
  LoopOptions loop;
  AnalyticsHandlerOptions handler;
  SegmentWriterOptions writer;
  std::int64_t rollup_groups_max = 0;
  std::int64_t rollup_tenant_groups_max = 0;
  EngineOptions engine;
  ApiOptions api;
  CompactOptions compact;
  Micros compact_interval{0};
};

/// The marks of the volume in their order: warn <= expire <= pause, and expiry ends below where it begins.
Status check_marks(const AnalyticsOptions& options);

void declare(Settings& settings, AnalyticsOptions* into);

}  // namespace weir
