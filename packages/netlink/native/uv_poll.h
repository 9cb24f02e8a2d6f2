// What node exports of libuv's polling. uv.h is not in node-api-headers; the names, and UV_POLL, are of libuv 1's stable
// ABI, and the size of a handle is asked for.
#pragma once

#include <stddef.h>

extern "C" {
struct uv_loop_s;
typedef struct uv_poll_s uv_poll_t;
typedef struct uv_handle_s uv_handle_t;
size_t uv_handle_size(int type);
int uv_poll_init(uv_loop_s *loop, uv_poll_t *handle, int fd);
int uv_poll_start(uv_poll_t *handle, int events, void (*callback)(uv_poll_t *handle, int status, int events));
int uv_poll_stop(uv_poll_t *handle);
void uv_close(uv_handle_t *handle, void (*callback)(uv_handle_t *handle));
void uv_unref(uv_handle_t *handle);
void *uv_handle_get_data(const uv_handle_t *handle);
void uv_handle_set_data(uv_handle_t *handle, void *data);
}

namespace {

constexpr int kUvPoll = 8;
constexpr int kUvReadable = 1;

uv_handle_t *asHandle(uv_poll_t *poll) { return reinterpret_cast<uv_handle_t *>(poll); }

}  // namespace
