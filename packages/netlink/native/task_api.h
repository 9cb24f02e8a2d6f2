// Tasks as JavaScript sees them.
#pragma once

#include <fcntl.h>
#include <node_api.h>
#include <sched.h>
#include <string.h>

#include "arguments.h"
#include "task_host.h"
#include "task_sockets.h"

namespace {

// Instead of a path: a namespace of the thread's own, which lives as long as the socket that is opened in it.
constexpr char kPrivateNetns[] = "private";

int enterNetns(const char *netns) {
  if (netns[0] == 0) return 0;
  if (strcmp(netns, kPrivateNetns) == 0) return unshare(CLONE_NEWNET) < 0 ? -errno : 0;
  int fd = open(netns, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  if (setns(fd, CLONE_NEWNET) < 0) return closeWithError(fd);
  close(fd);
  return 0;
}

void taskThread(void *argument) {
  Task *task = static_cast<Task *>(argument);
  task->result = enterNetns(task->netns);
  task->entered = task->result == 0;
  if (task->entered) task->result = task->run(task);
  if (task->result < 0) closeDescriptor(&task->descriptor);
  napi_call_threadsafe_function(task->post, task, napi_tsfn_blocking);
}

void joinTask(void *argument) {
  Task *task = static_cast<Task *>(argument);
  if (task->joined) return;
  uv_thread_join(&task->thread);
  task->joined = true;
}

// The result as [0 or -errno, whether the namespace was entered, descriptor, text].
void deliverTask(napi_env env, napi_value, void *, void *data) {
  Task *task = static_cast<Task *>(data);
  if (env == nullptr) {
    closeDescriptor(&task->descriptor);
    free(task);
    return;
  }
  napi_remove_env_cleanup_hook(env, joinTask, task);
  joinTask(task);
  napi_value result, text;
  napi_create_array(env, &result);
  napi_set_element(env, result, 0, number(env, task->result));
  napi_set_element(env, result, 1, number(env, task->entered));
  napi_set_element(env, result, 2, descriptorValue(env, &task->descriptor));
  napi_create_string_utf8(env, task->text, NAPI_AUTO_LENGTH, &text);
  napi_set_element(env, result, 3, text);
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
    {"openTap", openTapTask},         {"persistTap", persistTapTask}, {"closeTap", closeTapTask},
    {"makeNetns", makeNetnsTask},     {"shareMount", shareMountTask}, {"unmount", unmountTask},
    {"sysctl", sysctlTask},
};

// Not one with a zero in it: the kernel would be told what is before it.
bool readText(napi_env env, napi_value value, char *target, size_t room) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok || length >= room) return false;
  return napi_get_value_string_utf8(env, value, target, room, &length) == napi_ok && strlen(target) == length;
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

bool readTask(napi_env env, const Arguments &all, Task *task) {
  char kind[32];
  size_t count = 0;
  task->descriptor = kNoDescriptor;
  bool valid = all.count >= 5 && readText(env, all.values[0], kind, sizeof kind) &&
               readText(env, all.values[1], task->netns, sizeof task->netns) &&
               readText(env, all.values[2], task->name, sizeof task->name) &&
               readIntegers(env, all.values[3], task->numbers, 8, &count) &&
               readIntegers(env, all.values[4], task->groups, 64, &task->groupCount) &&
               (all.count < 6 || readText(env, all.values[5], task->text, sizeof task->text));
  for (const TaskName &known : kTasks) {
    if (valid && strcmp(known.name, kind) == 0) task->run = known.run;
  }
  return task->run != nullptr;
}

// 0, or what libuv says.
int startTask(napi_env env, Task *task, napi_value *promise) {
  napi_value name;
  napi_create_string_utf8(env, "kcore-netlink-task", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr, deliverTask,
                                      &task->post) != napi_ok) {
    return -ENOMEM;
  }
  napi_create_promise(env, &task->deferred, promise);
  int status = uv_thread_create(&task->thread, taskThread, task);
  if (status != 0) {
    napi_release_threadsafe_function(task->post, napi_tsfn_release);
    return status;
  }
  napi_add_env_cleanup_hook(env, joinTask, task);
  return 0;
}

// task(kind, netns or '', name, numbers, groups, text, descriptor) -> Promise<[result, entered, descriptor, text]>
// The descriptor is the task's once it has begun.
napi_value taskEntry(napi_env env, napi_callback_info info) {
  Arguments all = argumentsOf(env, info);
  Task *task = static_cast<Task *>(calloc(1, sizeof(Task)));
  if (task == nullptr || !readTask(env, all, task)) {
    free(task);
    return fail(env, "expected a namespace and a name without a zero in them, and nothing longer than the kernel takes");
  }
  Descriptor *given = descriptorAt(env, all, 6);
  if (given != nullptr) task->descriptor = *given;
  napi_value promise;
  int status = startTask(env, task, &promise);
  if (status != 0) {
    free(task);
    return failThread(env, status);
  }
  if (given != nullptr) *given = kNoDescriptor;
  return promise;
}

}  // namespace
