// Reading what JavaScript passes.
#pragma once

#include <node_api.h>
#include <stdint.h>
#include <stdio.h>

extern "C" {
// Of libuv, whose errors are negative errnos; node exports it.
const char *uv_err_name(int status);
}

namespace {

napi_value number(napi_env env, int32_t value) {
  napi_value result;
  napi_create_int32(env, value, &result);
  return result;
}

napi_value undefined(napi_env env) {
  napi_value result;
  napi_get_undefined(env, &result);
  return result;
}

napi_value fail(napi_env env, const char *text) {
  napi_throw_error(env, nullptr, text);
  return nullptr;
}

// `cannot start a thread: EAGAIN (the remedy)`, with the code.
napi_value failWith(napi_env env, const char *what, int status, const char *remedy) {
  char text[256];
  snprintf(text, sizeof text, "%s: %s (%s)", what, uv_err_name(status), remedy);
  napi_throw_error(env, uv_err_name(status), text);
  return nullptr;
}

napi_value failThread(napi_env env, int status) {
  return failWith(env, "cannot start a thread", status, "the user or the service has too many; raise LimitNPROC or TasksMax");
}

constexpr size_t kArguments = 7;

struct Arguments {
  size_t count;
  napi_value values[kArguments];
};

Arguments argumentsOf(napi_env env, napi_callback_info info) {
  Arguments all;
  all.count = kArguments;
  napi_get_cb_info(env, info, &all.count, all.values, nullptr, nullptr);
  return all;
}

int32_t integerAt(napi_env env, const Arguments &all, size_t index) {
  int32_t value = 0;
  if (index < all.count) napi_get_value_int32(env, all.values[index], &value);
  return value;
}

}  // namespace
