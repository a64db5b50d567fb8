import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { execa } from "execa";

import { checkout } from "../../../local/folder";

/** The environment of the Makefile's commands, for these variables of the environment and these arguments of make. */
async function environmentOf(variables: NodeJS.ProcessEnv, ...args: string[]): Promise<Record<string, string>> {
  // An own target, so that no command of the Makefile runs.
  const print = ["--silent", "--eval=print-environment:;@env", "print-environment"];
  const own = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "NO_PROXY", "no_proxy", "NODE_USE_ENV_PROXY"];
  const none = Object.fromEntries(own.map((name) => [name, undefined]));
  const { stdout } = await execa("make", [...print, ...args], {
    cwd: checkout,
    env: { ...none, ...variables },
  });
  return Object.fromEntries(stdout.split("\n").map((line) => [line.replace(/=.*/, ""), line.replace(/^[^=]*=/, "")]));
}

describe("the Makefile's variables", () => {
  const names = ["TAG", "STACK", "PLATFORMS", "REGISTRY", "BUILDER", "IMAGE_TAG", "DRY_RUN"];
  const hostile = ["$(shell echo expanded)", "${HOME}", "$$HOME", "`echo expanded`", "$(info expanded)", "v1; exit 1"];

  for (const value of hostile) {
    it(`pass ${JSON.stringify(value)} on unchanged, from the environment and as an argument`, async () => {
      const fromEnvironment = await environmentOf(Object.fromEntries(names.map((name) => [name, value])));
      const all = [...names, "LANGUAGE"];
      const fromArguments = await environmentOf({}, ...all.map((name) => `${name}=${value}`));
      for (const name of names) assert.equal(fromEnvironment[name], value, name);
      for (const name of all) assert.equal(fromArguments[name], value, name);
    });
  }

  it("run no command of a value", async () => {
    const folder = mkdtempSync(join(tmpdir(), "makefile-"));
    const value = `$(shell touch ${join(folder, "created")})`;
    await environmentOf({ TAG: value }, `STACK=${value}`, `LANGUAGE=${value}`);
    assert.equal(existsSync(join(folder, "created")), false);
    rmSync(folder, { recursive: true });
  });

  it("ignore LANGUAGE in the environment, which is gettext's", async () => {
    assert.equal((await environmentOf({ LANGUAGE: "de" }))["LANGUAGE"], undefined);
  });
});

describe("the Makefile behind a proxy", () => {
  it("sets nothing if there is no proxy", async () => {
    const { NODE_USE_ENV_PROXY, NO_PROXY } = await environmentOf({});
    assert.deepEqual([NODE_USE_ENV_PROXY, NO_PROXY], [undefined, undefined]);
  });

  it("reaches this machine and the hosts in no_proxy directly", async () => {
    const { NO_PROXY, no_proxy } = await environmentOf({ https_proxy: "http://proxy:3128", no_proxy: "a.example,b" });
    assert.equal(NO_PROXY, "localhost,127.0.0.1,a.example,b");
    assert.equal(no_proxy, NO_PROXY);
  });

  it("lets Node.js start with an address that is not a URL", async () => {
    assert.equal((await environmentOf({ HTTP_PROXY: "proxy:3128" }))["NODE_USE_ENV_PROXY"], undefined);
  });

  it("sends fetch through the proxy, and to this machine directly", async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(request.url ?? "");
      response.end();
    });
    // Node.js may send a request or open a tunnel.
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
