// The kernel sockets that Node has no name for: AF_NETLINK, AF_PACKET, UDP bound to a device, TAP, network namespaces.
//
// Nothing is parsed here. A netlink socket is a Port: a file descriptor and one thread that waits for jobs. Jobs carry
// bytes in and bytes out; everything that may wait for a lock of the kernel (sendmsg on rtnetlink waits for RTNL, up to
// many seconds behind somebody else's work) happens on that thread. UDP and packet sockets never wait for it: they are
// LoopSockets, on node's own event loop. A namespace is only ever entered by a thread made for it,
// which ends afterwards, because setns() changes the calling thread for good.
//
// No C++ runtime (no new, no exceptions, no std::), and threads by libuv: see uv_thread.h. This is the one file that is
// compiled; the headers are its chapters.
#include <node_api.h>

#include "loop_socket_api.h"
#include "port_api.h"
#include "task_api.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the codecs in TypeScript write little-endian integers"
#endif

namespace {

void addFunction(napi_env env, napi_value exports, const char *name, napi_callback function) {
  napi_value value;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value);
  napi_set_named_property(env, exports, name, value);
}

}  // namespace

NAPI_MODULE_INIT() {
  addFunction(env, exports, "task", taskEntry);
  addFunction(env, exports, "descriptorNumber", descriptorNumber);
  addFunction(env, exports, "start", start);
  addFunction(env, exports, "transact", transactEntry);
  addFunction(env, exports, "receive", receiveEntry);
  addFunction(env, exports, "cancelReceive", cancelEntry);
  addFunction(env, exports, "stop", stopEntry);
  addFunction(env, exports, "socketOpen", socketOpen);
  addFunction(env, exports, "socketReceive", socketReceive);
  addFunction(env, exports, "socketPause", socketPause);
  addFunction(env, exports, "socketSend", socketSend);
  addFunction(env, exports, "socketWatch", socketWatch);
  addFunction(env, exports, "socketDevice", socketDevice);
  addFunction(env, exports, "socketAddress", socketAddress);
  addFunction(env, exports, "socketDropped", socketDropped);
  addFunction(env, exports, "socketClose", socketClose);
  return exports;
}
