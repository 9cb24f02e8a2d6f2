// fdb IFNAME COUNT CHUNK_BYTES [PAUSE_US]: forwarding entries of a vxlan device, as many in each sendmsg as fit the chunk, the last of
// a chunk acknowledged. What a careful C program reaches; errors are told, as each failed message answers anyway.
// With a pause after each chunk it is a source of events that a reader can keep up with.
#include <net/if.h>
#include "netlink.h"

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  unsigned index = if_nametoindex(argv[1]);
  int count = atoi(argv[2]), pause = argc > 4 ? atoi(argv[4]) : 0;
  size_t chunk = atoi(argv[3]), used = 0;
  int fd = open_route();
  char *buffer = calloc(1, chunk);
  struct nlmsghdr *last = NULL;
  double start = now_ms();
  for (int i = 0; i < count; i++) {
    uint8_t mac[6] = {2, 0, 0, i >> 16, i >> 8, i}, destination[4] = {10, 0, i % 200, 1 + i % 250};
    struct nlmsghdr *n = (void *)(buffer + used);
    struct ndmsg *d = NLMSG_DATA(n);
    memset(n, 0, NLMSG_LENGTH(sizeof *d));
    n->nlmsg_len = NLMSG_LENGTH(sizeof *d);
    n->nlmsg_type = RTM_NEWNEIGH;
    n->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL;
    n->nlmsg_seq = i + 1;
    d->ndm_family = AF_BRIDGE;
    d->ndm_ifindex = index;
    d->ndm_state = NUD_PERMANENT;
    d->ndm_flags = NTF_SELF;
    put(n, NDA_LLADDR, mac, 6);
    put(n, NDA_DST, destination, 4);
    used += n->nlmsg_len;
    last = n;
    if (used + n->nlmsg_len > chunk || i == count - 1) {
      last->nlmsg_flags |= NLM_F_ACK;
      exchange(fd, buffer, used, last->nlmsg_seq);
      used = 0;
      if (pause) usleep(pause);
    }
  }
  printf("{\"ms\":%.3f}\n", now_ms() - start);
  return 0;
}
