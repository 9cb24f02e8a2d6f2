/** For tests of programs that talk netlink: a kernel that is a function, and golden bytes. */
export {
  acknowledge,
  endOfDump,
  type FakeExtension,
  type FakeKernel,
  type FakeReply,
  fakeConnection,
  kernelMessage,
  messagesIn,
} from './testing/fake-kernel.ts';
export { byteDifference, bytesOf, expectBytes, hexdump } from './testing/hexdump.ts';
