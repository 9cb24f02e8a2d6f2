// The kernel sockets that Node has no name for: AF_NETLINK, AF_PACKET, UDP bound to a device, TAP, network namespaces.
//
// Nothing is parsed here. A socket is a Port: a file descriptor and one thread that waits for jobs. Jobs carry bytes in
// and bytes out; everything that may wait for a lock of the kernel (sendmsg on rtnetlink waits for RTNL, up to many
// seconds behind somebody else's work) happens on that thread. A namespace is only ever entered by a thread made for it,
// which ends afterwards, because setns() changes the calling thread for good.
//
// No C++ runtime (no new, no exceptions, no std::), and threads by libuv: pthread_create would ask for GLIBC 2.34.
#include <node_api.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the codecs in TypeScript write little-endian integers"
#endif

// uv.h is not in node-api-headers. node exports these; uv_thread_t is pthread_t on Linux.
extern "C" {
typedef pthread_t uv_thread_t;
int uv_thread_create(uv_thread_t *thread, void (*entry)(void *), void *argument);
int uv_thread_join(uv_thread_t *thread);
}

namespace {

constexpr size_t kReceiveRoom = 256 * 1024;    // free space before each recv: no netlink message is longer
constexpr size_t kReplyLimit = 512u << 20;     // of one job; a dump that is longer is an error, not an out of memory
constexpr size_t kBatchBytes = 1u << 20;       // of one receive; what is more stays in the kernel's queue
constexpr int kBatchMessages = 32;             // of one recvmmsg or sendmmsg
constexpr size_t kFrameRoom = 64 * 1024;       // one received packet
constexpr int kDeviceDownPollMilliseconds = 200;

// ---------------------------------------------------------------------------------------------------------------------
// Bytes that grow.

struct Buffer {
  uint8_t *data;
  size_t length;
  size_t capacity;
};

bool reserve(Buffer *buffer, size_t more) {
  if (buffer->length + more <= buffer->capacity) return true;
  size_t capacity = buffer->capacity == 0 ? 4096 : buffer->capacity;
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

// ---------------------------------------------------------------------------------------------------------------------
// Ports and their jobs.

enum JobKind { kTransact, kReceive, kSend, kCancel, kStopped };

struct Job {
  Job *next;
  JobKind kind;
  napi_deferred deferred;
  Buffer input;
  int32_t *numbers;  // kTransact: lengths of chunks; kSend: length, address, port of each packet
  size_t count;
  Buffer output;
  Buffer meta;
};

enum PortKind { kNetlinkPort = 0, kUdpPort = 1, kPacketPort = 2 };

struct Port {
  int references;  // one of the thread with its threadsafe function, one of the JavaScript object; JavaScript thread only
  PortKind kind;
  int fd;
  int wake;        // eventfd: there is a job, or the port stops
  int watch;       // AF_PACKET socket that reports when a UDP port's device goes away; -1 without
  int ifindex;     // of that device
  uv_thread_t thread;
  bool joined;
  int pending;     // jobs that keep the process alive; JavaScript thread only
  napi_env env;
  napi_threadsafe_function post;
  napi_deferred stopped;
  pthread_mutex_t lock;
  // Under the lock.
  Job *first;
  Job *last;
  bool stopping;
  // Of the thread.
  Job *receiving;
  uint8_t *frames;
  bool deviceDown;
};

void freeJob(Job *job) {
  if (job == nullptr) return;
  free(job->input.data);
  free(job->numbers);
  free(job->output.data);
  free(job->meta.data);
  free(job);
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

// Reads one datagram into `output`. Returns its length, or -errno; datagrams of other processes are skipped.
ssize_t receiveNetlink(int fd, Buffer *output) {
  for (;;) {
    if (output->length > kReplyLimit || !reserve(output, kReceiveRoom)) return -ENOMEM;
    sockaddr_nl from;
    memset(&from, 0, sizeof from);
    iovec part = {output->data + output->length, output->capacity - output->length};
    msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    ssize_t length = recvmsg(fd, &message, MSG_DONTWAIT | MSG_TRUNC);
    if (length < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    if (from.nl_pid != 0) continue;
    if (static_cast<size_t>(length) > part.iov_len) return -EMSGSIZE;
    output->length += static_cast<size_t>(length);
    return length;
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
    ssize_t got = receiveNetlink(port->fd, &job->output);
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

// Meta of a receive: errno that ends the port or 0, then length (or -errno), address and port of each datagram.
void finishReceive(Port *port, int32_t status) {
  Job *job = port->receiving;
  port->receiving = nullptr;
  memcpy(job->meta.data, &status, sizeof status);
  postJob(port, job);
}

void receiveNetlinkBatch(Port *port) {
  Job *job = port->receiving;
  int messages = 0;
  while (job->output.length < kBatchBytes && messages < 4096) {
    ssize_t got = receiveNetlink(port->fd, &job->output);
    if (got == -EAGAIN) break;
    appendNumber(&job->meta, static_cast<int32_t>(got));
    appendNumber(&job->meta, 0);
    appendNumber(&job->meta, 0);
    messages += 1;
    if (got < 0 && got != -ENOBUFS && got != -EMSGSIZE) break;
  }
  if (messages > 0) finishReceive(port, 0);
}

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

void runJob(Port *port, Job *job) {
  // A second receive takes the place of the first, like a cancellation: none is ever forgotten.
  if ((job->kind == kReceive || job->kind == kCancel) && port->receiving != nullptr) finishReceive(port, ECANCELED);
  if (job->kind == kCancel) {
    freeJob(job);
    return;
  }
  if (job->kind == kReceive) {
    appendNumber(&job->meta, 0);
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

// ---------------------------------------------------------------------------------------------------------------------
// The JavaScript side of a port.

napi_value number(napi_env env, int32_t value) {
  napi_value result;
  napi_create_int32(env, value, &result);
  return result;
}

napi_value undefined(napi_env env) {
  napi_value result;
  napi_get_undefined(env, &result);
  return result;
}

napi_value arrayBuffer(napi_env env, const Buffer &buffer) {
  void *data;
  napi_value result;
  if (napi_create_arraybuffer(env, buffer.length, &data, &result) != napi_ok) return undefined(env);
  if (buffer.length > 0) memcpy(data, buffer.data, buffer.length);
  return result;
}

void releasePort(Port *port) {
  port->references -= 1;
  if (port->references > 0) return;
  pthread_mutex_destroy(&port->lock);
  free(port->frames);
  free(port);
}

void stopThread(Port *port) {
  pthread_mutex_lock(&port->lock);
  port->stopping = true;
  pthread_mutex_unlock(&port->lock);
  wakeUp(port->wake);
}

void joinAndClose(Port *port) {
  if (port->joined) return;
  uv_thread_join(&port->thread);
  port->joined = true;
  close(port->fd);
  close(port->wake);
  if (port->watch >= 0) close(port->watch);
}

// The environment ends (process.exit, a worker's end) while the port is open. Registered after the threadsafe function,
// so it runs before that one is torn down: the thread is gone when nothing can take its posts any more.
void endWithEnvironment(void *argument) {
  Port *port = static_cast<Port *>(argument);
  stopThread(port);
  joinAndClose(port);
}

void beginPending(napi_env env, Port *port) {
  if (port->pending == 0) napi_ref_threadsafe_function(env, port->post);
  port->pending += 1;
}

void endPending(napi_env env, Port *port) {
  port->pending -= 1;
  if (port->pending == 0) napi_unref_threadsafe_function(env, port->post);
}

void portStopped(napi_env env, Port *port) {
  napi_remove_env_cleanup_hook(env, endWithEnvironment, port);
  joinAndClose(port);
  if (port->stopped != nullptr) {
    napi_resolve_deferred(env, port->stopped, undefined(env));
    endPending(env, port);
  }
  napi_release_threadsafe_function(port->post, napi_tsfn_release);
}

// On the JavaScript thread. Without an environment (it is being torn down) the port may be gone as well.
void deliver(napi_env env, napi_value, void *context, void *data) {
  Job *job = static_cast<Job *>(data);
  if (env == nullptr) {
    freeJob(job);
    return;
  }
  Port *port = static_cast<Port *>(context);
  if (job->kind == kStopped) {
    portStopped(env, port);
    freeJob(job);
    return;
  }
  napi_value result;
  napi_create_array_with_length(env, 2, &result);
  napi_set_element(env, result, 0, arrayBuffer(env, job->output));
  napi_set_element(env, result, 1, arrayBuffer(env, job->meta));
  napi_resolve_deferred(env, job->deferred, result);
  endPending(env, port);
  freeJob(job);
}

void threadsafeFinalized(napi_env, void *, void *context) { releasePort(static_cast<Port *>(context)); }

void handleCollected(napi_env, void *data, void *) {
  Port *port = static_cast<Port *>(data);
  if (!port->joined) stopThread(port);
  releasePort(port);
}

napi_value fail(napi_env env, const char *text) {
  napi_throw_error(env, nullptr, text);
  return nullptr;
}

struct Arguments {
  size_t count;
  napi_value values[6];
};

Arguments argumentsOf(napi_env env, napi_callback_info info) {
  Arguments all;
  all.count = 6;
  napi_get_cb_info(env, info, &all.count, all.values, nullptr, nullptr);
  return all;
}

int32_t integerAt(napi_env env, const Arguments &all, size_t index) {
  int32_t value = 0;
  if (index < all.count) napi_get_value_int32(env, all.values[index], &value);
  return value;
}

Port *portAt(napi_env env, const Arguments &all) {
  void *data = nullptr;
  if (all.count == 0 || napi_get_value_external(env, all.values[0], &data) != napi_ok) return nullptr;
  return static_cast<Port *>(data);
}

bool enqueue(Port *port, Job *job) {
  if (port->joined) return false;
  pthread_mutex_lock(&port->lock);
  bool taken = !port->stopping;
  if (taken) {
    if (port->last == nullptr) port->first = job;
    else port->last->next = job;
    port->last = job;
  }
  pthread_mutex_unlock(&port->lock);
  if (taken) wakeUp(port->wake);
  return taken;
}

napi_value submit(napi_env env, Port *port, Job *job) {
  napi_value promise;
  napi_create_promise(env, &job->deferred, &promise);
  beginPending(env, port);
  if (!enqueue(port, job)) deliver(env, nullptr, port, job);
  return promise;
}

// start(fd, kind, watchFd, ifindex) -> port. The port owns the descriptors from here on.
napi_value start(napi_env env, napi_callback_info info) {
  Arguments all = argumentsOf(env, info);
  Port *port = static_cast<Port *>(calloc(1, sizeof(Port)));
  if (port == nullptr) return fail(env, "out of memory");
  port->references = 2;
  port->env = env;
  port->fd = integerAt(env, all, 0);
  port->kind = static_cast<PortKind>(integerAt(env, all, 1));
  port->watch = integerAt(env, all, 2);
  port->ifindex = integerAt(env, all, 3);
  port->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  pthread_mutex_init(&port->lock, nullptr);
  if (port->kind != kNetlinkPort) port->frames = static_cast<uint8_t *>(malloc(kFrameRoom * kBatchMessages));
  bool ready = port->wake >= 0 && (port->kind == kNetlinkPort || port->frames != nullptr);
  napi_value name;
  napi_create_string_utf8(env, "kcore-netlink", NAPI_AUTO_LENGTH, &name);
  if (!ready || napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, threadsafeFinalized, port,
                                                deliver, &port->post) != napi_ok) {
    if (port->wake >= 0) close(port->wake);
    port->references = 1;
    releasePort(port);
    return fail(env, "cannot start a socket's thread");
  }
  napi_unref_threadsafe_function(env, port->post);
  if (uv_thread_create(&port->thread, portThread, port) != 0) {
    close(port->wake);
    port->references = 1;
    napi_release_threadsafe_function(port->post, napi_tsfn_release);
    return fail(env, "cannot start a socket's thread");
  }
  napi_add_env_cleanup_hook(env, endWithEnvironment, port);
  napi_value handle;
  napi_create_external(env, port, handleCollected, nullptr, &handle);
  return handle;
}

bool copyBytes(napi_env env, napi_value value, Buffer *target) {
  void *data;
  size_t length;
  if (napi_get_typedarray_info(env, value, nullptr, &length, &data, nullptr, nullptr) != napi_ok) return false;
  return append(target, data, length);
}

bool copyNumbers(napi_env env, napi_value value, Job *job, size_t each) {
  void *data;
  size_t length;
  napi_typedarray_type type;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok) return false;
  if (type != napi_int32_array || length % each != 0) return false;
  job->count = length / each;
  job->numbers = static_cast<int32_t *>(malloc(length * sizeof(int32_t) + 1));
  if (job->numbers == nullptr) return false;
  memcpy(job->numbers, data, length * sizeof(int32_t));
  size_t total = 0;
  for (size_t index = 0; index < job->count; index += 1) {
    if (job->numbers[index * each] < 0) return false;
    total += static_cast<size_t>(job->numbers[index * each]);
  }
  return total == job->input.length;
}

napi_value submitBytes(napi_env env, napi_callback_info info, JobKind kind, size_t each) {
  Arguments all = argumentsOf(env, info);
  Port *port = portAt(env, all);
  Job *job = static_cast<Job *>(calloc(1, sizeof(Job)));
  if (port == nullptr || job == nullptr || all.count < 3 || !copyBytes(env, all.values[1], &job->input) ||
      !copyNumbers(env, all.values[2], job, each)) {
    freeJob(job);
    return fail(env, "expected a port, bytes and an Int32Array that adds up to them");
  }
  job->kind = kind;
  return submit(env, port, job);
}

// transact(port, bytes, lengths of chunks) -> Promise<[replies, meta]>
napi_value transactEntry(napi_env env, napi_callback_info info) { return submitBytes(env, info, kTransact, 1); }

// send(port, bytes, (length, address, port) of each packet) -> Promise<[nothing, meta]>
napi_value sendEntry(napi_env env, napi_callback_info info) { return submitBytes(env, info, kSend, 3); }

// receive(port) -> Promise<[bytes, meta]>; one at a time.
napi_value receiveEntry(napi_env env, napi_callback_info info) {
  Arguments all = argumentsOf(env, info);
  Port *port = portAt(env, all);
  Job *job = static_cast<Job *>(calloc(1, sizeof(Job)));
  if (port == nullptr || job == nullptr) {
    freeJob(job);
    return fail(env, "expected a port");
  }
  job->kind = kReceive;
  return submit(env, port, job);
}

// cancelReceive(port): ends the receive that was submitted before, not one that comes after.
napi_value cancelEntry(napi_env env, napi_callback_info info) {
  Arguments all = argumentsOf(env, info);
  Port *port = portAt(env, all);
  Job *job = static_cast<Job *>(calloc(1, sizeof(Job)));
  if (port == nullptr || job == nullptr) {
    freeJob(job);
    return fail(env, "expected a port");
  }
  job->kind = kCancel;
  if (!enqueue(port, job)) freeJob(job);
  return undefined(env);
}

// stop(port) -> Promise<void>: resolves when the thread has ended and the descriptors are closed. Call it once.
napi_value stopEntry(napi_env env, napi_callback_info info) {
  Arguments all = argumentsOf(env, info);
  Port *port = portAt(env, all);
  if (port == nullptr || port->joined || port->stopped != nullptr) return fail(env, "expected a port that runs");
  napi_value promise;
  napi_create_promise(env, &port->stopped, &promise);
  beginPending(env, port);
  stopThread(port);
  return promise;
}

// ---------------------------------------------------------------------------------------------------------------------
// Tasks: short work on a thread of its own, which may enter a namespace or wait for RTNL, and ends.

struct Task {
  int (*run)(Task *);
  char netns[512];
  char name[512];
  int32_t numbers[8];
  int32_t groups[64];
  size_t groupCount;
  int result;      // a descriptor, 0, or -errno
  int second;      // the watching socket of a UDP port
  int ifindex;
  uint8_t address[8];
  bool joined;
  uv_thread_t thread;
  napi_deferred deferred;
  napi_threadsafe_function post;
};

int forceBuffer(int fd, int forced, int plain, int bytes) {
  if (bytes <= 0) return 0;
  if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof bytes) == 0) return 0;
  return setsockopt(fd, SOL_SOCKET, plain, &bytes, sizeof bytes);
}

int closeWithError(int fd) {
  int error = errno;
  close(fd);
  return -error;
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

// name: device; numbers: etherType. address: the device's own.
int openPacketTask(Task *task) {
  int fd = openBoundPacket(task->name, static_cast<uint16_t>(task->numbers[0]), &task->ifindex);
  if (fd < 0) return fd;
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

// name: device; numbers: port, broadcast
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

// name; numbers: IFF_ flags, owner or -1
int openTapTask(Task *task) {
  int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return -errno;
  ifreq request;
  memset(&request, 0, sizeof request);
  if (strlen(task->name) >= IFNAMSIZ) {
    errno = ENAMETOOLONG;
    return closeWithError(fd);
  }
  strcpy(request.ifr_name, task->name);
  request.ifr_flags = static_cast<short>(task->numbers[0]);
  if (ioctl(fd, TUNSETIFF, &request) < 0) return closeWithError(fd);
  if (task->numbers[1] >= 0 && ioctl(fd, TUNSETOWNER, static_cast<unsigned long>(task->numbers[1])) < 0) {
    return closeWithError(fd);
  }
  return fd;
}

// numbers: descriptor. Lets the device outlive the descriptor, and closes it.
int persistTapTask(Task *task) {
  int result = ioctl(task->numbers[0], TUNSETPERSIST, 1UL) < 0 ? -errno : 0;
  close(task->numbers[0]);
  return result;
}

// name: where to mount the new namespace of this thread; the file exists.
int makeNetnsTask(Task *task) {
  if (unshare(CLONE_NEWNET) < 0) return -errno;
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%ld/ns/net", syscall(SYS_gettid));
  return mount(path, task->name, "none", MS_BIND, nullptr) < 0 ? -errno : 0;
}

// name: directory. Shared with mount namespaces made later, as iproute2 does: else a namespace deleted here lives on there.
int shareMountTask(Task *task) {
  if (mount("", task->name, "none", MS_SHARED | MS_REC, nullptr) == 0) return 0;
  if (errno != EINVAL) return -errno;
  if (mount(task->name, task->name, "none", MS_BIND | MS_REC, nullptr) < 0) return -errno;
  return mount("", task->name, "none", MS_SHARED | MS_REC, nullptr) < 0 ? -errno : 0;
}

// name: path
int unmountTask(Task *task) { return umount2(task->name, MNT_DETACH) < 0 ? -errno : 0; }

// name: a path of /proc/sys/net, which shows the namespace of the thread that opens it; numbers: whether to write, value.
// `second` is what was read.
int sysctlTask(Task *task) {
  bool writes = task->numbers[0] != 0;
  int fd = open(task->name, (writes ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
  if (fd < 0) return -errno;
  char text[32];
  int length = snprintf(text, sizeof text, "%d", task->numbers[1]);
  ssize_t done = writes ? write(fd, text, static_cast<size_t>(length)) : read(fd, text, sizeof text - 1);
  if (done < 0) return closeWithError(fd);
  text[done] = 0;
  task->second = atoi(text);
  close(fd);
  return 0;
}

// Instead of a path: a namespace of the thread's own, which lives as long as the socket that is opened in it.
constexpr char kPrivateNetns[] = "private";

void taskThread(void *argument) {
  Task *task = static_cast<Task *>(argument);
  int entered = 0;
  if (strcmp(task->netns, kPrivateNetns) == 0) {
    if (unshare(CLONE_NEWNET) < 0) entered = -errno;
  } else if (task->netns[0] != 0) {
    int fd = open(task->netns, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      entered = -errno;
    } else {
      if (setns(fd, CLONE_NEWNET) < 0) entered = -errno;
      close(fd);
    }
  }
  task->result = entered < 0 ? entered : task->run(task);
  napi_call_threadsafe_function(task->post, task, napi_tsfn_blocking);
}

bool opensDescriptor(const Task *task) {
  return task->run == openNetlinkTask || task->run == openPacketTask || task->run == openUdpTask ||
         task->run == openTapTask;
}

void joinTask(void *argument) {
  Task *task = static_cast<Task *>(argument);
  if (task->joined) return;
  uv_thread_join(&task->thread);
  task->joined = true;
}

// The result as [descriptor or -errno, second descriptor, ifindex, six bytes of address].
void deliverTask(napi_env env, napi_value, void *, void *data) {
  Task *task = static_cast<Task *>(data);
  if (env == nullptr) {
    if (opensDescriptor(task) && task->result >= 0) close(task->result);
    if (task->run == openUdpTask && task->result >= 0) close(task->second);
    free(task);
    return;
  }
  napi_remove_env_cleanup_hook(env, joinTask, task);
  joinTask(task);
  napi_value result;
  napi_create_array(env, &result);
  napi_set_element(env, result, 0, number(env, task->result));
  napi_set_element(env, result, 1, number(env, task->second));
  napi_set_element(env, result, 2, number(env, task->ifindex));
  for (uint32_t index = 0; index < 6; index += 1) {
    napi_set_element(env, result, 3 + index, number(env, task->address[index]));
  }
  napi_resolve_deferred(env, task->deferred, result);
  napi_release_threadsafe_function(task->post, napi_tsfn_release);
  free(task);
}

struct TaskName {
  const char *name;
  int (*run)(Task *);
};

constexpr TaskName kTasks[] = {
    {"openNetlink", openNetlinkTask}, {"openPacket", openPacketTask}, {"openUdp", openUdpTask},
    {"openTap", openTapTask},         {"persistTap", persistTapTask}, {"makeNetns", makeNetnsTask},
    {"shareMount", shareMountTask},   {"unmount", unmountTask},       {"sysctl", sysctlTask},
};

bool readText(napi_env env, napi_value value, char *target, size_t room) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok || length >= room) return false;
  return napi_get_value_string_utf8(env, value, target, room, &length) == napi_ok;
}

bool readIntegers(napi_env env, napi_value value, int32_t *target, size_t room, size_t *count) {
  void *data;
  size_t length;
  napi_typedarray_type type;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok) return false;
  if (type != napi_int32_array || length > room) return false;
  memcpy(target, data, length * sizeof(int32_t));
  *count = length;
  return true;
}

// task(kind, netns or '', name, numbers, groups) -> Promise<[result, second, ifindex, ...address]>
napi_value taskEntry(napi_env env, napi_callback_info info) {
  Arguments all = argumentsOf(env, info);
  Task *task = static_cast<Task *>(calloc(1, sizeof(Task)));
  char kind[32];
  size_t count = 0;
  bool valid = task != nullptr && all.count >= 5 && readText(env, all.values[0], kind, sizeof kind) &&
               readText(env, all.values[1], task->netns, sizeof task->netns) &&
               readText(env, all.values[2], task->name, sizeof task->name) &&
               readIntegers(env, all.values[3], task->numbers, 8, &count) &&
               readIntegers(env, all.values[4], task->groups, 64, &task->groupCount);
  for (const TaskName &known : kTasks) {
    if (valid && strcmp(known.name, kind) == 0) task->run = known.run;
  }
  if (!valid || task->run == nullptr) {
    free(task);
    return fail(env, "expected a task's kind, a namespace, a name, numbers and groups, none longer than the kernel takes");
  }
  napi_value name;
  napi_create_string_utf8(env, "kcore-netlink-task", NAPI_AUTO_LENGTH, &name);
  napi_value promise;
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr, deliverTask,
                                      &task->post) != napi_ok) {
    free(task);
    return fail(env, "cannot start a thread");
  }
  napi_create_promise(env, &task->deferred, &promise);
  if (uv_thread_create(&task->thread, taskThread, task) != 0) {
    napi_release_threadsafe_function(task->post, napi_tsfn_release);
    free(task);
    return fail(env, "cannot start a thread");
  }
  napi_add_env_cleanup_hook(env, joinTask, task);
  return promise;
}

// closeDescriptor(fd)
napi_value closeEntry(napi_env env, napi_callback_info info) {
  Arguments all = argumentsOf(env, info);
  close(integerAt(env, all, 0));
  return undefined(env);
}

void addFunction(napi_env env, napi_value exports, const char *name, napi_callback function) {
  napi_value value;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value);
  napi_set_named_property(env, exports, name, value);
}

}  // namespace

NAPI_MODULE_INIT() {
  addFunction(env, exports, "task", taskEntry);
  addFunction(env, exports, "closeDescriptor", closeEntry);
  addFunction(env, exports, "start", start);
  addFunction(env, exports, "transact", transactEntry);
  addFunction(env, exports, "send", sendEntry);
  addFunction(env, exports, "receive", receiveEntry);
  addFunction(env, exports, "cancelReceive", cancelEntry);
  addFunction(env, exports, "stop", stopEntry);
  return exports;
}
