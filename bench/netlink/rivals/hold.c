// hold COUNT: makes COUNT bridges in a group, then deletes the group in one message. The kernel holds RTNL for the whole
// of it. Says "ready" before, and how long the deletion took after.
#include "netlink.h"

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  int count = atoi(argv[1]), fd = open_route();
  uint32_t group = 77;
  char buffer[1024];
  struct nlmsghdr *n = (void *)buffer;
  for (int i = 0; i <= count; i++) {
    memset(buffer, 0, sizeof buffer);
    n->nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg));
    n->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    n->nlmsg_seq = i + 1;
    if (i < count) {
      char name[16];
      snprintf(name, sizeof name, "hold%d", i);
      n->nlmsg_type = RTM_NEWLINK;
      n->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
      put(n, IFLA_IFNAME, name, strlen(name) + 1);
      put(n, IFLA_GROUP, &group, 4);
      struct nlattr *info = put(n, IFLA_LINKINFO, NULL, 0);
      put(n, IFLA_INFO_KIND, "bridge", 7);
      end_nest(n, info);
      exchange(fd, buffer, n->nlmsg_len, n->nlmsg_seq);
      continue;
    }
    n->nlmsg_type = RTM_DELLINK;
    put(n, IFLA_GROUP, &group, 4);
    printf("ready\n");
    fflush(stdout);
    double start = now_ms();
    exchange(fd, buffer, n->nlmsg_len, n->nlmsg_seq);
    printf("{\"ms\":%.3f}\n", now_ms() - start);
  }
  return 0;
}
