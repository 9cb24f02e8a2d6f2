import { pathAt, type Span, Writer } from '../codec/writer.ts';
import { NetlinkError } from '../error.ts';
import { errnoName } from '../uapi/errno.ts';
import { type Acknowledgement, policyOf } from './acknowledgement.ts';
import { NLMSG_HDRLEN } from './message.ts';

interface Failed {
  readonly operation: string;
  measure(): number;
  encode(out: Writer): void;
}

/** The error of a request that the kernel refused, with the attribute's name in place of the offset it points at. */
export function failureOf(request: Failed, acknowledgement: Acknowledgement): NetlinkError {
  const { errno, extended } = acknowledgement;
  const attribute = attributeOf(request, acknowledgement);
  const policy = policyOf(acknowledgement);
  const missing = extended.missingType === undefined ? undefined : `attribute type ${extended.missingType} is missing`;
  const kernelMessage = extended.message ?? missing;
  return new NetlinkError({
    operation: request.operation,
    errno,
    code: errnoName(errno),
    request,
    ...(kernelMessage === undefined ? {} : { kernelMessage }),
    ...(attribute === undefined ? {} : { attribute }),
    ...(extended.offset === undefined ? {} : { offset: extended.offset }),
    ...(policy === undefined ? {} : { policy }),
  });
}

function attributeOf(request: Failed, { extended }: Acknowledgement): string | undefined {
  const offset = extended.offset ?? extended.missingNest;
  return offset === undefined ? undefined : pathAt(spansOf(request), offset - NLMSG_HDRLEN);
}

/** Encodes the request once more, this time with a note of where each attribute lies. */
function spansOf(request: Failed): readonly Span[] {
  const out = new Writer(request.measure(), { recordSpans: true });
  request.encode(out);
  return out.spans ?? [];
}
