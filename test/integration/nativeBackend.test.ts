import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { builderFolder } from "../../local/folder";
import { readJson } from "../../lib/json";
import { assertSucceeded } from "../helpers/assertRun";
import { ConnectedMachine } from "../helpers/connectedMachine";
import type { Run } from "../helpers/testStack";

// BuildKit and the registry are those of this checkout: they are built from Go modules on every machine without Docker. All
// else comes from the sites: the go command of this test builds nothing.
describe("make up without Docker, where every site answers", () => {
  let machine: ConnectedMachine;
  let clone: string;
  let digest: string | undefined;

  before(async function () {
    this.timeout(600_000);
    machine = await ConnectedMachine.start();
    clone = await machine.clone("native");
    cpSync(builderFolder, join(clone, ".local", "tools", "builder"), { recursive: true, preserveTimestamps: true });
    for (const path of ["bin", "home"]) mkdirSync(join(machine.folder, path));
    const go = join(machine.folder, "bin", "go");
    writeFileSync(go, `#!/bin/sh\n[ "$1" = version ] && echo go version go1.26.8 && exit\necho "go $*" >&2\nexit 1\n`);
    chmodSync(go, 0o755);
  });

  after(async () => {
    if (clone !== undefined) await make("down");
    await machine?.stop();
  });

  function make(...args: string[]): Promise<Run> {
    const PATH = [join(machine.folder, "bin"), process.env["PATH"]].join(delimiter);
    const own = { PATH, HOME: join(machine.folder, "home"), BACKEND: "native" };
    return machine.run(clone, ["make", ...args], own);
  }

  const served = (tag: string) => {
    const { registry } = readJson<{ registry: number }>(join(clone, ".local", "ports.json")) ?? {};
    return new RepositoryClient(`localhost:${registry}/runner-pulumi-yaml`).digest(tag);
  };

  it("builds nothing that a site has, and verifies the signature of Pulumi's release", async () => {
    const release = await make("up", "LANGUAGE=yaml");
    assertSucceeded(release, /backend +native: BACKEND is native/, /BuildKit, registry +0\.\S+, 3\.\S+, in \.local/);
    machine.assertFromPublishers(clone, release);
    digest = await served("v3.66.0");
    assert.match(digest ?? "", /^sha256:/);
  });

  it("downloads nothing of the set-up again, and moves a tag without a build", async () => {
    const before = machine.internet.requests.length;
    assertSucceeded(await make("up", "LANGUAGE=yaml", "TAG=latest-v3.66.0"), /base debian +debian:trixie-/);
    assert.equal(await served("latest"), digest);
    const again = machine.internet.requests.slice(before);
    assert.deepEqual(
      again.filter((request) => /\.tar\.gz|docker\.io|api\.github/.test(request)),
      [],
    );
  });

  it("rebuilds the same digest without a cache", async () =>
    assertSucceeded(await make("verify", "LANGUAGE=yaml", "TAG=v3.66.0"), /yaml +linux\/\w+ +identical/));
});
