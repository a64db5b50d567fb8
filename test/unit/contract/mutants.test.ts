import assert from "node:assert/strict";

import { checksOf } from "../../contract/checks";
import { mutants } from "../../contract/mutants";

describe("the checks that every image must pass", () => {
  it("each have a mutant that turns them red", () => {
    const red = mutants.flat().flatMap((mutant) => Object.keys(mutant.red));
    const proven = (name: string) => red.some((start) => name.startsWith(start));
    const names = checksOf([]).map(({ name }) => name);
    assert.deepEqual(
      names.filter((name) => !proven(name)),
      [],
    );
  });
});
