/*
 * Direct DHCP clients, as virtual machines on a bridge are: whole Ethernet frames, no relay, closed loop.
 *
 *   generator INTERFACE window=64 clients=60000 first=0 seconds=1.5 broadcast=0 renew-clients=500 renew-seconds=0
 *
 * `window` clients are under way at any time; each is fresh (a MAC of its own) and does DISCOVER, OFFER, REQUEST, ACK;
 * then the next one takes its place, until `clients` are done or `seconds` are over. With `renew-seconds` the first
 * `renew-clients` of them then renew by unicast, over and over. Every reply is checked: transaction, hardware address,
 * checksums, the address offered is the one acknowledged, and nobody else was given it. Prints one line of JSON.
 *
 * Frames are received and sent in batches and nothing is allocated on the way, so that the server is what is measured.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, FRAME = 2048, MAX_WINDOW = 1024, MAX_CLIENTS = 65536, BLOCK = 10000, MAX_BLOCKS = 8 };
enum { ETHERNET = 14, IP = 20, UDP = 8, BOOTP = ETHERNET + IP + UDP, OPTIONS = BOOTP + 240, MINIMUM = BOOTP + 300 };
enum { DISCOVER = 1, OFFER = 2, REQUEST = 3, ACK = 5, NAK = 6 };
/* A client that is not answered within this time asks again. */
static const uint64_t PATIENCE = 1000000;

enum state { IDLE, SELECTING, REQUESTING, RENEWING };

struct slot {
  enum state state;
  uint32_t client, xid, offered;
  uint64_t began, asked;
};

static struct options {
  const char *interface;
  unsigned window, clients, first, broadcast, renewClients;
  double seconds, renewSeconds;
} options = {NULL, 64, 60000, 0, 0, 500, 1.5, 0};

static struct results {
  unsigned done, renewed, timeouts, naks, foreign, duplicates, changed, badChecksums;
  double seconds, renewSeconds;
  double blocks[MAX_BLOCKS];
} results;

static struct slot slots[MAX_WINDOW];
/* By client: the address it was given. By the low half of an address: 1 + the client it was given to. */
static uint32_t addresses[MAX_CLIENTS];
static uint32_t owners[65536];
static uint32_t *latencies, *renewLatencies;
static uint8_t serverMac[6];
static uint32_t serverAddress;
static uint32_t nextClient, nextXid = 1;

static int fd;
static uint8_t outgoing[BATCH][FRAME];
static size_t outgoingLength[BATCH];
static unsigned outgoingCount;

static void die(const char *what) {
  fprintf(stderr, "generator: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void put16(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value) {
  put16(at, value >> 16);
  put16(at + 2, value & 0xffff);
}

static uint32_t get16(const uint8_t *at) { return (uint32_t)at[0] << 8 | at[1]; }
static uint32_t get32(const uint8_t *at) { return get16(at) << 16 | get16(at + 2); }

/* RFC 1071, in whatever byte order the machine has: the sum comes out in that of the wire. */
static uint32_t sumOf(const uint8_t *bytes, size_t length, uint32_t sum) {
  for (; length > 1; bytes += 2, length -= 2) {
    uint16_t word;
    memcpy(&word, bytes, 2);
    sum += word;
  }
  if (length == 1) sum += htons((uint16_t)(bytes[0] << 8));
  return sum;
}

static uint16_t folded(uint32_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

/* Addresses, protocol, length: what a UDP sum covers besides the datagram. */
static uint32_t pseudoHeader(const uint8_t *frame, size_t udpLength) {
  return sumOf(frame + ETHERNET + 12, 8, htons(17) + htons((uint16_t)udpLength));
}

static void macOf(uint32_t client, uint8_t *mac) {
  mac[0] = 0x02;
  mac[1] = 0x6b;
  put32(mac + 2, client);
}

static void flush(void) {
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  memset(messages, 0, sizeof messages);
  for (unsigned index = 0; index < outgoingCount; index += 1) {
    parts[index].iov_base = outgoing[index];
    parts[index].iov_len = outgoingLength[index];
    messages[index].msg_hdr.msg_iov = &parts[index];
    messages[index].msg_hdr.msg_iovlen = 1;
  }
  for (unsigned sent = 0; sent < outgoingCount;) {
    int took = sendmmsg(fd, messages + sent, outgoingCount - sent, 0);
    if (took < 0 && errno != EINTR && errno != ENOBUFS && errno != EAGAIN) die("sendmmsg");
    if (took > 0) sent += (unsigned)took;
  }
  outgoingCount = 0;
}

static uint8_t *option(uint8_t *at, uint8_t code, const void *value, uint8_t length) {
  at[0] = code;
  at[1] = length;
  memcpy(at + 2, value, length);
  return at + 2 + length;
}

/* What Linux distributions ask for. */
static const uint8_t ASKED[] = {1, 3, 6, 12, 15, 26, 28, 42, 51, 54, 58, 59, 119, 121};

static void seal(uint8_t *frame, size_t length, uint32_t source, uint32_t destination) {
  uint8_t *ip = frame + ETHERNET;
  put16(frame + 12, ETHERTYPE_IP);
  ip[0] = 0x45;
  put16(ip + 2, (uint32_t)(length - ETHERNET));
  ip[8] = 64;
  ip[9] = 17;
  put32(ip + 12, source);
  put32(ip + 16, destination);
  uint16_t sum = folded(sumOf(ip, IP, 0));
  memcpy(ip + 10, &sum, 2);
  uint8_t *udp = ip + IP;
  size_t udpLength = length - ETHERNET - IP;
  put16(udp, 68);
  put16(udp + 2, 67);
  put16(udp + 4, (uint32_t)udpLength);
  sum = folded(sumOf(udp, udpLength, pseudoHeader(frame, udpLength)));
  if (sum == 0) sum = 0xffff;
  memcpy(udp + 6, &sum, 2);
}

static void ask(struct slot *slot, uint64_t now) {
  if (outgoingCount == BATCH) flush();
  uint8_t *frame = outgoing[outgoingCount];
  uint8_t *message = frame + BOOTP;
  uint8_t mac[6], id[7] = {1};
  int renewing = slot->state == RENEWING;
  memset(frame, 0, MINIMUM);
  macOf(slot->client, mac);
  memcpy(id + 1, mac, 6);
  if (renewing) memcpy(frame, serverMac, 6);
  else memset(frame, 0xff, 6);
  memcpy(frame + 6, mac, 6);
  message[0] = 1;
  message[1] = 1;
  message[2] = 6;
  put32(message + 4, slot->xid);
  if (options.broadcast) message[10] = 0x80;
  if (renewing) put32(message + 12, slot->offered);
  memcpy(message + 28, mac, 6);
  put32(message + 236, 0x63825363);
  uint8_t *at = frame + OPTIONS;
  uint8_t type = slot->state == SELECTING ? DISCOVER : REQUEST;
  uint8_t number[4];
  at = option(at, 53, &type, 1);
  at = option(at, 61, id, sizeof id);
  if (slot->state == REQUESTING) {
    put32(number, slot->offered);
    at = option(at, 50, number, 4);
    put32(number, serverAddress);
    at = option(at, 54, number, 4);
  }
  put16(number, 1500);
  at = option(at, 57, number, 2);
  at = option(at, 55, ASKED, sizeof ASKED);
  *at++ = 255;
  size_t length = (size_t)(at - frame);
  if (length < MINIMUM) length = MINIMUM;
  seal(frame, length, renewing ? slot->offered : 0, renewing ? serverAddress : 0xffffffff);
  outgoingLength[outgoingCount] = length;
  outgoingCount += 1;
  slot->asked = now;
}

static void advance(struct slot *slot, enum state state, uint64_t now) {
  slot->state = state;
  slot->xid = nextXid++ * MAX_WINDOW + (uint32_t)(slot - slots);
  ask(slot, now);
}

/* The next fresh client takes the slot, if there is one. */
static void discover(struct slot *slot, uint64_t now) {
  slot->state = IDLE;
  if (nextClient >= options.first + options.clients) return;
  slot->client = nextClient++;
  slot->began = now;
  advance(slot, SELECTING, now);
}

static void renew(struct slot *slot, uint64_t now) {
  unsigned known = results.done < options.renewClients ? results.done : options.renewClients;
  slot->client = options.first + (nextClient++ % known);
  slot->offered = addresses[slot->client];
  slot->began = now;
  if (slot->offered == 0) slot->state = IDLE;
  else advance(slot, RENEWING, now);
}

static const uint8_t *find(const uint8_t *at, const uint8_t *end, uint8_t code) {
  while (at < end && *at != 255) {
    if (*at == 0) {
      at += 1;
      continue;
    }
    if (at + 2 > end || at + 2 + at[1] > end) return NULL;
    if (*at == code) return at;
    at += 2 + at[1];
  }
  return NULL;
}

static void acknowledged(struct slot *slot, uint32_t address, uint64_t now) {
  if (address != slot->offered) results.changed += 1;
  uint32_t latency = (uint32_t)(now - slot->began);
  if (slot->state == RENEWING) {
    renewLatencies[results.renewed % MAX_CLIENTS] = latency;
    results.renewed += 1;
    renew(slot, now);
    return;
  }
  uint32_t owner = owners[address & 0xffff];
  if (owner != 0 && owner != slot->client + 1) results.duplicates += 1;
  owners[address & 0xffff] = slot->client + 1;
  addresses[slot->client] = address;
  latencies[results.done] = latency;
  results.done += 1;
  discover(slot, now);
}

static void hear(const uint8_t *frame, size_t length, uint64_t now) {
  if (length < OPTIONS || get16(frame + ETHERNET + IP) != 67) return;
  const uint8_t *message = frame + BOOTP;
  size_t udpLength = get16(frame + ETHERNET + IP + 4);
  if (ETHERNET + IP + udpLength > length) return;
  uint16_t udpSum;
  memcpy(&udpSum, frame + ETHERNET + IP + 6, 2);
  if (folded(sumOf(frame + ETHERNET, IP, 0)) != 0 ||
      (udpSum != 0 && folded(sumOf(frame + ETHERNET + IP, udpLength, pseudoHeader(frame, udpLength))) != 0)) {
    results.badChecksums += 1;
  }
  uint32_t xid = get32(message + 4);
  struct slot *slot = &slots[xid % MAX_WINDOW];
  uint8_t mac[6];
  macOf(slot->client, mac);
  if (message[0] != 2 || slot->state == IDLE || slot->xid != xid || memcmp(message + 28, mac, 6) != 0) {
    results.foreign += 1;
    return;
  }
  const uint8_t *end = frame + ETHERNET + IP + udpLength;
  const uint8_t *type = find(frame + OPTIONS, end, 53);
  const uint8_t *server = find(frame + OPTIONS, end, 54);
  if (type == NULL || server == NULL) return;
  uint32_t address = get32(message + 16);
  if (type[2] == NAK) {
    results.naks += 1;
    slot->began = now;
    advance(slot, SELECTING, now);
  } else if (type[2] == OFFER && slot->state == SELECTING) {
    slot->offered = address;
    serverAddress = get32(server + 2);
    memcpy(serverMac, frame + 6, 6);
    advance(slot, REQUESTING, now);
  } else if (type[2] == ACK && (slot->state == REQUESTING || slot->state == RENEWING)) {
    acknowledged(slot, address, now);
  }
}

/* A server that answers renewals by UDP asks for the client's hardware address first. */
static void answerArp(const uint8_t *frame, size_t length) {
  if (length < 42 || get16(frame + 20) != 1) return;
  uint32_t target = get32(frame + 38);
  uint32_t owner = owners[target & 0xffff];
  if (owner == 0 || addresses[owner - 1] != target) return;
  if (outgoingCount == BATCH) flush();
  uint8_t *out = outgoing[outgoingCount];
  memset(out, 0, 60);
  memcpy(out, frame + 6, 6);
  macOf(owner - 1, out + 6);
  memcpy(out + 12, frame + 12, 8);
  put16(out + 20, 2);
  macOf(owner - 1, out + 22);
  put32(out + 28, target);
  memcpy(out + 32, frame + 22, 10);
  outgoingLength[outgoingCount] = 60;
  outgoingCount += 1;
}

static uint8_t incoming[BATCH][FRAME];

static void receive(void) {
  static struct mmsghdr messages[BATCH];
  static struct iovec parts[BATCH];
  for (unsigned index = 0; index < BATCH; index += 1) {
    parts[index].iov_base = incoming[index];
    parts[index].iov_len = FRAME;
    messages[index].msg_hdr.msg_iov = &parts[index];
    messages[index].msg_hdr.msg_iovlen = 1;
  }
  int got = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
  if (got < 0 && errno != EAGAIN && errno != EINTR) die("recvmmsg");
  uint64_t now = microseconds();
  for (int index = 0; index < got; index += 1) {
    if (get16(incoming[index] + 12) == ETHERTYPE_ARP) answerArp(incoming[index], messages[index].msg_len);
    else hear(incoming[index], messages[index].msg_len, now);
  }
}

static int askAgain(uint64_t now) {
  int active = 0;
  for (unsigned index = 0; index < options.window; index += 1) {
    struct slot *slot = &slots[index];
    if (slot->state == IDLE) continue;
    active += 1;
    if (now - slot->asked < PATIENCE) continue;
    results.timeouts += 1;
    ask(slot, now);
  }
  return active;
}

/* Until the time is over, or there is nothing left to do. Returns the seconds it took. */
static double run(double seconds) {
  uint64_t began = microseconds(), looked = began, last = began;
  uint64_t end = began + (uint64_t)(seconds * 1e6);
  unsigned counted = results.done + results.renewed;
  for (;;) {
    flush();
    struct pollfd readable = {fd, POLLIN, 0};
    if (poll(&readable, 1, 20) > 0) receive();
    uint64_t now = microseconds();
    if (results.done + results.renewed != counted) {
      counted = results.done + results.renewed;
      last = now;
    }
    unsigned block = results.done / BLOCK;
    if (block > 0 && block <= MAX_BLOCKS && results.blocks[block - 1] == 0)
      results.blocks[block - 1] = (double)(now - began) / 1e6;
    if (now >= end) return (double)(now - began) / 1e6;
    if (now - looked < 10000) continue;
    looked = now;
    if (askAgain(now) == 0) return (double)(last - began) / 1e6;
  }
}

/* DHCP replies and ARP; everything else on the link is not looked at. */
static void openSocket(void) {
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_ARP, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_IP, 0, 4),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETHERNET + IP + 2),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 68, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, FRAME),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  struct sock_fprog filter = {sizeof program / sizeof *program, program};
  struct sockaddr_ll local = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  int size = 8 << 20, on = 1;
  fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  local.sll_ifindex = (int)if_nametoindex(options.interface);
  if (local.sll_ifindex == 0) die(options.interface);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
  setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on);
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) < 0) die("filter");
  if (bind(fd, (struct sockaddr *)&local, sizeof local) < 0) die("bind");
}

static int ascending(const void *left, const void *right) {
  uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return a < b ? -1 : a > b;
}

static void printLatency(const char *name, uint32_t *values, unsigned count) {
  if (count > MAX_CLIENTS) count = MAX_CLIENTS;
  qsort(values, count, sizeof *values, ascending);
  unsigned last = count == 0 ? 0 : count - 1;
  printf(",\"%s\":{\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}", name, values[last / 2] / 1e3,
         values[(unsigned)(last * 0.99)] / 1e3, values[last] / 1e3);
}

static void print(void) {
  printf("{\"acks\":%u,\"seconds\":%.6f,\"timeouts\":%u,\"naks\":%u,\"foreign\":%u,\"duplicates\":%u,\"changed\":%u,"
         "\"badChecksums\":%u,\"renewals\":%u,\"renewSeconds\":%.6f",
         results.done, results.seconds, results.timeouts, results.naks, results.foreign, results.duplicates,
         results.changed, results.badChecksums, results.renewed, results.renewSeconds);
  printLatency("latency", latencies, results.done);
  printLatency("renewLatency", renewLatencies, results.renewed);
  printf(",\"blocks\":[");
  for (unsigned block = 0; block < MAX_BLOCKS && results.blocks[block] > 0; block += 1)
    printf("%s%.6f", block == 0 ? "" : ",", results.blocks[block]);
  printf("]}\n");
}

static int parse(const char *argument) {
  const char *value = strchr(argument, '=');
  if (value == NULL) return 0;
  size_t length = (size_t)(value++ - argument);
  struct {
    const char *name;
    unsigned *whole;
    double *real;
  } known[] = {
      {"window", &options.window, NULL},          {"clients", &options.clients, NULL},
      {"first", &options.first, NULL},            {"broadcast", &options.broadcast, NULL},
      {"renew-clients", &options.renewClients, NULL}, {"seconds", NULL, &options.seconds},
      {"renew-seconds", NULL, &options.renewSeconds},
  };
  for (size_t index = 0; index < sizeof known / sizeof *known; index += 1) {
    if (strlen(known[index].name) != length || strncmp(known[index].name, argument, length) != 0) continue;
    if (known[index].whole != NULL) *known[index].whole = (unsigned)strtoul(value, NULL, 10);
    else *known[index].real = strtod(value, NULL);
    return 1;
  }
  return 0;
}

int main(int count, char **arguments) {
  for (int index = 2; index < count; index += 1) {
    if (parse(arguments[index])) continue;
    fprintf(stderr, "generator: '%s' is not understood\n", arguments[index]);
    return 2;
  }
  if (count < 2 || options.window > MAX_WINDOW || options.first + options.clients > MAX_CLIENTS) {
    fprintf(stderr, "usage: generator INTERFACE [name=value]…\n");
    return 2;
  }
  options.interface = arguments[1];
  latencies = calloc(MAX_CLIENTS, sizeof *latencies);
  renewLatencies = calloc(MAX_CLIENTS, sizeof *renewLatencies);
  if (latencies == NULL || renewLatencies == NULL) die("calloc");
  openSocket();
  nextClient = options.first;
  uint64_t now = microseconds();
  for (unsigned index = 0; index < options.window; index += 1) discover(&slots[index], now);
  results.seconds = run(options.seconds);
  if (options.renewSeconds > 0 && results.done > 0) {
    nextClient = 0;
    now = microseconds();
    for (unsigned index = 0; index < options.window; index += 1) renew(&slots[index], now);
    results.renewSeconds = run(options.renewSeconds);
  }
  print();
  return 0;
}
