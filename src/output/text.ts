/**
 * Events as rows of a table: cut to the width of a terminal, whole everywhere else.
 *
 * @module
 */

import type { CulpritEvent } from "../events.ts";
import { escapeTerminal } from "./escape.ts";
import { displayWidth, fitWidth } from "./width.ts";

/** How a cell stands out. */
export type CellStyle = "bad" | "warn" | "dim";

/** One column of the text format. */
export interface Column<Event extends CulpritEvent> {
  /** Heading, in capitals. */
  readonly title: string;
  /** Columns of the terminal it takes; the least it takes where it has a `share`. */
  readonly width: number;
  /** Its part of the room the fixed columns leave. */
  readonly share?: number;
  /** Left out on a narrow terminal, lowest number first; absent on columns that always stay. */
  readonly drop?: number;
  /** What it shows in place of itself where columns were left out. */
  readonly narrow?: { readonly title: string; value(event: Event): string };
  /** Text of a cell; escaped and cut afterwards. */
  value(event: Event): string;
  /** How the cell stands out; undefined for not at all. */
  style?(event: Event): CellStyle | undefined;
}

/** SGR sequences of the styles (ECMA-48 section 8.3.117). */
const STYLES: Readonly<Record<CellStyle, string>> = { bad: "\x1b[31m", warn: "\x1b[33m", dim: "\x1b[2m" };
const BOLD = "\x1b[1m";
const RESET = "\x1b[0m";

/** Room per share where rows are not cut: most names fit, and columns align. */
const UNCUT_SHARE = 8;

/** A column with the width it has on this terminal. */
interface Placed<Event extends CulpritEvent> {
  readonly column: Column<Event>;
  readonly width: number;
}

/** The columns that fit a terminal and their widths; in full where there is no width to fit. */
function place<Event extends CulpritEvent>(
  columns: readonly Column<Event>[],
  terminalWidth: number | undefined,
): Placed<Event>[] {
  const kept = [...columns];
  const least = (): number => kept.reduce((sum, column) => sum + column.width + 1, -1);
  if (terminalWidth === undefined) {
    return kept.map((column) => ({ column, width: column.width + UNCUT_SHARE * (column.share ?? 0) }));
  }
  const droppable = kept.filter((column) => column.drop !== undefined).sort((a, b) => (a.drop ?? 0) - (b.drop ?? 0));
  for (const column of droppable) {
    if (least() <= terminalWidth) break;
    kept.splice(kept.indexOf(column), 1);
  }
  const isWhole = kept.length === columns.length;
  let room = Math.max(0, terminalWidth - least());
  let shares = kept.reduce((sum, column) => sum + (column.share ?? 0), 0);
  return kept.map((column) => {
    const extra = column.share === undefined ? 0 : Math.floor(room * column.share / shares);
    room -= extra;
    shares -= column.share ?? 0;
    return { column: isWhole ? column : { ...column, ...column.narrow }, width: column.width + extra };
  });
}

/** Makes the rows of one kind of event. */
export class TextFormatter<Event extends CulpritEvent> {
  readonly #columns: readonly Column<Event>[];
  readonly #colours: boolean;
  #placed: Placed<Event>[];
  #terminalWidth: number | undefined;

  /**
   * Places the columns.
   *
   * @param columns the columns, left to right
   * @param options `terminalWidth`: columns of the terminal, undefined to cut nothing; `colours`: use them
   */
  constructor(columns: readonly Column<Event>[], options: { terminalWidth: number | undefined; colours: boolean }) {
    this.#columns = columns;
    this.#colours = options.colours;
    this.#terminalWidth = options.terminalWidth;
    this.#placed = place(columns, options.terminalWidth);
  }

  /**
   * Fits the rows to come to a terminal that changed.
   *
   * @param terminalWidth columns of the terminal
   */
  resize(terminalWidth: number): void {
    this.#terminalWidth = terminalWidth;
    this.#placed = place(this.#columns, terminalWidth);
  }

  /**
   * Makes the line of headings.
   *
   * @returns the headings as one line with its line feed
   */
  header(): string {
    const cells = this.#placed.map(({ column, width }, index) => this.#fit(column.title, width, index));
    return `${this.#paint(cells.join(" "), BOLD)}\n`;
  }

  /**
   * Makes the row of an event.
   *
   * @param event the event
   * @returns one line with its line feed
   */
  row(event: Event): string {
    const cells = this.#placed.map(({ column, width }, index) => {
      const cell = this.#fit(escapeTerminal(column.value(event)), width, index);
      const style = this.#colours ? column.style?.(event) : undefined;
      return style === undefined ? cell : this.#paint(cell, STYLES[style]);
    });
    return `${cells.join(" ").trimEnd()}\n`;
  }

  /** Cuts for terminals; elsewhere pads, so that columns mostly align and nothing is lost to grep. */
  #fit(text: string, width: number, index: number): string {
    const isLast = index === this.#placed.length - 1;
    if (this.#terminalWidth !== undefined) return isLast ? fitWidth(text, width).trimEnd() : fitWidth(text, width);
    return isLast ? text : text + " ".repeat(Math.max(0, width - displayWidth(text)));
  }

  #paint(text: string, code: string): string {
    return this.#colours ? `${code}${text}${RESET}` : text;
  }
}
