import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { argument, readDockerfile, scriptsContext, sourceDateEpoch } from "../../images/dockerfile";
import { checkout } from "../../local/folder";
import { ownPlatform } from "../../local/native/platforms";
import { serve } from "../helpers/http";
import { type Place, closePlace, openPlace } from "../helpers/scratch";

/** Prints the sources of packages. Official images of Debian have no sources.list. */
const sources = "{ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; }";
/** Stages appended to the Dockerfile: the base image's sources, and what apt left behind with the sources after it. */
const probes = `
FROM debian AS sources
RUN ${sources}
FROM base AS probe
RUN ls /tmp /var/lib/apt/lists && ${sources} && grep ^Package /var/lib/dpkg/status | wc -l
`;

describe("Debian's snapshots", () => {
  let place: Place;
  /** Debian's archive, as the base's own sources name it. It serves as a snapshot. */
  let archive: string;
  const dockerfile = readDockerfile("yaml");
  const snapshot = argument(dockerfile, "DEBIAN_SNAPSHOT");

  before(async () => {
    place = await openPlace([]);
    writeFileSync(join(place.folder, "Dockerfile"), dockerfile + probes);
    const { log } = await build("none", "sources");
    [, archive = ""] = /(https?:\/\/\S+)\/debian\/?\s/.exec(log) ?? [];
    assert.ok(archive !== "", log);
  });
  after(() => closePlace(place));

  /** Builds a stage with packages from these snapshots. Returns the build's log. */
  async function build(snapshots: string, target = "probe"): Promise<{ failed: boolean; log: string }> {
    const { tools, buildKit, bases } = place.environment;
    const args = [
      ...[`--addr=${buildKit}`, "build", "--frontend=dockerfile.v0", "--progress=plain", "--no-cache"],
      ...[`--local=dockerfile=${place.folder}`, `--local=context=${join(checkout, scriptsContext)}`],
      ...[`--opt=target=${target}`, `--opt=platform=${ownPlatform()}`],
      `--opt=build-arg:SOURCE_DATE_EPOCH=${sourceDateEpoch(dockerfile)}`,
      `--opt=build-arg:DEBIAN_SNAPSHOTS=${snapshots}`,
      ...Object.entries(bases).map(([stage, location]) => `--opt=context:${stage}=${location}`),
    ];
    const { failed, all } = await execa(tools.buildctl, args, { reject: false, all: true });
    return { failed, log: all };
  }

  /** Serves Debian's current archive as a snapshot, because snapshots are not available everywhere. */
  function serveSnapshot(requests: string[], isServed: (path: string) => boolean = () => true) {
    return serve((request) => {
      const { url = "" } = request;
      requests.push(url);
      const [, path, rest] = new RegExp(`^/archive/(.*)/${snapshot}/(.*)`).exec(url) ?? [];
      if (path === undefined) return { status: 404 };
      // Nothing listens on port 9, so the connection is refused.
      const site = isServed(path) ? archive : "http://127.0.0.1:9";
      return { status: 302, headers: { location: `${site}/${path}/${rest}` } };
    });
  }

  it("provide the packages, and leave no trace in an image", async () => {
    const requests: string[] = [];
    const { url } = await serveSnapshot(requests);
    const { failed, log } = await build(`${url}/archive`);
    assert.equal(failed, false, log.slice(-2000));
    for (const suite of [`debian/${snapshot}/dists/trixie`, `debian-security/${snapshot}/dists/trixie-security`]) {
      assert.ok(requests.includes(`/archive/${suite}/InRelease`), requests.join("\n"));
    }
    assert.ok(requests.filter((path) => path.endsWith(".deb")).length > 20, requests.join("\n"));
    const ownSources = [`${url}/archive/debian trixie`, `URIs: ${url}/archive`];
    assert.ok(!ownSources.some((line) => log.includes(line)), "the image's own sources were changed");
    assert.doesNotMatch(log, /apt\.conf|InRelease$/m);
  });

  it("fail a build if only the security updates cannot be reached", async () => {
    const { url } = await serveSnapshot([], (path) => path !== "debian-security");
    const { failed, log } = await build(`${url}/archive`);
    assert.equal(failed, true, log.slice(-2000));
    assert.match(log, /debian-security\/\S+ +trixie-security InRelease|Failed to fetch \S+debian-security/);
  });

  it("fail a build if they cannot be reached, instead of using other packages", async () => {
    const { url } = await serve({});
    const { failed, log } = await build(`${url}/archive`);
    assert.equal(failed, true);
    assert.match(log, /does not have a Release file/);
  });
});
