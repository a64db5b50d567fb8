import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { buildx } from "../../../../commands/builder";
import { copySdk, hasSdk } from "../../../../local/offline/dotnetSdk";
import { ensureNugetPackages } from "../../../../local/offline/nugetPackages";
import { substitutes } from "../../../../local/offline/substitutes";
import { isFault } from "../../../helpers/isFault";
import { useTemporaryFolder } from "../../../helpers/temporaryFolder";
import { withEnvironment } from "../../../helpers/withEnvironment";

describe("the .NET SDK in DOTNET_FOLDER", () => {
  const folder = useTemporaryFolder();
  const withFolder = <T>(work: () => T | Promise<T>) => withEnvironment({ DOTNET_FOLDER: folder() }, work);
  const copy = (version: string) => copySdk(version, join(folder(), "copy"));
  const archive = "dotnet-sdk-10.0.401-linux-x64.tar.xz";

  it("is for amd64 alone, and the substitute's title names which one it is", async () => {
    const titles = () =>
      (["linux/amd64", "linux/arm64"] as const).map((each) => [hasSdk(each), substitutes["dotnet"]?.title(each)]);
    const nothing = [false, "a dotnet command that compiles nothing"];
    assert.deepEqual(await withFolder(titles), [[true, "the real SDK in DOTNET_FOLDER"], nothing]);
    assert.deepEqual(await withEnvironment({ DOTNET_FOLDER: "" }, titles), [nothing, nothing]);
  });

  it("refuses a folder without this version", () =>
    assert.rejects(
      withFolder(() => copy("10.0.401")),
      isFault(/^DOTNET_FOLDER should have the \.NET SDK 10\.0\.401: ENOENT.*\. .*, or unset DOTNET_FOLDER/),
    ));

  it("refuses another content than the pinned one, and a version that is not pinned", async () => {
    for (const name of [archive, archive.replace("401", "999")]) writeFileSync(join(folder(), name), "other");
    const checksum = "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa";
    const other = new RegExp(
      `${archive} has the SHA-256 checksum ${checksum}, but .*dotnet\\.json pins c8fe2dbd.*\\. Put`,
    );
    await assert.rejects(
      withFolder(() => copy("10.0.401")),
      isFault(other),
    );
    await assert.rejects(
      withFolder(() => copy("10.0.999")),
      isFault(/pins no checksum of that name\. Put/),
    );
    assert.equal(existsSync(join(folder(), "copy")), false);
  });

  it("refuses a folder without NuGet packages before it packs any", async () => {
    const pack = () => ensureNugetPackages("none", { client: buildx() });
    const refusal = isFault(/packages has no NuGet packages, .*\. Put them there, or unset DOTNET_FOLDER\.$/);
    await assert.rejects(withFolder(pack), refusal);
    mkdirSync(join(folder(), "packages"));
    await assert.rejects(withFolder(pack), refusal);
  });
});
