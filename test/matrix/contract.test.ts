import { rmSync } from "node:fs";
import { join } from "node:path";

import { catalogue } from "../../images/catalogue";
import { type Platform, allPlatforms } from "../../images/platform";
import { ownPlatform } from "../../local/native/platforms";
import type { Check } from "../contract/check";
import { checksOf } from "../contract/checks";
import { contractFolder } from "../contract/runcBox";
import { assertSucceeded } from "../helpers/assertRun";
import { assertGreen, judgeImage } from "../helpers/judgeImage";
import { Scratch } from "../helpers/scratch";

const release = { pulumiVersion: "3.66.0", tag: "v3.66.0" };
const ofAll = checksOf([]);

async function assertMet(scratch: Scratch, language: string, platform: Platform, checks: readonly Check[]) {
  const reference = `${scratch.repository(language)}:${release.tag}`;
  assertGreen(await judgeImage(scratch, reference, platform, checks));
}

describe("the contract on this platform", () => {
  let scratch: Scratch;

  before(async () => {
    scratch = await Scratch.start([release.pulumiVersion]);
    assertSucceeded(await scratch.up(release));
  });
  after(async () => {
    // The images of all languages have 6 GB there.
    rmSync(join(contractFolder, "images"), { recursive: true, force: true });
    await scratch?.stop();
  });

  for (const { name, includes = [name] } of catalogue) {
    it(`is met by the image of ${name}`, () => {
      // An image of several languages shares their layers: one program of each is enough here. `make contract` tries all.
      const own = includes.map((language) => checksOf([language]).slice(ofAll.length));
      const some = own.map((checks) => checks.slice(0, own.length > 1 ? 1 : undefined));
      return assertMet(scratch, name, ownPlatform(), [...ofAll, ...some.flat()]);
    });
  }
});

// Emulated, it takes up to ten minutes.
describe("the contract on an emulated platform", () => {
  const [other = ownPlatform()] = allPlatforms.filter((platform) => platform !== ownPlatform());
  let scratch: Scratch;

  before(async () => {
    scratch = await Scratch.start([release.pulumiVersion], allPlatforms, ["yaml"]);
  });
  after(() => scratch?.stop());

  it("is met by the image of yaml", async () => {
    assertSucceeded(await scratch.up({ ...release, platforms: [other] }));
    await assertMet(scratch, "yaml", other, ofAll);
  });
});
