// Tasks: short work on a thread of its own, which may enter a namespace or wait for RTNL, and ends.
#pragma once

#include <errno.h>
#include <node_api.h>
#include <stdint.h>
#include <unistd.h>

#include "descriptor.h"
#include "uv_thread.h"

namespace {

struct Task {
  int (*run)(Task *);
  char netns[512];
  char name[512];
  char text[64];          // a sysctl's value
  int32_t numbers[8];
  int32_t groups[64];
  size_t groupCount;
  Descriptor descriptor;  // what was opened, or is to be ended; closed when the task fails
  bool entered;           // false: the namespace could not be entered, so that nothing else was tried
  int result;             // 0 or -errno
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
