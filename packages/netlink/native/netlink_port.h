// What the thread of an AF_NETLINK socket does: requests and their answers, and notifications.
#pragma once

#include <linux/netlink.h>
#include <sys/socket.h>

#include "port.h"

namespace {

constexpr size_t kReplyLimit = 512u << 20;     // of one job; a dump that is longer is an error, not an out of memory
constexpr size_t kBatchBytes = 1u << 20;       // of one receive; what is more stays in the kernel's queue
constexpr int32_t kOwnNamespace = -1;

// The id of the namespace that a notification comes from, where the socket listens to all (NETLINK_LISTEN_ALL_NSID);
// its own has none.
int32_t namespaceOf(msghdr *message) {
  for (cmsghdr *part = CMSG_FIRSTHDR(message); part != nullptr; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_NETLINK || part->cmsg_type != NETLINK_LISTEN_ALL_NSID) continue;
    int32_t id;
    memcpy(&id, CMSG_DATA(part), sizeof id);
    return id;
  }
  return kOwnNamespace;
}

// Reads one datagram and appends it to `output`. Returns its length, or -errno; datagrams of other processes are skipped.
// The room is the port's: a fresh one for each request would be mapped and cleared by the kernel each time.
ssize_t receiveNetlink(Port *port, Buffer *output, int32_t *nsid) {
  for (;;) {
    if (output->length > kReplyLimit) return -ENOMEM;
    sockaddr_nl from;
    memset(&from, 0, sizeof from);
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int32_t)) * 2];
    iovec part = {port->room, kReceiveRoom};
    msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t length = recvmsg(port->fd, &message, MSG_DONTWAIT | MSG_TRUNC);
    if (length < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    if (from.nl_pid != 0) continue;
    if (static_cast<size_t>(length) > kReceiveRoom) return -EMSGSIZE;
    if (nsid != nullptr) *nsid = namespaceOf(&message);
    return append(output, port->room, static_cast<size_t>(length)) ? length : -ENOMEM;
  }
}

// One chunk: send, then drain what the kernel has answered, all of it by the time sendmsg returns.
// Meta: errno of send, errno of receiving (ENOBUFS: some answers are lost), number of datagrams, their lengths.
void transactChunk(Port *port, Job *job, const uint8_t *chunk, size_t length) {
  sockaddr_nl kernel;
  memset(&kernel, 0, sizeof kernel);
  kernel.nl_family = AF_NETLINK;
  ssize_t sent;
  do sent = sendto(port->fd, chunk, length, 0, reinterpret_cast<sockaddr *>(&kernel), sizeof kernel);
  while (sent < 0 && errno == EINTR);
  int sendError = sent < 0 ? errno : 0;
  int receiveError = 0;
  size_t header = job->meta.length;
  appendNumber(&job->meta, sendError);
  appendNumber(&job->meta, 0);
  appendNumber(&job->meta, 0);
  int32_t count = 0;
  for (;;) {
    ssize_t got = receiveNetlink(port, &job->output, nullptr);
    if (got == -EAGAIN) break;
    if (got < 0) {
      if (receiveError == 0) receiveError = static_cast<int>(-got);
      if (got == -ENOBUFS || got == -EMSGSIZE) continue;
      break;
    }
    appendNumber(&job->meta, static_cast<int32_t>(got));
    count += 1;
  }
  int32_t *numbers = reinterpret_cast<int32_t *>(job->meta.data + header);
  numbers[1] = receiveError;
  numbers[2] = count;
}

void transact(Port *port, Job *job) {
  size_t offset = 0;
  for (size_t index = 0; index < job->count; index += 1) {
    size_t length = static_cast<size_t>(job->numbers[index]);
    transactChunk(port, job, job->input.data + offset, length);
    offset += length;
  }
}

void receiveNetlinkBatch(Port *port) {
  Job *job = port->receiving;
  int messages = 0;
  while (job->output.length < kBatchBytes && messages < 4096) {
    int32_t nsid = kOwnNamespace;
    ssize_t got = receiveNetlink(port, &job->output, &nsid);
    if (got == -EAGAIN) break;
    appendNumber(&job->meta, static_cast<int32_t>(got));
    appendNumber(&job->meta, nsid);
    messages += 1;
    if (got < 0 && got != -ENOBUFS && got != -EMSGSIZE) break;
  }
  if (messages > 0) finishReceive(port, 0);
}

}  // namespace
