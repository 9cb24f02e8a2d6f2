// Tasks that open sockets.
#pragma once

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "task.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

namespace {

int forceBuffer(int fd, int forced, int plain, int bytes) {
  if (bytes <= 0) return 0;
  if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof bytes) == 0) return 0;
  return setsockopt(fd, SOL_SOCKET, plain, &bytes, sizeof bytes);
}

// numbers: protocol, receive buffer, send buffer, whether to hear of other namespaces
int openNetlinkTask(Task *task) {
  int fd = task->descriptor.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, task->numbers[0]);
  if (fd < 0) return -errno;
  // Here and not where the port starts, so that all that lacks a descriptor fails as the opening does.
  task->descriptor.companion = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (task->descriptor.companion < 0) return -errno;
  int on = 1;
  sockaddr_nl local;
  memset(&local, 0, sizeof local);
  local.nl_family = AF_NETLINK;
  if (forceBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, task->numbers[1]) < 0 ||
      forceBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, task->numbers[2]) < 0 ||
      setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on) < 0 ||
      setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) < 0 ||
      setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on) < 0 ||
      (task->numbers[3] != 0 &&
       setsockopt(fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof on) < 0) ||
      bind(fd, reinterpret_cast<sockaddr *>(&local), sizeof local) < 0) {
    return -errno;
  }
  for (size_t index = 0; index < task->groupCount; index += 1) {
    if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &task->groups[index], sizeof(int32_t)) < 0) return -errno;
  }
  return 0;
}

int interfaceIndex(int fd, const char *name) {
  ifreq request;
  memset(&request, 0, sizeof request);
  if (strlen(name) >= IFNAMSIZ) return -ENODEV;
  strcpy(request.ifr_name, name);
  return ioctl(fd, SIOCGIFINDEX, &request) < 0 ? -errno : request.ifr_ifindex;
}

// `words` has two for each instruction: code, jt << 16 and jf << 24 in the first, k in the second.
int attachFilter(int fd, const int32_t *words, size_t count) {
  sock_filter program[32];
  size_t length = count / 2;
  if (length == 0) return 0;
  if (length > sizeof program / sizeof *program) {
    errno = EINVAL;
    return -1;
  }
  for (size_t index = 0; index < length; index += 1) {
    uint32_t head = static_cast<uint32_t>(words[index * 2]);
    program[index] = {static_cast<uint16_t>(head), static_cast<uint8_t>(head >> 16), static_cast<uint8_t>(head >> 24),
                      static_cast<uint32_t>(words[index * 2 + 1])};
  }
  sock_fprog filter = {static_cast<unsigned short>(length), program};
  int on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) < 0) return -1;
  return setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on);
}

// The filter is there before the socket is bound, so that nothing it refuses was let in.
int openBoundPacket(const char *device, uint16_t etherType, const int32_t *filter, size_t words, int *index) {
  // Protocol 0 until bind: otherwise frames of every device come in before.
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  *index = interfaceIndex(fd, device);
  sockaddr_ll local;
  memset(&local, 0, sizeof local);
  local.sll_family = AF_PACKET;
  local.sll_protocol = htons(etherType);
  local.sll_ifindex = *index;
  if (*index < 0) {
    errno = -*index;
    return closeWithError(fd);
  }
  int on = 1;
  // Not known to kernels before 4.20; without it own frames come back, which receivers bear.
  setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
  if (attachFilter(fd, filter, words) < 0) return closeWithError(fd);
  if (bind(fd, reinterpret_cast<sockaddr *>(&local), sizeof local) < 0) return closeWithError(fd);
  return fd;
}

// name: device; numbers: etherType, receive buffer, send buffer; groups: the filter
int openPacketTask(Task *task) {
  int fd = task->descriptor.fd = openBoundPacket(task->name, static_cast<uint16_t>(task->numbers[0]), task->groups,
                                                 task->groupCount, &task->descriptor.ifindex);
  if (fd < 0) return fd;
  if (forceBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, task->numbers[1]) < 0 ||
      forceBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, task->numbers[2]) < 0) {
    return -errno;
  }
  return 0;
}

// Ethertype for local experiments (IEEE 802): the watching socket must be hooked to some type to be told anything, and
// its filter passes no frame.
constexpr uint16_t kWatchedType = 0x88b5;

int openDeviceWatch(Task *task) {
  const int32_t none[2] = {BPF_RET | BPF_K, 0};
  return openBoundPacket(task->name, kWatchedType, none, 2, &task->descriptor.ifindex);
}

// name: device; numbers: port, broadcast, receive buffer, send buffer
int openUdpTask(Task *task) {
  int fd = task->descriptor.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  int on = 1;
  int broadcast = task->numbers[1];
  sockaddr_in local;
  memset(&local, 0, sizeof local);
  local.sin_family = AF_INET;
  local.sin_port = htons(static_cast<uint16_t>(task->numbers[0]));
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
      setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &broadcast, sizeof broadcast) < 0 ||
      forceBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, task->numbers[2]) < 0 ||
      forceBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, task->numbers[3]) < 0 ||
      setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, task->name, static_cast<socklen_t>(strlen(task->name))) < 0 ||
      bind(fd, reinterpret_cast<sockaddr *>(&local), sizeof local) < 0) {
    return -errno;
  }
  int watch = task->descriptor.companion = openDeviceWatch(task);
  return watch < 0 ? watch : 0;
}

}  // namespace
