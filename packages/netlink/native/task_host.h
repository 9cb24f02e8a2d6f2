// Tasks on what is no socket: TAP devices, named namespaces, sysctls.
#pragma once

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "task.h"

namespace {

// An ioctl for a number that was given, which is what is not negative.
bool setTap(int fd, unsigned long option, int32_t value) {
  return value < 0 || ioctl(fd, option, static_cast<unsigned long>(value)) == 0;
}

// name; numbers: IFF_ flags, owner, group, length of the header before each frame; each of these or -1
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
  int headerSize = task->numbers[3];
  if (ioctl(fd, TUNSETIFF, &request) < 0 || !setTap(fd, TUNSETOWNER, task->numbers[1]) ||
      !setTap(fd, TUNSETGROUP, task->numbers[2]) || (headerSize >= 0 && ioctl(fd, TUNSETVNETHDRSZ, &headerSize) < 0)) {
    return closeWithError(fd);
  }
  return fd;
}

// numbers: descriptor, whether the device is to outlive it. Closes the descriptor.
int persistTapTask(Task *task) {
  int result = ioctl(task->numbers[0], TUNSETPERSIST, static_cast<unsigned long>(task->numbers[1])) < 0 ? -errno : 0;
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

int shareMount(const char *directory) {
  if (mount("", directory, "none", MS_SHARED | MS_REC, nullptr) == 0) return 0;
  if (errno != EINVAL) return -errno;
  if (mount(directory, directory, "none", MS_BIND | MS_REC, nullptr) < 0) return -errno;
  return mount("", directory, "none", MS_SHARED | MS_REC, nullptr) < 0 ? -errno : 0;
}

// name: directory. Shared with mount namespaces made later, as iproute2 does: else a namespace deleted here lives on there.
// Under the lock that iproute2 takes too: two that find it unshared at once would mount it twice.
int shareMountTask(Task *task) {
  int lock = open(task->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0) return -errno;
  if (flock(lock, LOCK_EX) < 0) return closeWithError(lock);
  int result = shareMount(task->name);
  close(lock);
  return result;
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

}  // namespace
