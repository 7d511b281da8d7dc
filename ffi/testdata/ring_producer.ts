/** Worker of ffi/kernel_test.ts: fills a ring from a thread of its own, and answers how many records it submitted. */

import { closeLibrary } from "../library.ts";
import { words } from "../_testing.ts";
import { BpfObject } from "../object.ts";

/** What the test sends. */
export interface ProducerOrder {
  bytes: Uint8Array<ArrayBuffer>;
  ringFd: number;
  ringBytes: number;
  /** Least number of records to submit, however often the ring is full. */
  records: number;
}

/** The part of a worker's global scope that is used here; the library of types for windows does not have it. */
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<ProducerOrder>) => void;
  postMessage(message: number): void;
};

scope.onmessage = ({ data }) => {
  let submitted: number;
  {
    using object = BpfObject.openMemory(data.bytes, { name: "producer" });
    for (const program of object.programs()) program.setAutoload(program.name === "fix_fill");
    object.map("fix_ring").setMaxEntries(data.ringBytes);
    object.map("fix_ring").reuseFd(data.ringFd);
    object.load();
    const context = words(256, 0);
    const bss = new DataView(object.map(".bss").mmapped().buffer);
    do {
      object.program("fix_fill").testRun(context);
      submitted = Number(bss.getBigUint64(32, true));
    } while (submitted < data.records);
  }
  closeLibrary();
  scope.postMessage(submitted);
};
