/**
 * Facts of a program, made from what the sensor or /proc tells.
 *
 * @module
 */

import type { ContainerInfo } from "../events.ts";
import { containerOfCgroup } from "../host/containers.ts";
import type { ProcFacts } from "../host/proc.ts";
import type { ProcessImage } from "./_entry.ts";
import type { ProcessExec } from "./types.ts";

/** Distinct cgroup paths remembered: more than a host has, so that it only bounds hostile ones. */
const MAX_CGROUPS = 4096;
/** An object with eleven fields, and the header of each string. */
const IMAGE_BYTES = 160;
const STRING_BYTES = 24;

const containers = new Map<string, ContainerInfo | undefined>();

/** Container of a cgroup, remembered. */
function containerOf(cgroup: string): ContainerInfo | undefined {
  const known = containers.get(cgroup);
  if (known !== undefined || containers.has(cgroup)) return known;
  if (containers.size >= MAX_CGROUPS) containers.clear();
  const container = containerOfCgroup(cgroup);
  if (container !== undefined) Object.freeze(container);
  containers.set(cgroup, container);
  return container;
}

/** File name of a path. */
function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** What an image is made of. */
interface ImageParts {
  exe: string;
  comm: string;
  cmdline: readonly string[];
  cmdlineTruncated: boolean;
  cwd: string;
  cgroup: string;
  netns: number;
  unknownReason: string | undefined;
}

/** Builds an image; `exe` is empty only for kernel threads. */
function makeImage(parts: ImageParts): ProcessImage {
  let sizeBytes = IMAGE_BYTES + parts.exe.length + parts.cwd.length + parts.cgroup.length;
  for (const argument of parts.cmdline) sizeBytes += STRING_BYTES + argument.length;
  const name = parts.exe === "" ? parts.comm : baseName(parts.exe);
  return {
    name: name === "" ? "unknown" : name,
    exe: parts.exe,
    cmdline: Object.freeze(parts.cmdline),
    cmdlineTruncated: parts.cmdlineTruncated,
    cwd: parts.cwd,
    cgroup: parts.cgroup,
    container: containerOf(parts.cgroup),
    netns: parts.netns,
    unknownReason: parts.unknownReason,
    sizeBytes,
    users: 0,
  };
}

/** Image of a process that began a program. */
export function imageOfExec(event: ProcessExec): ProcessImage {
  let unknownReason: string | undefined;
  if (event.exe === "") unknownReason = "path of the executable could not be read";
  else if (event.exeTruncated) unknownReason = "path of the executable was too long, its end is shown";
  else if (event.cwd === "") unknownReason = "working directory could not be read";
  return makeImage({
    exe: event.exe === "" ? "unknown" : event.exe,
    comm: event.comm,
    cmdline: event.cmdline,
    cmdlineTruncated: event.cmdlineTruncated,
    cwd: event.cwd === "" ? "unknown" : event.cwd,
    cgroup: event.cgroup === "" ? "unknown" : event.cgroup,
    netns: event.netns,
    unknownReason,
  });
}

/** Image of a process that /proc shows. */
export function imageOfFacts(facts: ProcFacts): ProcessImage {
  return makeImage({ ...facts, unknownReason: facts.unknownReason });
}

/** Image of a process of which nothing but its comm is known. */
export function unknownImage(comm: string, reason: string): ProcessImage {
  return makeImage({
    exe: "unknown",
    comm,
    cmdline: [],
    cmdlineTruncated: false,
    cwd: "unknown",
    cgroup: "unknown",
    netns: 0,
    unknownReason: reason,
  });
}

/** The parent's image for a child that was put elsewhere; the image itself when it was not. */
export function inheritImage(
  image: ProcessImage,
  differing: { cgroup?: string | undefined; netns?: number | undefined },
): ProcessImage {
  const cgroup = differing.cgroup ?? image.cgroup;
  const netns = differing.netns ?? image.netns;
  if (cgroup === image.cgroup && netns === image.netns) return image;
  return { ...image, cgroup, netns, container: containerOf(cgroup), users: 0 };
}
