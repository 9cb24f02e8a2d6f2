// Tasks: short work on a thread of its own, which may enter a namespace or wait for RTNL, and ends.
#pragma once

#include <errno.h>
#include <node_api.h>
#include <stdint.h>
#include <unistd.h>

#include "uv_thread.h"

namespace {

struct Task {
  int (*run)(Task *);
  char netns[512];
  char name[512];
  int32_t numbers[8];
  int32_t groups[64];
  size_t groupCount;
  int result;      // a descriptor, 0, or -errno
  int second;      // the watching socket of a UDP port
  int ifindex;
  uint8_t address[8];
  bool joined;
  uv_thread_t thread;
  napi_deferred deferred;
  napi_threadsafe_function post;
};

int closeWithError(int fd) {
  int error = errno;
  close(fd);
  return -error;
}

}  // namespace
