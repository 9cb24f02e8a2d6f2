// Tasks on what is no socket: TAP devices, named namespaces, sysctls.
#pragma once

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "task.h"

namespace {

// Which of a tap's numbers were given. No number stands for "not given": ids are all of 32 bits.
constexpr int32_t kOwnerGiven = 1;
constexpr int32_t kGroupGiven = 2;
constexpr int32_t kHeaderSizeGiven = 4;

// An id travels as the 32 bits of an int32_t.
bool setId(int fd, unsigned long option, int32_t id) {
  return ioctl(fd, option, static_cast<unsigned long>(static_cast<uint32_t>(id))) == 0;
}

// name; numbers: IFF_ flags, which of the next are given, owner, group, length of the header before each frame
int openTapTask(Task *task) {
  ifreq request;
  memset(&request, 0, sizeof request);
  if (strlen(task->name) >= IFNAMSIZ) return -ENAMETOOLONG;
  strcpy(request.ifr_name, task->name);
  request.ifr_flags = static_cast<short>(task->numbers[0]);
  int32_t given = task->numbers[1];
  int headerSize = task->numbers[4];
  int fd = task->descriptor.fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0 ||
      ((given & kOwnerGiven) != 0 && !setId(fd, TUNSETOWNER, task->numbers[2])) ||
      ((given & kGroupGiven) != 0 && !setId(fd, TUNSETGROUP, task->numbers[3])) ||
      ((given & kHeaderSizeGiven) != 0 && ioctl(fd, TUNSETVNETHDRSZ, &headerSize) < 0)) {
    return -errno;
  }
  return 0;
}

// numbers: whether the device is to outlive the descriptor, which is closed.
int persistTapTask(Task *task) {
  unsigned long persistent = static_cast<unsigned long>(task->numbers[0]);
  int result = ioctl(task->descriptor.fd, TUNSETPERSIST, persistent) < 0 ? -errno : 0;
  closeDescriptor(&task->descriptor);
  return result;
}

// On a thread, because the device goes with its last descriptor, and that waits for RTNL.
int closeTapTask(Task *task) {
  closeDescriptor(&task->descriptor);
  return 0;
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

// name: a path of /proc/sys/net, which shows the namespace of the thread that opens it; numbers: whether to write.
// `text` is what is written, or was read.
int sysctlTask(Task *task) {
  bool writes = task->numbers[0] != 0;
  int fd = open(task->name, (writes ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
  if (fd < 0) return -errno;
  ssize_t done = writes ? write(fd, task->text, strlen(task->text)) : read(fd, task->text, sizeof task->text - 1);
  if (done < 0) return closeWithError(fd);
  if (!writes) task->text[done] = 0;
  close(fd);
  return 0;
}

}  // namespace
