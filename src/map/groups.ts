/**
 * Which processes a map shows as one.
 *
 * @module
 */

import type { MapProcessInfo, ProcessInfo } from "../events.ts";

/** Process ids kept of a group. */
const MAX_PIDS = 16;

/** Names of units, but for slices, which only hold others. */
const UNIT = /\.(?:service|scope|socket|mount|swap)$/;
/** Scopes that are made anew for each login: their slice is the user's. */
const SESSION = /^session-[^/]*\.scope$/;
/** The manager of a user's own units. */
const USER_MANAGER = /^user@\d+\.service$/;

/** Where processes belong, from a cgroup path. */
export interface Place {
  /** Name of the unit; undefined outside of units. */
  unit: string | undefined;
  /** Path of the cgroup of the unit or, outside of units, the whole path. */
  cgroup: string;
}

/**
 * Finds the unit a cgroup belongs to.
 *
 * Logins and the programs of a desktop have scopes whose names come and go; they belong to the slice of the user, and to
 * the user's manager.
 *
 * @param cgroup path of a cgroup
 * @returns the innermost unit with a name that lasts
 */
export function placeOfCgroup(cgroup: string): Place {
  const components = cgroup.split("/");
  let index = components.findLastIndex((component) => UNIT.test(component));
  if (index < 0) return { unit: undefined, cgroup };
  const innermost = components[index] ?? "";
  if (SESSION.test(innermost) && index > 1) {
    index--;
  } else if (innermost.endsWith(".scope")) {
    const manager = components.findIndex((component) => USER_MANAGER.test(component));
    if (manager > 0) index = manager;
  }
  return { unit: components[index], cgroup: components.slice(0, index + 1).join("/") };
}

/** Path of the cgroup of a container: up to the last component that names it. */
function containerCgroup(cgroup: string, id: string): string {
  const components = cgroup.split("/");
  const index = components.findLastIndex((component) => component.includes(id));
  return index < 0 ? cgroup : components.slice(0, index + 1).join("/");
}

/** A group of processes. */
export interface ProcessGroup {
  /** Number within the run. */
  readonly id: number;
  /** What is known of them; its `pids` and `lookups` change. */
  readonly info: MapProcessInfo;
}

/** Makes what is known of a group from its first process. */
function groupInfo(process: ProcessInfo, place: Place, netns: number): MapProcessInfo {
  const info: MapProcessInfo = {
    name: process.name,
    exe: process.exe,
    cgroup: place.cgroup,
    netns,
    pids: [],
    lookups: 0,
  };
  if (process.uid !== undefined) info.uid = process.uid;
  if (place.unit !== undefined) info.unit = place.unit;
  if (process.container !== undefined) info.container = process.container;
  if (process.user !== undefined) info.user = process.user;
  return info;
}

/** All groups of a run, bounded. */
export class ProcessGroups {
  readonly #max: number;
  readonly #groups = new Map<string, ProcessGroup>();

  /** @param max groups kept at most */
  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Finds or makes the group of a process.
   *
   * @param process a process
   * @param netns network namespace of its socket, inode number
   * @returns its group; undefined when there are too many already
   */
  of(process: ProcessInfo, netns: number): ProcessGroup | undefined {
    const { container } = process;
    const place: Place = container === undefined
      ? placeOfCgroup(process.cgroup)
      : { unit: undefined, cgroup: containerCgroup(process.cgroup, container.id) };
    // Threads of the kernel have no executable; a name may hold anything but a NUL.
    const program = process.exe === "" || process.exe === "unknown" ? `\0${process.name}` : process.exe;
    const key = [program, place.cgroup, container?.id ?? "", process.uid, netns].join("\0");
    let group = this.#groups.get(key);
    if (group === undefined) {
      if (this.#groups.size >= this.#max) return undefined;
      group = { id: this.#groups.size + 1, info: groupInfo(process, place, netns) };
      this.#groups.set(key, group);
    }
    const { info } = group;
    if (!info.pids.includes(process.pid)) {
      if (info.pids.length < MAX_PIDS) info.pids.push(process.pid);
      else info.more_pids = true;
    }
    return group;
  }
}
