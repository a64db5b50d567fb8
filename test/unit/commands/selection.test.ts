import assert from "node:assert/strict";

import { selectedLanguages, selectedPlatforms } from "../../../commands/selection";
import { catalogue } from "../../../images/catalogue";
import { isFault } from "../../helpers/isFault";

describe("selection", () => {
  const languages = (LANGUAGE?: string) => selectedLanguages({ LANGUAGE }).map(({ name }) => name);
  const platforms = (PLATFORMS?: string) => selectedPlatforms({ PLATFORMS });

  it("reads languages in the catalogue's order, and none if LANGUAGE is empty or not set", () => {
    assert.deepEqual([languages(), languages("")], [[], []]);
    assert.deepEqual(languages("python"), ["python"]);
    assert.deepEqual(languages("yaml,javascript"), ["javascript", "yaml"]);
  });

  it("reads platforms, each once, and undefined if PLATFORMS is empty or not set", () => {
    assert.deepEqual([platforms(), platforms("")], [undefined, undefined]);
    assert.deepEqual(platforms("linux/arm64,linux/amd64,linux/arm64"), ["linux/arm64", "linux/amd64"]);
  });

  it("names what is unknown", () => {
    const refused = (text: string, unknown: string, known: string) =>
      isFault(`${text}: unknown ${unknown}. Use one or more of ${known}, separated by commas.`);
    const all = catalogue.map(({ name }) => name).join(",");
    assert.throws(() => languages("go,python,perl"), refused('LANGUAGE "go,python,perl"', '"go", "perl"', all));
    const [text, known] = ["linux/amd64,linux/arm,toString", "linux/amd64,linux/arm64"];
    assert.throws(() => platforms(text), refused(`PLATFORMS "${text}"`, '"linux/arm", "toString"', known));
  });
});
