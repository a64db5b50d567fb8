import assert from "node:assert/strict";

import { parse } from "yaml";

import { toolModule } from "../../../../local/install/goBuild";
import { pinnedVersion } from "../../../../local/install/pins";
import { projectOf } from "../../../../local/docker/compose";
import { readFile } from "../../../helpers/checkoutFiles";

describe("compose.yaml", () => {
  const { services } = parse(readFile("compose.yaml")) as Record<string, Record<string, { image: string }>>;

  it("has the BuildKit that releases, by digest", () => {
    const action = readFile(".github/actions/stack/action.yml");
    assert.ok(action.includes(`driver-opts: image=${services?.["buildkit"]?.image}\n`), services?.["buildkit"]?.image);
  });

  it("has the registry of the native backend", () => {
    const version = pinnedVersion(toolModule("builder"), "github.com/distribution/distribution/v3");
    assert.ok(services?.["registry"]?.image.startsWith(`registry:${version}@sha256:`));
  });
});

it("two checkouts of the same name have projects of their own, named as compose accepts", () => {
  const [first = "", second = "", third = ""] = ["/a/Runner Pulumi", "/b/Runner Pulumi", "/_.-"].map(projectOf);
  assert.match(first, /^runnerpulumi-[0-9a-f]{8}$/);
  assert.match(second, /^runnerpulumi-[0-9a-f]{8}$/);
  assert.match(third, /^checkout-[0-9a-f]{8}$/);
  assert.notEqual(first, second);
});
