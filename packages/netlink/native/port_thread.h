// The loop of a port's thread.
#pragma once

#include <poll.h>

#include "netlink_port.h"

namespace {

void runJob(Port *port, Job *job) {
  // A second receive takes the place of the first, like a cancellation: none is ever forgotten.
  if ((job->kind == kReceive || job->kind == kCancel) && port->receiving != nullptr) finishReceive(port, ECANCELED);
  if (job->kind == kCancel) {
    freeJob(job);
    return;
  }
  if (job->kind == kReceive) {
    port->receiving = job;
    return;
  }
  transact(port, job);
  finishJob(port, job);
}

// Takes all that is queued; true when the port stops.
bool takeJobs(Port *port, Job **jobs) {
  uint64_t ignored;
  if (read(port->wake, &ignored, sizeof ignored) < 0 && errno != EAGAIN) return true;
  pthread_mutex_lock(&port->lock);
  *jobs = port->first;
  port->first = port->last = nullptr;
  bool stopping = port->stopping;
  pthread_mutex_unlock(&port->lock);
  return stopping;
}

// A program that asks one thing after the other asks again within microseconds; to be woken takes a sleeping processor
// several times as long. So look a little while before falling asleep.
constexpr int64_t kAwakeNanoseconds = 150 * 1000;

bool asksAgain(pollfd *wake) {
  int64_t end = nanoseconds() + kAwakeNanoseconds;
  do {
    if (poll(wake, 1, 0) > 0) return true;
  } while (nanoseconds() < end);
  return false;
}

void waitForWork(Port *port) {
  pollfd set[2] = {{port->wake, POLLIN, 0}, {port->fd, POLLIN, 0}};
  if (port->receiving == nullptr && asksAgain(&set[0])) return;
  // What nobody waits for stays in the kernel.
  nfds_t count = port->receiving == nullptr ? 1 : 2;
  if (poll(set, count, -1) > 0 && count == 2 && set[1].revents != 0) receiveNetlinkBatch(port);
}

void portThread(void *argument) {
  Port *port = static_cast<Port *>(argument);
  bool stopping = false;
  while (!stopping) {
    Job *jobs = nullptr;
    stopping = takeJobs(port, &jobs);
    while (jobs != nullptr) {
      Job *job = jobs;
      jobs = job->next;
      if (stopping && job->kind == kCancel) {
        freeJob(job);
      } else if (stopping) {
        // Queued, never sent. An empty meta says so.
        finishJob(port, job);
      } else {
        runJob(port, job);
      }
    }
    if (!stopping) waitForWork(port);
  }
  if (port->receiving != nullptr) finishReceive(port, ECANCELED);
  Job *last = static_cast<Job *>(calloc(1, sizeof(Job)));
  if (last != nullptr) {
    last->kind = kStopped;
    postJob(port, last);
  }
}

}  // namespace
