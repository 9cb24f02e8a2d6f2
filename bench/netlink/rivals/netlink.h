// What the C rivals share: messages in a buffer, sent when it is full, acknowledgements counted. No library.
#pragma once
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static inline double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static inline void die(const char *what) {
  perror(what);
  exit(1);
}

static inline int open_route(void) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), on = 1;
  struct sockaddr_nl self = {.nl_family = AF_NETLINK};
  if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof self) < 0) die("netlink socket");
  setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  return fd;
}

static inline struct nlattr *put(struct nlmsghdr *n, unsigned short type, const void *data, size_t size) {
  struct nlattr *a = (void *)((char *)n + NLMSG_ALIGN(n->nlmsg_len));
  a->nla_type = type;
  a->nla_len = NLA_HDRLEN + size;
  if (size) memcpy((char *)a + NLA_HDRLEN, data, size);
  n->nlmsg_len = NLMSG_ALIGN(n->nlmsg_len) + NLA_ALIGN(a->nla_len);
  return a;
}

static inline void end_nest(struct nlmsghdr *n, struct nlattr *a) {
  a->nla_len = (char *)n + n->nlmsg_len - (char *)a;
}

// Sends what is in the buffer and reads until `last`, which asked for an acknowledgement, has it.
static inline void exchange(int fd, char *buffer, size_t used, uint32_t last) {
  char answer[32768];
  if (send(fd, buffer, used, 0) < 0) die("send");
  for (;;) {
    ssize_t size = recv(fd, answer, sizeof answer, 0);
    if (size < 0) die("recv");
    for (struct nlmsghdr *n = (void *)answer; NLMSG_OK(n, size); n = NLMSG_NEXT(n, size)) {
      if (n->nlmsg_type != NLMSG_ERROR) continue;
      int error = ((struct nlmsgerr *)NLMSG_DATA(n))->error;
      if (error) {
        fprintf(stderr, "message %u: %s\n", n->nlmsg_seq, strerror(-error));
        exit(1);
      }
      if (n->nlmsg_seq == last) return;
    }
  }
}
