import { FileClock, LiveClock } from "./clock.ts";

const live = new LiveClock();
const file = new FileClock(1_795_219_923_123_456_789n);
let tsNs = 1_000_000_000_000;

Deno.bench("LiveClock.toRfc3339(), 5 us apart", () => {
  tsNs += 5_000;
  live.toRfc3339(tsNs);
});

Deno.bench("FileClock.toRfc3339(), 5 us apart", () => {
  tsNs += 5_000;
  file.toRfc3339(tsNs);
});

Deno.bench("FileClock.toRfc3339(), a new second each", () => {
  tsNs += 1_000_000_000;
  file.toRfc3339(tsNs);
});
