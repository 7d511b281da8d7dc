/**
 * A server for tests: peer.ts IP PORT... answers every connection with "hello", after the first octets came. Says
 * "ready" when it listens; ends when its standard input does.
 *
 * @module
 */

const [hostname = "", ...ports] = Deno.args;

/** Serves one connection. */
async function serve(connection: Deno.Conn): Promise<void> {
  using _ = connection;
  const request = new Uint8Array(4096);
  if (await connection.read(request) === null) return;
  const response = "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n";
  await connection.write(new TextEncoder().encode(response));
}

/** Serves what comes in, as long as the process lives. */
async function acceptAll(listener: Deno.Listener): Promise<void> {
  for await (const connection of listener) {
    serve(connection).catch(() => {
      // A client that goes away is no failure of the server.
    });
  }
}

for (const port of ports) acceptAll(Deno.listen({ hostname, port: Number(port) }));
await Deno.stdout.write(new TextEncoder().encode("ready\n"));
while (await Deno.stdin.read(new Uint8Array(1)) !== null);
Deno.exit(0);
