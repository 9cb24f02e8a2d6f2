// Ports as JavaScript sees them: everything in here runs on its thread.
#pragma once

#include <node_api.h>

#include "arguments.h"
#include "descriptor.h"
#include "port_thread.h"

namespace {

napi_value arrayBuffer(napi_env env, const Buffer &buffer) {
  void *data;
  napi_value result;
  if (napi_create_arraybuffer(env, buffer.length, &data, &result) != napi_ok) return undefined(env);
  if (buffer.length > 0) memcpy(data, buffer.data, buffer.length);
  return result;
}

void releasePort(Port *port) {
  port->references -= 1;
  if (port->references > 0) return;
  pthread_mutex_destroy(&port->lock);
  free(port->room);
  free(port);
}

void stopThread(Port *port) {
  pthread_mutex_lock(&port->lock);
  port->stopping = true;
  pthread_mutex_unlock(&port->lock);
  wakeUp(port->wake);
}

void joinAndClose(Port *port) {
  if (port->joined) return;
  uv_thread_join(&port->thread);
  port->joined = true;
  close(port->fd);
  close(port->wake);
}

// The environment ends (process.exit, a worker's end) while the port is open. Registered after the threadsafe function,
// so it runs before that one is torn down: the thread is gone when nothing can take its posts any more.
void endWithEnvironment(void *argument) {
  Port *port = static_cast<Port *>(argument);
  stopThread(port);
  joinAndClose(port);
}

void beginPending(napi_env env, Port *port) {
  if (port->pending == 0) napi_ref_threadsafe_function(env, port->post);
  port->pending += 1;
}

void endPending(napi_env env, Port *port) {
  port->pending -= 1;
  if (port->pending == 0) napi_unref_threadsafe_function(env, port->post);
}

void portStopped(napi_env env, Port *port) {
  napi_remove_env_cleanup_hook(env, endWithEnvironment, port);
  joinAndClose(port);
  if (port->stopped != nullptr) {
    napi_resolve_deferred(env, port->stopped, undefined(env));
    endPending(env, port);
  }
  napi_release_threadsafe_function(port->post, napi_tsfn_release);
}

// On the JavaScript thread. Without an environment (it is being torn down) the port may be gone as well.
void deliver(napi_env env, napi_value, void *context, void *data) {
  Job *job = static_cast<Job *>(data);
  if (env == nullptr) {
    freeJob(job);
    return;
  }
  Port *port = static_cast<Port *>(context);
  if (job->kind == kStopped) {
    portStopped(env, port);
    freeJob(job);
    return;
  }
  napi_value result;
  napi_create_array_with_length(env, 2, &result);
  napi_set_element(env, result, 0, arrayBuffer(env, job->output));
  napi_set_element(env, result, 1, arrayBuffer(env, job->meta));
  napi_resolve_deferred(env, job->deferred, result);
  endPending(env, port);
  freeJob(job);
}

void threadsafeFinalized(napi_env, void *, void *context) { releasePort(static_cast<Port *>(context)); }

void handleCollected(napi_env, void *data, void *) {
  Port *port = static_cast<Port *>(data);
  if (!port->joined) stopThread(port);
  releasePort(port);
}

Port *portAt(napi_env env, const Arguments &all) {
  void *data = nullptr;
  if (all.count == 0 || napi_get_value_external(env, all.values[0], &data) != napi_ok) return nullptr;
  return static_cast<Port *>(data);
}

// `awaits`: the caller would wait for it on the spot; it is told whether it may, which it may not when others are first.
bool enqueue(Port *port, Job *job, bool *awaits) {
  if (port->joined) return false;
  pthread_mutex_lock(&port->lock);
  bool taken = !port->stopping;
  if (taken) {
    *awaits = *awaits && port->first == nullptr;
    if (*awaits) port->awaited = job;
    if (port->last == nullptr) port->first = job;
    else port->last->next = job;
    port->last = job;
  }
  pthread_mutex_unlock(&port->lock);
  if (taken) wakeUp(port->wake);
  return taken;
}

// Most requests take the kernel less than a tenth of a millisecond, and to be woken for their answer takes as long again. So a
// short one is waited for on the spot, for a time that no event loop notices; what takes longer is posted as ever.
constexpr int64_t kPatienceNanoseconds = 150 * 1000;
constexpr size_t kShortInput = 4096;

// True: the job is done, and the caller's. False: it will be posted.
bool doneAtOnce(Port *port, Job *job) {
  int64_t end = nanoseconds() + kPatienceNanoseconds;
  for (;;) {
    pthread_mutex_lock(&port->lock);
    bool done = port->awaited != job;
    bool over = !done && nanoseconds() >= end;
    if (over) port->awaited = nullptr;
    pthread_mutex_unlock(&port->lock);
    if (done || over) return done;
  }
}

napi_value submit(napi_env env, Port *port, Job *job) {
  napi_value promise;
  napi_create_promise(env, &job->deferred, &promise);
  beginPending(env, port);
  bool awaits = port->patient && job->kind == kTransact && job->input.length <= kShortInput;
  if (!enqueue(port, job, &awaits) || (awaits && doneAtOnce(port, job))) deliver(env, nullptr, port, job);
  return promise;
}

Port *newPort(napi_env env, Descriptor opened) {
  Port *port = static_cast<Port *>(calloc(1, sizeof(Port)));
  uint8_t *room = static_cast<uint8_t *>(malloc(kReceiveRoom));
  if (port == nullptr || room == nullptr) {
    free(port);
    free(room);
    return nullptr;
  }
  port->references = 1;
  port->env = env;
  port->fd = opened.fd;
  port->wake = opened.companion;
  port->room = room;
  // With one processor, to wait would only keep the port's thread from it.
  port->patient = sysconf(_SC_NPROCESSORS_ONLN) > 1;
  pthread_mutex_init(&port->lock, nullptr);
  return port;
}

// 0, or what libuv says.
int startThread(napi_env env, Port *port) {
  napi_value name;
  napi_create_string_utf8(env, "kcore-netlink", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, threadsafeFinalized, port, deliver,
                                      &port->post) != napi_ok) {
    return -ENOMEM;
  }
  port->references += 1;
  napi_unref_threadsafe_function(env, port->post);
  int status = uv_thread_create(&port->thread, portThread, port);
  if (status != 0) {
    napi_release_threadsafe_function(port->post, napi_tsfn_release);
    return status;
  }
  napi_add_env_cleanup_hook(env, endWithEnvironment, port);
  return 0;
}

// start(descriptor) -> port, which owns the descriptor from here on; it is closed when that fails.
napi_value start(napi_env env, napi_callback_info info) {
  Arguments all = argumentsOf(env, info);
  Descriptor *held = descriptorAt(env, all, 0);
  if (held == nullptr || held->companion < 0) return fail(env, "expected a netlink descriptor that nobody has taken");
  Port *port = newPort(env, *held);
  napi_value handle;
  if (port == nullptr || napi_create_external(env, port, handleCollected, nullptr, &handle) != napi_ok) {
    if (port != nullptr) releasePort(port);
    closeDescriptor(held);
    return fail(env, "out of memory");
  }
  int status = startThread(env, port);
  if (status == 0) {
    *held = kNoDescriptor;
    return handle;
  }
  // Nothing runs: what the handle's finalizer is left with is memory.
  port->joined = true;
  closeDescriptor(held);
  return failThread(env, status);
}

bool copyBytes(napi_env env, napi_value value, Buffer *target) {
  void *data;
  size_t length;
  if (napi_get_typedarray_info(env, value, nullptr, &length, &data, nullptr, nullptr) != napi_ok) return false;
  return append(target, data, length);
}

bool copyNumbers(napi_env env, napi_value value, Job *job) {
  void *data;
  size_t length;
  napi_typedarray_type type;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok) return false;
  if (type != napi_int32_array) return false;
  job->count = length;
  job->numbers = static_cast<int32_t *>(malloc(length * sizeof(int32_t) + 1));
  if (job->numbers == nullptr) return false;
  memcpy(job->numbers, data, length * sizeof(int32_t));
  size_t total = 0;
  for (size_t index = 0; index < job->count; index += 1) {
    if (job->numbers[index] < 0) return false;
    total += static_cast<size_t>(job->numbers[index]);
  }
  return total == job->input.length;
}

// transact(port, bytes, lengths of chunks) -> Promise<[replies, meta]>
napi_value transactEntry(napi_env env, napi_callback_info info) {
  Arguments all = argumentsOf(env, info);
  Port *port = portAt(env, all);
  Job *job = static_cast<Job *>(calloc(1, sizeof(Job)));
  if (port == nullptr || job == nullptr || all.count < 3 || !copyBytes(env, all.values[1], &job->input) ||
      !copyNumbers(env, all.values[2], job)) {
    freeJob(job);
    return fail(env, "expected a port, bytes and an Int32Array that adds up to them");
  }
  job->kind = kTransact;
  return submit(env, port, job);
}

// receive(port) -> Promise<[bytes, meta]>; one at a time.
napi_value receiveEntry(napi_env env, napi_callback_info info) {
  Arguments all = argumentsOf(env, info);
  Port *port = portAt(env, all);
  Job *job = static_cast<Job *>(calloc(1, sizeof(Job)));
  // The status comes first in the meta and is filled in at the end; `submit` of a port that stops leaves it as it is.
  if (port == nullptr || job == nullptr || !appendNumber(&job->meta, ECANCELED)) {
    freeJob(job);
    return fail(env, "expected a port");
  }
  job->kind = kReceive;
  return submit(env, port, job);
}

// cancelReceive(port): ends the receive that was submitted before, not one that comes after.
napi_value cancelEntry(napi_env env, napi_callback_info info) {
  Arguments all = argumentsOf(env, info);
  Port *port = portAt(env, all);
  Job *job = static_cast<Job *>(calloc(1, sizeof(Job)));
  if (port == nullptr || job == nullptr) {
    freeJob(job);
    return fail(env, "expected a port");
  }
  job->kind = kCancel;
  bool awaits = false;
  if (!enqueue(port, job, &awaits)) freeJob(job);
  return undefined(env);
}

// stop(port) -> Promise<void>: resolves when the thread has ended and the descriptors are closed. Call it once.
napi_value stopEntry(napi_env env, napi_callback_info info) {
  Arguments all = argumentsOf(env, info);
  Port *port = portAt(env, all);
  if (port == nullptr || port->joined || port->stopped != nullptr) return fail(env, "expected a port that runs");
  napi_value promise;
  napi_create_promise(env, &port->stopped, &promise);
  beginPending(env, port);
  stopThread(port);
  return promise;
}

}  // namespace
