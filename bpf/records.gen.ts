// Generated from the BTF of the BPF object by scripts/gen.ts. Do not edit: change the C and run `deno task gen`.

/** Values of `enum record_type`. */
export const RECORD_TYPE = {
  EXEC: 1,
  FORK: 2,
  EXIT: 3,
  DNS_PACKET: 4,
  CONNECTION: 5,
  CGROUP: 6,
  RESOLVE: 7,
  UNIX: 8,
} as const;
