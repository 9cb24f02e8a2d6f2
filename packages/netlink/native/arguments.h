// Reading what JavaScript passes.
#pragma once

#include <node_api.h>
#include <stdint.h>

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

struct Arguments {
  size_t count;
  napi_value values[6];
};

Arguments argumentsOf(napi_env env, napi_callback_info info) {
  Arguments all;
  all.count = 6;
  napi_get_cb_info(env, info, &all.count, all.values, nullptr, nullptr);
  return all;
}

int32_t integerAt(napi_env env, const Arguments &all, size_t index) {
  int32_t value = 0;
  if (index < all.count) napi_get_value_int32(env, all.values[index], &value);
  return value;
}

}  // namespace
