import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { argument, context, readDockerfile, sourceDateEpoch } from "../../images/dockerfile";
import { type Environment, setUp } from "../../local/environment";
import { checkout, inFolder } from "../../local/folder";
import { ownPlatform } from "../../local/native/ownPlatform";
import { serve } from "../helpers/http";

/** Prints where packages come from: official images of Debian have no sources.list. */
const sources = "{ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; }";
/** After the Dockerfile: where the base's packages come from; what apt has left, and where packages would come from now. */
const probes = `
FROM debian AS sources
RUN ${sources}
FROM base AS probe
RUN ls /tmp /var/lib/apt/lists && ${sources} && grep ^Package /var/lib/dpkg/status | wc -l
`;

describe("Debian's snapshots", () => {
  let environment: Environment;
  let folder: string;
  /** The archive that stands in for a snapshot: Debian's, as the base's own sources name it. */
  let archive: string;
  const dockerfile = readDockerfile("yaml");
  const snapshot = argument(dockerfile, "DEBIAN_SNAPSHOT");

  before(async () => {
    environment = await setUp();
    mkdirSync(inFolder("tests"), { recursive: true });
    folder = mkdtempSync(inFolder("tests", "run-"));
    writeFileSync(join(folder, "Dockerfile"), dockerfile + probes);
    const { log } = await build("none", "sources");
    [, archive = ""] = /(https?:\/\/\S+)\/debian\/?\s/.exec(log) ?? [];
    assert.ok(archive !== "", log);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Builds a stage, the base in it with packages from these snapshots. Gives what the build says. */
  async function build(snapshots: string, target = "probe"): Promise<{ failed: boolean; log: string }> {
    const { buildctl } = environment.tools;
    const { failed, all } = await execa(
      buildctl,
      [
        ...[`--addr=${environment.buildKit}`, "build", "--frontend=dockerfile.v0", "--progress=plain", "--no-cache"],
        ...[`--local=dockerfile=${folder}`, `--local=context=${join(checkout, context)}`, `--opt=target=${target}`],
        `--opt=platform=${ownPlatform()}`,
        `--opt=build-arg:SOURCE_DATE_EPOCH=${sourceDateEpoch(dockerfile)}`,
        `--opt=build-arg:DEBIAN_SNAPSHOTS=${snapshots}`,
        ...Object.entries(environment.bases).map(([stage, location]) => `--opt=context:${stage}=${location}`),
      ],
      { reject: false, all: true },
    );
    return { failed, log: all };
  }

  /** A snapshot: Debian's archive as it is now, because snapshots cannot be had everywhere. */
  function serveSnapshot(asked: string[], isServed: (path: string) => boolean = () => true) {
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
    const ownSources = [`${url}/archive/debian trixie`, `URIs: ${url}/archive`];
    assert.ok(!ownSources.some((line) => log.includes(line)), "the image's own sources were changed");
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
