import { attributes } from '../codec/attributes.ts';
import type { Infer } from '../codec/codec.ts';
import { expectLength } from '../codec/error.ts';
import { nested } from '../codec/nested.ts';
import { bytes, s32, u32, u64 } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import type { AttributePolicy } from '../error.ts';
import {
  NL_ATTR_TYPES,
  NL_POLICY_TYPE_ATTR_MAX_LENGTH,
  NL_POLICY_TYPE_ATTR_MAX_VALUE_S,
  NL_POLICY_TYPE_ATTR_MAX_VALUE_U,
  NL_POLICY_TYPE_ATTR_MIN_LENGTH,
  NL_POLICY_TYPE_ATTR_MIN_VALUE_S,
  NL_POLICY_TYPE_ATTR_MIN_VALUE_U,
  NL_POLICY_TYPE_ATTR_TYPE,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLMSG_DONE,
  NLMSGERR_ATTR_COOKIE,
  NLMSGERR_ATTR_MISS_NEST,
  NLMSGERR_ATTR_MISS_TYPE,
  NLMSGERR_ATTR_MSG,
  NLMSGERR_ATTR_OFFS,
  NLMSGERR_ATTR_POLICY,
} from '../uapi/netlink.ts';
import { NLMSG_HDRLEN, type RawMessage } from './message.ts';

const policyAttributes = attributes(() => ({
  type: [NL_POLICY_TYPE_ATTR_TYPE, u32],
  minSigned: [NL_POLICY_TYPE_ATTR_MIN_VALUE_S, u64],
  maxSigned: [NL_POLICY_TYPE_ATTR_MAX_VALUE_S, u64],
  min: [NL_POLICY_TYPE_ATTR_MIN_VALUE_U, u64],
  max: [NL_POLICY_TYPE_ATTR_MAX_VALUE_U, u64],
  minLength: [NL_POLICY_TYPE_ATTR_MIN_LENGTH, u32],
  maxLength: [NL_POLICY_TYPE_ATTR_MAX_LENGTH, u32],
}));

/** Source: enum nlmsgerr_attrs. Offsets count from the start of the request's nlmsghdr. */
const extendedAttributes = attributes(() => ({
  message: [NLMSGERR_ATTR_MSG, cstring],
  offset: [NLMSGERR_ATTR_OFFS, u32],
  cookie: [NLMSGERR_ATTR_COOKIE, bytes],
  policy: [NLMSGERR_ATTR_POLICY, nested(policyAttributes)],
  missingType: [NLMSGERR_ATTR_MISS_TYPE, u32],
  missingNest: [NLMSGERR_ATTR_MISS_NEST, u32],
}));

/** The end of a request (NLMSG_ERROR) or of a dump (NLMSG_DONE). */
export interface Acknowledgement {
  /** Positive; 0 is success. */
  readonly errno: number;
  /** A success may carry a text too: a warning. */
  readonly extended: Infer<typeof extendedAttributes>;
}

/**
 * NLMSG_ERROR is errno, the request's header (its whole message where it was not capped), attributes. NLMSG_DONE is
 * errno and then attributes; its errno may be missing on old kernels.
 * @throws {MalformedError}
 */
export function readAcknowledgement(message: RawMessage): Acknowledgement {
  const { input, start, end } = message;
  const done = message.type === NLMSG_DONE;
  if (done && end - start < 4) return { errno: 0, extended: {} };
  const errno = s32.read(input, start, end);
  // Dumps of nfnetlink and others put a count or length of their own here, which is positive.
  const positive = Math.max(-errno, 0);
  if ((message.flags & NLM_F_ACK_TLVS) === 0) return { errno: positive, extended: {} };
  const from = done ? start + 4 : start + 4 + echoedLength(message);
  return { errno: positive, extended: extendedAttributes.read(input, Math.min(from, end), end) };
}

/** How much of the request is repeated in an NLMSG_ERROR. */
function echoedLength({ input, flags, start, end }: RawMessage): number {
  expectLength('NLMSG_ERROR', start, end, 4 + NLMSG_HDRLEN);
  if ((flags & NLM_F_CAPPED) !== 0) return NLMSG_HDRLEN;
  // The length is the kernel's word: it is bounded before it is rounded, which would make a negative number of a huge one.
  return (Math.min(Math.max(input.view.getUint32(start + 4, true), NLMSG_HDRLEN), end - start) + 3) & ~3;
}

export function policyOf({ extended }: Acknowledgement): AttributePolicy | undefined {
  const { policy } = extended;
  if (policy?.type === undefined) return undefined;
  const min = policy.min ?? signed(policy.minSigned);
  const max = policy.max ?? signed(policy.maxSigned);
  return {
    type: NL_ATTR_TYPES[policy.type] ?? String(policy.type),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(policy.minLength === undefined ? {} : { minLength: policy.minLength }),
    ...(policy.maxLength === undefined ? {} : { maxLength: policy.maxLength }),
  };
}

function signed(value: bigint | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt.asIntN(64, value);
}
