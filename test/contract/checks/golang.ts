// The ways in which projects for Go are built and run.
import { cp } from "node:fs/promises";
import { join } from "node:path";

import type { Box } from "../box";
import type { Check } from "../check";
import { passed, runPhases } from "../phases";
import { prints, trustsCompany, workspaceOf } from "./programs";

/** Go's caches in the workspace. What the first phase downloads and compiles is lost otherwise. */
const caches = { GOMODCACHE: "/mnt/workspace/.cache/go-mod", GOCACHE: "/mnt/workspace/.cache/go-build" };
const answer = "25,000 kg at the north pier";

/** The checks of an image for Go. */
export const checks: readonly Check[] = [
  {
    name: "A project with a module, Go's caches in the workspace: later phases need no network",
    expected: passed(answer),
    find: async (box) => runPhases(box, { workspace: await buildHarbour(box), env: caches }),
  },
  {
    name: "A program that an earlier phase built, by the option binary",
    expected: passed(answer),
    find: async (box) => {
      const workspace = await workspaceOf(box, "golang/binary");
      await cp(join(await buildHarbour(box), "source", "bin"), join(workspace, "source", "bin"), { recursive: true });
      return runPhases(box, { workspace });
    },
  },
  {
    name: "go build in a repository that belongs to root",
    expected: "built",
    find: async (box) => {
      const workspace = await box.workspace();
      await box.succeed("git init --quiet", { workspace, user: "0" });
      const files = "echo 'module a' >go.mod && echo 'package main; func main() { println(\"built\") }' >main.go";
      return box.succeed(`${files} && go build -o a && ./a`, { workspace });
    },
  },
  prints(
    "go install: the command is on PATH",
    "Hello, world!",
    "go install golang.org/x/example/hello@v0.0.0-20250915201037-7f05d217867b && hello",
  ),
  ...trustsCompany("go trusts", {
    // The server is not a module proxy, and go says so only after it trusts it.
    request: (url) =>
      `GOPROXY=${url} GONOSUMDB=* go list -m example.com/a@v1.0.0 2>&1 | sed 's/.*invalid response from proxy.*/trusted/'`,
  }),
];

const builds = new WeakMap<Box, Promise<string>>();

/** Builds a project once per box, because Pulumi's SDK takes a minute. @returns its workspace */
function buildHarbour(box: Box): Promise<string> {
  const build = builds.get(box) ?? compileHarbour(box);
  builds.set(box, build);
  return build;
}

async function compileHarbour(box: Box): Promise<string> {
  const workspace = await workspaceOf(box, "golang/module");
  const script = "cd source && go mod tidy && go build -o bin/harbour .";
  await box.succeed(script, { workspace, env: caches, network: true });
  return workspace;
}
