/**
 * Credits what connections move to the rows of processes, destinations and names, as it happens.
 *
 * Each connection has an account with what was credited so far for each of its processes: counters of the kernel only
 * grow, so that the difference is what is new.
 *
 * @module
 */

import { OWNING_ROLES } from "../conns/event.ts";
import type { Connection, ConnectionUser, TaskIdentity } from "../conns/types.ts";
import type { ProcessInfo } from "../events.ts";
import { unknownProcess } from "../process_table.ts";
import type { TopModel } from "./model.ts";
import { counting, type TopRow } from "./table.ts";

/** Of whom a lookup or a connection is. */
export type Task = Pick<TaskIdentity, "tgid" | "tid" | "startTimeNs" | "uid" | "gid" | "comm">;

/** What a {@linkcode TrafficMeter} needs to be given. */
export interface MeterOptions {
  readonly model: TopModel;
  /** Facts of a process at a time, ns. */
  readonly resolve: (task: Task, tsNs: number) => ProcessInfo;
  /** The name a process knows an address by; undefined for none. */
  readonly nameOf: (tgid: number | undefined, address: string, tsNs: number) => string | undefined;
  /** Who listens where an inbound connection came in. */
  readonly listenerOf: (connection: Connection) => Connection | undefined;
  /** Whether a connection is to be counted. */
  readonly passes: (connection: Connection) => boolean;
  /** Whether a process is to be counted; undefined for all. */
  readonly passesProcess: ((process: ProcessInfo) => boolean) | undefined;
}

/** A lookup that was answered or given up. */
export interface CountedLookup {
  readonly client: Task | undefined;
  /** Name asked for; undefined where it is not known. */
  readonly name: string | undefined;
  /** Whom was asked. */
  readonly server: { readonly ip: string; readonly port: number };
  readonly transport: string;
  /** A resolver asked for another process, whose own lookup is counted. */
  readonly isForwarded: boolean;
}

/** What was credited to a process of a connection. */
interface Share {
  readonly tgid: number;
  readonly row: TopRow;
  readonly passes: boolean;
  sent: number;
  received: number;
}

/** What was credited of a connection. */
interface Account {
  owner: Share;
  readonly shares: Share[];
  /** Of destination and name; none where the other end on this host has them. */
  readonly rows: readonly TopRow[];
}

/** Ends that were not told are noticed after this time: later than any end that is told. */
const END_GRACE_NS = 2e9;
/** Key of what belongs to no known process. */
const UNKNOWN_KEY = "";

/** Credits connections and lookups. See the module's description. */
export class TrafficMeter {
  readonly #options: MeterOptions;
  readonly #accounts = new Map<Connection, Account | undefined>();

  /** @param options see {@linkcode MeterOptions} */
  constructor(options: MeterOptions) {
    this.#options = options;
  }

  /** Accounts of connections that are open. */
  get size(): number {
    return this.#accounts.size;
  }

  /**
   * A connection is there: its first mention counts it.
   *
   * @param connection with an owner, as far as there is one
   * @param nowNs time
   */
  open(connection: Connection, nowNs: number): void {
    this.#account(connection, nowNs);
  }

  /**
   * What a process moved through a connection so far.
   *
   * @param connection which
   * @param tgid process; undefined for the owner
   * @param sent octets
   * @param received octets
   * @param nowNs time
   */
  credit(connection: Connection, tgid: number | undefined, sent: number, received: number, nowNs: number): void {
    const account = this.#account(connection, nowNs);
    const share = account && (tgid === undefined ? account.owner : this.#share(account, connection, tgid, nowNs));
    if (account === undefined || share === undefined) return;
    const newlySent = Math.max(0, sent - share.sent);
    const newlyReceived = Math.max(0, received - share.received);
    if (newlySent === 0 && newlyReceived === 0) return;
    share.sent += newlySent;
    share.received += newlyReceived;
    if (!share.passes) return;
    this.#move(account, share);
    for (const row of [share.row, ...account.rows, this.#options.model.sum]) {
      const target = counting(row);
      target.total.sent += newlySent;
      target.total.received += newlyReceived;
      target.touched = true;
    }
  }

  /**
   * A connection has ended.
   *
   * @param connection with its final counters
   * @param nowNs time
   */
  close(connection: Connection, nowNs: number): void {
    const account = this.#account(connection, nowNs);
    if (account !== undefined) {
      // What was moved before culprit came is in the totals, too.
      if (!connection.preexisting) this.#creditTotals(connection, account, nowNs);
      for (const row of this.#gauges(account)) counting(row).open--;
    }
    this.#accounts.delete(connection);
  }

  /**
   * Closes what has ended without being told, because its end was lost.
   *
   * @param nowNs time
   */
  sweep(nowNs: number): void {
    for (const connection of this.#accounts.keys()) {
      if (connection.endNs > 0 && connection.endNs + END_GRACE_NS < nowNs) this.close(connection, nowNs);
    }
  }

  /**
   * Counts a lookup.
   *
   * @param lookup see {@linkcode CountedLookup}
   * @param nowNs time
   */
  lookup({ client, name, server, transport, isForwarded }: CountedLookup, nowNs: number): void {
    const { model } = this.#options;
    const { row, passes, process } = this.#processRow(client, nowNs);
    if (!passes) return;
    const rows = [row, this.#destinationRow(transport, server.ip, server.port, false, "", nowNs), model.sum];
    if (name !== undefined && !isForwarded) rows.push(this.#nameRow(name, nowNs));
    for (const row of rows) {
      const target = counting(row);
      target.total.lookups++;
      target.touched = true;
      target.addProcess(process.name);
    }
  }

  /**
   * A process has ended.
   *
   * @param tgid its id
   * @param startTimeNs its start
   */
  exit(tgid: number, startTimeNs: number): void {
    const label = this.#options.model.tables.process.find(processKey(tgid, startTimeNs))?.label;
    if (label?.view === "process") label.ended = true;
  }

  /** Octets that no process is known to have moved, but the connection did: they are the owner's. */
  #creditTotals(connection: Connection, account: Account, nowNs: number): void {
    if (connection.shape === "connection") {
      for (const { task, bytesSent, bytesReceived } of connection.users) {
        this.credit(connection, task.tgid, bytesSent, bytesReceived, nowNs);
      }
    }
    let { bytesSent: sent, bytesReceived: received } = connection;
    for (const share of account.shares) {
      if (share === account.owner) continue;
      sent -= share.sent;
      received -= share.received;
    }
    this.credit(connection, undefined, sent, received, nowNs);
  }

  /** A connection is of who uses it: of who opened or accepted it only until another one does. */
  #move(account: Account, share: Share): void {
    const { owner } = account;
    if (owner === share || owner.sent + owner.received > 0) return;
    account.owner = share;
    if (owner.row === share.row) return;
    const from = counting(owner.row);
    const to = counting(share.row);
    from.open--;
    from.total.connections--;
    to.open++;
    to.total.connections++;
  }

  #account(connection: Connection, nowNs: number): Account | undefined {
    let account = this.#accounts.get(connection);
    if (account !== undefined || this.#accounts.has(connection)) return account;
    const isCounted = this.#options.passes(connection);
    if (isCounted) account = this.#newAccount(connection, nowNs);
    // Where nobody's process passes, one that does may come yet.
    if (account !== undefined || !isCounted) this.#accounts.set(connection, account);
    return account;
  }

  #newAccount(connection: Connection, nowNs: number): Account | undefined {
    const candidates = [this.#ownerOf(connection), ...connection.users];
    for (const user of candidates) {
      const { row, passes, process } = this.#processRow(user?.task, nowNs, user?.process);
      if (passes) return this.#newAccountOf(connection, user, row, process, nowNs);
    }
    return undefined;
  }

  #newAccountOf(
    connection: Connection,
    user: ConnectionUser | undefined,
    row: TopRow,
    process: ProcessInfo,
    nowNs: number,
  ): Account {
    const owner: Share = { tgid: user?.task.tgid ?? 0, row, passes: true, sent: 0, received: 0 };
    const account: Account = { owner, shares: [owner], rows: this.#rowsOf(connection, user, nowNs) };
    for (const row of this.#gauges(account)) {
      const target = counting(row);
      target.open++;
      target.total.connections++;
      target.touched = true;
      target.addProcess(process.name);
    }
    return account;
  }

  /** Rows that count a connection as open. */
  #gauges({ owner, rows }: Account): TopRow[] {
    return [owner.row, ...rows, this.#options.model.sum];
  }

  /** Who accepted or opened; else who uses or holds it; else who listens there. */
  #ownerOf(connection: Connection): ConnectionUser | undefined {
    for (const role of OWNING_ROLES) {
      const user = connection.users.find(({ roles }) => roles.includes(role));
      if (user !== undefined) return user;
    }
    return connection.direction === "inbound" ? this.#options.listenerOf(connection)?.users[0] : undefined;
  }

  #share(account: Account, connection: Connection, tgid: number, nowNs: number): Share | undefined {
    let share = account.shares.find((share) => share.tgid === tgid);
    if (share === undefined) {
      const user = connection.users.find(({ task }) => task.tgid === tgid);
      // Its first use is told by a record that is still to come; where that was lost, the end of the connection tells.
      if (user === undefined) return undefined;
      const { row, passes, process } = this.#processRow(user.task, nowNs, user.process);
      share = { tgid, row, passes, sent: 0, received: 0 };
      account.shares.push(share);
      for (const row of account.rows) counting(row).addProcess(process.name);
    }
    return share;
  }

  #processRow(
    task: Task | undefined,
    nowNs: number,
    known?: ProcessInfo,
  ): { row: TopRow; passes: boolean; process: ProcessInfo } {
    const { model, resolve, passesProcess } = this.#options;
    let process = known;
    if (task !== undefined) {
      const now = resolve(task, nowNs);
      if (process === undefined || now.unknown_reason === undefined) process = now;
    }
    const found = process ?? unknownProcess("no process was seen opening or using the socket");
    const passes = passesProcess === undefined || passesProcess(found);
    if (!passes) return { row: model.sum, passes, process: found };
    const key = task === undefined ? UNKNOWN_KEY : processKey(task.tgid, task.startTimeNs);
    const row = model.tables.process.at(key, () => ({ view: "process", process: found, ended: false }), nowNs);
    // It may have begun another program.
    if (row.label.view === "process" && found.unknown_reason === undefined) row.label.process = found;
    return { row, passes, process: found };
  }

  #rowsOf(connection: Connection, user: ConnectionUser | undefined, nowNs: number): TopRow[] {
    const { direction, transport, peer } = connection;
    const { passesProcess, nameOf } = this.#options;
    if (direction === "inbound") {
      // Both ends are here: the one that went there has counted it, unless it is left out.
      if (peer !== undefined && passesProcess === undefined) return [];
      return [this.#destinationRow(transport, connection.localIp, connection.localPort, true, "", nowNs)];
    }
    const { remoteIp, remotePort } = connection;
    const name = nameOf(user?.task.tgid, remoteIp, connection.startNs || nowNs) ?? "";
    return [
      this.#destinationRow(transport, remoteIp, remotePort, false, name, nowNs),
      this.#nameRow(name, nowNs),
    ];
  }

  #destinationRow(transport: string, ip: string, port: number, inbound: boolean, name: string, nowNs: number): TopRow {
    const address = ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
    const row = this.#options.model.tables.destination.at(
      `${transport} ${inbound} ${address}`,
      () => ({ view: "destination", address, transport, inbound, name }),
      nowNs,
    );
    if (row.label.view === "destination" && name !== "") row.label.name = name;
    return row;
  }

  #nameRow(name: string, nowNs: number): TopRow {
    // DNS names are the same in any case (RFC 4343).
    return this.#options.model.tables.name.at(name.toLowerCase(), () => ({ view: "name", name }), nowNs);
  }
}

/** Names a process for ever. */
function processKey(tgid: number, startTimeNs: number): string {
  return `${tgid} ${startTimeNs}`;
}
