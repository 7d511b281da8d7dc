/**
 * How fast records are read out of a ring: needs root. `deno bench -A ffi/ring_buffer_bench.ts`; divide the records in
 * the name by the time per iteration.
 */

import { buildBpf, words } from "./_testing.ts";
import { BpfObject } from "./object.ts";
import { RingReader } from "./ring_buffer.ts";

const RING_BYTES = 1 << 22;
/** Records a run of fix_fill writes. */
const RECORDS_PER_RUN = 256;
const RECORDS = 65536;

/** A ring with its producer. */
function openRing(): { reader: RingReader; fill: () => void } {
  const object = BpfObject.openMemory(buildBpf("fixture"), { name: "bench" });
  for (const program of object.programs()) program.setAutoload(program.name === "fix_fill");
  object.map("fix_ring").setMaxEntries(RING_BYTES);
  object.load();
  const program = object.program("fix_fill");
  const context = words(RECORDS_PER_RUN, 0);
  const fill = (): void => {
    for (let records = 0; records < RECORDS; records += RECORDS_PER_RUN) program.testRun(context);
  };
  return { reader: new RingReader(object.map("fix_ring").fd, RING_BYTES), fill };
}

if (Deno.uid() === 0) {
  const { reader, fill } = openRing();
  let sum = 0;
  const handler = (view: DataView, offset: number, sizeBytes: number): void => {
    // What a generated reader does for two fields.
    sum += view.getUint32(offset, true) + view.getUint32(offset + 8, true) + sizeBytes;
  };

  Deno.bench(`RingReader.consume() of ${RECORDS} records of 16 octets`, (b) => {
    fill();
    b.start();
    const count = reader.consume(handler);
    b.end();
    if (count !== RECORDS) throw new RangeError(`${count} records`);
  });

  Deno.bench(`the same with the kernel writing them in the same thread`, () => {
    fill();
    const count = reader.consume(handler);
    if (count !== RECORDS) throw new RangeError(`${count} records`);
  });

  Deno.bench("RingReader.consume() of an empty ring", () => {
    sum += reader.consume(handler);
  });

  globalThis.addEventListener("unload", () => {
    reader.close();
    if (sum === 0) throw new RangeError("nothing was read");
  });
}
