// A descriptor that a task opened, on its way to the port, socket or tap that takes it.
//
// JavaScript holds it as an External whose finalizer closes it. So nothing leaks when what should take it fails, is never
// reached (a worker that ends runs no JavaScript for the promise that was resolved last), or is forgotten.
#pragma once

#include <node_api.h>
#include <stdlib.h>
#include <unistd.h>

#include "arguments.h"

namespace {

struct Descriptor {
  int fd;         // -1: nothing was opened, or it was taken
  int companion;  // the eventfd that wakes a port's thread, or what watches a UDP socket's device; -1 without
  int ifindex;    // of a socket's device
};

constexpr Descriptor kNoDescriptor = {-1, -1, 0};

Descriptor takeDescriptor(Descriptor *held) {
  Descriptor taken = *held;
  *held = kNoDescriptor;
  return taken;
}

void closeDescriptor(Descriptor *held) {
  Descriptor taken = takeDescriptor(held);
  if (taken.fd >= 0) close(taken.fd);
  if (taken.companion >= 0) close(taken.companion);
}

void descriptorCollected(napi_env, void *data, void *) {
  Descriptor *held = static_cast<Descriptor *>(data);
  closeDescriptor(held);
  free(held);
}

// Takes it in any case: where JavaScript cannot be given anything any more, it is closed, and nullptr comes back.
napi_value descriptorValue(napi_env env, Descriptor *held) {
  napi_value value;
  Descriptor *kept = static_cast<Descriptor *>(malloc(sizeof(Descriptor)));
  if (kept != nullptr) *kept = *held;
  if (kept == nullptr || napi_create_external(env, kept, descriptorCollected, nullptr, &value) != napi_ok) {
    free(kept);
    closeDescriptor(held);
    return nullptr;
  }
  *held = kNoDescriptor;
  return value;
}

// nullptr for what is none, or was taken.
Descriptor *descriptorAt(napi_env env, const Arguments &all, size_t index) {
  void *data = nullptr;
  if (index >= all.count || napi_get_value_external(env, all.values[index], &data) != napi_ok) return nullptr;
  Descriptor *held = static_cast<Descriptor *>(data);
  return held->fd < 0 ? nullptr : held;
}

// descriptorNumber(descriptor) -> its number, which stays its own; -1 once it was taken
napi_value descriptorNumber(napi_env env, napi_callback_info info) {
  Descriptor *held = descriptorAt(env, argumentsOf(env, info), 0);
  return number(env, held == nullptr ? -1 : held->fd);
}

}  // namespace
