// Generated from the BTF of the BPF object by scripts/gen.ts. Do not edit: change the C and run `deno task gen`.

import { PROCESS_SENSOR } from "./process/sensor.ts";
import { CONN_SENSOR } from "./conn/sensor.ts";
import { DNS_SENSOR } from "./dns/sensor.ts";
import { RESOLVE_SENSOR } from "./resolve/sensor.ts";
import { SOCKETS_SENSOR } from "./sockets/sensor.ts";
import { UNIX_SENSOR } from "./unix/sensor.ts";
import type { Sensor } from "../src/sensor.ts";

/** Every sensor there is: one per folder of bpf/. */
export const SENSORS: readonly Sensor[] = [
  PROCESS_SENSOR,
  CONN_SENSOR,
  DNS_SENSOR,
  RESOLVE_SENSOR,
  SOCKETS_SENSOR,
  UNIX_SENSOR,
];
