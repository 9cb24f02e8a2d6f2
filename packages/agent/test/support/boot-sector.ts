/**
 * The smallest guest there is: a boot sector that says something on the serial line and then waits for a key, `q`, at
 * which it turns its machine off as an operating system does, by ACPI, or `r`, at which it resets it. It does not listen to the
 * power button.
 */
export function bootSectorDisk(says: string): Buffer {
  const origin = 0x7c00;
  const text = Buffer.from(`${says}\r\n\0`, 'latin1');
  const code = (textAt: number): Buffer =>
    Buffer.from([
      ...[0x31, 0xc0, 0x8e, 0xd8, 0xfc], // xor ax, ax; mov ds, ax; cld
      ...[0xbe, textAt & 0xff, textAt >> 8], // mov si, text
      ...[0xac, 0x84, 0xc0, 0x74, 0x06], // next: lodsb; test al, al; jz wait
      ...[0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf5], // mov dx, 0x3f8; out dx, al; jmp next
      ...[0xfb, 0xf4, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xf6], // wait: sti; hlt; mov dx, 0x3fd; in al, dx; test al, 1; jz wait
      ...[0xba, 0xf8, 0x03, 0xec], // mov dx, 0x3f8; in al, dx
      ...[0x3c, 0x72, 0x74, 0x0c], // cmp al, 'r'; je reset
      ...[0x3c, 0x71, 0x75, 0xea], // cmp al, 'q'; jne wait
      ...[0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4], // mov dx, 0x604; mov ax, 0x2000; out dx, ax; hlt
      ...[0xb0, 0xfe, 0xe6, 0x64, 0xf4], // reset: mov al, 0xfe; out 0x64, al; hlt
    ]);
  // The firmware takes no disk that is smaller than one cylinder.
  const disk = Buffer.alloc(1024 * 1024);
  const length = code(0).length;
  code(origin + length).copy(disk);
  text.copy(disk, length);
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}
