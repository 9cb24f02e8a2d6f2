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

// In the place of the second result: the namespace could not be entered, so that nothing else was tried.
constexpr int kNotEntered = -1;

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
  if (entered < 0) task->second = kNotEntered;
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

}  // namespace
