import assert from "node:assert/strict";

import { catalogue } from "../../../images/catalogue";
import { checksOf } from "../../contract/checks";
import { readSelection } from "../../contract/selection";
import { isFault } from "../../helpers/isFault";

const languagesOf = (IMAGE: string, env: NodeJS.ProcessEnv = {}) =>
  readSelection({ IMAGE, PLATFORM: "linux/arm64", ...env }).languages;

describe("what a contract judges", () => {
  it("is an image by the checks of its repository's language, or of LANGUAGE", () => {
    assert.deepEqual(languagesOf("public.ecr.aws/spacelift/runner-pulumi-python:v3.66.0"), ["python"]);
    assert.deepEqual(languagesOf("localhost:5000/debian:trixie"), []);
    assert.deepEqual(languagesOf("localhost:5000/debian:trixie", { LANGUAGE: "java" }), ["java"]);
    assert.deepEqual(languagesOf("runner-pulumi-java", { LANGUAGE: "yaml" }), ["yaml"]);
    assert.ok(languagesOf("runner-pulumi-full@sha256:0").includes("golang"));
  });

  it("refuses unknown values, and a missing IMAGE", () => {
    assert.throws(
      () => languagesOf("a", { LANGUAGE: "cobol" }),
      isFault(/^LANGUAGE "cobol" is unknown\. Use one of java/),
    );
    assert.throws(() => languagesOf("a", { PLATFORM: "amd64" }), isFault(/^PLATFORM "amd64" is unknown\. Use linux/));
    assert.throws(() => languagesOf(""), isFault(/^Missing IMAGE/));
  });

  it("has checks of its own for every language", () => {
    const without = catalogue.filter(
      ({ name, includes = [name] }) => checksOf(includes).length === checksOf([]).length,
    );
    assert.deepEqual(without, []);
  });
});
