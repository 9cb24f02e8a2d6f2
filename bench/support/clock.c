// Runs a program and writes to descriptor 3 how long it took, from just before fork to just after wait, and what it used.
// The first argument is the path of a network namespace that it runs in, or "-". A small program of C does this instead
// of Node, whose own fork takes milliseconds, and so that entering the namespace is in nobody's figure.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void fail(const char *what) {
  fprintf(stderr, "clock: %s: %s\n", what, strerror(errno));
  exit(127);
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: clock NETNS|- PROGRAM ARGUMENT...\n");
    return 127;
  }
  // Whoever measures may be killed; what is measured must not stay behind.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (strcmp(argv[1], "-") != 0) {
    int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) fail(argv[1]);
    close(fd);
  }
  fcntl(3, F_SETFD, FD_CLOEXEC);
  double start = now();
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(argv[2], argv + 2);
    fail(argv[2]);
  }
  int status;
  struct rusage used;
  while (wait4(child, &status, 0, &used) < 0)
    if (errno != EINTR) fail("wait");
  double end = now();
  dprintf(3, "{\"ms\":%.4f,\"userMs\":%.3f,\"systemMs\":%.3f,\"maxRssKib\":%ld}\n", end - start,
          used.ru_utime.tv_sec * 1e3 + used.ru_utime.tv_usec / 1e3,
          used.ru_stime.tv_sec * 1e3 + used.ru_stime.tv_usec / 1e3, used.ru_maxrss);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
