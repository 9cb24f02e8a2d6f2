// A Port is a netlink descriptor with a thread of its own that waits for jobs; a Job carries bytes in and bytes out.
#pragma once

#include <errno.h>
#include <node_api.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "uv_thread.h"

namespace {

constexpr size_t kReceiveRoom = 256 * 1024;  // no netlink message is longer

enum JobKind { kTransact, kReceive, kCancel, kStopped };

struct Job {
  Job *next;
  JobKind kind;
  napi_deferred deferred;
  Buffer input;
  int32_t *numbers;  // kTransact: lengths of chunks
  size_t count;
  Buffer output;
  Buffer meta;
};

struct Port {
  int references;  // one of the thread with its threadsafe function, one of the JavaScript object; JavaScript thread only
  int fd;
  int wake;        // eventfd: there is a job, or the port stops
  uv_thread_t thread;
  bool joined;
  bool patient;    // short requests are waited for on the spot
  int pending;     // jobs that keep the process alive; JavaScript thread only
  napi_env env;
  napi_threadsafe_function post;
  napi_deferred stopped;
  pthread_mutex_t lock;
  // Under the lock.
  Job *first;
  Job *last;
  Job *awaited;    // what the JavaScript thread waits for this moment; nullptr once it is done
  bool stopping;
  // Of the thread.
  Job *receiving;
  uint8_t *room;   // kReceiveRoom bytes that each datagram is read into
};

void freeJob(Job *job) {
  if (job == nullptr) return;
  free(job->input.data);
  free(job->numbers);
  free(job->output.data);
  free(job->meta.data);
  free(job);
}

int64_t nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000000000 + now.tv_nsec;
}

void wakeUp(int fd) {
  uint64_t one = 1;
  ssize_t written;
  do written = write(fd, &one, sizeof one);
  while (written < 0 && errno == EINTR);
}

void postJob(Port *port, Job *job) {
  if (napi_call_threadsafe_function(port->post, job, napi_tsfn_blocking) != napi_ok) freeJob(job);
}

// Gives the job to the JavaScript thread, which may be waiting for it on the spot.
void finishJob(Port *port, Job *job) {
  pthread_mutex_lock(&port->lock);
  bool awaited = port->awaited == job;
  if (awaited) port->awaited = nullptr;
  pthread_mutex_unlock(&port->lock);
  if (!awaited) postJob(port, job);
}

// Meta of a receive: errno that ends the port or 0, then length (or -errno) and namespace id of each datagram.
void finishReceive(Port *port, int32_t status) {
  Job *job = port->receiving;
  port->receiving = nullptr;
  memcpy(job->meta.data, &status, sizeof status);
  postJob(port, job);
}

}  // namespace
