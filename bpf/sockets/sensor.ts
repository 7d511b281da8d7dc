/**
 * The socket iterators: their programs, and their records as objects.
 *
 * @module
 */

import type { Sensor } from "../../src/sensor.ts";

/** Sockets and their holders, read once. Nothing stays attached. */
export const SOCKETS_SENSOR: Sensor = {
  name: "sockets",
  minimumKernel: "5.10",
  programs: [
    { name: "sockets_files", attach: "iterator", hook: "iter/task_file" },
    { name: "sockets_tcp", attach: "iterator", hook: "iter/tcp" },
    { name: "sockets_tbrief", attach: "iterator", hook: "iter/tcp" },
    { name: "sockets_udp", attach: "iterator", hook: "iter/udp" },
    {
      name: "sockets_ufiles",
      attach: "iterator",
      hook: "iter/task_file",
      without: "unix sockets are not listed",
    },
    {
      name: "sockets_utable",
      attach: "iterator",
      hook: "iter/unix",
      without: "unix sockets that no descriptor refers to are not listed",
    },
  ],
  lossCounters: {},
};
