import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import {
  type ByteStream,
  check,
  DiskFormat,
  ImageName,
  type ImageStatus,
  invalidArgument,
  KcoreError,
} from '@kcore/contract';
import { Command, Option } from 'clipanion';
import type { GenericSchema, InferOutput } from 'valibot';
import { ControllerCommand } from '../cli/command.ts';
import { openCall } from '../connection/stream.ts';
import { type ImageFile, imageNameOf, openImageFile } from '../input/image-file.ts';
import { given, present } from '../input/present.ts';
import { uploadedImage } from '../output/image-table.ts';
import { Progress } from '../terminal/progress.ts';

/** Bytes read at once. */
const READ = 1024 * 1024;

export class NodeUploadImage extends ControllerCommand {
  static override paths = [['node', 'upload-image']];
  static override usage = Command.Usage({
    category: 'Images',
    description: 'Write a disk image to a node, where VMs can be made of it by its name.',
    details: `
      What arrived is compared with what was sent by its sha256. Nothing is left on the node of an upload that was interrupted
      or is not whole.
    `,
    examples: [
      ['', '$0 node upload-image ./debian-12.qcow2 --node node-1'],
      ['Under another name', '$0 node upload-image disk.img --node node-1 --name golden'],
      ['And then', '$0 create vm web-01 --node node-1 --image golden'],
    ],
  });

  file = Option.String({ name: 'FILE' });
  node = Option.String('--node,--target-node', { required: true, description: '<NODE> where to' });
  name = Option.String('--name', { description: "<NAME> what to call it; the file's name without its ending" });
  imageFormat = Option.String('--format', { description: '<FORMAT> qcow2 or raw; known from the file otherwise' });
  sha256 = Option.String('--sha256', { description: '<DIGEST> what the file must be, 64 hexadecimal digits' });

  protected override async perform(): Promise<undefined> {
    void this.format;
    const name = checked('--name', ImageName, this.name ?? imageNameOf(this.file));
    const format = given(this.imageFormat, (text) => checked('--format', DiskFormat, text));
    const sha256 = given(this.sha256, parseSha256);
    await using file = await openImageFile(this.file, format);
    const image = await this.upload(file, {
      name,
      format: file.format,
      sizeBytes: file.sizeBytes,
      ...present({ sha256 }),
    });
    await this.show(uploadedImage(this.node, image));
  }

  private async upload(
    file: ImageFile,
    image: { readonly name: string; readonly format: DiskFormat; readonly sizeBytes: number; readonly sha256?: string },
  ): Promise<ImageStatus> {
    const { connect, clock, stderr } = this.context;
    using call = await openCall(connect, {
      access: await this.access(),
      method: 'image.upload',
      params: { node: this.node, ...image },
      connectMs: this.callTimeoutMs,
      answerMs: Number.POSITIVE_INFINITY,
    });
    void this.context.interrupted().then(() => {
      call.stream.fail(new KcoreError('Aborted', `interrupted; nothing of it is left on node '${this.node}'`));
    });
    const progress = new Progress(stderr, () => clock.monotonic(), basename(this.file), image.sizeBytes);
    try {
      const sent = await send(file, call.stream, (bytes) => progress.update(bytes));
      const { image: stored } = await call.result;
      progress.complete();
      if (stored.digest !== `sha256:${sent}`) throw await this.notWhatWasSent(stored, sent);
      return stored;
    } finally {
      progress.stop();
    }
  }

  /** Deletes it there, and says so. */
  private async notWhatWasSent({ digest }: ImageStatus, sent: string): Promise<KcoreError> {
    const params = { image: digest, node: this.node };
    const kept = await this.call('image.delete', params, 'kctl get images').then(
      () => 'it was deleted there',
      () => `it is still there: kctl delete image ${digest} --node ${this.node}`,
    );
    return new KcoreError('Internal', `node '${this.node}' has ${digest}, and sha256:${sent} was sent; ${kept}`);
  }
}

/** All bytes of the file, in order. Resolves with their sha256 when the last one is sent. */
async function send(file: ImageFile, stream: ByteStream, onSent: (bytes: number) => void): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(READ);
  for (let at = 0; at < file.sizeBytes; ) {
    const { bytesRead } = await file.handle.read(buffer, 0, Math.min(READ, file.sizeBytes - at), at);
    if (bytesRead === 0) {
      const error = invalidArgument('the file became shorter while it was read');
      stream.fail(error);
      throw error;
    }
    const bytes = buffer.subarray(0, bytesRead);
    hash.update(bytes);
    await stream.write(bytes);
    at += bytesRead;
    onSent(at);
  }
  stream.end();
  return hash.digest('hex');
}

/** As `check`, naming the flag. */
function checked<S extends GenericSchema<string>>(flag: string, schema: S, text: string): InferOutput<S> {
  try {
    return check(schema, text);
  } catch (error) {
    if (!(error instanceof KcoreError)) throw error;
    throw invalidArgument(`${flag}: '${text}': ${error.message}`, { field: flag });
  }
}

function parseSha256(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  throw invalidArgument(`--sha256: '${text}' is not 64 hexadecimal digits`, { field: '--sha256' });
}
