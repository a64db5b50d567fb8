import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { checkout } from "../../../local/folder";
import { readFile } from "../../helpers/checkoutFiles";
import { serve } from "../../helpers/http";
import { useTemporaryFolder } from "../../helpers/temporaryFolder";

/** The environment of the Makefile's commands, for these variables of the environment and these arguments of make. */
async function environmentOf(variables: NodeJS.ProcessEnv, ...args: string[]): Promise<Record<string, string>> {
  // An own target, so that no command of the Makefile runs. From stdin: GNU make 3.81 has no --eval.
  const print = ["--silent", "--file=Makefile", "--file=-", "print-environment"];
  const input = "print-environment:\n\t@env\n";
  const own = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "NO_PROXY", "no_proxy", "NODE_USE_ENV_PROXY"];
  const none = Object.fromEntries(own.map((name) => [name, undefined]));
  const { stdout } = await execa("make", [...print, ...args], { cwd: checkout, env: { ...none, ...variables }, input });
  return Object.fromEntries(stdout.split("\n").map((line) => line.split(/=(.*)/s, 2) as [string, string]));
}

describe("the Makefile's variables", () => {
  const folder = useTemporaryFolder();
  const names = ["ARGS", "TAG", "STACK", "PLATFORMS", "REGISTRY", "BUILDER", "IMAGE_TAG", "DRY_RUN"];

  const values = ["$(shell echo expanded)", "${HOME}", "$$HOME", "`echo expanded`", "$(info expanded)", "v1; exit 1"];
  for (const value of values) {
    it(`pass ${JSON.stringify(value)} on unchanged, from the environment and as an argument`, async () => {
      const all = Object.fromEntries([...names, "LANGUAGE"].map((name) => [name, value]));
      const { LANGUAGE, ...variables } = all;
      const fromEnvironment = await environmentOf(variables);
      const fromArguments = await environmentOf({}, ...Object.keys(all).map((name) => `${name}=${value}`));
      assert.deepEqual({ ...fromEnvironment, ...variables }, fromEnvironment);
      assert.deepEqual({ ...fromArguments, ...variables, LANGUAGE }, fromArguments);
    });
  }

  it("run no command of a value", async () => {
    const value = `$(shell touch ${join(folder(), "created")})`;
    const proxy = { HTTP_PROXY: value, https_proxy: value, NO_PROXY: value, no_proxy: value };
    await environmentOf({ TAG: value, ...proxy }, `STACK=${value}`, `LANGUAGE=${value}`, `ARGS=${value}`);
    assert.equal(existsSync(join(folder(), "created")), false);
  });

  it("ignore LANGUAGE in the environment, which is gettext's", async () =>
    assert.equal((await environmentOf({ LANGUAGE: "de" }))["LANGUAGE"], undefined));
});

describe("the Makefile behind a proxy", () => {
  const proxy = "http://proxy:3128";
  const direct = "localhost,127.0.0.1,a.example,b";
  for (const [name, variables, expected] of [
    ["sets nothing if there is no proxy", {}, [undefined, undefined, undefined]],
    ["has no spaces in a list", { http_proxy: proxy, NO_PROXY: "a.example", no_proxy: "b" }, ["1", direct, direct]],
    ["reaches this machine directly", { https_proxy: proxy, no_proxy: "a.example,b" }, ["1", direct, direct]],
  ] as const) {
    it(name, async () => {
      const { NODE_USE_ENV_PROXY, NO_PROXY, no_proxy } = await environmentOf(variables);
      assert.deepEqual([NODE_USE_ENV_PROXY, NO_PROXY, no_proxy], expected);
    });
  }

  it("lets Node.js start with an address that is not a URL", async () =>
    assert.equal((await environmentOf({ HTTP_PROXY: "proxy:3128" }))["NODE_USE_ENV_PROXY"], undefined));

  it("sends fetch through the proxy, and to this machine directly", async () => {
    const seen: string[] = [];
    const { url, server } = await serve((request) => {
      seen.push(request.url ?? "");
      return {};
    });
    // Node.js may send a request or open a tunnel.
    server.on("connect", (request, socket) => {
      seen.push(request.url ?? "");
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    });
    const urls = [`${url}/ip`, `${url.replace("127.0.0.1", "localhost")}/name`, "http://outside.example/"];
    const program = `(async () => { for (const url of process.argv.slice(1)) await fetch(url).catch(() => 0); })()`;
    const env = await environmentOf({ HTTP_PROXY: url });
    await execa(process.execPath, ["--eval", program, ...urls], { env, extendEnv: false, timeout: 15_000 });
    assert.deepEqual(seen.slice(0, 2), ["/ip", "/name"]);
    assert.equal(seen.length, 3);
    assert.match(seen[2] ?? "", /outside\.example/);
  });
});

describe("the Makefile and GNU make 3.81, which macOS has", () => {
  const makefile = readFile("Makefile");

  // https://git.savannah.gnu.org/cgit/make.git/tree/NEWS
  it("uses nothing that is newer", () =>
    assert.doesNotMatch(
      makefile,
      /\$\(file |^\S+ *!=|&:|^\.(ONESHELL|RECIPEPREFIX|EXTRA_PREREQS|WAIT)|^(undefine|private) /m,
    ));

  it("names the programs of npm packages by their paths, unless a shell finds them", () => {
    const commands = makefile
      .split("\n")
      .filter((line) => /^(\t@?|\w+ := )(ts-node|mocha|tsc|eslint|prettier)\b/.test(line));
    assert.deepEqual(commands, []);
  });
});
