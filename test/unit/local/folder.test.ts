import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";

import { abandonedPlaces, cacheOf, estimateSetUp } from "../../../local/folder";
import { useFiles } from "../../helpers/folderOfFiles";
import { withEnvironment } from "../../helpers/withEnvironment";

describe("abandoned places", () => {
  const files = useFiles();

  it("are folders that are gone and have a cache", () =>
    withEnvironment({ XDG_CACHE_HOME: files.path("caches") }, () => {
      assert.deepEqual(abandonedPlaces(), []);
      const gone = "/no/such/checkout/.local";
      for (const place of [gone, files.path()]) mkdirSync(cacheOf(place), { recursive: true });
      files.write("caches/runner-pulumi/notes");
      assert.deepEqual(abandonedPlaces(), [gone]);
    }));
});

describe("the estimate of a set-up", () => {
  const native = { name: "native", title: "BuildKit, registry", minutes: () => 4 } as const;
  const no = () => Promise.resolve(false);
  const installed = { ...native, minutes: () => 0 };

  it("names the parts that are missing, the time if they are built, and the disk space", async () => {
    const built = "up to 17 minutes: BuildKit, registry, Pulumi CLI, plugin, base images, Pulumi release";
    assert.equal(await estimateSetUp(native, no, () => false), `${built}; needs 11 GB of disk`);
    const almost = await estimateSetUp(installed, no, (path) => !path.endsWith("bases.json"));
    assert.equal(almost, "up to 1 minute: base images; needs 11 GB of disk");
  });

  it("names the time of downloads instead, if they can be reached", async () => {
    const docker = { name: "docker", title: "Docker images", minutes: () => 1 } as const;
    const downloaded = "up to 3 minutes: Docker images, Pulumi CLI, plugin, base images; needs 2 GB of disk";
    assert.equal(
      await estimateSetUp(
        docker,
        () => Promise.resolve(true),
        () => false,
      ),
      downloaded,
    );
  });

  it("is omitted if every part is installed, without asking whether downloads can be reached", async () => {
    assert.equal(await estimateSetUp(installed, assert.fail, () => true), undefined);
  });
});
