// Tasks that open sockets.
#pragma once

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
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

// numbers: protocol, receive buffer, send buffer
int openNetlinkTask(Task *task) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, task->numbers[0]);
  if (fd < 0) return -errno;
  int on = 1;
  sockaddr_nl local;
  memset(&local, 0, sizeof local);
  local.nl_family = AF_NETLINK;
  if (forceBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, task->numbers[1]) < 0 ||
      forceBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, task->numbers[2]) < 0 ||
      setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on) < 0 ||
      setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) < 0 ||
      setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on) < 0 ||
      bind(fd, reinterpret_cast<sockaddr *>(&local), sizeof local) < 0) {
    return closeWithError(fd);
  }
  for (size_t index = 0; index < task->groupCount; index += 1) {
    if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &task->groups[index], sizeof(int32_t)) < 0) {
      return closeWithError(fd);
    }
  }
  return fd;
}

int interfaceIndex(int fd, const char *name) {
  ifreq request;
  memset(&request, 0, sizeof request);
  if (strlen(name) >= IFNAMSIZ) return -ENODEV;
  strcpy(request.ifr_name, name);
  return ioctl(fd, SIOCGIFINDEX, &request) < 0 ? -errno : request.ifr_ifindex;
}

int openBoundPacket(const char *device, uint16_t etherType, int *index) {
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
  if (bind(fd, reinterpret_cast<sockaddr *>(&local), sizeof local) < 0) return closeWithError(fd);
  return fd;
}

// name: device; numbers: etherType, receive buffer. address: the device's own.
int openPacketTask(Task *task) {
  int fd = openBoundPacket(task->name, static_cast<uint16_t>(task->numbers[0]), &task->ifindex);
  if (fd < 0) return fd;
  if (forceBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, task->numbers[1]) < 0) return closeWithError(fd);
  sockaddr_ll local;
  socklen_t size = sizeof local;
  memset(&local, 0, sizeof local);
  if (getsockname(fd, reinterpret_cast<sockaddr *>(&local), &size) < 0) return closeWithError(fd);
  memcpy(task->address, local.sll_addr, 6);
  return fd;
}

// Ethertype for local experiments (IEEE 802): the watching socket must be hooked to some type to be told anything, and
// its filter passes no frame.
constexpr uint16_t kWatchedType = 0x88b5;

int openDeviceWatch(Task *task) {
  int index = 0;
  int fd = openBoundPacket(task->name, kWatchedType, &index);
  if (fd < 0) return fd;
  sock_filter none = {BPF_RET | BPF_K, 0, 0, 0};
  sock_fprog program = {1, &none};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0) return closeWithError(fd);
  task->ifindex = index;
  return fd;
}

// name: device; numbers: port, broadcast, receive buffer
int openUdpTask(Task *task) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
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
      setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, task->name, static_cast<socklen_t>(strlen(task->name))) < 0 ||
      bind(fd, reinterpret_cast<sockaddr *>(&local), sizeof local) < 0) {
    return closeWithError(fd);
  }
  task->second = openDeviceWatch(task);
  if (task->second < 0) {
    errno = -task->second;
    return closeWithError(fd);
  }
  return fd;
}

}  // namespace
