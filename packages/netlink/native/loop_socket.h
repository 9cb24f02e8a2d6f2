// A UDP or AF_PACKET socket that node's own event loop polls: no thread, and no hop between threads for a packet.
//
// These sockets never wait for RTNL, which is what netlink ports have threads for. A program may have hundreds of them.
#pragma once

#include <errno.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <node_api.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buffer.h"
#include "uv_poll.h"

namespace {

constexpr int kBatchMessages = 64;        // of one recvmmsg or sendmmsg
constexpr int kBatchesAtOnce = 16;        // received in one turn of the loop: a flood is to be kept up with
constexpr size_t kFrameRoom = 64 * 1024;  // one received packet: a device may hand over what it has merged

struct LoopSocket {
  napi_env env;
  napi_async_cleanup_hook_handle cleanup;
  napi_ref onEvent;      // strong while a receive waits, weak otherwise: the JavaScript object holds it, and may be collected
  uv_poll_t *poll;
  uv_poll_t *watchPoll;  // nullptr without a watching socket
  int openHandles;       // of libuv, until they are closed
  int fd;
  int watch;             // AF_PACKET socket that reports when a UDP socket's device goes away; -1 without
  int ifindex;           // of the device
  bool udp;
  bool polling;
  bool waiting;          // JavaScript waits for a batch
  bool closing;
  bool collected;
  napi_deferred closed;
};

// Received into by all sockets of the process, one at a time: it is copied from before anything else happens.
pthread_mutex_t receiveLock = PTHREAD_MUTEX_INITIALIZER;
uint8_t *receiveRoom = nullptr;

struct Batch {
  mmsghdr messages[kBatchMessages];
  iovec parts[kBatchMessages];
  sockaddr_in addresses[kBatchMessages];
};

void prepareReceive(LoopSocket *socket, Batch *batch) {
  for (int index = 0; index < kBatchMessages; index += 1) {
    msghdr *header = &batch->messages[index].msg_hdr;
    memset(header, 0, sizeof *header);
    batch->parts[index].iov_base = receiveRoom + static_cast<size_t>(index) * kFrameRoom;
    batch->parts[index].iov_len = kFrameRoom;
    header->msg_iov = &batch->parts[index];
    header->msg_iovlen = 1;
    if (!socket->udp) continue;
    header->msg_name = &batch->addresses[index];
    header->msg_namelen = sizeof batch->addresses[index];
  }
}

// An ICMP error of an earlier send is no end of the socket.
bool passes(int error) {
  return error == EAGAIN || error == EINTR || error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH;
}

// How many came of one recvmmsg, 0 when there was nothing, -errno. Meta: length, source address and port of each.
int receiveMessages(LoopSocket *socket, Buffer *bytes, Buffer *meta) {
  Batch batch;
  prepareReceive(socket, &batch);
  int got = recvmmsg(socket->fd, batch.messages, kBatchMessages, MSG_DONTWAIT, nullptr);
  if (got < 0) return passes(errno) ? 0 : -errno;
  for (int index = 0; index < got; index += 1) {
    uint32_t length = batch.messages[index].msg_len;
    append(bytes, batch.parts[index].iov_base, length);
    appendNumber(meta, static_cast<int32_t>(length));
    appendNumber(meta, socket->udp ? static_cast<int32_t>(ntohl(batch.addresses[index].sin_addr.s_addr)) : 0);
    appendNumber(meta, socket->udp ? ntohs(batch.addresses[index].sin_port) : 0);
  }
  return got;
}

// What is there now. False when that is nothing. Meta: errno that ends the socket or 0, then as above.
bool receiveBatch(LoopSocket *socket, Buffer *bytes, Buffer *meta) {
  appendNumber(meta, 0);
  pthread_mutex_lock(&receiveLock);
  if (receiveRoom == nullptr) receiveRoom = static_cast<uint8_t *>(malloc(kFrameRoom * kBatchMessages));
  int got = receiveRoom == nullptr ? -ENOMEM : kBatchMessages;
  for (int count = 0; count < kBatchesAtOnce && got == kBatchMessages; count += 1) {
    got = receiveMessages(socket, bytes, meta);
  }
  pthread_mutex_unlock(&receiveLock);
  if (got < 0) {
    int32_t error = -got;
    memcpy(meta->data, &error, sizeof error);
  }
  return got < 0 || bytes->length > 0 || meta->length > sizeof(int32_t);
}

// `packets` has length, address and port of each of `count`. How many the kernel took; `failure` says why not the next.
int32_t sendBatch(LoopSocket *socket, uint8_t *bytes, const int32_t *packets, size_t count, int *failure) {
  size_t sent = 0;
  *failure = 0;
  while (sent < count) {
    Batch batch;
    unsigned int size = 0;
    uint8_t *at = bytes;
    for (; size < kBatchMessages && sent + size < count; size += 1) {
      const int32_t *packet = packets + (sent + size) * 3;
      msghdr *header = &batch.messages[size].msg_hdr;
      memset(header, 0, sizeof *header);
      batch.parts[size].iov_base = at;
      batch.parts[size].iov_len = static_cast<size_t>(packet[0]);
      at += packet[0];
      header->msg_iov = &batch.parts[size];
      header->msg_iovlen = 1;
      if (!socket->udp) continue;
      sockaddr_in *to = &batch.addresses[size];
      memset(to, 0, sizeof *to);
      to->sin_family = AF_INET;
      to->sin_addr.s_addr = htonl(static_cast<uint32_t>(packet[1]));
      to->sin_port = htons(static_cast<uint16_t>(packet[2]));
      header->msg_name = to;
      header->msg_namelen = sizeof *to;
    }
    int took = sendmmsg(socket->fd, batch.messages, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (took < 0 && errno == EINTR) continue;
    if (took < 0) {
      *failure = errno;
      break;
    }
    for (int index = 0; index < took; index += 1) bytes += packets[(sent + static_cast<size_t>(index)) * 3];
    sent += static_cast<size_t>(took);
  }
  return static_cast<int32_t>(sent);
}

// SIOCGIFNAME asks the socket's own namespace, not the thread's.
enum DeviceState { kDeviceUp = 0, kDeviceDown = 1, kDeviceGone = 2 };

DeviceState deviceState(LoopSocket *socket) {
  ifreq request;
  memset(&request, 0, sizeof request);
  request.ifr_ifindex = socket->ifindex;
  if (ioctl(socket->fd, SIOCGIFNAME, &request) < 0) return errno == ENODEV ? kDeviceGone : kDeviceDown;
  bool up = ioctl(socket->fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
  return up ? kDeviceUp : kDeviceDown;
}

// The device's own address, as a number of 48 bits; -errno. A bridge's changes with its ports.
int64_t deviceAddress(LoopSocket *socket) {
  ifreq request;
  memset(&request, 0, sizeof request);
  request.ifr_ifindex = socket->ifindex;
  if (ioctl(socket->fd, SIOCGIFNAME, &request) < 0 || ioctl(socket->fd, SIOCGIFHWADDR, &request) < 0) return -errno;
  int64_t address = 0;
  for (int index = 0; index < 6; index += 1) {
    address = address << 8 | static_cast<uint8_t>(request.ifr_hwaddr.sa_data[index]);
  }
  return address;
}

// Packets that found no room in the receive buffer, since the socket was opened; it wraps.
uint32_t droppedPackets(LoopSocket *socket) {
  uint32_t counters[SK_MEMINFO_VARS];
  socklen_t size = sizeof counters;
  memset(counters, 0, sizeof counters);
  if (getsockopt(socket->fd, SOL_SOCKET, SO_MEMINFO, counters, &size) < 0) return 0;
  return counters[SK_MEMINFO_DROPS];
}

}  // namespace
