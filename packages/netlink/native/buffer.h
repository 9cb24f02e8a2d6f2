// Bytes that grow. There is no C++ runtime here, so neither std::vector nor new.
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

namespace {

struct Buffer {
  uint8_t *data;
  size_t length;
  size_t capacity;
};

bool reserve(Buffer *buffer, size_t more) {
  if (buffer->length + more <= buffer->capacity) return true;
  // The first time just what is asked for: most buffers are filled once.
  size_t capacity = buffer->capacity > 0 ? buffer->capacity : more > 4096 ? more : 4096;
  while (capacity < buffer->length + more) capacity *= 2;
  uint8_t *data = static_cast<uint8_t *>(realloc(buffer->data, capacity));
  if (data == nullptr) return false;
  buffer->data = data;
  buffer->capacity = capacity;
  return true;
}

bool append(Buffer *buffer, const void *bytes, size_t length) {
  if (!reserve(buffer, length)) return false;
  memcpy(buffer->data + buffer->length, bytes, length);
  buffer->length += length;
  return true;
}

bool appendNumber(Buffer *buffer, int32_t number) { return append(buffer, &number, sizeof number); }

}  // namespace
