import assert from "node:assert/strict";
import { WHO_EVENT, whoStory } from "./who_fields.ts";

const EVENT = WHO_EVENT.example;
const [SOCKET] = EVENT.sockets;
if (SOCKET === undefined) throw new TypeError("the example has no socket");
const TIME = "2026-11-21T00:12:04.000000000Z";

const CASES = [
  ["a socket there is", "socket", "established", "remote", "talks to", undefined],
  ["a socket that is served", "socket", "listen", "local", "serves", undefined],
  ["a socket that neither is bound nor connected any more", "socket", "close", "remote", "talks to", undefined],
  ["a connection that was seen to begin", "connection", "open", "remote", "talks to", `seen       ${TIME}`],
  ["a connect that failed", "connection", "fail", "remote", "tried to reach", `seen       ${TIME}`],
  ["a connection that has ended", "connection", "close", "remote", "talked to", `ended      ${TIME}`],
  ["a connection that was served and has ended", "connection", "close", "local", "served", `ended      ${TIME}`],
] as const;

for (const [name, evidence, state, end, does, when] of CASES) {
  Deno.test(`whoStory() tells of ${name}`, () => {
    const story = whoStory({ ...EVENT, evidence, sockets: [{ ...SOCKET, state, end }] });
    const [title = "", ...lines] = story.split("\n");
    assert.equal(title, `${EVENT.process.name} (pid ${EVENT.process.pid}) ${does} 198.51.100.4:443`);
    assert.equal(lines.map((line) => line.trim()).find((line) => /^(?:seen|ended) /.test(line)), when);
  });
}
