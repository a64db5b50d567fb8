import assert from "node:assert/strict";

import { mirroredVersions } from "../../../local/offline/mirror";
import { requireAvailable } from "../../../local/sources";
import { isFault } from "../../helpers/isFault";

describe("Pulumi's releases", () => {
  const unreachable = () => Promise.resolve("get.pulumi.com cannot be reached");

  it("refuse a version that only Pulumi could provide, with the reason", () => {
    const message = /^Pulumi 3\.1\.0 is not in the local mirror.* \(get\.pulumi\.com cannot be reached\)\. Release 3\./;
    return assert.rejects(requireAvailable("3.1.0", unreachable), isFault(message));
  });

  it("accept what the mirror can build, and every version if Pulumi's own are available", async () => {
    await requireAvailable(mirroredVersions()[0] ?? "", unreachable);
    await requireAvailable("3.1.0", () => Promise.resolve(undefined));
  });
});
