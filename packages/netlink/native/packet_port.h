// What the thread of a UDP or AF_PACKET socket does: batches of packets, and an eye on the device.
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "port.h"

namespace {

constexpr int kBatchMessages = 32;             // of one recvmmsg or sendmmsg
constexpr size_t kFrameRoom = 64 * 1024;       // one received packet

void receivePacketBatch(Port *port) {
  mmsghdr messages[kBatchMessages];
  iovec parts[kBatchMessages];
  sockaddr_in from[kBatchMessages];
  memset(messages, 0, sizeof messages);
  for (int index = 0; index < kBatchMessages; index += 1) {
    parts[index].iov_base = port->frames + static_cast<size_t>(index) * kFrameRoom;
    parts[index].iov_len = kFrameRoom;
    messages[index].msg_hdr.msg_iov = &parts[index];
    messages[index].msg_hdr.msg_iovlen = 1;
    if (port->kind == kUdpPort) {
      messages[index].msg_hdr.msg_name = &from[index];
      messages[index].msg_hdr.msg_namelen = sizeof from[index];
    }
  }
  int got;
  do got = recvmmsg(port->fd, messages, kBatchMessages, MSG_DONTWAIT, nullptr);
  while (got < 0 && errno == EINTR);
  if (got < 0) {
    // An ICMP error of an earlier send is no end of the socket.
    if (errno == EAGAIN || errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == ENETUNREACH) return;
    finishReceive(port, errno);
    return;
  }
  Job *job = port->receiving;
  for (int index = 0; index < got; index += 1) {
    append(&job->output, parts[index].iov_base, messages[index].msg_len);
    appendNumber(&job->meta, static_cast<int32_t>(messages[index].msg_len));
    bool udp = port->kind == kUdpPort;
    appendNumber(&job->meta, udp ? static_cast<int32_t>(ntohl(from[index].sin_addr.s_addr)) : 0);
    appendNumber(&job->meta, udp ? ntohs(from[index].sin_port) : 0);
  }
  if (got > 0) finishReceive(port, 0);
}

// Meta of a send: how many the kernel took, errno of the one it did not take or 0.
void sendPackets(Port *port, Job *job) {
  size_t sent = 0;
  size_t offset = 0;
  int failure = 0;
  int waits = 0;
  while (sent < job->count && failure == 0) {
    mmsghdr messages[kBatchMessages];
    iovec parts[kBatchMessages];
    sockaddr_in to[kBatchMessages];
    memset(messages, 0, sizeof messages);
    memset(to, 0, sizeof to);
    unsigned int batch = 0;
    size_t at = offset;
    for (; batch < kBatchMessages && sent + batch < job->count; batch += 1) {
      const int32_t *numbers = job->numbers + (sent + batch) * 3;
      parts[batch].iov_base = job->input.data + at;
      parts[batch].iov_len = static_cast<size_t>(numbers[0]);
      at += static_cast<size_t>(numbers[0]);
      messages[batch].msg_hdr.msg_iov = &parts[batch];
      messages[batch].msg_hdr.msg_iovlen = 1;
      if (port->kind != kUdpPort) continue;
      to[batch].sin_family = AF_INET;
      to[batch].sin_addr.s_addr = htonl(static_cast<uint32_t>(numbers[1]));
      to[batch].sin_port = htons(static_cast<uint16_t>(numbers[2]));
      messages[batch].msg_hdr.msg_name = &to[batch];
      messages[batch].msg_hdr.msg_namelen = sizeof to[batch];
    }
    int took = sendmmsg(port->fd, messages, batch, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (took < 0 && errno == EINTR) continue;
    if (took < 0 && (errno == EAGAIN || errno == ENOBUFS) && waits < 20) {
      pollfd room = {port->fd, POLLOUT, 0};
      poll(&room, 1, 50);
      waits += 1;
      continue;
    }
    if (took < 0) {
      failure = errno;
      break;
    }
    for (int index = 0; index < took; index += 1) offset += static_cast<size_t>(job->numbers[(sent + index) * 3]);
    sent += static_cast<size_t>(took);
  }
  appendNumber(&job->meta, static_cast<int32_t>(sent));
  appendNumber(&job->meta, failure);
}

// Whether the device of a UDP port is gone. SIOCGIFNAME asks the socket's own namespace, not the thread's.
bool deviceGone(Port *port) {
  ifreq request;
  memset(&request, 0, sizeof request);
  request.ifr_ifindex = port->ifindex;
  return ioctl(port->fd, SIOCGIFNAME, &request) < 0 && errno == ENODEV;
}

bool deviceIsUp(Port *port) {
  ifreq request;
  memset(&request, 0, sizeof request);
  request.ifr_ifindex = port->ifindex;
  if (ioctl(port->fd, SIOCGIFNAME, &request) < 0) return false;
  return ioctl(port->fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
}

// The kernel tells a bound UDP socket nothing when its device goes; a packet socket gets ENETDOWN, once, already when the
// device goes down, which deletion begins with. So while it is down, look now and then whether it is still there.
void lookAtDevice(Port *port, bool reported) {
  if (reported) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(port->watch, SOL_SOCKET, SO_ERROR, &error, &size);
    port->deviceDown = true;
  }
  if (!port->deviceDown) return;
  if (deviceGone(port)) {
    if (port->receiving != nullptr) finishReceive(port, ENODEV);
  } else if (deviceIsUp(port)) {
    port->deviceDown = false;
  }
}

}  // namespace
