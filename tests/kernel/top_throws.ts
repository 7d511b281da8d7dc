/**
 * Loaded before cli.ts: throws where nobody catches it, as soon as `culprit top` has taken the terminal.
 *
 * @module
 */

import { Terminal } from "../../src/top/terminal.ts";

const draw = Terminal.prototype.draw;
Terminal.prototype.draw = function (lines): void {
  draw.call(this, lines);
  setTimeout(() => {
    throw new TypeError("thrown while the screen is taken");
  }, 0);
};
