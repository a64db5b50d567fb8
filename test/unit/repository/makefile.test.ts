import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { execa } from "execa";

const checkout = join(__dirname, "..", "..");

/** What the Makefile gives its commands, for these variables of a person's environment. */
async function environmentOf(variables: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  // A target of its own, so that nothing of the Makefile is run.
  const print = ["--silent", "--eval=print-environment:;@env", "print-environment"];
  const own = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "NO_PROXY", "no_proxy", "NODE_USE_ENV_PROXY"];
  const none = Object.fromEntries(own.map((name) => [name, undefined]));
  const { stdout } = await execa("make", print, {
    cwd: checkout,
    env: { ...none, ...variables },
  });
  return Object.fromEntries(stdout.split("\n").map((line) => [line.replace(/=.*/, ""), line.replace(/^[^=]*=/, "")]));
}

describe("behind a proxy", () => {
  it("nothing is said where there is none", async () => {
    const { NODE_USE_ENV_PROXY, NO_PROXY } = await environmentOf({});
    assert.deepEqual([NODE_USE_ENV_PROXY, NO_PROXY], [undefined, undefined]);
  });

  it("this machine and what a person names are reached without it", async () => {
    const { NO_PROXY, no_proxy } = await environmentOf({ https_proxy: "http://proxy:3128", no_proxy: "a.example,b" });
    assert.equal(NO_PROXY, "localhost,127.0.0.1,a.example,b");
    assert.equal(no_proxy, NO_PROXY);
  });

  it("Node.js starts with an address that is no URL", async () => {
    assert.equal((await environmentOf({ HTTP_PROXY: "proxy:3128" }))["NODE_USE_ENV_PROXY"], undefined);
  });

  it("fetch goes through it, and to this machine directly", async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(request.url ?? "");
      response.end();
    });
    // However Node.js asks a proxy: by a request or by a tunnel.
    server.on("connect", (request, socket) => {
      seen.push(request.url ?? "");
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const local = [`http://${address}/ip`, `http://localhost:${address.replace(/.*:/, "")}/name`];
    const program = `(async () => { for (const url of process.argv.slice(1)) await fetch(url).catch(() => 0); })()`;
    const env = await environmentOf({ HTTP_PROXY: `http://${address}` });
    await execa(process.execPath, ["--eval", program, ...local, "http://outside.example/"], {
      env,
      extendEnv: false,
      timeout: 15_000,
    });
    server.close();
    assert.deepEqual(seen.slice(0, 2), ["/ip", "/name"]);
    assert.equal(seen.length, 3);
    assert.match(seen[2] ?? "", /outside\.example/);
  });
});
