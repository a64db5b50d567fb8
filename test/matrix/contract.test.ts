import assert from "node:assert/strict";
import { join } from "node:path";

import { allPlatforms } from "../../images/platform";
import { ownPlatform } from "../../local/native/platforms";
import { checksOf } from "../contract/checks";
import { formatFindings, judge } from "../contract/judge";
import { assertSucceeded } from "../helpers/assertRun";
import { openBox } from "../helpers/derivedImage";
import { copyProgram, onlyLanguages } from "../helpers/programCopy";
import { Scratch } from "../helpers/scratch";

// For `make test-all`: emulated, it takes up to ten minutes.
describe("the contract on an emulated platform", () => {
  const [other = ownPlatform()] = allPlatforms.filter((platform) => platform !== ownPlatform());
  let scratch: Scratch;

  before(async () => {
    scratch = await Scratch.start(["3.66.0"], allPlatforms, ["yaml"]);
  });
  after(() => scratch?.stop());

  it("is met by the image of yaml", async () => {
    const program = copyProgram(join(scratch.place.folder, "program"), [onlyLanguages("yaml")]);
    const release = { pulumiVersion: "3.66.0", tag: "v3.66.0", platforms: [other] };
    assertSucceeded(await scratch.up(release, { program }));
    const box = await openBox(scratch, `${scratch.repository("yaml")}:v3.66.0`, other);
    try {
      const red = (await judge(box, checksOf([]))).filter(({ verdict }) => verdict === "RED");
      assert.ok(red.length === 0, formatFindings(red));
    } finally {
      await box.close();
    }
  });
});
