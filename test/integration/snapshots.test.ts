import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { argument, context, readDockerfile, sourceDateEpoch } from "../../images/dockerfile";
import { type Environment, setUp } from "../../local/environment";
import { checkout, inFolder } from "../../local/folder";
import { ownPlatform } from "../../local/machine";
import { serve } from "../support/http";

/** A step after `base`: prints what apt has left, and where packages would come from now. */
const probe =
  "\nFROM base AS probe\nRUN ls /tmp /var/lib/apt/lists && cat /etc/apt/sources.list && grep ^Package /var/lib/dpkg/status | wc -l\n";

describe("Debian's snapshots", () => {
  let environment: Environment;
  let folder: string;
  const dockerfile = readDockerfile("yaml");
  const snapshot = argument(dockerfile, "DEBIAN_SNAPSHOT");

  before(async () => {
    environment = await setUp();
    mkdirSync(inFolder("tests"), { recursive: true });
    folder = mkdtempSync(inFolder("tests", "run-"));
    writeFileSync(join(folder, "Dockerfile"), dockerfile + probe);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Builds the base with packages from these snapshots. Gives what the build says. */
  async function build(snapshots: string): Promise<{ failed: boolean; log: string }> {
    const { buildctl } = environment.tools;
    const { failed, all } = await execa(
      buildctl,
      [
        ...[`--addr=${environment.buildKit}`, "build", "--frontend=dockerfile.v0", "--progress=plain", "--no-cache"],
        ...[`--local=dockerfile=${folder}`, `--local=context=${join(checkout, context)}`, "--opt=target=probe"],
        `--opt=platform=${ownPlatform()}`,
        `--opt=build-arg:SOURCE_DATE_EPOCH=${sourceDateEpoch(dockerfile)}`,
        `--opt=build-arg:DEBIAN_SNAPSHOTS=${snapshots}`,
        ...Object.entries(environment.bases).map(([stage, location]) => `--opt=context:${stage}=${location}`),
      ],
      { reject: false, all: true },
    );
    return { failed, log: all };
  }

  /** A snapshot: Debian's archive as this machine reads it, because snapshots cannot be had everywhere. */
  async function serveSnapshot(asked: string[], isServed: (path: string) => boolean = () => true) {
    const { stdout } = await execa("apt-get", ["indextargets", "--format", "$(SITE)"]);
    const archive = (stdout.split("\n").find((site) => site.endsWith("/debian")) ?? "").replace(/\/debian$/, "");
    return serve((request) => {
      asked.push(request.url ?? "");
      const [, path] = new RegExp(`^/archive/(.*)/${snapshot}/`).exec(request.url ?? "") ?? [];
      const rest = (request.url ?? "").split(`/${snapshot}/`)[1] ?? "";
      if (path === undefined) return { status: 404 };
      // Nobody listens on port 9: the connection is refused.
      const site = isServed(path) ? archive : "http://127.0.0.1:9";
      return { status: 302, headers: { location: `${site}/${path}/${rest}` } };
    });
  }

  it("are where packages come from, and leave no trace in an image", async () => {
    const asked: string[] = [];
    const { url, server } = await serveSnapshot(asked);
    const { failed, log } = await build(`${url}/archive`);
    server.close();
    assert.equal(failed, false, log.slice(-2000));
    for (const suite of [`debian/${snapshot}/dists/trixie`, `debian-security/${snapshot}/dists/trixie-security`]) {
      assert.ok(asked.includes(`/archive/${suite}/InRelease`), asked.join("\n"));
    }
    assert.ok(asked.filter((path) => path.endsWith(".deb")).length > 20, asked.join("\n"));
    assert.ok(!log.includes(`${url}/archive/debian trixie`), "the image's own sources were changed");
    assert.doesNotMatch(log, /apt\.conf|InRelease$/m);
  });

  it("stop a build where the security updates alone cannot be reached", async () => {
    const { url, server } = await serveSnapshot([], (path) => path !== "debian-security");
    const { failed, log } = await build(`${url}/archive`);
    server.close();
    assert.equal(failed, true, log.slice(-2000));
    assert.match(log, /debian-security\/\S+ +trixie-security InRelease|Failed to fetch \S+debian-security/);
  });

  it("stop a build where they cannot be reached, instead of taking what there is", async () => {
    const { url, server } = await serve({});
    const { failed, log } = await build(`${url}/archive`);
    server.close();
    assert.equal(failed, true);
    assert.match(log, /does not have a Release file/);
  });
});
