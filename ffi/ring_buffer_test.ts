import assert from "node:assert/strict";
import { closeFd, memfdCreate, openLibc, pageSize, readFileInto, writeFd } from "./libc.ts";
import { assertRingSize } from "./map.ts";
import { type RingMemory, RingReader } from "./ring_buffer.ts";

openLibc();

const BUSY = 0x8000_0000;
const DISCARD = 0x4000_0000;

/** A ring as the kernel lays it out, filled by JavaScript. */
class FakeRing implements RingMemory {
  readonly consumerPosition = new BigUint64Array(1);
  readonly producerPosition = new BigUint64Array(1);
  readonly data: ArrayBuffer;
  readonly dataOffset = 64;
  readonly sizeBytes: number;
  readonly #view: DataView;
  readonly #overlapBytes: number;

  /**
   * @param sizeBytes power of two
   * @param position at which both ends start, as if that much had passed through before
   * @param overlapBytes how much of the data is there a second time
   */
  constructor(sizeBytes: number, position = 0n, overlapBytes = sizeBytes) {
    this.sizeBytes = sizeBytes;
    this.#overlapBytes = overlapBytes;
    this.data = new ArrayBuffer(this.dataOffset + sizeBytes + overlapBytes);
    this.#view = new DataView(this.data, this.dataOffset);
    this.consumerPosition[0] = position;
    this.producerPosition[0] = position;
  }

  /** Octets in use. */
  get usedBytes(): number {
    return Number(BigInt.asUintN(64, this.producerPosition[0]! - this.consumerPosition[0]!));
  }

  /** Writes an octet to both copies of the data, as the double mapping does. */
  #store(position: bigint, octet: number): void {
    const offset = Number(position % BigInt(this.sizeBytes));
    this.#view.setUint8(offset, octet);
    if (offset < this.#overlapBytes) this.#view.setUint8(offset + this.sizeBytes, octet);
  }

  /** Writes the header word of a record. */
  setHeader(position: bigint, word: number): void {
    for (let index = 0; index < 4; index++) this.#store(position + BigInt(index), (word >>> (8 * index)) & 0xff);
  }

  /**
   * Appends a record and answers its position.
   *
   * @param payload octets of the record
   * @param flags of the header
   */
  push(payload: number[], flags = 0): bigint {
    const position = this.producerPosition[0]!;
    const total = (payload.length + 8 + 7) & ~7;
    assert.ok(this.usedBytes + total <= this.sizeBytes, "the fake ring is full");
    this.setHeader(position, payload.length | flags);
    for (const [index, octet] of payload.entries()) this.#store(position + 8n + BigInt(index), octet);
    // Wraps as the kernel's unsigned long does.
    this.producerPosition[0] = position + BigInt(total);
    return position;
  }
}

/** Everything that is ready. */
function drain(reader: RingReader, maxRecords?: number): number[][] {
  const records: number[][] = [];
  const count = reader.consume((view, offset, sizeBytes) => {
    assert.equal(offset % 8, 0);
    records.push([...new Uint8Array(view.buffer, view.byteOffset + offset, sizeBytes)]);
  }, maxRecords);
  assert.equal(count, records.length);
  return records;
}

Deno.test("consume() delivers records of every size in order", () => {
  const ring = new FakeRing(4096);
  using reader = new RingReader(ring);
  const records = [[], [1], [1, 2, 3, 4, 5, 6, 7], [8, 8, 8, 8, 8, 8, 8, 8], [9, 9, 9, 9, 9, 9, 9, 9, 9]];
  for (const record of records) ring.push(record);
  assert.equal(reader.pendingBytes, 8 + 16 + 16 + 16 + 24);
  assert.deepEqual(drain(reader), records);
  assert.equal(reader.pendingBytes, 0);
  assert.equal(ring.usedBytes, 0);
  assert.deepEqual(drain(reader), []);
});

Deno.test("a record that wraps is contiguous in the view", () => {
  const ring = new FakeRing(4096, 4080n);
  using reader = new RingReader(ring);
  const record = Array.from({ length: 101 }, (_, index) => index);
  ring.push(record);
  ring.push([7]);
  assert.deepEqual(drain(reader), [record, [7]]);
});

Deno.test("a record that wraps may end where the part that is there twice ends, and no later", () => {
  const payload = Array.from({ length: 40 }, (_, index) => index + 1);
  // 16 octets before the end of the ring: 8 of header, 8 of payload, then 32 that wrap.
  const fits = new FakeRing(4096, 4080n, 32);
  fits.push(payload);
  using reader = new RingReader(fits);
  const seen: number[] = [];
  reader.consume((view, offset, size) => seen.push(...new Uint8Array(view.buffer, view.byteOffset + offset, size)));
  assert.deepEqual(seen, payload);

  const tooShort = new FakeRing(4096, 4080n, 24);
  tooShort.push(payload);
  using other = new RingReader(tooShort);
  assert.throws(() => other.consume(() => assert.fail("delivered")), RangeError);
});

Deno.test("a header right at the end of the ring is read there", () => {
  const ring = new FakeRing(4096, 4088n);
  using reader = new RingReader(ring);
  ring.push([1, 2, 3]);
  assert.deepEqual(drain(reader), [[1, 2, 3]]);
});

Deno.test("positions beyond 32, 53 and 64 bits do not matter", async (t) => {
  const rows: [string, bigint][] = [
    ["2^31", 2n ** 31n],
    ["2^32", 2n ** 32n],
    ["2^53", 2n ** 53n],
    ["2^63", 2n ** 63n],
    ["2^64", 2n ** 64n],
  ];
  for (const [name, boundary] of rows) {
    await t.step(name, () => {
      const ring = new FakeRing(4096, BigInt.asUintN(64, boundary - 1024n));
      using reader = new RingReader(ring);
      let next = 0;
      for (let round = 0; round < 13; round++) {
        const expected: number[][] = [];
        for (let index = 0; index < 11; index++) {
          expected.push([next & 0xff, 1, 2]);
          ring.push([next++ & 0xff, 1, 2]);
        }
        assert.deepEqual(drain(reader), expected);
      }
      assert.equal(ring.consumerPosition[0], BigInt.asUintN(64, boundary - 1024n + 13n * 11n * 16n));
    });
  }
});

Deno.test("a record still being written holds back what follows", () => {
  const ring = new FakeRing(4096);
  using reader = new RingReader(ring);
  ring.push([1]);
  const busy = ring.push([2], BUSY);
  ring.push([3]);
  assert.deepEqual(drain(reader), [[1]]);
  assert.deepEqual(drain(reader), []);
  assert.equal(ring.usedBytes, 32);
  ring.setHeader(busy, 1);
  assert.deepEqual(drain(reader), [[2], [3]]);
});

Deno.test("a record discarded while reserved is busy first", () => {
  const ring = new FakeRing(4096);
  using reader = new RingReader(ring);
  const busy = ring.push([2], BUSY | DISCARD);
  assert.deepEqual(drain(reader), []);
  ring.setHeader(busy, 1 | DISCARD);
  assert.deepEqual(drain(reader), []);
  assert.equal(ring.usedBytes, 0);
});

Deno.test("discarded records are skipped and freed", () => {
  const ring = new FakeRing(4096);
  using reader = new RingReader(ring);
  ring.push([1], DISCARD);
  ring.push([2]);
  ring.push([3, 3, 3, 3, 3, 3, 3, 3, 3], DISCARD);
  assert.deepEqual(drain(reader), [[2]]);
  assert.equal(ring.usedBytes, 0);
});

Deno.test("maxRecords leaves the rest for the next call", () => {
  const ring = new FakeRing(4096);
  using reader = new RingReader(ring);
  for (let index = 0; index < 7; index++) ring.push([index]);
  assert.deepEqual(drain(reader, 0), []);
  assert.deepEqual(drain(reader, 3), [[0], [1], [2]]);
  assert.equal(ring.usedBytes, 4 * 16);
  assert.deepEqual(drain(reader), [[3], [4], [5], [6]]);
});

Deno.test("records that come during a call are left for the next", () => {
  const ring = new FakeRing(4096);
  using reader = new RingReader(ring);
  ring.push([1]);
  assert.equal(reader.consume(() => void ring.push([2])), 1);
  assert.deepEqual(drain(reader), [[2]]);
});

Deno.test("room is given back in steps of 64 KiB, not per record", () => {
  const ring = new FakeRing(1 << 18);
  using reader = new RingReader(ring);
  const payload = new Array<number>(1016).fill(5);
  for (let index = 0; index < 131; index++) ring.push(payload);
  const seen: number[] = [];
  reader.consume(() => void seen.push(Number(ring.consumerPosition[0])));
  assert.equal(seen[0], 0);
  assert.equal(seen[63], 0, "the 64th record completes the step when its handler is done");
  assert.equal(seen[64], 65536);
  assert.equal(seen[127], 65536);
  assert.equal(seen[128], 131072);
  assert.equal(Number(ring.consumerPosition[0]), 131 * 1024);
});

Deno.test("an error of the handler reaches the caller and its record counts as consumed", () => {
  const ring = new FakeRing(4096);
  using reader = new RingReader(ring);
  for (let index = 0; index < 5; index++) ring.push([index]);
  assert.throws(() =>
    reader.consume((view, offset) => {
      if (view.getUint8(offset) === 2) throw new RangeError("at 2");
    }), /at 2/);
  assert.deepEqual(drain(reader), [[3], [4]]);
});

Deno.test("a handler may close the reader", () => {
  const ring = new FakeRing(4096);
  const reader = new RingReader(ring);
  ring.push([1]);
  ring.push([2]);
  assert.equal(reader.consume(() => reader.close()), 1);
  assert.ok(reader.closed);
});

Deno.test("a closed reader refuses to be used and can be closed twice", () => {
  const reader = new RingReader(new FakeRing(4096));
  reader.close();
  reader.close();
  assert.throws(() => reader.consume(() => {}), TypeError);
  assert.throws(() => reader.pendingBytes, TypeError);
});

Deno.test("assertRingSize() takes powers of two from a page to 2 GiB", async (t) => {
  const page = pageSize();
  const rows: [number, boolean][] = [
    [page, true],
    [2 ** 24, true],
    [2 ** 31, true],
    [2 ** 32, false],
    [page / 2, false],
    [3 * page, false],
    [page + 1, false],
    [0, false],
    [-page, false],
    [NaN, false],
  ];
  for (const [size, accepted] of rows) {
    await t.step(`${size}`, () => {
      if (accepted) assertRingSize(size);
      else assert.throws(() => assertRingSize(size), RangeError);
    });
  }
});

Deno.test("a mapped ring is read, its consumer page written, and its views are empty after close", () => {
  using stack = new DisposableStack();
  const page = pageSize();
  const file = new Uint8Array(4 * page);
  const layout = new DataView(file.buffer);
  layout.setBigUint64(page, 32n, true);
  layout.setUint32(2 * page, 1, true);
  layout.setUint8(2 * page + 8, 42);
  layout.setUint32(2 * page + 16, 1, true);
  layout.setUint8(2 * page + 24, 43);
  const fd = stack.adopt(memfdCreate("ring"), closeFd);
  writeFd(fd, file);
  const reader = stack.use(new RingReader(fd, page));
  let view: DataView | undefined;
  const octets: number[] = [];
  reader.consume((data, offset) => {
    view = data;
    octets.push(data.getUint8(offset));
  });
  assert.deepEqual(octets, [42, 43]);
  readFileInto(`/proc/self/fd/${fd}`, file);
  assert.equal(layout.getBigUint64(0, true), 32n);
  reader.close();
  assert.throws(() => view?.getUint8(0), TypeError);
});

Deno.test("a ring that cannot be mapped names its size", () => {
  using stack = new DisposableStack();
  const fd = stack.adopt(memfdCreate("ring"), closeFd);
  assert.throws(() => new RingReader(fd, 3000), RangeError);
  assert.throws(() => new RingReader(-1, 65536), { name: "LibbpfError", errnoName: "EBADF" });
});
