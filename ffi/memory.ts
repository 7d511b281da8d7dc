/**
 * Bytes that C functions read and write: strings, option structs, and what a pointer points to.
 *
 * @module
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Bytes at an address that garbage collection does not change.
 *
 * @param sizeBytes how many, zeroed
 * @returns a view over memory outside of the heap
 */
export function allocate(sizeBytes: number): Uint8Array<ArrayBuffer> {
  // V8 keeps small typed arrays inside its moving heap; those made over an explicit ArrayBuffer stay where they are.
  return new Uint8Array(new ArrayBuffer(sizeBytes));
}

/**
 * A NUL-terminated string for C.
 *
 * @param text any string without NUL
 * @returns its UTF-8 octets and a NUL
 * @throws {TypeError} when the text holds a NUL, which C would take for its end
 */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) throw new TypeError(`String with NUL cannot be passed to C: ${JSON.stringify(text)}`);
  const octets = encoder.encode(text);
  const bytes = allocate(octets.length + 1);
  bytes.set(octets);
  return bytes;
}

/**
 * Text up to the first NUL of a buffer that C filled.
 *
 * @param bytes the buffer
 * @returns its text, invalid UTF-8 replaced; all of it where there is no NUL
 */
export function textUntilNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/**
 * Text of a `const char *` that stays valid during the call.
 *
 * @param pointer the string, or NULL
 * @returns its text; empty for NULL
 */
export function textAt(pointer: Deno.PointerValue): string {
  return pointer === null ? "" : Deno.UnsafePointerView.getCString(pointer);
}

/**
 * Address of a buffer made by {@linkcode allocate}, to be stored in a struct.
 *
 * @param bytes the buffer; the caller keeps it alive as long as C uses the address
 * @returns the address
 */
export function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
}

/** What {@linkcode whilePinned} keeps alive, innermost last. */
const pinned: (readonly unknown[])[] = [];

/**
 * Runs a call that reads memory through addresses inside its arguments, which garbage collection does not see.
 *
 * @param buffers the memory behind those addresses
 * @param call the call
 * @returns what the call returns
 * @throws whatever the call throws
 */
export function whilePinned<T>(buffers: readonly unknown[], call: () => T): T {
  pinned.push(buffers);
  try {
    return call();
  } finally {
    pinned.pop();
  }
}

/**
 * A view of memory that C owns. It becomes invalid when C frees it: {@linkcode detach} it before.
 *
 * @param pointer first octet
 * @param sizeBytes how many
 * @returns the memory itself, not a copy
 */
export function memoryAt(pointer: Deno.PointerObject, sizeBytes: number): ArrayBuffer {
  return Deno.UnsafePointerView.getArrayBuffer(pointer, sizeBytes);
}

/**
 * Makes every view of a buffer empty, so that a view kept too long reads nothing instead of freed memory.
 *
 * @param buffer memory from {@linkcode memoryAt}
 */
export function detach(buffer: ArrayBuffer): void {
  buffer.transfer(0);
}
