// Loop sockets as JavaScript sees them. All of it runs on the JavaScript thread.
#pragma once

#include "arguments.h"
#include "descriptor.h"
#include "loop_socket.h"

namespace {

constexpr int32_t kDeviceReported = -1;  // in place of a batch's errno: the device went down or away

void setWaiting(LoopSocket *socket, bool waiting) {
  if (socket->waiting == waiting) return;
  socket->waiting = waiting;
  uint32_t count;
  if (waiting) napi_reference_ref(socket->env, socket->onEvent, &count);
  else napi_reference_unref(socket->env, socket->onEvent, &count);
}

void stopPolling(LoopSocket *socket) {
  if (socket->polling) uv_poll_stop(socket->poll);
  socket->polling = false;
}

napi_value bytesOf(napi_env env, const Buffer &buffer) {
  void *data;
  napi_value result;
  if (napi_create_arraybuffer(env, buffer.length, &data, &result) != napi_ok) return undefined(env);
  if (buffer.length > 0) memcpy(data, buffer.data, buffer.length);
  return result;
}

// Calls onEvent(bytes, meta) and lets what it resolves run before it returns.
void tell(LoopSocket *socket, const Buffer &bytes, const Buffer &meta) {
  napi_env env = socket->env;
  napi_value callback, receiver, ignored;
  if (napi_get_reference_value(env, socket->onEvent, &callback) != napi_ok || callback == nullptr) return;
  napi_value arguments[2] = {bytesOf(env, bytes), bytesOf(env, meta)};
  napi_get_global(env, &receiver);
  if (napi_make_callback(env, nullptr, receiver, callback, 2, arguments, &ignored) != napi_pending_exception) return;
  napi_value error;
  napi_get_and_clear_last_exception(env, &error);
  napi_fatal_exception(env, error);
}

void readable(uv_poll_t *poll, int status, int) {
  LoopSocket *socket = static_cast<LoopSocket *>(uv_handle_get_data(asHandle(poll)));
  // libuv stops a handle whose descriptor has an error; receiving says which, and takes it off.
  if (status < 0) socket->polling = false;
  if (!socket->waiting) {
    // Nobody took up the last batch yet: the rest waits in the kernel.
    stopPolling(socket);
    return;
  }
  napi_handle_scope scope;
  napi_open_handle_scope(socket->env, &scope);
  Buffer bytes = {nullptr, 0, 0};
  Buffer meta = {nullptr, 0, 0};
  if (receiveBatch(socket, &bytes, &meta)) {
    // Before it is told, because it may ask for the next at once.
    setWaiting(socket, false);
    tell(socket, bytes, meta);
  } else if (!socket->polling) {
    socket->polling = uv_poll_start(socket->poll, kUvReadable, readable) == 0;
  }
  free(bytes.data);
  free(meta.data);
  napi_close_handle_scope(socket->env, scope);
}

void deviceReported(uv_poll_t *poll, int, int) {
  LoopSocket *socket = static_cast<LoopSocket *>(uv_handle_get_data(asHandle(poll)));
  uv_poll_stop(poll);
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket->watch, SOL_SOCKET, SO_ERROR, &error, &size);
  napi_handle_scope scope;
  napi_open_handle_scope(socket->env, &scope);
  Buffer meta = {nullptr, 0, 0};
  appendNumber(&meta, kDeviceReported);
  // It is no batch: whoever waits for one still does, unless JavaScript ends that.
  tell(socket, {nullptr, 0, 0}, meta);
  free(meta.data);
  napi_close_handle_scope(socket->env, scope);
}

void releaseLoopSocket(LoopSocket *socket) {
  if (socket->openHandles > 0 || !socket->collected) return;
  free(socket->poll);
  free(socket->watchPoll);
  free(socket);
}

// When libuv has let go of all handles, or never had one.
void endSocket(LoopSocket *socket) {
  close(socket->fd);
  if (socket->watch >= 0) close(socket->watch);
  napi_handle_scope scope;
  napi_open_handle_scope(socket->env, &scope);
  if (socket->closed != nullptr) napi_resolve_deferred(socket->env, socket->closed, undefined(socket->env));
  if (socket->onEvent != nullptr) napi_delete_reference(socket->env, socket->onEvent);
  napi_close_handle_scope(socket->env, scope);
  if (socket->cleanup != nullptr) napi_remove_async_cleanup_hook(socket->cleanup);
  releaseLoopSocket(socket);
}

void handleClosed(uv_handle_t *handle) {
  LoopSocket *socket = static_cast<LoopSocket *>(uv_handle_get_data(handle));
  socket->openHandles -= 1;
  if (socket->openHandles == 0) endSocket(socket);
}

void beginClose(LoopSocket *socket) {
  if (socket->closing) return;
  socket->closing = true;
  setWaiting(socket, false);
  stopPolling(socket);
  if (socket->poll != nullptr) uv_close(asHandle(socket->poll), handleClosed);
  if (socket->watchPoll != nullptr) uv_close(asHandle(socket->watchPoll), handleClosed);
  if (socket->openHandles == 0) endSocket(socket);
}

// The environment ends (process.exit, a worker's end) while the socket is open.
void closeWithEnvironment(napi_async_cleanup_hook_handle, void *argument) {
  beginClose(static_cast<LoopSocket *>(argument));
}

void loopSocketCollected(napi_env, void *data, void *) {
  LoopSocket *socket = static_cast<LoopSocket *>(data);
  socket->collected = true;
  if (socket->openHandles > 0) beginClose(socket);
  else releaseLoopSocket(socket);
}

// 0, or what libuv says.
int openPoll(LoopSocket *socket, uv_loop_s *loop, int fd, uv_poll_t **target) {
  uv_poll_t *poll = static_cast<uv_poll_t *>(calloc(1, uv_handle_size(kUvPoll)));
  if (poll == nullptr) return -ENOMEM;
  int status = uv_poll_init(loop, poll, fd);
  if (status != 0) {
    free(poll);
    return status;
  }
  uv_handle_set_data(asHandle(poll), socket);
  socket->openHandles += 1;
  *target = poll;
  return 0;
}

LoopSocket *loopSocketAt(napi_env env, const Arguments &all) {
  void *data = nullptr;
  if (all.count == 0 || napi_get_value_external(env, all.values[0], &data) != napi_ok) return nullptr;
  LoopSocket *socket = static_cast<LoopSocket *>(data);
  return socket->closing ? nullptr : socket;
}

// 0, or what libuv says.
int beginSocket(napi_env env, LoopSocket *socket, uv_loop_s *loop, napi_value onEvent) {
  if (napi_create_reference(env, onEvent, 0, &socket->onEvent) != napi_ok ||
      napi_add_async_cleanup_hook(env, closeWithEnvironment, socket, &socket->cleanup) != napi_ok) {
    return -ENOMEM;
  }
  int status = openPoll(socket, loop, socket->fd, &socket->poll);
  if (status != 0 || socket->watch < 0) return status;
  status = openPoll(socket, loop, socket->watch, &socket->watchPoll);
  if (status == 0) uv_unref(asHandle(socket->watchPoll));
  return status;
}

// socketOpen(descriptor, udp, onEvent) -> socket, which owns the descriptor from here on; it is closed when that fails.
napi_value socketOpen(napi_env env, napi_callback_info info) {
  Arguments all = argumentsOf(env, info);
  Descriptor *held = descriptorAt(env, all, 0);
  uv_loop_s *loop;
  if (held == nullptr || all.count < 3 || napi_get_uv_event_loop(env, &loop) != napi_ok) {
    return fail(env, "expected a socket's descriptor that nobody has taken");
  }
  LoopSocket *socket = static_cast<LoopSocket *>(calloc(1, sizeof(LoopSocket)));
  napi_value handle;
  if (socket == nullptr || napi_create_external(env, socket, loopSocketCollected, nullptr, &handle) != napi_ok) {
    free(socket);
    closeDescriptor(held);
    return fail(env, "out of memory");
  }
  Descriptor opened = takeDescriptor(held);
  socket->env = env;
  socket->fd = opened.fd;
  socket->udp = integerAt(env, all, 1) != 0;
  socket->watch = opened.companion;
  socket->ifindex = opened.ifindex;
  int status = beginSocket(env, socket, loop, all.values[2]);
  if (status == 0) return handle;
  beginClose(socket);
  return failWith(env, "cannot poll a socket", status, "raise fs.epoll.max_user_watches, or the limit of memory");
}

// socketReceive(socket): the next batch, or errno that ends the socket, comes to onEvent.
napi_value socketReceive(napi_env env, napi_callback_info info) {
  LoopSocket *socket = loopSocketAt(env, argumentsOf(env, info));
  if (socket == nullptr) return fail(env, "expected an open socket");
  setWaiting(socket, true);
  if (!socket->polling) socket->polling = uv_poll_start(socket->poll, kUvReadable, readable) == 0;
  return undefined(env);
}

// socketPause(socket): nobody waits any more; the process may end.
napi_value socketPause(napi_env env, napi_callback_info info) {
  LoopSocket *socket = loopSocketAt(env, argumentsOf(env, info));
  if (socket == nullptr) return undefined(env);
  setWaiting(socket, false);
  stopPolling(socket);
  return undefined(env);
}

// socketWatch(socket): tells onEvent once when the device goes down or away.
napi_value socketWatch(napi_env env, napi_callback_info info) {
  LoopSocket *socket = loopSocketAt(env, argumentsOf(env, info));
  if (socket != nullptr && socket->watchPoll != nullptr) uv_poll_start(socket->watchPoll, kUvReadable, deviceReported);
  return undefined(env);
}

// socketDevice(socket) -> DeviceState
napi_value socketDevice(napi_env env, napi_callback_info info) {
  LoopSocket *socket = loopSocketAt(env, argumentsOf(env, info));
  return number(env, socket == nullptr ? kDeviceGone : deviceState(socket));
}

// socketAddress(socket) -> the device's own address as a number of 48 bits; -errno
napi_value socketAddress(napi_env env, napi_callback_info info) {
  LoopSocket *socket = loopSocketAt(env, argumentsOf(env, info));
  napi_value result;
  napi_create_int64(env, socket == nullptr ? -ENODEV : deviceAddress(socket), &result);
  return result;
}

// socketDropped(socket) -> how many packets found the receive buffer full
napi_value socketDropped(napi_env env, napi_callback_info info) {
  LoopSocket *socket = loopSocketAt(env, argumentsOf(env, info));
  napi_value result;
  napi_create_uint32(env, socket == nullptr ? 0 : droppedPackets(socket), &result);
  return result;
}

// socketSend(socket, bytes, packets, count) -> how many the kernel took, or -errno when none. `packets` has length, address
// and port of each; `bytes` holds them one after the other.
napi_value socketSend(napi_env env, napi_callback_info info) {
  Arguments all = argumentsOf(env, info);
  LoopSocket *socket = loopSocketAt(env, all);
  void *bytes, *numbers;
  size_t length, words;
  if (socket == nullptr || all.count < 4 ||
      napi_get_typedarray_info(env, all.values[1], nullptr, &length, &bytes, nullptr, nullptr) != napi_ok ||
      napi_get_typedarray_info(env, all.values[2], nullptr, &words, &numbers, nullptr, nullptr) != napi_ok)
    return fail(env, "expected an open socket, bytes and an Int32Array");
  const int32_t *packets = static_cast<const int32_t *>(numbers);
  size_t count = static_cast<size_t>(integerAt(env, all, 3));
  size_t total = 0;
  if (count * 3 > words) return fail(env, "the Int32Array is too short");
  for (size_t index = 0; index < count; index += 1) total += static_cast<uint32_t>(packets[index * 3]);
  if (total > length) return fail(env, "the packets are longer than the bytes");
  int failure;
  int32_t sent = sendBatch(socket, static_cast<uint8_t *>(bytes), packets, count, &failure);
  return number(env, sent == 0 && failure != 0 ? -failure : sent);
}

// socketClose(socket) -> Promise<void>: resolves when the descriptors are closed. Call it once.
napi_value socketClose(napi_env env, napi_callback_info info) {
  LoopSocket *socket = loopSocketAt(env, argumentsOf(env, info));
  if (socket == nullptr) return fail(env, "expected an open socket");
  napi_value promise;
  napi_create_promise(env, &socket->closed, &promise);
  beginClose(socket);
  return promise;
}

}  // namespace
