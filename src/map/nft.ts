/**
 * A policy as a file for nft(8), written to be reviewed.
 *
 * @module
 */

import { escapeTerminal } from "../output/escape.ts";
import { beginOf, endOf, gapsOf, type MapDocument } from "./document.ts";
import {
  type BlockedEdge,
  edgeText,
  makePolicy,
  type Owner,
  type Policy,
  type PolicyHost,
  type PolicyRule,
} from "./policy.ts";
import { octetsText, portText } from "./text.ts";

/** Columns of the comments. */
const WIDTH = 118;
/** Longest comment nftables keeps, octets (NFT_USERDATA_MAXLEN less its header), with room to spare. */
const MAX_RULE_COMMENT = 100;
/** Lines of a list before the rest is only counted. */
const MAX_LISTED = 200;

/** A comment to the end of the line; nothing in it can end it. */
function comment(text: string, indent = ""): string {
  const safe = escapeTerminal(text);
  const characters = [...safe];
  return `${indent}# ${characters.length > WIDTH ? `${characters.slice(0, WIDTH - 1).join("")}…` : safe}`.trimEnd();
}

/** A comment that stays with the rule: plain letters only, because quotes of nftables have no escapes. */
function ruleComment(text: string): string {
  return `comment "${text.replace(/[^A-Za-z0-9 ._/:@,()+-]/g, "_").slice(0, MAX_RULE_COMMENT)}"`;
}

/** How nftables matches an owner. */
function ownerMatch(owner: Owner): string {
  if (owner.by === "uid") return `meta skuid ${owner.uid}`;
  return `socket cgroupv2 level ${owner.level} "${owner.path}"`;
}

/** An address, or a set of several. */
function addressSet(ips: readonly string[]): string {
  return ips.length === 1 ? ips[0] ?? "" : `{ ${ips.join(", ")} }`;
}

/** Matches of the far end: one for each family that was seen. */
function addressMatches(rule: PolicyRule, side: "daddr" | "saddr"): string[] {
  if (rule.anywhere) return [""];
  const ips = [...rule.ips].sort();
  const [v6, v4] = [ips.filter((ip) => ip.includes(":")), ips.filter((ip) => !ip.includes(":"))];
  return [
    ...(v4.length > 0 ? [`ip ${side} ${addressSet(v4)} `] : []),
    ...(v6.length > 0 ? [`ip6 ${side} ${addressSet(v6)} `] : []),
  ];
}

/** What was seen that made a rule. */
function evidence(rule: PolicyRule): string[] {
  const count = rule.connections === 1 ? "1 connection" : `${rule.connections} connections`;
  const ips = rule.ips.size === 1 ? "1 address" : `${rule.ips.size} addresses`;
  const lines = [`${portText(rule)}: ${count}, ${octetsText(rule.bytes)}, ${ips}: ${[...rule.processes].join(", ")}`];
  if (rule.names.size > 0) lines.push(`  known as ${[...rule.names].join(", ")}; addresses of names change`);
  if (rule.anywhere) lines.push("  too many addresses to list: any is allowed");
  return lines;
}

/** The lines of a rule. */
function ruleLines(rule: PolicyRule, side: "daddr" | "saddr"): string[] {
  const owner = rule.owner === undefined ? "" : `${ownerMatch(rule.owner)} `;
  const [first = "unknown"] = rule.processes;
  return [
    ...evidence(rule).map((line) => comment(line, "    ")),
    ...addressMatches(rule, side).map((addresses) =>
      `    ${owner}${addresses}${rule.transport} dport ${rule.port} counter accept ${
        ruleComment(`${rule.connections} x ${first}`)
      }`
    ),
  ];
}

/** The rules of what goes out, under a heading for each owner. */
function outputLines(rules: readonly PolicyRule[]): string[] {
  let before = "";
  return rules.flatMap((rule) => {
    const match = rule.owner === undefined ? "" : ownerMatch(rule.owner);
    const isNew = match !== before;
    before = match;
    const note = rule.owner?.by === "uid" ? ": any program of this user, no lasting cgroup was seen" : "";
    return [...(isNew ? ["", comment(`${match}${note}`, "    ")] : []), ...ruleLines(rule, "daddr")];
  });
}

/** A chain that blocks nothing until its last line is turned on. */
function chain(name: "output" | "input", first: string, rules: readonly string[]): string[] {
  return [
    `  chain ${name} {`,
    `    type filter hook ${name} priority filter; policy accept;`,
    `    ${first} "lo" accept`,
    "    ct state established,related accept",
    "    # Without these IPv6 has no neighbours and large packets get stuck.",
    "    meta l4proto { icmp, ipv6-icmp } accept",
    ...rules,
    "",
    "    # What no rule above allows: counted and logged, and goes on.",
    `    counter ${ruleComment("no rule allows it")}`,
    `    limit rate 10/second burst 50 packets log prefix "culprit ${name}: " level info flags all`,
    "    # To enforce, turn this on, when the counter above has not grown for as long as you trust:",
    "    # counter drop",
    "  }",
  ];
}

/** A line of what would have been blocked. */
function blockedLine({ edge, chain: name, reason }: BlockedEdge): string {
  return comment(`  ${name.padEnd(6)} ${portText(edge).padEnd(9)} ${edgeText(edge)}: ${reason}`);
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** What stands above the rules. */
function header({ edges, summary, host }: MapDocument, policy: Policy, minCount: number): string[] {
  const connections = edges.reduce((sum, edge) => sum + edge.connections, 0);
  const blockedConnections = policy.blocked.reduce((sum, { edge }) => sum + edge.connections, 0);
  const blockedFailed = policy.blocked.reduce((sum, { edge }) => sum + edge.failed, 0);
  const listed = policy.blocked.slice(0, MAX_LISTED);
  const seconds = (summary.duration_ms / 1000).toFixed(1);
  return [
    `A firewall policy proposed by culprit from what ${host} did`,
    `from ${beginOf(summary)} to ${endOf(summary)} (${seconds} s):`,
    `${plural(edges.length, "edge", "edges")}, ${plural(connections, "connection", "connections")}.`,
    "",
    "Review every line. What did not happen within this window is not allowed: think of updates, backups, timers,",
    "logins from elsewhere, failover. As it stands this file blocks nothing; see the end of each chain.",
    "Try: nft -c -f FILE. Load: nft -f FILE. Watch: nft list table inet culprit. Remove: nft delete table inet culprit",
    "",
    `Allowed: what came about ${minCount === 1 ? "" : `at least ${minCount} times`}`.trimEnd() +
    ". Enforced, it would within this window",
    policy.blocked.length === 0
      ? "have blocked nothing."
      : `have blocked ${plural(policy.blocked.length, "edge", "edges")}: ${
        plural(blockedConnections, "connection", "connections")
      } that came about, ${plural(blockedFailed, "attempt", "attempts")} that failed anyway:`,
  ].map((line) => comment(line)).concat(
    listed.map(blockedLine),
    policy.blocked.length > listed.length ? [comment(`  and ${policy.blocked.length - listed.length} more`)] : [],
    notes(policy).map((line) => comment(line)),
    gapsOf(summary).map((gap) => comment(`Not seen, hence not allowed: ${gap}`)),
  );
}

/** What these chains do not decide, and what makes rules go stale. */
function notes({ local, elsewhere, raw, output }: Policy): string[] {
  const lines = [""];
  if (local > 0) {
    lines.push(`${plural(local, "edge stays", "edges stay")} on this host: that is loopback, allowed as a whole.`);
  }
  if (elsewhere > 0) {
    lines.push(
      `${
        plural(elsewhere, "edge is", "edges are")
      } of other network namespaces (containers), which these chains never see:`,
      "they need rules in a forward chain, or in their own namespace.",
    );
  }
  if (raw > 0) {
    lines.push(`${plural(raw, "edge is", "edges are")} of raw or ping sockets: of these only ICMP is allowed.`);
  }
  if (output.some(({ owner }) => owner?.by === "cgroup")) {
    lines.push(
      "A cgroup is looked up when the file is loaded: it must be there, and a unit or container that starts anew has",
      "another one. Load the file again then (for units: ExecStartPost=, or NFTSet= since systemd 255).",
    );
  }
  return lines;
}

/**
 * Writes a policy.
 *
 * @param document the map
 * @param minCount connections an edge needs to be allowed, 1 or more
 * @param host what the rules are for
 * @returns the text of a file for `nft -f`
 */
export function renderNft(document: MapDocument, minCount: number, host: PolicyHost): string {
  const policy = makePolicy(document.edges, minCount, host);
  const input = policy.input.flatMap((rule) => ["", ...ruleLines(rule, "saddr")]);
  return [
    "#!/usr/sbin/nft -f",
    ...header(document, policy, minCount),
    "",
    "# Replaces an earlier version of itself and touches no other table.",
    "table inet culprit",
    "delete table inet culprit",
    "table inet culprit {",
    ...chain("output", "oifname", outputLines(policy.output)),
    "",
    ...chain("input", "iifname", input),
    "}",
    "",
  ].join("\n");
}
