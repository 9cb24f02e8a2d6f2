// The loop of a port's thread.
#pragma once

#include <poll.h>

#include "netlink_port.h"
#include "packet_port.h"

namespace {

constexpr int kDeviceDownPollMilliseconds = 200;

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
  if (job->kind == kTransact) transact(port, job);
  else sendPackets(port, job);
  postJob(port, job);
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

void waitForWork(Port *port) {
  pollfd set[3];
  nfds_t count = 0;
  set[count++] = {port->wake, POLLIN, 0};
  nfds_t socket = 0;
  nfds_t watch = 0;
  if (port->receiving != nullptr) {
    socket = count;
    set[count++] = {port->fd, POLLIN, 0};
    if (port->watch >= 0) {
      watch = count;
      set[count++] = {port->watch, POLLPRI, 0};
    }
  }
  int timeout = port->receiving != nullptr && port->deviceDown ? kDeviceDownPollMilliseconds : -1;
  if (poll(set, count, timeout) < 0) return;
  if (socket != 0 && set[socket].revents != 0) {
    if (port->kind == kNetlinkPort) receiveNetlinkBatch(port);
    else receivePacketBatch(port);
  }
  if (port->watch >= 0 && port->receiving != nullptr) lookAtDevice(port, watch != 0 && set[watch].revents != 0);
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
        postJob(port, job);
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
