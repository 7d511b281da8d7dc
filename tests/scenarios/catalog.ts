/**
 * Every scenario of the scorecard, in the order of its table.
 *
 * @module
 */

import { CONTAINER } from "./catalog/container.ts";
import { EARLIER } from "./catalog/earlier.ts";
import { FORMAT } from "./catalog/format.ts";
import { IDENTITY } from "./catalog/identity.ts";
import { NOT_DNS } from "./catalog/not_dns.ts";
import { OWNERSHIP } from "./catalog/ownership.ts";
import { PATHS } from "./catalog/paths.ts";
import { PROGRAMS_OF_OTHERS } from "./catalog/programs.ts";
import { RESOLVERS } from "./catalog/resolvers.ts";
import { TCP } from "./catalog/tcp.ts";
import { UDP } from "./catalog/udp.ts";
import type { Scenario } from "./scenario.ts";

/** Every scenario. */
export const SCENARIOS: readonly Scenario[] = [
  // First, while their clients still wait for what they sent before the start.
  ...EARLIER,
  ...UDP,
  ...PROGRAMS_OF_OTHERS,
  ...TCP,
  ...OWNERSHIP,
  ...IDENTITY,
  ...PATHS,
  ...RESOLVERS,
  ...CONTAINER,
  ...FORMAT,
  ...NOT_DNS,
];
