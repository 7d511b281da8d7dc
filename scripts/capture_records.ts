// Captures records of the ring as test data: deno run -A scripts/capture_records.ts SENSOR NAME -- PROGRAM [ARGS...]
// Runs the program beside the sensors and writes each record that mentions one of its processes to
// bpf/SENSOR/testdata/NAME-<n>.hex, 32 octets a line. The expected JSON beside each is written by hand and reviewed.
import { PROCESS_SENSOR } from "../bpf/process/sensor.ts";
import { SENSORS } from "../bpf/registry.gen.ts";
import { SensorRun } from "../src/sensor.ts";
import { ROOT, ToolError } from "./toolchain.ts";

const [name = "", label = "", separator, program = "", ...args] = Deno.args;
const sensor = SENSORS.find((candidate) => candidate.name === name);
if (sensor === undefined || separator !== "--" || program === "") {
  throw new ToolError("usage: capture_records.ts SENSOR NAME -- PROGRAM [ARGS...]");
}
using run = SensorRun.start([...new Set([PROCESS_SENSOR, sensor])], { ringSizeBytes: 1 << 22 });
run.drain(() => {}, Infinity);
const child = new Deno.Command(program, { args, stdout: "null" }).spawn();
await child.status;
let index = 0;
run.drain((view, base, size) => {
  const octets = new Uint8Array(view.buffer, view.byteOffset + base, size);
  if (!mentions(octets, child.pid)) return;
  const lines: string[] = [];
  for (let at = 0; at < octets.length; at += 32) lines.push(octets.slice(at, at + 32).toHex());
  Deno.mkdirSync(`${ROOT}/bpf/${name}/testdata`, { recursive: true });
  Deno.writeTextFileSync(`${ROOT}/bpf/${name}/testdata/${label}-${index++}.hex`, `${lines.join("\n")}\n`);
}, Infinity);

/** Whether a record holds a number, as the kernel stores it. */
function mentions(octets: Uint8Array, wanted: number): boolean {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  for (let at = 0; at + 4 <= Math.min(octets.length, 88); at += 4) if (view.getUint32(at, true) === wanted) return true;
  return false;
}
