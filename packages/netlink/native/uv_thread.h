// uv.h is not in node-api-headers, and pthread_create would ask for GLIBC 2.34. node exports these two; uv_thread_t is
// pthread_t on Linux.
#pragma once

#include <pthread.h>

extern "C" {
typedef pthread_t uv_thread_t;
int uv_thread_create(uv_thread_t *thread, void (*entry)(void *), void *argument);
int uv_thread_join(uv_thread_t *thread);
}
