/*
 * Preloaded into a server, lets a disk fail under it: while the file named by FAILING_DISK exists, the calls that are
 * named in it fail with EIO on files below FAILING_DISK_DIRECTORY. "write" fails before anything is written. "sync" is
 * what a kernel does when the medium refuses the pages: the bytes are in memory, the call fails.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int named(const char *call) {
  const char *flag = getenv("FAILING_DISK");
  FILE *file = flag == NULL ? NULL : fopen(flag, "r");
  if (file == NULL) return 0;
  char text[256] = {0};
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  return length > 0 && strstr(text, call) != NULL;
}

static int concerned(int fd) {
  const char *directory = getenv("FAILING_DISK_DIRECTORY");
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (directory == NULL || length < 0) return 0;
  path[length] = '\0';
  return strncmp(path, directory, strlen(directory)) == 0;
}

static int fails(int fd, const char *call) {
  if (!concerned(fd) || !named(call)) return 0;
  errno = EIO;
  return 1;
}

/* A write through a descriptor that syncs: written, and not synced. */
static int unsynced(int fd) {
  return (fcntl(fd, F_GETFL) & O_DSYNC) != 0 && fails(fd, "sync");
}

#define NEXT(name, type) ((type)dlsym(RTLD_NEXT, #name))
#define WRITE(name, parameters, arguments)                        \
  ssize_t name parameters {                                       \
    if (fails(fd, "write")) return -1;                            \
    ssize_t done = NEXT(name, ssize_t(*) parameters) arguments;   \
    return done > 0 && unsynced(fd) ? -1 : done;                  \
  }

WRITE(write, (int fd, const void *bytes, size_t length), (fd, bytes, length))
WRITE(pwrite, (int fd, const void *bytes, size_t length, off_t at), (fd, bytes, length, at))
WRITE(pwrite64, (int fd, const void *bytes, size_t length, off64_t at), (fd, bytes, length, at))
WRITE(pwritev, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
WRITE(pwritev64, (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at))

ssize_t read(int fd, void *bytes, size_t length) {
  return fails(fd, "read") ? -1 : NEXT(read, ssize_t(*)(int, void *, size_t))(fd, bytes, length);
}

ssize_t pread64(int fd, void *bytes, size_t length, off64_t at) {
  return fails(fd, "read") ? -1 : NEXT(pread64, ssize_t(*)(int, void *, size_t, off64_t))(fd, bytes, length, at);
}

int fsync(int fd) { return fails(fd, "sync") ? -1 : NEXT(fsync, int (*)(int))(fd); }

int fdatasync(int fd) { return fails(fd, "sync") ? -1 : NEXT(fdatasync, int (*)(int))(fd); }
