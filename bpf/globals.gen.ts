// Generated from the BTF of the BPF object by scripts/gen.ts. Do not edit: change the C and run `deno task gen`.

/** Where a global variable of the BPF object lives. */
export interface BpfGlobal {
  /** Section, which is also the name of its map. */
  section: ".rodata" | ".bss" | ".data";
  /** Octets from the start of the section. */
  offset: number;
  /** Octets. */
  size: number;
}

/** Global variables of the linked object, by their C names. */
export const GLOBALS = {
  process_lost_ring: { section: ".bss", offset: 0, size: 8 },
  conn_lost_ring: { section: ".bss", offset: 56, size: 8 },
  conn_lost_socket: { section: ".bss", offset: 64, size: 8 },
  conn_lost_user: { section: ".bss", offset: 72, size: 8 },
  conn_lost_flow: { section: ".bss", offset: 80, size: 8 },
  conn_worked_again: { section: ".bss", offset: 88, size: 8 },
  dns_lost_ring: { section: ".bss", offset: 144, size: 8 },
  dns_lost_read: { section: ".bss", offset: 152, size: 8 },
  dns_cut_segment: { section: ".bss", offset: 160, size: 8 },
  dns_lost_owner: { section: ".bss", offset: 168, size: 8 },
  dns_holders_done: { section: ".bss", offset: 176, size: 4 },
  resolve_lost_ring: { section: ".bss", offset: 224, size: 8 },
  unix_lost_ring: { section: ".bss", offset: 280, size: 8 },
  conn_zero_socket: { section: ".rodata", offset: 0, size: 152 },
  dns_ports: { section: ".rodata", offset: 152, size: 32 },
  dns_port_count: { section: ".rodata", offset: 184, size: 4 },
} as const satisfies Record<string, BpfGlobal>;
