// A server on a free port with a few routes and one key, for tests.
#pragma once

#include "base/digest.h"
#include "base/http/raw_client.h"
#include "base/http/server.h"
#include "base/log.h"
#include "base/volume/durable_file.h"

#include <condition_variable>
#include <filesystem>
#include <gtest/gtest.h>
#include <mutex>
#include <string>

namespace weir {

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    start_log("weir-test", "error", "json");
    options_.listen = "127.0.0.1:0";
    folder_ = "/tmp/weir-http-" + random_hex(6);
    EXPECT_TRUE(make_folders(folder_));
    const ApiKeys::NewKey made = ApiKeys::make("acme", "test");
    const ApiKeys::NewKey other = ApiKeys::make("globex", "test");
    key_ = made.key;
    other_key_ = other.key;
    EXPECT_TRUE(write_file_durably(folder_ + "/keys.toml", made.entry + "\n" + other.entry));
    auto keys = ApiKeys::read(folder_ + "/keys.toml");
    EXPECT_TRUE(keys);
    keys_ = *std::move(keys);
  }
  ~ServerTest() override {
    open_gate();
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  void start() {
    server_ = std::make_unique<HttpServer>(options_, metrics_, keys_);
    server_->route("GET", "/hello", Access::open,
                   [](const HttpRequest&) { return HttpResponse::json(200, "\"hello\""); });
    server_->route("POST", "/echo", Access::open, [](const HttpRequest& request) {
      return HttpResponse::json(200, request.body);
    });
    server_->route("GET", "/tell/{a}/{b}", Access::open, [](const HttpRequest& request) {
      return HttpResponse::json(200,
                                request.params.at("a") + "|" + request.params.at("b") + "|" +
                                    (request.query.contains("q") ? request.query.at("q") : ""));
    });
    server_->route("GET", "/mine", Access::tenant, [](const HttpRequest& request) {
      return HttpResponse::json(200, request.tenant);
    });
    server_->route("POST", "/mine", Access::tenant, [](const HttpRequest& request) {
      return HttpResponse::json(200, request.tenant + ":" + request.body);
    });
    server_->route("POST", "/my-gate", Access::tenant, [this](const HttpRequest& request) {
      wait_at_gate();
      return HttpResponse::json(200, request.tenant);
    });
    server_->route("GET", "/throws", Access::open, [](const HttpRequest&) -> HttpResponse {
      throw std::runtime_error("the secret reason");
    });
    server_->route("GET", "/gate", Access::open, [this](const HttpRequest&) {
      wait_at_gate();
      return HttpResponse::json(200, "\"through\"");
    });
    const Status started = server_->start();
    ASSERT_TRUE(started) << started.error().text();
  }

  /// A handler that waits for open_gate(); `gate_reached` waits for such a handler.
  void wait_at_gate() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return gate_open_; });
  }
  void gate_reached(int handlers) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= handlers; });
  }
  void open_gate() {
    const std::lock_guard lock(mutex_);
    gate_open_ = true;
    changed_.notify_all();
  }

  std::string exchange(std::string_view bytes) {
    RawClient client(server_->port());
    client.send(bytes);
    return client.read_answer();
  }

  HttpServerOptions options_;
  Metrics metrics_;
  ApiKeys keys_;
  std::string key_, other_key_;  // of acme, of globex
  std::string folder_;
  std::unique_ptr<HttpServer> server_;

  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool gate_open_ = false;
};

}  // namespace weir
