/**
 * Fits help, which is written for wide terminals, to narrow ones.
 *
 * @module
 */

/** Lines of help that are at least so long were broken there; a word more did not fit. */
const BROKEN_COLUMNS = 112;

/** Narrower ones get the lines as they are. */
const MIN_COLUMNS = 40;

/** How far further lines stand in where the second column begins too far to the right. */
const HANGING_COLUMNS = 6;

/** Where the text of a line begins: its second column where it has two, else its first. */
function textColumn(line: string): number {
  const [lead = ""] = /^ *(?:\S+(?: \S+)* {2,})?/.exec(line) ?? [];
  return lead.length;
}

/** Joins lines that were broken because they were too long for the width they were written for. */
function unbreak(lines: readonly string[]): string[] {
  const joined: string[] = [];
  let last = "";
  let column = 0;
  for (const line of lines) {
    const text = line.trimStart();
    const isContinued = text !== "" && joined.length > 0 && line.length - text.length === column &&
      last.length + 1 + (text.split(" ", 1)[0] ?? "").length > BROKEN_COLUMNS;
    if (isContinued) joined.push(`${joined.pop()} ${text}`);
    else {
      joined.push(line);
      column = textColumn(line);
    }
    last = line;
  }
  return joined;
}

/** Breaks a line at spaces; further lines stand below its text. */
function breakLine(line: string, columns: number): string[] {
  if (line.length <= columns) return [line];
  const column = textColumn(line);
  const isFar = column > columns / 2;
  const indent = " ".repeat(isFar ? HANGING_COLUMNS : column);
  const lines = [isFar ? line.slice(0, column).trimEnd() : line.slice(0, column)];
  let isFresh = !isFar;
  for (const word of line.slice(column).split(" ")) {
    const last = lines.at(-1) ?? "";
    if (isFresh) lines[lines.length - 1] = last + word;
    else if (isFar && lines.length === 1 || last.length + 1 + word.length > columns) lines.push(indent + word);
    else lines[lines.length - 1] = `${last} ${word}`;
    isFresh = false;
  }
  return lines;
}

/**
 * Fits a text to a terminal.
 *
 * @param text lines of one or two columns, the second after at least two spaces; ASCII
 * @param columns of the terminal; undefined where there is none
 * @returns lines broken between words; the same text where it fits, and where the terminal is narrower than 40 columns
 */
export function wrapText(text: string, columns: number | undefined): string {
  if (columns === undefined || columns < MIN_COLUMNS) return text;
  const lines = text.split("\n");
  if (lines.every((line) => line.length <= columns)) return text;
  return unbreak(lines).flatMap((line) => breakLine(line, columns)).join("\n");
}
